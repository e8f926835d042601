//! Masked pixels: most of an image is hidden in large squares and is to be restored, on networks of convolutions (Xie
//! et al. 2022, `SimMIM`, arXiv 2111.09886; Tian et al. 2023, `SparK`, arXiv 2301.03580).
//!
//! Squares smaller than the network's stride are filled in from their neighbors without understanding anything; hence
//! the size.

use foretask_random::Key;
use serde::{Deserialize, Serialize};

use super::squares::Squares;
use crate::auto::{Auto, choose};
use crate::batch::{Slot, TargetKind};
use crate::check;
use crate::error::Result;
use crate::example::Example;
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
    fn squares(&self, shape: Shape) -> Squares {
        let unit = self.unit.unwrap_or_else(|| auto_unit(shape));
        let Self { ratio, normalize, crop, flip, .. } = *self;
        Squares { word: WORD, option: "unit", unit: unit.max(1) as usize, ratio, normalize, crop, flip }
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
        task.squares(shape).check(shape)?;
        choose(&mut task.unit, "unit", auto_unit(shape), "about a seventh of the image", notes);
        Ok((task, shape))
    }

    fn target(&self, shape: Shape) -> TargetKind {
        TargetKind::Image { shape, weighted: true }
    }

    fn generate(&self, image: ImageRef<'_>, key: Key, shape: Shape, slot: Slot<'_>) -> Result<()> {
        self.squares(shape).generate(image, key, shape, slot)
    }

    fn explain(&self, image: ImageRef<'_>, key: Key, shape: Shape) -> Vec<String> {
        vec![self.squares(shape).explain(image, key, shape)]
    }

    fn shown_target(&self, image: ImageRef<'_>, key: Key, shape: Shape, _inputs: &[Planes], target: Planes) -> Planes {
        self.squares(shape).shown_target(image, key, target)
    }

    fn shown_answer(&self, example: &Example, answer: Planes) -> Planes {
        self.squares(answer.shape).shown_answer(example, answer)
    }
}
