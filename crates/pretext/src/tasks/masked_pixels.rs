//! Masked pixels: most of an image is hidden in large squares and is to be restored, on networks of convolutions (Xie
//! et al. 2022, `SimMIM`, arXiv 2111.09886; Tian et al. 2023, `SparK`, arXiv 2301.03580).
//!
//! Squares smaller than the network's stride are filled in from their neighbors without understanding anything; hence
//! the size.

use foretask_random::Key;
use serde::{Deserialize, Serialize};

use super::inpainting::painted;
use crate::augment::Augment;
use crate::auto::{Auto, choose};
use crate::batch::{Slot, TargetKind};
use crate::check;
use crate::error::{PretextError, Result};
use crate::example::{Example, ExampleTarget};
use crate::holes;
use crate::info::{Family, TaskInfo, option};
use crate::pixels::{ImageRef, Planes, Shape};
use crate::recipe::Recipe;
use crate::tasks::PixelLoss;

const WORD: &str = "masked_pixels";

/// For the reference.
pub(crate) const INFO: TaskInfo = TaskInfo {
    name: WORD,
    family: Family::Fill,
    summary: "restore squares that are hidden, more than half of the image; only hidden places count",
    use_when: "there are many images and the features will be fine-tuned; nothing about color, position or direction is changed, \
               so it suits medical and technical pictures as well",
    avoid_when: "features are used frozen (they are weak: take `simclr`), or images are few or mostly empty, so that most squares \
                 hold nothing",
    paper: "Xie et al. 2022, SimMIM: a simple framework for masked image modeling, arXiv 2111.09886, on a ConvNet; Tian et al. \
            2023, Designing BERT for convolutional networks, arXiv 2301.03580",
    options: &[
        option("unit", "pixels from 1 to 256, or \"auto\"", "\"auto\"", UNIT),
        option("ratio", "0.05 to 0.95", "0.6", "share of the squares that is hidden, the same number in every image"),
        option("normalize", "true or false", "false", NORMALIZE),
        option("crop", "[low, high], shares of the area, 0 < low <= high <= 1", "[0.5, 1.0]", CROP),
        option("flip", "probability", "0.5", "mirror the image first"),
        option("loss", "\"l1\" or \"l2\"", "\"l1\"", "mean absolute or mean squared difference to the original"),
        option("decoder_width", "channels from 4 to 1024, or \"auto\"", "\"auto\"", DECODER),
    ],
};

const UNIT: &str =
    "side of a square; auto a seventh of the image as a power of two; at least the network's stride is best";
const NORMALIZE: &str = "each square of the target has mean 0 and deviation 1: structure counts, not brightness";
const CROP: &str = "random crop taken first; [1, 1] takes the whole image";
const DECODER: &str = "width of the light decoder; auto by the backbone's features";

/// Options of `masked_pixels`. The batch's weights are 1 in hidden squares and 0 elsewhere; hidden squares get the mean
/// of the visible ones.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MaskedPixels {
    /// Side of the squares in pixels; `None` by image size.
    #[serde(with = "crate::auto")]
    pub unit: Option<u32>,
    /// Share of the squares that is hidden.
    pub ratio: f64,
    /// Whether each square of the target is brought to mean 0 and deviation 1, as MAE does. Targets leave 0..1 then.
    pub normalize: bool,
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

impl Default for MaskedPixels {
    fn default() -> Self {
        Self {
            unit: None,
            ratio: 0.6,
            normalize: false,
            crop: [0.5, 1.0],
            flip: 0.5,
            loss: PixelLoss::L1,
            decoder_width: None,
        }
    }
}

impl MaskedPixels {
    fn view(&self) -> Augment {
        Augment::none().crop(self.crop).flip(self.flip)
    }

    fn unit(&self, shape: Shape) -> usize {
        self.unit.unwrap_or_else(|| auto_unit(shape)).max(1) as usize
    }

    /// Squares in all, and hidden ones: at least one of each kind.
    fn squares(&self, shape: Shape) -> (usize, usize) {
        let unit = self.unit(shape);
        let all = shape.height.div_ceil(unit) * shape.width.div_ceil(unit);
        let hidden = (self.ratio * all as f64).round() as usize;
        (all, hidden.clamp(1, all.saturating_sub(1).max(1)))
    }

    fn check_shape(&self, shape: Shape) -> Result<()> {
        let (problem, way_out) = ("there are no squares to hide", "use images of at least 8x8 pixels");
        check::least_side(WORD, shape, 8, problem, way_out)?;
        let unit = self.unit(shape);
        if 2 * unit > shape.short_side() {
            return Err(PretextError::Unsuitable {
                word: WORD,
                option: "unit",
                value: unit.to_string(),
                problem: format!("inputs of {}x{} pixels have too few such squares", shape.width, shape.height),
                way_out: format!("use at most {} or a larger image_size", shape.short_side() / 2),
            });
        }
        Ok(())
    }
}

/// A seventh of the shorter side, down to a power of two: 4 at 28 and 32, 32 at 224.
fn auto_unit(shape: Shape) -> u32 {
    let seventh = (shape.short_side() / 7).clamp(2, 256) as u32;
    1 << seventh.ilog2()
}

impl Recipe for MaskedPixels {
    fn info(&self) -> &'static TaskInfo {
        &INFO
    }

    fn validate(&self) -> Result<()> {
        let unit = self.unit.unwrap_or(1);
        let range = "a whole number of pixels from 1 to 256, or \"auto\"";
        check::require((1..=256).contains(&unit), WORD, "unit", unit, range)?;
        check::require((0.05..=0.95).contains(&self.ratio), WORD, "ratio", self.ratio, "a number from 0.05 to 0.95")?;
        check::crop(WORD, "crop", self.crop)?;
        check::probability(WORD, "flip", self.flip)?;
        check::decoder_width(WORD, self.decoder_width)
    }

    fn resolve(&self, shape: Shape, notes: &mut Vec<Auto>) -> Result<(Self, Shape)> {
        let mut task = *self;
        task.check_shape(shape)?;
        choose(&mut task.unit, "unit", auto_unit(shape), "about a seventh of the image", notes);
        Ok((task, shape))
    }

    fn target(&self, shape: Shape) -> TargetKind {
        TargetKind::Image { shape, weighted: true }
    }

    fn generate(&self, image: ImageRef<'_>, key: Key, shape: Shape, slot: Slot<'_>) -> Result<()> {
        self.check_shape(shape)?;
        let (input, target) = slot.one()?;
        let (target, mask) = target.weighted(shape)?;
        self.view().apply(image, key, shape, target)?;
        mask.fill(0.0);
        let (_, hidden) = self.squares(shape);
        let size = (shape.height, shape.width);
        holes::squares(mask, size, self.unit(shape), hidden, &mut key.named("mask").rng());
        input.copy_from_slice(target);
        holes::hide(input, mask);
        if self.normalize {
            each_square(target, shape, self.unit(shape), |square| {
                let (mean, deviation) = moments(square);
                for value in square {
                    *value = (*value - mean) / deviation;
                }
            });
        }
        Ok(())
    }

    fn explain(&self, image: ImageRef<'_>, key: Key, shape: Shape) -> Vec<String> {
        let (all, hidden) = self.squares(shape);
        let unit = self.unit(shape);
        let view = self.view().draw(image, key, shape).words();
        vec![format!("{view}, {hidden} of {all} squares of {unit}x{unit} pixels hidden")]
    }

    fn shown_target(&self, image: ImageRef<'_>, key: Key, shape: Shape, _inputs: &[Planes], target: Planes) -> Planes {
        if !self.normalize {
            return target;
        }
        let mut view = Planes::black(shape);
        self.view().draw(image, key, shape).run(image, shape, &mut view.data);
        view
    }

    /// Squares of a normalized answer get the brightness and contrast they truly have, which was not asked for.
    fn shown_answer(&self, example: &Example, mut answer: Planes) -> Planes {
        if let (true, ExampleTarget::Image(target)) = (self.normalize, &example.target)
            && target.shape == answer.shape
        {
            let (shape, unit) = (answer.shape, self.unit(answer.shape));
            let mut truth = Vec::new();
            each_square(&mut target.data.clone(), shape, unit, |square| truth.push(moments(square)));
            let mut truth = truth.into_iter();
            each_square(&mut answer.data, shape, unit, |square| {
                let (mean, deviation) = truth.next().unwrap_or((0.0, 1.0));
                for value in square {
                    *value = *value * deviation + mean;
                }
            });
        }
        painted(example, answer)
    }
}

/// Mean, and deviation as MAE has it: of n - 1 samples, with 1e-6 added to the variance.
fn moments(square: &[f32]) -> (f32, f32) {
    let n = square.len() as f32;
    let mean = square.iter().sum::<f32>() / n.max(1.0);
    let variance = square.iter().map(|value| (value - mean).powi(2)).sum::<f32>() / (n - 1.0).max(1.0);
    (mean, (variance + 1e-6).sqrt())
}

/// Hands out the samples of each square, all channels together.
fn each_square(data: &mut [f32], shape: Shape, unit: usize, mut work: impl FnMut(&mut [f32])) {
    let Shape { channels, height, width } = shape;
    let mut square = Vec::with_capacity(channels * unit * unit);
    for top in (0..height).step_by(unit) {
        for left in (0..width).step_by(unit) {
            let (w, h) = (unit.min(width - left), unit.min(height - top));
            let rows =
                (0..channels).flat_map(|channel| (0..h).map(move |y| (channel * height + top + y) * width + left));
            square.clear();
            for row in rows.clone() {
                square.extend_from_slice(&data[row..row + w]);
            }
            work(&mut square);
            for (row, from) in rows.zip(square.chunks_exact(w)) {
                data[row..row + w].copy_from_slice(from);
            }
        }
    }
}
