//! Denoising: restore an image from a spoiled copy (Vincent, Larochelle, Bengio, Manzagol 2008, "Extracting and
//! composing robust features with denoising autoencoders").

use foretask_random::Key;
use serde::{Deserialize, Serialize};

use crate::augment::Augment;
use crate::auto::Auto;
use crate::batch::{Slot, TargetKind};
use crate::check;
use crate::error::Result;
use crate::info::{Family, TaskInfo, option};
use crate::ops;
use crate::pixels::{ImageRef, Shape};
use crate::recipe::Recipe;
use crate::tasks::PixelLoss;

const WORD: &str = "denoising";

/// For the reference.
pub(crate) const INFO: TaskInfo = TaskInfo {
    name: WORD,
    family: Family::Restore,
    summary: "restore the image from a copy with noise, with pixels turned black and white, or with pixels left out",
    use_when: "images are noisy themselves (microscopes, radar, low light), or colors and positions must not be changed, so \
               that `simclr` is out; gray and color alike",
    avoid_when: "classes differ by what is shown: noise can be averaged away without knowing it, and frozen features stay \
                 weak; take `inpainting`, `rotation` or `simclr`. Little noise teaches nothing: keep `sigma` high",
    paper: "Vincent, Larochelle, Bengio, Manzagol 2008, Extracting and composing robust features with denoising autoencoders",
    options: &[
        option("noise", NOISE, "[\"gaussian\",\"salt_pepper\",\"mask\"]", "one is drawn for each image"),
        option("sigma", "[low, high] with 0 < low <= high <= 1, where white is 1", "[0.05, 0.5]", "of `gaussian`"),
        option("share", "[low, high], shares of the pixels, 0 < low <= high <= 1", "[0.1, 0.5]", SHARE),
        option("crop", "[low, high], shares of the area, 0 < low <= high <= 1", "[1.0, 1.0]", CROP),
        option("flip", "probability", "0.5", "mirror the image first"),
        option("loss", "\"l1\" or \"l2\"", "\"l2\"", "mean absolute or mean squared difference to the original"),
        option("decoder_width", "channels from 4 to 1024, or \"auto\"", "\"auto\"", DECODER),
    ],
};

const NOISE: &str = "list out of gaussian, salt_pepper, mask";
const SHARE: &str = "pixels struck by `salt_pepper` or left out (black) by `mask`";
const CROP: &str = "random crop taken first; [1, 1] takes the whole image";
const DECODER: &str = "width of the light decoder; auto by the backbone's features";

/// Options of `denoising`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Denoising {
    /// Kinds of noise, one of which is drawn for each image.
    pub noise: Vec<Noise>,
    /// Standard deviation of Gaussian noise, where white is 1; drawn evenly.
    pub sigma: [f64; 2],
    /// Share of the pixels that the other kinds strike; drawn evenly.
    pub share: [f64; 2],
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

/// A way to spoil an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Noise {
    /// A normal number is added to every sample.
    Gaussian,
    /// Some pixels turn black, as many white.
    SaltPepper,
    /// Some pixels turn black.
    Mask,
}

impl Default for Denoising {
    fn default() -> Self {
        Self {
            noise: vec![Noise::Gaussian, Noise::SaltPepper, Noise::Mask],
            sigma: [0.05, 0.5],
            share: [0.1, 0.5],
            crop: [1.0, 1.0],
            flip: 0.5,
            loss: PixelLoss::L2,
            decoder_width: None,
        }
    }
}

impl Noise {
    const fn name(self) -> &'static str {
        match self {
            Self::Gaussian => "gaussian",
            Self::SaltPepper => "salt_pepper",
            Self::Mask => "mask",
        }
    }
}

impl Denoising {
    fn view(&self) -> Augment {
        Augment::none().crop(self.crop).flip(self.flip)
    }

    /// A kind of noise and its amount: sigma or share.
    fn draw(&self, key: Key) -> (Noise, f32) {
        let mut rng = key.named("spoil").rng();
        let kind = rng.below(self.noise.len() as u64) as usize;
        let kind = self.noise.get(kind).copied().unwrap_or(Noise::Gaussian);
        let [low, high] = if kind == Noise::Gaussian { self.sigma } else { self.share };
        (kind, rng.range(low as f32, high as f32))
    }
}

impl Recipe for Denoising {
    fn info(&self) -> &'static TaskInfo {
        &INFO
    }

    fn validate(&self) -> Result<()> {
        let names: Vec<_> = self.noise.iter().map(|noise| noise.name()).collect();
        check::words(WORD, "noise", &names, "a list of at least one of gaussian, salt_pepper, mask")?;
        let [low, high] = self.sigma;
        let ok = low > 0.0 && low <= high && high <= 1.0;
        check::require(ok, WORD, "sigma", self.sigma, "[low, high] with 0 < low <= high <= 1, where white is 1")?;
        check::shares(WORD, "share", self.share, 1.0)?;
        check::crop(WORD, "crop", self.crop)?;
        check::probability(WORD, "flip", self.flip)?;
        check::decoder_width(WORD, self.decoder_width)
    }

    fn resolve(&self, shape: Shape, _notes: &mut Vec<Auto>) -> Result<(Self, Shape)> {
        check_shape(shape)?;
        Ok((self.clone(), shape))
    }

    fn target(&self, shape: Shape) -> TargetKind {
        TargetKind::Image { shape, weighted: false }
    }

    fn generate(&self, image: ImageRef<'_>, key: Key, shape: Shape, slot: Slot<'_>) -> Result<()> {
        check_shape(shape)?;
        let (input, target) = slot.one()?;
        let target = target.image(shape)?;
        self.view().apply(image, key, shape, target)?;
        input.copy_from_slice(target);
        let rng = &mut key.named("noise").rng();
        match self.draw(key) {
            (Noise::Gaussian, sigma) => ops::gaussian_noise(input, sigma, rng),
            (Noise::SaltPepper, share) => ops::salt_and_pepper(input, shape.plane(), share, rng),
            (Noise::Mask, share) => ops::drop_pixels(input, shape.plane(), share, rng),
        }
        Ok(())
    }

    fn explain(&self, image: ImageRef<'_>, key: Key, shape: Shape) -> Vec<String> {
        let spoiled = match self.draw(key) {
            (Noise::Gaussian, sigma) => format!("noise of sigma {sigma:.2}"),
            (Noise::SaltPepper, share) => format!("{:.0} % of the pixels black or white", 100.0 * share),
            (Noise::Mask, share) => format!("{:.0} % of the pixels left out", 100.0 * share),
        };
        vec![format!("{}, {spoiled}", self.view().draw(image, key, shape).words())]
    }
}

fn check_shape(shape: Shape) -> Result<()> {
    let (problem, way_out) = ("there is no structure that noise could hide", "use images of at least 4x4 pixels");
    check::least_side(WORD, shape, 4, problem, way_out)
}
