//! Colorization: tell the colors of a gray picture (Zhang, Isola, Efros 2016, "Colorful image colorization", arXiv
//! 1603.08511).
//!
//! The input is the lightness L of Lab in all three channels, so that the encoder's stem fits color images afterwards.
//! Targets are a and b, divided by 110, at a quarter of the resolution: JPEG has blurred them anyway. In the mode
//! `classes` the trainer turns them into soft classes by [`AbBins`]; the batch holds the same numbers in both modes.

use std::cell::Cell;

use foretask_random::Key;
use serde::{Deserialize, Serialize};

use crate::ab_bins::{AbBins, SCALE};
use crate::augment::Augment;
use crate::auto::Auto;
use crate::batch::{Slot, TargetKind};
use crate::check;
use crate::error::{PretextError, Result};
use crate::example::Example;
use crate::info::{Family, TaskInfo, option};
use crate::ops::{self, Kernel};
use crate::pixels::{ImageRef, Planes, Shape};
use crate::recipe::Recipe;
use crate::reuse;

const WORD: &str = "colorization";

/// How many times coarser colors are than the input.
const COARSER: usize = 4;

/// For the reference.
pub(crate) const INFO: TaskInfo = TaskInfo {
    name: WORD,
    family: Family::Restore,
    summary: "tell the colors of a picture that is shown in gray",
    use_when: "photographs in which colors go with things: animals, plants, food, landscapes",
    avoid_when: "images are gray or nearly so, are stained or lit in one color, or things of one class come in any color \
                 (clothes, cars); take `inpainting` or `rotation`. The encoder sees gray while it learns, color later: fine-tune",
    paper: "Zhang, Isola, Efros 2016, Colorful image colorization, arXiv 1603.08511",
    options: &[
        option("target", "\"classes\" or \"regression\"", "\"classes\"", TARGET),
        option("rebalance", "0 to 1", "0.5", "how much rare colors gain in `classes`: 1 not at all, 0 fully (lambda)"),
        option("temperature", "0.01 to 1", "0.38", "of the colors shown for `classes`: low is bold, 1 is pale"),
        option("crop", "[low, high], shares of the area, 0 < low <= high <= 1", "[0.5, 1.0]", CROP),
        option("flip", "probability", "0.5", "mirror the image first"),
        option("decoder_width", "channels from 4 to 1024, or \"auto\"", "\"auto\"", DECODER),
    ],
};

const TARGET: &str =
    "colors as 261 classes, spread over the five nearest, or as two numbers, which gives brown for doubt";
const CROP: &str = "random crop taken first; [1, 1] takes the whole image";
const DECODER: &str = "width of the light decoder; auto by the backbone's features";

/// Options of `colorization`.
///
/// Inputs are lightness L / 100 in all three channels, so that the stem fits color images afterwards. Targets are two
/// planes, a / 110 and b / 110 in -1..1, at a quarter of the resolution (rounded up), in both modes; for
/// [`ColorTarget::Classes`] the trainer makes soft classes of them by [`AbBins::soft_targets`], weighted by
/// [`AbBins::rebalancing`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Colorization {
    /// As what colors are learned.
    pub target: ColorTarget,
    /// Lambda of the paper: share of the even distribution mixed into the measured one before rare colors are weighted
    /// up.
    pub rebalance: f64,
    /// Temperature of the annealed mean that turns scores into a color.
    pub temperature: f64,
    /// Share of the area that a random crop keeps; `[1, 1]` takes the whole image.
    pub crop: [f64; 2],
    /// Probability of a mirror image.
    pub flip: f64,
    /// Width of the light decoder; `None` by the backbone's features, which the trainer knows.
    #[serde(with = "crate::auto")]
    pub decoder_width: Option<u32>,
}

/// As what colors are learned.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ColorTarget {
    /// Soft classes out of [`AbBins`].
    #[default]
    Classes,
    /// a and b as numbers.
    Regression,
}

impl Default for Colorization {
    fn default() -> Self {
        Self {
            target: ColorTarget::Classes,
            rebalance: 0.5,
            temperature: 0.38,
            crop: [0.5, 1.0],
            flip: 0.5,
            decoder_width: None,
        }
    }
}

#[derive(Default)]
struct Buffers {
    view: Vec<f32>,
    coarse: Vec<f32>,
}

thread_local! {
    static BUFFERS: Cell<Buffers> = Cell::default();
}

impl Colorization {
    fn view(&self) -> Augment {
        Augment::none().crop(self.crop).flip(self.flip)
    }

    /// A picture of lightness (an input) and colors: a and b over 110, or scores of the squares of [`AbBins`].
    fn colored(&self, input: Option<&Planes>, colors: &Planes) -> Planes {
        let Some(input) = input.filter(|input| input.shape.channels == 3) else { return colors.clone() };
        let (shape, plane) = (input.shape, colors.shape.plane());
        let bins = AbBins::get();
        // Enlarging cuts to 0..1, so a and b are brought there and back.
        let mut ab = vec![0.5; 2 * plane];
        for place in 0..plane {
            let color = if colors.shape.channels == 2 {
                [colors.data[place] * SCALE, colors.data[plane + place] * SCALE]
            } else {
                bins.decode(colors.data.iter().copied().skip(place).step_by(plane), self.temperature as f32)
            };
            for (k, value) in color.into_iter().enumerate() {
                ab[k * plane + place] = 0.5 + value / (2.0 * SCALE);
            }
        }
        let mut fine = vec![0.5; 2 * shape.plane()];
        let coarse = (colors.shape.height, colors.shape.width);
        ops::resize(&ab, coarse, Kernel::Bilinear, &mut fine, (shape.height, shape.width));
        let mut picture = Planes::black(shape);
        for place in 0..shape.plane() {
            let ab = |k: usize| (fine[k * shape.plane() + place] - 0.5) * 2.0 * SCALE;
            for (k, value) in ops::rgb_of_lab([100.0 * input.data[place], ab(0), ab(1)]).into_iter().enumerate() {
                picture.data[k * shape.plane() + place] = value;
            }
        }
        picture
    }
}

/// Two planes at a quarter of the resolution.
fn target_shape(shape: Shape) -> Shape {
    Shape::new(2, shape.height.div_ceil(COARSER), shape.width.div_ceil(COARSER))
}

fn check_shape(shape: Shape) -> Result<()> {
    let Shape { channels, height, width } = shape;
    if !shape.is_color() {
        let problem = "there is no color to tell";
        let way_out =
            "use color images loaded with `channels: 3`, or `inpainting`, `denoising` or `rotation` for gray ones";
        return Err(PretextError::Shape { word: WORD, channels, width, height, problem, way_out });
    }
    let (problem, way_out) = ("a quarter of the resolution shows nothing", "use images of at least 8x8 pixels");
    check::least_side(WORD, shape, 8, problem, way_out)
}

impl Recipe for Colorization {
    fn info(&self) -> &'static TaskInfo {
        &INFO
    }

    fn validate(&self) -> Result<()> {
        check::require(
            (0.0..=1.0).contains(&self.rebalance),
            WORD,
            "rebalance",
            self.rebalance,
            "a number from 0 to 1",
        )?;
        let temperature = (0.01..=1.0).contains(&self.temperature);
        check::require(temperature, WORD, "temperature", self.temperature, "a number from 0.01 to 1")?;
        check::crop(WORD, "crop", self.crop)?;
        check::probability(WORD, "flip", self.flip)?;
        check::decoder_width(WORD, self.decoder_width)
    }

    fn resolve(&self, shape: Shape, _notes: &mut Vec<Auto>) -> Result<(Self, Shape)> {
        check_shape(shape)?;
        Ok((*self, shape))
    }

    fn target(&self, shape: Shape) -> TargetKind {
        TargetKind::Image { shape: target_shape(shape), weighted: false }
    }

    fn generate(&self, image: ImageRef<'_>, key: Key, shape: Shape, slot: Slot<'_>) -> Result<()> {
        check_shape(shape)?;
        let (input, target) = slot.one()?;
        let coarse = target_shape(shape);
        let target = target.image(coarse)?;
        let (plane, small) = (shape.plane(), coarse.plane());
        reuse::with(&BUFFERS, |buffers: &mut Buffers| {
            buffers.view.resize(shape.len(), 0.0);
            self.view().apply(image, key, shape, &mut buffers.view)?;
            let view = &buffers.view;
            for (place, lightness) in input[..plane].iter_mut().enumerate() {
                let rgb = [view[place], view[plane + place], view[2 * plane + place]];
                *lightness = (ops::lightness_of_rgb(rgb) / 100.0).clamp(0.0, 1.0);
            }
            let (first, others) = input.split_at_mut(plane);
            others.chunks_exact_mut(plane).for_each(|other| other.copy_from_slice(first));
            buffers.coarse.resize(3 * small, 0.0);
            let sizes = ((shape.height, shape.width), (coarse.height, coarse.width));
            ops::resize(view, sizes.0, Kernel::Box, &mut buffers.coarse, sizes.1);
            for place in 0..small {
                let rgb = [0, 1, 2].map(|k| buffers.coarse[k * small + place]);
                let [_, a, b] = ops::lab_of_rgb(rgb);
                target[place] = a / SCALE;
                target[small + place] = b / SCALE;
            }
            Ok(())
        })
    }

    fn explain(&self, image: ImageRef<'_>, key: Key, shape: Shape) -> Vec<String> {
        let coarse = target_shape(shape);
        let view = self.view().draw(image, key, shape).words();
        vec![format!("{view}, shown by its lightness, colors asked for at {}x{}", coarse.width, coarse.height)]
    }

    fn shown_target(
        &self,
        _image: ImageRef<'_>,
        _key: Key,
        _shape: Shape,
        inputs: &[Planes],
        target: Planes,
    ) -> Planes {
        self.colored(inputs.first(), &target)
    }

    fn shown_answer(&self, example: &Example, answer: Planes) -> Planes {
        self.colored(example.inputs.first(), &answer)
    }
}
