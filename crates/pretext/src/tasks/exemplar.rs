//! Exemplar: every image is a class of its own, shown in several strongly changed copies (Dosovitskiy, Springenberg,
//! Riedmiller, Brox 2014, arXiv 1406.6909; with triplets Kolesnikov, Zhai, Beyer 2019, arXiv 1901.09005).

use foretask_random::Key;
use serde::{Deserialize, Serialize};

use crate::augment::{Augment, Preset};
use crate::auto::Auto;
use crate::batch::{Slot, TargetKind};
use crate::check;
use crate::error::Result;
use crate::info::{Family, TaskInfo, option};
use crate::pixels::{ImageRef, Shape};
use crate::recipe::Recipe;

const WORD: &str = "exemplar";

/// For the reference.
pub(crate) const INFO: TaskInfo = TaskInfo {
    name: WORD,
    family: Family::Classify,
    summary: "tell copies of one image, each strongly changed, from copies of all others",
    use_when: "the forerunner of `simclr`: as a baseline, or where batches are too small for it (triplets need few images), or the \
               pool is small (some thousand images) and `softmax` can have a class for each",
    avoid_when: "`simclr` can be had: it uses every other image of the batch, not one. `softmax` grows with the pool",
    paper: "Dosovitskiy, Springenberg, Riedmiller, Brox 2014, arXiv 1406.6909; triplets as in Kolesnikov, Zhai, Beyer 2019, \
            arXiv 1901.09005, with rows normalized",
    options: &[
        option("copies", "whole number from 2 to 16", "4", "of each image in a batch"),
        option("mode", "\"triplet\" or \"softmax\"", "\"triplet\"", MODE),
        option("margin", "0 to 4", "0.5", "of `triplet`: how much farther other images are to be, on the unit sphere"),
        option("embed", "8 to 8192, or \"auto\"", "\"auto\"", "length of the vectors that are compared"),
        option("crop", "[low, high], shares of the area, 0 < low <= high <= 1", "[0.2, 1.0]", CROP),
        option("ratio", "[low, high], width to height, 0.1 to 10", "[0.75, 1.3333333333333333]", "shape of a crop"),
        option("flip", "probability", "0.5", "mirror a copy; set it to 0 for letters and digits"),
        option("jitter", "strength from 0 to 1.25, or \"auto\"", "\"auto\"", "as in `simclr`"),
        option("grayscale", "probability, or \"auto\"", "\"auto\"", "as in `simclr`; color only"),
        option("blur", "probability, or \"auto\"", "\"auto\"", "as in `simclr`"),
    ],
};

const MODE: &str = "copies nearer than other images by a margin, or a class for each image of the pool";
const CROP: &str = "random crop of each copy; smaller crops make the task harder and usually the features better";

/// Options of `exemplar`; `None` is `"auto"`. Inputs of an image are its copies; that they belong together is all the
/// target says.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Exemplar {
    /// Copies of each image in a batch.
    pub copies: u32,
    /// How copies are told from others.
    pub mode: ExemplarMode,
    /// Margin of the triplet loss between squared distances of unit vectors.
    pub margin: f64,
    /// Length of the vectors that are compared; `None` by the backbone's features, which the trainer knows.
    #[serde(with = "crate::auto")]
    pub embed: Option<u32>,
    /// Share of the area that a copy's random crop keeps.
    pub crop: [f64; 2],
    /// Width to height of a crop, relative to that of the input.
    pub ratio: [f64; 2],
    /// Probability of a mirror image.
    pub flip: f64,
    /// Strength of light and color changes, as `simclr` has it.
    #[serde(with = "crate::auto")]
    pub jitter: Option<f64>,
    /// Probability of taking the color away; color only.
    #[serde(with = "crate::auto")]
    pub grayscale: Option<f64>,
    /// Probability of a Gaussian blur.
    #[serde(with = "crate::auto")]
    pub blur: Option<f64>,
}

/// How copies are told from other images.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExemplarMode {
    /// Nearer than other images by a margin; the nearest others that are still farther count.
    #[default]
    Triplet,
    /// A class for each image of the pool, [`crate::Batch::images`].
    Softmax,
}

impl Default for Exemplar {
    fn default() -> Self {
        Self {
            copies: 4,
            mode: ExemplarMode::Triplet,
            margin: 0.5,
            embed: None,
            crop: [0.2, 1.0],
            ratio: [3.0 / 4.0, 4.0 / 3.0],
            flip: 0.5,
            jitter: None,
            grayscale: None,
            blur: None,
        }
    }
}

impl Exemplar {
    /// How one copy is made: as `simclr` makes views, with what is said here.
    pub fn copy(&self) -> Augment {
        let Self { crop, ratio, flip, jitter, grayscale, blur, .. } = *self;
        Augment { jitter, grayscale, blur, ..Augment::of(Preset::SimClr).crop(crop).ratio(ratio).flip(flip) }
    }

    fn check_shape(&self, shape: Shape) -> Result<()> {
        let (problem, way_out) = ("crops of them are all alike", "use images of at least 4x4 pixels");
        check::least_side(WORD, shape, 4, problem, way_out)?;
        self.copy().suits(WORD, shape)
    }
}

impl Recipe for Exemplar {
    fn info(&self) -> &'static TaskInfo {
        &INFO
    }

    fn validate(&self) -> Result<()> {
        check::require((2..=16).contains(&self.copies), WORD, "copies", self.copies, "a whole number from 2 to 16")?;
        check::require((0.0..=4.0).contains(&self.margin), WORD, "margin", self.margin, "a number from 0 to 4")?;
        check::width(WORD, "embed", self.embed)?;
        self.copy().validate(WORD)
    }

    fn resolve(&self, shape: Shape, notes: &mut Vec<Auto>) -> Result<(Self, Shape)> {
        self.check_shape(shape)?;
        let (Augment { jitter, grayscale, blur, .. }, all) = self.copy().resolve(shape)?;
        let own = ["jitter", "grayscale", "blur"];
        notes.extend(all.into_iter().filter(|note| own.contains(&note.name.as_str())));
        Ok((Self { jitter, grayscale, blur, ..*self }, shape))
    }

    fn inputs(&self, shape: Shape) -> Vec<(Shape, usize)> {
        vec![(shape, self.copies as usize)]
    }

    fn target(&self, _shape: Shape) -> TargetKind {
        TargetKind::Views
    }

    fn generate(&self, image: ImageRef<'_>, key: Key, shape: Shape, slot: Slot<'_>) -> Result<()> {
        let (copies, target) = slot.one()?;
        target.views()?;
        self.check_shape(shape)?;
        let views = self.copy();
        for (copy, out) in copies.chunks_exact_mut(shape.len()).enumerate() {
            views.apply(image, key.with(copy as u64), shape, out)?;
        }
        Ok(())
    }

    fn explain(&self, image: ImageRef<'_>, key: Key, shape: Shape) -> Vec<String> {
        let views = self.copy();
        let note = |copy| format!("copy {}: {}", copy + 1, views.draw(image, key.with(copy), shape).words());
        (0..u64::from(self.copies)).map(note).collect()
    }
}
