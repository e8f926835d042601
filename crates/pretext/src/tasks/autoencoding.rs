//! Autoencoding: give the image back after it went through the encoder's narrow end (Hinton, Salakhutdinov 2006,
//! "Reducing the dimensionality of data with neural networks").

use foretask_random::Key;
use serde::{Deserialize, Serialize};

use crate::augment::Augment;
use crate::auto::Auto;
use crate::batch::{Slot, TargetKind};
use crate::check;
use crate::error::Result;
use crate::info::{Family, TaskInfo, option};
use crate::pixels::{ImageRef, Shape};
use crate::recipe::Recipe;
use crate::tasks::PixelLoss;

const WORD: &str = "autoencoding";

/// For the reference.
pub(crate) const INFO: TaskInfo = TaskInfo {
    name: WORD,
    family: Family::Restore,
    summary: "give the image back from the encoder's last, coarse map; nothing is hidden or spoiled",
    use_when: "a baseline: what does compressing alone teach? Also where the features are to hold every detail, as for \
               finding copies or odd images",
    avoid_when: "labels are few and it is about classes: copying needs no understanding; take `denoising` or `inpainting`, \
                 which cost the same, or `simclr`",
    paper: "Hinton, Salakhutdinov 2006, Reducing the dimensionality of data with neural networks, Science 313",
    options: &[
        option("crop", "[low, high], shares of the area, 0 < low <= high <= 1", "[0.5, 1.0]", CROP),
        option("flip", "probability", "0.5", "mirror the image first"),
        option("loss", "\"l1\" or \"l2\"", "\"l2\"", "mean absolute or mean squared difference to the original"),
        option("decoder_width", "channels from 4 to 1024, or \"auto\"", "\"auto\"", DECODER),
    ],
};

const CROP: &str = "random crop taken first; [1, 1] takes the whole image";
const DECODER: &str = "width of the light decoder; auto by the backbone's features";

/// Options of `autoencoding`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Autoencoding {
    /// Share of the area that a random crop keeps; `[1, 1]` takes the whole image.
    pub crop: [f64; 2],
    /// Probability of a mirror image.
    pub flip: f64,
    /// How the image given back is compared with the original.
    pub loss: PixelLoss,
    /// Width of the light decoder; `None` by the backbone's features, which the trainer knows.
    #[serde(with = "crate::auto")]
    pub decoder_width: Option<u32>,
}

impl Default for Autoencoding {
    fn default() -> Self {
        Self { crop: [0.5, 1.0], flip: 0.5, loss: PixelLoss::L2, decoder_width: None }
    }
}

impl Autoencoding {
    fn view(&self) -> Augment {
        Augment::none().crop(self.crop).flip(self.flip)
    }
}

impl Recipe for Autoencoding {
    fn info(&self) -> &'static TaskInfo {
        &INFO
    }

    fn validate(&self) -> Result<()> {
        check::crop(WORD, "crop", self.crop)?;
        check::probability(WORD, "flip", self.flip)?;
        check::decoder_width(WORD, self.decoder_width)
    }

    fn resolve(&self, shape: Shape, _notes: &mut Vec<Auto>) -> Result<(Self, Shape)> {
        check_shape(shape)?;
        Ok((*self, shape))
    }

    fn target(&self, shape: Shape) -> TargetKind {
        TargetKind::Image { shape, weighted: false }
    }

    fn generate(&self, image: ImageRef<'_>, key: Key, shape: Shape, slot: Slot<'_>) -> Result<()> {
        check_shape(shape)?;
        let (input, target) = slot.one()?;
        self.view().apply(image, key, shape, input)?;
        target.image(shape)?.copy_from_slice(input);
        Ok(())
    }

    fn explain(&self, image: ImageRef<'_>, key: Key, shape: Shape) -> Vec<String> {
        vec![self.view().draw(image, key, shape).words()]
    }
}

fn check_shape(shape: Shape) -> Result<()> {
    let (problem, way_out) = ("there is nothing to compress", "use images of at least 4x4 pixels");
    check::least_side(WORD, shape, 4, problem, way_out)
}
