//! Masked autoencoders: the encoder sees a quarter of the patches only, and a light decoder restores the others (He et al. 2021,
//! "Masked autoencoders are scalable vision learners", arXiv 2111.06377).
//!
//! The same number of patches is hidden in every image, so that what is seen of a batch is one tensor.

use foretask_random::Key;
use serde::{Deserialize, Serialize};

use super::patches::{auto_patch, decoder_depth, decoder_width, of_network};
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

const WORD: &str = "mae";

/// For the reference.
pub(crate) const INFO: TaskInfo = TaskInfo {
    name: WORD,
    family: Family::Fill,
    summary: "restore hidden patches, three quarters of an image, from those that are seen; for vision transformers",
    use_when: "a `vit` is to be fine-tuned and there are many images: nothing about color or direction is changed, no other image is \
               needed to compare with, and a step costs a fraction of one of `simmim`, as the encoder sees a quarter. Takes long runs, \
               hundreds of epochs, with `betas: [0.9, 0.95]` and `weight_decay: 0.05`, and a `vit` with `pool: \"mean\"`: nothing is \
               asked of the class token",
    avoid_when: "features are used frozen (they are weak until fine-tuned: take `dino` or `simclr`), images are few, or the net \
                 is no `vit`: take `masked_pixels`",
    paper: "He, Chen, Xie, Li, Dollar, Girshick 2021, Masked autoencoders are scalable vision learners, arXiv 2111.06377",
    options: &[
        option("ratio", "0.05 to 0.95", "0.75", "share of the patches that is hidden, the same number in every image"),
        option("normalize", "true or false", "true", NORMALIZE),
        option("crop", "[low, high], shares of the area, 0 < low <= high <= 1", "[0.2, 1.0]", CROP),
        option("flip", "probability", "0.5", "mirror the image first"),
        option("decoder_width", "a multiple of 32 from 32 to 2048, or \"auto\"", "\"auto\"", WIDTH),
        option("decoder_depth", "1 to 24, or \"auto\"", "\"auto\"", DEPTH),
        option("patch", "pixels from 1 to 64, or \"auto\"", "\"auto\"", PATCH),
    ],
};

const NORMALIZE: &str = "each patch of the target has mean 0 and deviation 1: structure counts, not brightness";
const CROP: &str = "random crop taken first; [1, 1] takes the whole image";
const WIDTH: &str = "width of the decoder's tokens, a head of attention for every 32; auto 128 for images of up to 64 pixels, else by \
                     the encoder";
const DEPTH: &str =
    "blocks of the decoder; auto 2 for images of up to 64 pixels, else 8 for encoders from `base` on and 4 below";
const PATCH: &str = "side of a patch; auto that of the network, and there is no other choice that works";

/// Options of `mae`; `None` is `"auto"`. The batch's weights are 1 in hidden patches and 0 elsewhere; hidden patches of the input
/// have the mean of the visible ones, which nothing looks at but people.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Mae {
    /// Share of the patches that is hidden.
    pub ratio: f64,
    /// Whether each patch of the target is brought to mean 0 and deviation 1 over its pixels and channels. Targets leave 0..1
    /// then.
    pub normalize: bool,
    /// Share of the area that a random crop keeps; `[1, 1]` takes the whole image.
    pub crop: [f64; 2],
    /// Probability of a mirror image.
    pub flip: f64,
    /// Width of the decoder's tokens.
    #[serde(with = "crate::auto")]
    pub decoder_width: Option<u32>,
    /// Blocks of the decoder.
    #[serde(with = "crate::auto")]
    pub decoder_depth: Option<u32>,
    /// Side of a patch in pixels; `None` until the network is known, whose patches they have to be.
    #[serde(with = "crate::auto")]
    pub patch: Option<u32>,
}

impl Default for Mae {
    fn default() -> Self {
        Self {
            ratio: 0.75,
            normalize: true,
            crop: [0.2, 1.0],
            flip: 0.5,
            decoder_width: None,
            decoder_depth: None,
            patch: None,
        }
    }
}

impl Mae {
    fn squares(&self, shape: Shape) -> Squares {
        let unit = self.patch.map_or_else(|| auto_patch(shape), |patch| patch as usize).max(1);
        let Self { ratio, normalize, crop, flip, .. } = *self;
        Squares { word: WORD, option: "patch", unit, ratio, normalize, crop, flip }
    }

    /// The same for patches of this side, where the options leave it open.
    pub(crate) fn for_patches(&self, patch: usize) -> Self {
        Self { patch: self.patch.or(Some(patch as u32)), ..*self }
    }

    /// Gives what was left open a value for this network, with reasons.
    ///
    /// # Errors
    /// [`PretextError::Network`] for one that sees no patches, [`PretextError::Unsuitable`] for other patches than its own, and
    /// where nothing would be left visible.
    pub fn fill_auto(&self, sizes: &RunSizes) -> Result<(Self, Vec<Auto>)> {
        let patch = of_network(WORD, sizes)?;
        let (mut task, mut notes) = (*self, Vec::new());
        if task.patch.is_some_and(|given| given as usize != patch) {
            return Err(PretextError::Unsuitable {
                word: WORD,
                option: "patch",
                value: task.patch.unwrap_or(0).to_string(),
                problem: format!("the network sees patches of {patch}x{patch} pixels, and whole ones are hidden"),
                way_out: "leave it out, or give the `vit` this patch".to_owned(),
            });
        }
        choose(&mut task.patch, "patch", patch as u32, "the network's patches are hidden whole", &mut notes);
        let [rows, columns] = sizes.map;
        let shape = Shape::new(1, rows * patch, columns * patch);
        task.squares(shape).check_visible(shape)?;
        let side = shape.height.max(shape.width);
        let (width, reason) = decoder_width(side, sizes.features);
        choose(&mut task.decoder_width, "decoder_width", width, reason, &mut notes);
        let (depth, reason) = decoder_depth(side, sizes.features);
        choose(&mut task.decoder_depth, "decoder_depth", depth, reason, &mut notes);
        Ok((task, notes))
    }
}

impl Recipe for Mae {
    fn info(&self) -> &'static TaskInfo {
        &INFO
    }

    fn validate(&self) -> Result<()> {
        check::require((0.05..=0.95).contains(&self.ratio), WORD, "ratio", self.ratio, "a number from 0.05 to 0.95")?;
        check::crop(WORD, "crop", self.crop)?;
        check::probability(WORD, "flip", self.flip)?;
        let width = self.decoder_width.unwrap_or(32);
        let range = "a multiple of 32 from 32 to 2048, or \"auto\"";
        let fits = (32..=2048).contains(&width) && width.is_multiple_of(32);
        check::require(fits, WORD, "decoder_width", width, range)?;
        let depth = self.decoder_depth.unwrap_or(1);
        let range = "a whole number from 1 to 24, or \"auto\"";
        check::require((1..=24).contains(&depth), WORD, "decoder_depth", depth, range)?;
        let patch = self.patch.unwrap_or(1);
        let range = "a whole number of pixels from 1 to 64, or \"auto\"";
        check::require((1..=64).contains(&patch), WORD, "patch", patch, range)
    }

    /// The patch stays open: the network decides it.
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

    fn shown_target(&self, image: ImageRef<'_>, key: Key, shape: Shape, _inputs: &[Planes], target: Planes) -> Planes {
        self.squares(shape).shown_target(image, key, target)
    }

    fn shown_answer(&self, example: &Example, answer: Planes) -> Planes {
        self.squares(answer.shape).shown_answer(example, answer)
    }
}
