//! Masked image modeling with nothing but a linear layer behind the encoder, which sees where something is hidden (Xie et al.
//! 2022, "`SimMIM`: a simple framework for masked image modeling", arXiv 2111.09886).
//!
//! Squares of two or more patches are hidden: what lies in a single one can be guessed from the pixels around it.

use foretask_random::Key;
use serde::{Deserialize, Serialize};

use super::patches::{auto_patch, of_network};
use super::run::RunSizes;
use super::squares::Squares;
use crate::auto::{Auto, choose};
use crate::batch::{Slot, TargetKind};
use crate::check;
use crate::error::{PretextError, Result};
use crate::example::Example;
use crate::info::{Family, TaskInfo, option};
use crate::pixels::{ImageRef, Planes, Shape};
use crate::recipe::Recipe;
use crate::tasks::PixelLoss;

const WORD: &str = "simmim";

/// For the reference.
pub(crate) const INFO: TaskInfo = TaskInfo {
    name: WORD,
    family: Family::Fill,
    summary: "restore hidden squares of several patches by one linear layer; the encoder sees where they are; for vision transformers",
    use_when: "a `vit` is to be fine-tuned, and everything that is learned is to be in its own blocks: there is no decoder. Nothing \
               about color or direction is changed. Takes long runs, with `weight_decay: 0.05`, and a `vit` with `pool: \"mean\"`: nothing \
               is asked of the class token",
    avoid_when: "time is short: the encoder sees every place, hidden or not, where `mae` shows it a quarter; features are used frozen \
                 (take `dino` or `simclr`); or the net is no `vit`: take `masked_pixels`",
    paper: "Xie et al. 2022, SimMIM: a simple framework for masked image modeling, arXiv 2111.09886",
    options: &[
        option("ratio", "0.05 to 0.95", "0.6", "share of the squares that is hidden, the same number in every image"),
        option("unit", "pixels from 1 to 256, or \"auto\"", "\"auto\"", UNIT),
        option("crop", "[low, high], shares of the area, 0 < low <= high <= 1", "[0.67, 1.0]", CROP),
        option("flip", "probability", "0.5", "mirror the image first"),
        option("loss", "\"l1\" or \"l2\"", "\"l1\"", "mean absolute or mean squared difference in hidden places"),
    ],
};

const UNIT: &str =
    "side of a square, a multiple of the network's patch; auto two patches, or more of them up to a sixth of the image";
const CROP: &str = "random crop taken first; [1, 1] takes the whole image";

/// Options of `simmim`; `None` is `"auto"`. The batch's weights are 1 in hidden squares and 0 elsewhere; hidden squares of the
/// input have the mean of the visible ones, which nothing looks at but people: the network sees a token instead.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SimMim {
    /// Share of the squares that is hidden.
    pub ratio: f64,
    /// Side of a square in pixels; `None` until the network is known, of whose patches it has whole ones.
    #[serde(with = "crate::auto")]
    pub unit: Option<u32>,
    /// Share of the area that a random crop keeps; `[1, 1]` takes the whole image.
    pub crop: [f64; 2],
    /// Probability of a mirror image.
    pub flip: f64,
    /// How the restored image is compared with the original.
    pub loss: PixelLoss,
}

impl Default for SimMim {
    fn default() -> Self {
        Self { ratio: 0.6, unit: None, crop: [0.67, 1.0], flip: 0.5, loss: PixelLoss::L1 }
    }
}

/// Two patches, or as many as fit into a sixth of the image, as 32 of 192 pixels do; one where the image has fewer than four.
fn auto_unit(short_side: usize, patch: usize) -> u32 {
    let patches = if short_side < 4 * patch { 1 } else { (short_side / 6 / patch).max(2) };
    (patches * patch) as u32
}

impl SimMim {
    fn squares(&self, shape: Shape) -> Squares {
        let unit = self.unit.unwrap_or_else(|| auto_unit(shape.short_side(), auto_patch(shape))).max(1) as usize;
        let Self { ratio, crop, flip, .. } = *self;
        Squares { word: WORD, option: "unit", unit, ratio, normalize: false, crop, flip }
    }

    /// The same for squares of whole patches on images of this size, where the options leave it open.
    pub(crate) fn for_patches(&self, patch: usize, short_side: usize) -> Self {
        Self { unit: self.unit.or_else(|| Some(auto_unit(short_side, patch))), ..*self }
    }

    /// Gives what was left open a value for this network, with reasons.
    ///
    /// # Errors
    /// [`PretextError::Network`] for one that sees no patches, [`PretextError::Unsuitable`] for squares that would hide parts of
    /// them, and where nothing would be left visible.
    pub fn fill_auto(&self, sizes: &RunSizes) -> Result<(Self, Vec<Auto>)> {
        let patch = of_network(WORD, sizes)?;
        let (mut task, mut notes) = (*self, Vec::new());
        let [rows, columns] = sizes.map;
        let shape = Shape::new(1, rows * patch, columns * patch);
        let reason = format!("whole patches of {patch} pixels: a sixth of the image, and two of them at least");
        choose(&mut task.unit, "unit", auto_unit(shape.short_side(), patch), reason, &mut notes);
        let unit = task.unit.unwrap_or(1) as usize;
        if !unit.is_multiple_of(patch) {
            let below = (unit / patch).max(1) * patch;
            return Err(PretextError::Unsuitable {
                word: WORD,
                option: "unit",
                value: unit.to_string(),
                problem: format!("the network sees patches of {patch}x{patch} pixels, and whole ones are hidden"),
                way_out: format!("use {below} or {}", below + patch),
            });
        }
        task.squares(shape).check_visible(shape)?;
        Ok((task, notes))
    }
}

impl Recipe for SimMim {
    fn info(&self) -> &'static TaskInfo {
        &INFO
    }

    fn validate(&self) -> Result<()> {
        check::require((0.05..=0.95).contains(&self.ratio), WORD, "ratio", self.ratio, "a number from 0.05 to 0.95")?;
        let unit = self.unit.unwrap_or(1);
        let range = "a whole number of pixels from 1 to 256, or \"auto\"";
        check::require((1..=256).contains(&unit), WORD, "unit", unit, range)?;
        check::crop(WORD, "crop", self.crop)?;
        check::probability(WORD, "flip", self.flip)
    }

    /// The unit stays open: the network's patches decide it.
    fn resolve(&self, shape: Shape, _notes: &mut Vec<Auto>) -> Result<(Self, Shape)> {
        self.squares(shape).check_visible(shape)?;
        Ok((*self, shape))
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

    fn shown_answer(&self, example: &Example, answer: Planes) -> Planes {
        self.squares(answer.shape).shown_answer(example, answer)
    }
}
