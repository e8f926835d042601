//! Inpainting: paint what is missing (Pathak, Krähenbühl, Donahue, Darrell, Efros 2016, "Context encoders", arXiv
//! 1604.07379).
//!
//! The mask is no channel of the input: an encoder with a stem for four channels could not be fine-tuned on images of
//! three. Holes are filled with the mean of what is left of each channel, which a network tells from content by its
//! evenness. A hole that is always at the same place teaches to copy its border, so `center` is there for comparison
//! only.

use foretask_random::Key;
use serde::{Deserialize, Serialize};

use crate::augment::Augment;
use crate::auto::Auto;
use crate::batch::{Slot, TargetKind};
use crate::check;
use crate::error::Result;
use crate::example::{Example, ExampleTarget};
use crate::holes;
use crate::info::{Family, TaskInfo, option};
use crate::pixels::{ImageRef, Planes, Shape};
use crate::recipe::{Recipe, clamped};
use crate::tasks::PixelLoss;

const WORD: &str = "inpainting";

/// For the reference.
pub(crate) const INFO: TaskInfo = TaskInfo {
    name: WORD,
    family: Family::Restore,
    summary: "paint what is missing: holes of random place and shape, filled with the mean, are to be restored",
    use_when: "what is missing follows from the rest: things with parts, scenes, faces, clothes; gray and color alike, no \
               color or position is changed. On Fashion-MNIST its features beat those of `super_resolution`",
    avoid_when: "images are textures or mostly even ground, where borders can simply be continued; take `simclr`. Frozen \
                 features are weaker than those of `simclr`: fine-tune",
    paper: "Pathak, Kraehenbuehl, Donahue, Darrell, Efros 2016, Context encoders: feature learning by inpainting, \
            arXiv 1604.07379, without the adversary",
    options: &[
        option("holes", HOLES, "[\"blocks\",\"strokes\"]", "one kind is drawn for each image"),
        option("area", "[low, high], shares of the image, 0 < low <= high <= 0.75", "[0.25, 0.5]", AREA),
        option(
            "elsewhere",
            "0 to 1",
            "0.05",
            "how much a visible place counts in the loss, where a hidden one counts 1",
        ),
        option("crop", "[low, high], shares of the area, 0 < low <= high <= 1", "[1.0, 1.0]", CROP),
        option("flip", "probability", "0.5", "mirror the image first"),
        option("loss", "\"l1\" or \"l2\"", "\"l2\"", "mean absolute or mean squared difference to the original"),
        option("decoder_width", "channels from 4 to 1024, or \"auto\"", "\"auto\"", DECODER),
    ],
};

const HOLES: &str = "list out of blocks, strokes, center";
const AREA: &str = "how much is hidden; drawn for each image";
const CROP: &str = "random crop taken first; [1, 1] takes the whole image";
const DECODER: &str = "width of the light decoder; auto by the backbone's features";

/// Options of `inpainting`.
///
/// Holes get the mean of what is left of each channel. The mask is no channel of the input: a stem for one channel more
/// could not be fine-tuned on the images themselves. The batch's weights hold it: 1 in holes, [`Inpainting::elsewhere`]
/// around them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Inpainting {
    /// Kinds of holes, one of which is drawn for each image.
    pub holes: Vec<Hole>,
    /// Share of the image that is hidden.
    pub area: [f64; 2],
    /// Weight of visible places in the loss; hidden ones have 1.
    pub elsewhere: f64,
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

/// The form of what is hidden.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Hole {
    /// Rectangles anywhere.
    Blocks,
    /// Strokes of a round brush.
    Strokes,
    /// The middle of the image.
    Center,
}

impl Default for Inpainting {
    fn default() -> Self {
        Self {
            holes: vec![Hole::Blocks, Hole::Strokes],
            area: [0.25, 0.5],
            elsewhere: 0.05,
            crop: [1.0, 1.0],
            flip: 0.5,
            loss: PixelLoss::L2,
            decoder_width: None,
        }
    }
}

impl Hole {
    const fn name(self) -> &'static str {
        match self {
            Self::Blocks => "blocks",
            Self::Strokes => "strokes",
            Self::Center => "center",
        }
    }
}

impl Inpainting {
    fn view(&self) -> Augment {
        Augment::none().crop(self.crop).flip(self.flip)
    }

    fn draw(&self, key: Key) -> (Hole, f32) {
        let mut rng = key.named("hole").rng();
        let kind = rng.below(self.holes.len() as u64) as usize;
        let kind = self.holes.get(kind).copied().unwrap_or(Hole::Blocks);
        (kind, rng.range(self.area[0] as f32, self.area[1] as f32))
    }

    /// 1 where something is hidden, else 0.
    fn mask(&self, key: Key, shape: Shape, mask: &mut [f32]) {
        let Shape { height, width, .. } = shape;
        mask.fill(0.0);
        let rng = &mut key.named("mask").rng();
        match self.draw(key) {
            (Hole::Blocks, area) => holes::blocks(mask, height, width, area, rng),
            (Hole::Strokes, area) => holes::strokes(mask, height, width, area, rng),
            (Hole::Center, area) => holes::center(mask, height, width, area),
        }
    }
}

impl Recipe for Inpainting {
    fn info(&self) -> &'static TaskInfo {
        &INFO
    }

    fn validate(&self) -> Result<()> {
        let names: Vec<_> = self.holes.iter().map(|hole| hole.name()).collect();
        check::words(WORD, "holes", &names, "a list of at least one of blocks, strokes, center")?;
        check::shares(WORD, "area", self.area, 0.75)?;
        let elsewhere = (0.0..=1.0).contains(&self.elsewhere);
        check::require(elsewhere, WORD, "elsewhere", self.elsewhere, "a number from 0 to 1")?;
        check::crop(WORD, "crop", self.crop)?;
        check::probability(WORD, "flip", self.flip)?;
        check::decoder_width(WORD, self.decoder_width)
    }

    fn resolve(&self, shape: Shape, _notes: &mut Vec<Auto>) -> Result<(Self, Shape)> {
        check_shape(shape)?;
        Ok((self.clone(), shape))
    }

    fn target(&self, shape: Shape) -> TargetKind {
        TargetKind::Image { shape, weighted: true }
    }

    fn generate(&self, image: ImageRef<'_>, key: Key, shape: Shape, slot: Slot<'_>) -> Result<()> {
        check_shape(shape)?;
        let (input, target) = slot.one()?;
        let (target, weights) = target.weighted(shape)?;
        self.view().apply(image, key, shape, target)?;
        self.mask(key, shape, weights);
        input.copy_from_slice(target);
        holes::hide(input, weights);
        for weight in weights {
            *weight = weight.max(self.elsewhere as f32);
        }
        Ok(())
    }

    fn explain(&self, image: ImageRef<'_>, key: Key, shape: Shape) -> Vec<String> {
        let mut mask = vec![0.0; shape.plane()];
        self.mask(key, shape, &mut mask);
        let hidden = 100.0 * mask.iter().sum::<f32>() / mask.len().max(1) as f32;
        let kind = self.draw(key).0.name();
        vec![format!("{}, {hidden:.0} % hidden ({kind})", self.view().draw(image, key, shape).words())]
    }

    fn shown_answer(&self, example: &Example, answer: Planes) -> Planes {
        painted(example, answer)
    }
}

/// The answer where something was hidden (weight 1), the true picture elsewhere.
pub(super) fn painted(example: &Example, answer: Planes) -> Planes {
    let mut answer = clamped(answer);
    let (Some(weights), ExampleTarget::Image(target)) = (&example.weights, &example.target) else { return answer };
    if target.shape != answer.shape {
        return answer;
    }
    let plane = weights.data.len().max(1);
    for (answer, target) in answer.data.chunks_exact_mut(plane).zip(target.data.chunks_exact(plane)) {
        for ((answer, target), weight) in answer.iter_mut().zip(target).zip(&weights.data) {
            if *weight < 1.0 {
                *answer = *target;
            }
        }
    }
    answer
}

fn check_shape(shape: Shape) -> Result<()> {
    let (problem, way_out) = ("holes would leave nothing to paint from", "use images of at least 8x8 pixels");
    check::least_side(WORD, shape, 8, problem, way_out)
}
