//! Rotation: by how many quarter turns was the image turned? (Gidaris, Singh, Komodakis 2018, arXiv 1803.07728)

use std::cell::Cell;

use foretask_random::Key;
use serde::{Deserialize, Serialize};

use crate::augment::{Augment, Preset};
use crate::auto::{Auto, choose};
use crate::batch::{Slot, TargetKind};
use crate::check;
use crate::error::{PretextError, Result};
use crate::info::{Family, TaskInfo, option};
use crate::ops::{self, Fill};
use crate::pixels::{ImageRef, Shape};
use crate::recipe::Recipe;
use crate::reuse;

const WORD: &str = "rotation";

/// Quarter turns, each of which is an input of its own.
const TURNS: usize = 4;

/// The classes, counter-clockwise.
const NAMES: [&str; TURNS] = ["0 degrees", "90 degrees", "180 degrees", "270 degrees"];

/// For the reference.
pub(crate) const INFO: TaskInfo = TaskInfo {
    name: WORD,
    family: Family::Classify,
    summary: "tell by how many quarter turns an image was turned; all four turns of each image are in the batch",
    use_when: "things have an upright position: clothes, animals, cars, people, rooms. Cheap, steady, best after \
               fine-tuning rather than with a probe on frozen features",
    avoid_when: "the images look alike whichever way up (cells, satellite pictures, textures): accuracy stays at 25 %; \
                 take `simclr`. Borders, letterboxes, watermarks and dates give the answer away: crop them first",
    paper: "Gidaris, Singh, Komodakis 2018, Unsupervised representation learning by predicting image rotations, \
            arXiv 1803.07728",
    options: &[
        option("crop", "[low, high], shares of the area, 0 < low <= high <= 1", "[1.0, 1.0]", CROP),
        option("pad", "pixels, or \"auto\"", "\"auto\"", "largest move each way before the turn; auto by image size"),
        option("flip", "probability", "0.5", "mirror the image before the turn; set it to 0 for letters and digits"),
    ],
};

const CROP: &str = "random crop taken before the turn; [1, 1] takes the middle of the image";

/// Options of `rotation`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Rotation {
    /// Share of the area that a random crop keeps before the turn; `[1, 1]` takes the middle.
    pub crop: [f64; 2],
    /// Largest move in pixels before the turn; `None` by image size.
    #[serde(with = "crate::auto")]
    pub pad: Option<u32>,
    /// Probability of a mirror image before the turn.
    pub flip: f64,
}

impl Default for Rotation {
    fn default() -> Self {
        Self { crop: [1.0, 1.0], pad: None, flip: 0.5 }
    }
}

thread_local! {
    static UPRIGHT: Cell<Vec<f32>> = Cell::default();
}

impl Rotation {
    /// The upright view, of which all four turns are made. Edge pixels fill what a move leaves open: a dark border
    /// would be a mark that turns with the image.
    fn view(&self) -> Augment {
        // `weak` moves by as much as the image allows where `pad` is open.
        Augment { pad: self.pad, ..Augment::of(Preset::Weak).crop(self.crop).fill(Fill::Edge).flip(self.flip) }
    }
}

impl Recipe for Rotation {
    fn info(&self) -> &'static TaskInfo {
        &INFO
    }

    fn validate(&self) -> Result<()> {
        check::crop(WORD, "crop", self.crop)?;
        check::probability(WORD, "flip", self.flip)
    }

    fn resolve(&self, mut shape: Shape, notes: &mut Vec<Auto>) -> Result<(Self, Shape)> {
        let mut task = *self;
        if shape.width != shape.height {
            let side = shape.short_side();
            notes.push(Auto::new("image_size", side, "turned by a quarter, only a square keeps its shape"));
            shape = Shape::new(shape.channels, side, side);
        }
        check_shape(shape)?;
        let pad = crate::augment::auto_pad(shape);
        choose(&mut task.pad, "pad", pad, "moves of about a tenth of the image, as usual for small images", notes);
        task.view().check(shape)?;
        Ok((task, shape))
    }

    fn inputs(&self, shape: Shape) -> Vec<(Shape, usize)> {
        vec![(shape, TURNS)]
    }

    fn target(&self, _shape: Shape) -> TargetKind {
        TargetKind::Classes { names: NAMES.map(str::to_owned).to_vec(), per_image: TURNS }
    }

    fn generate(&self, image: ImageRef<'_>, key: Key, shape: Shape, slot: Slot<'_>) -> Result<()> {
        check_shape(shape)?;
        let (inputs, target) = slot.one()?;
        let classes = target.classes(TURNS)?;
        reuse::with(&UPRIGHT, |upright: &mut Vec<f32>| {
            upright.resize(shape.len(), 0.0);
            self.view().apply(image, key, shape, upright)?;
            for (quarters, (out, class)) in inputs.chunks_exact_mut(shape.len()).zip(classes).enumerate() {
                ops::turn(upright, shape.height, shape.width, quarters as u32, out);
                *class = quarters as u32;
            }
            Ok(())
        })
    }

    fn explain(&self, image: ImageRef<'_>, key: Key, shape: Shape) -> Vec<String> {
        vec![format!("before the turn: {}", self.view().draw(image, key, shape).words())]
    }
}

/// Turned inputs keep their shape only if it is square.
fn check_shape(shape: Shape) -> Result<()> {
    let (problem, way_out) = if shape.is_empty() || shape.short_side() < 4 {
        ("there is nothing to tell up from down by", "use images of at least 4x4 pixels")
    } else if shape.width != shape.height {
        ("a quarter turn would change the shape", "give a square image_size; images are cropped to it")
    } else {
        return Ok(());
    };
    let Shape { channels, height, width } = shape;
    Err(PretextError::Shape { word: WORD, channels, width, height, problem, way_out })
}
