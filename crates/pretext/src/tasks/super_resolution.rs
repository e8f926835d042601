//! Super-resolution: restore an image from a coarser copy of itself.
//!
//! Solved at full resolution this needs no understanding, only sharpening. So the coarse image is brought back to the
//! usual input size and sent through the ordinary down-sampling backbone, and the down-sampling kernel changes from
//! image to image, or the network would learn to undo one filter.

use std::cell::Cell;

use foretask_random::Key;
use serde::{Deserialize, Serialize};

use crate::augment::Augment;
use crate::auto::Auto;
use crate::batch::{Slot, TargetKind};
use crate::check;
use crate::error::{PretextError, Result};
use crate::info::{Family, TaskInfo, option};
use crate::ops::{self, Kernel};
use crate::pixels::{ImageRef, Shape};
use crate::recipe::Recipe;
use crate::reuse;
use crate::tasks::{Factor, PixelLoss};

const WORD: &str = "super_resolution";

/// Fewer coarse pixels than this along a side say nothing about the image.
const SMALLEST: usize = 3;

/// For the reference.
pub(crate) const INFO: TaskInfo = TaskInfo {
    name: WORD,
    family: Family::Restore,
    summary: "restore the image from a coarser copy of itself, made with anti-aliased kernels that vary",
    use_when: "fine structure matters (textures, defects, medical or technical pictures), or colors and positions must \
               not be changed, so that `simclr` is out; gray and color alike",
    avoid_when: "the classes differ by what is shown rather than by texture: restoring needs little meaning, and frozen \
                 features stay weak; take `simclr` or `rotation`. Images that are blurred already teach nothing",
    paper: "Ledig et al. 2017, Photo-realistic single image super-resolution, arXiv 1609.04802, as a pretext task with \
            the ordinary backbone and a light decoder",
    options: &[
        option(
            "factor",
            FACTOR,
            "4",
            "how many times coarser the input is along each side; of a range one is drawn an image",
        ),
        option("kernels", KERNELS, "[\"box\",\"bilinear\",\"bicubic\",\"lanczos\"]", "one is drawn for each image"),
        option("upsample", "one of box, bilinear, bicubic, lanczos", "\"bicubic\"", UPSAMPLE),
        option("blur", "pixels from 0 to 8", "0.5", "largest sigma of a slight blur before shrinking; 0 for none"),
        option("noise", "0 to 0.5, where white is 1", "0.02", "largest sigma of noise on the coarse image; 0 for none"),
        option("crop", "[low, high], shares of the area, 0 < low <= high <= 1", "[1.0, 1.0]", CROP),
        option("flip", "probability", "0.5", "mirror the image first"),
        option("loss", "\"l1\" or \"l2\"", "\"l1\"", "mean absolute or mean squared difference to the original"),
        option("decoder_width", "channels from 4 to 1024, or \"auto\"", "\"auto\"", DECODER),
    ],
};

const FACTOR: &str = "whole number from 2 to 16, or [low, high]";
const KERNELS: &str = "list out of box, bilinear, bicubic, lanczos";
const UPSAMPLE: &str = "brings the coarse image back to the size of the network's input";
const CROP: &str = "random crop taken first; [1, 1] takes the whole image";
const DECODER: &str = "width of the light decoder; auto by the backbone's features";

/// Options of `super_resolution`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SuperResolution {
    /// How many times coarser the input is along each side, 2 to 16; drawn for each image where it is a range.
    pub factor: Factor,
    /// Down-sampling kernels, one of which is drawn for each image.
    pub kernels: Vec<Kernel>,
    /// Brings the coarse image back to the size of the network's input.
    pub upsample: Kernel,
    /// Largest sigma, in pixels, of a blur before shrinking; 0 for none.
    pub blur: f64,
    /// Largest sigma of Gaussian noise on the coarse image, where white is 1; 0 for none.
    pub noise: f64,
    /// Share of the area that a random crop keeps; `[1, 1]` takes the whole image.
    pub crop: [f64; 2],
    /// Probability of a mirror image.
    pub flip: f64,
    /// How the restored image is compared with the original.
    pub loss: PixelLoss,
    /// Width of the light decoder; `None` by the backbone's features, which the trainer knows.
    #[serde(with = "crate::auto")]
    pub decoder_width: Option<u32>,
}

impl Default for SuperResolution {
    fn default() -> Self {
        Self {
            factor: Factor::from(4),
            kernels: Kernel::ALL.to_vec(),
            upsample: Kernel::Bicubic,
            blur: 0.5,
            noise: 0.02,
            crop: [1.0, 1.0],
            flip: 0.5,
            loss: PixelLoss::L1,
            decoder_width: None,
        }
    }
}

/// How one image is made coarse.
struct Coarsening {
    factor: u32,
    kernel: Kernel,
    sigma: f32,
    noise: f32,
    height: usize,
    width: usize,
}

#[derive(Default)]
struct Buffers {
    soft: Vec<f32>,
    coarse: Vec<f32>,
}

thread_local! {
    static BUFFERS: Cell<Buffers> = Cell::default();
}

impl SuperResolution {
    fn check_shape(&self, shape: Shape) -> Result<()> {
        let Shape { channels, height, width } = shape;
        if shape.is_empty() || shape.short_side() < 2 * SMALLEST {
            return Err(PretextError::Shape {
                word: WORD,
                channels,
                width,
                height,
                problem: "shrunk by half, hardly anything is left",
                way_out: "use images of at least 6x6 pixels",
            });
        }
        if shape.short_side() < SMALLEST * self.factor.high as usize {
            return Err(PretextError::Unsuitable {
                word: WORD,
                option: "factor",
                value: self.factor.to_string(),
                problem: format!("inputs of {width}x{height} pixels would keep fewer than {SMALLEST} along a side"),
                way_out: format!(
                    "use a factor of at most {} or an image_size of at least {}",
                    shape.short_side() / SMALLEST,
                    SMALLEST * self.factor.high as usize
                ),
            });
        }
        Ok(())
    }

    fn view(&self) -> Augment {
        Augment::none().crop(self.crop).flip(self.flip)
    }

    fn draw(&self, key: Key, shape: Shape) -> Coarsening {
        let mut rng = key.named("coarsen").rng();
        let kernel = rng.below(self.kernels.len() as u64) as usize;
        // From a stream of its own: a range does not change the other choices.
        let factor = self.factor.draw(&mut key.named("factor").rng());
        let coarse = |side: usize| (side as f64 / f64::from(factor.max(1))).round().max(1.0) as usize;
        Coarsening {
            factor,
            kernel: self.kernels.get(kernel).copied().unwrap_or(Kernel::Box),
            sigma: rng.range(0.0, self.blur as f32),
            noise: rng.range(0.0, self.noise as f32),
            height: coarse(shape.height),
            width: coarse(shape.width),
        }
    }
}

impl Recipe for SuperResolution {
    fn info(&self) -> &'static TaskInfo {
        &INFO
    }

    fn validate(&self) -> Result<()> {
        let Factor { low, high } = self.factor;
        let range = "a whole number from 2 to 16, or [low, high] of such with low <= high";
        check::require(2 <= low && low <= high && high <= 16, WORD, "factor", format_args!("{}", self.factor), range)?;
        let names: Vec<_> = self.kernels.iter().map(|kernel| kernel.name()).collect();
        check::require(
            !names.is_empty(),
            WORD,
            "kernels",
            names,
            "a list of at least one of box, bilinear, bicubic, lanczos",
        )?;
        check::require((0.0..=8.0).contains(&self.blur), WORD, "blur", self.blur, "a number of pixels from 0 to 8")?;
        check::require((0.0..=0.5).contains(&self.noise), WORD, "noise", self.noise, "a number from 0 to 0.5")?;
        check::crop(WORD, "crop", self.crop)?;
        check::probability(WORD, "flip", self.flip)?;
        check::decoder_width(WORD, self.decoder_width)
    }

    fn resolve(&self, shape: Shape, _notes: &mut Vec<Auto>) -> Result<(Self, Shape)> {
        self.check_shape(shape)?;
        Ok((self.clone(), shape))
    }

    fn target(&self, shape: Shape) -> TargetKind {
        TargetKind::Image { shape, weighted: false }
    }

    fn generate(&self, image: ImageRef<'_>, key: Key, shape: Shape, slot: Slot<'_>) -> Result<()> {
        self.check_shape(shape)?;
        let (input, target) = slot.one()?;
        let target = target.image(shape)?;
        self.view().apply(image, key, shape, target)?;
        let drawn = self.draw(key, shape);
        let (fine, coarse) = ((shape.height, shape.width), (drawn.height, drawn.width));
        reuse::with(&BUFFERS, |buffers: &mut Buffers| {
            buffers.soft.clear();
            buffers.soft.extend_from_slice(target);
            if drawn.sigma > 0.0 {
                ops::gaussian_blur(&mut buffers.soft, shape, ops::blur_radius(drawn.sigma), drawn.sigma);
            }
            buffers.coarse.resize(shape.channels * drawn.height * drawn.width, 0.0);
            ops::resize(&buffers.soft, fine, drawn.kernel, &mut buffers.coarse, coarse);
            if drawn.noise > 0.0 {
                let mut rng = key.named("noise").rng();
                for value in &mut buffers.coarse {
                    *value = (*value + drawn.noise * rng.normal()).clamp(0.0, 1.0);
                }
            }
            ops::resize(&buffers.coarse, coarse, self.upsample, input, fine);
        });
        Ok(())
    }

    fn explain(&self, image: ImageRef<'_>, key: Key, shape: Shape) -> Vec<String> {
        let drawn = self.draw(key, shape);
        let mut words = vec![self.view().draw(image, key, shape).words()];
        if drawn.sigma > 0.0 {
            words.push(format!("blur {:.2} px", drawn.sigma));
        }
        words.push(format!(
            "shrunk {} times to {}x{} ({})",
            drawn.factor,
            drawn.width,
            drawn.height,
            drawn.kernel.name()
        ));
        if drawn.noise > 0.0 {
            words.push(format!("noise {:.3}", drawn.noise));
        }
        words.push(format!("enlarged again ({})", self.upsample.name()));
        vec![words.join(", ")]
    }
}
