//! Relative position: where does a tile lie as seen from the middle one? (Doersch, Gupta, Efros 2015, arXiv 1505.05192)
//!
//! The inputs are the nine tiles of a 3x3 grid, the middle one last; the answer is asked for each of the eight others,
//! joined with the middle one. All eight come from each image, so classes are even.

use std::cell::Cell;

use foretask_random::{Key, Rng};
use serde::{Deserialize, Serialize};

use super::jigsaw::choose_grayscale;
use crate::augment::{Augment, check_color};
use crate::auto::{Auto, choose};
use crate::batch::{Slot, TargetKind};
use crate::check;
use crate::error::Result;
use crate::info::{Family, TaskInfo, option};
use crate::ops;
use crate::pixels::{ImageRef, Shape};
use crate::recipe::Recipe;
use crate::reuse;
use crate::tiles::{Cut, choose_cut};

const WORD: &str = "relative_position";

/// Tiles along each side.
const GRID: usize = 3;
/// The places around the middle, and their cells in the grid.
const NAMES: [&str; 8] = ["above left", "above", "above right", "left", "right", "below left", "below", "below right"];
const CELLS: [usize; 9] = [0, 1, 2, 3, 5, 6, 7, 8, 4];

/// For the reference.
pub(crate) const INFO: TaskInfo = TaskInfo {
    name: WORD,
    family: Family::Classify,
    summary: "tell where a tile lies as seen from the middle one; all eight neighbors of each image are asked for",
    use_when: "things have parts in a known arrangement and images are large (96 pixels and more): animals, faces, organs, rooms",
    avoid_when: "images are small (tiles of 6 pixels at 28: take `rotation`), textures, or things that have no upright position",
    paper: "Doersch, Gupta, Efros 2015, Unsupervised visual representation learning by context prediction, arXiv 1505.05192",
    options: &[
        option(
            "gap",
            "pixels, or \"auto\"",
            "\"auto\"",
            "least distance of neighboring tiles; auto an eighth of a cell",
        ),
        option("jitter", "pixels, or \"auto\"", "\"auto\"", "most that a tile moves each way; auto a tenth of a cell"),
        option("standardize", "true or false", "true", "each tile gets the same mean and contrast in each channel"),
        option("grayscale", "probability, or \"auto\"", "\"auto\"", GRAYSCALE),
        option("drop_channels", "probability, or \"auto\"", "\"auto\"", DROP),
        option("crop", "[low, high], shares of the area, 0 < low <= high <= 1", "[1.0, 1.0]", CROP),
        option("flip", "probability", "0.5", "mirror the image before it is cut"),
        option(
            "embed",
            "8 to 8192, or \"auto\"",
            "\"auto\"",
            "width each tile's features are brought to before they are joined",
        ),
        option("hidden", "8 to 8192, or \"auto\"", "\"auto\"", "hidden width of the head on a joined pair"),
    ],
};

const GRAYSCALE: &str = "color only: take the color away, whose fringes tell where in a lens a tile was; auto is 0.66";
const DROP: &str = "color only, of images left in color: all but one channel become noise, the other remedy; auto is 0";
const CROP: &str = "random crop taken before cutting; [1, 1] takes the whole image";

/// Options of `relative_position`; `None` is `"auto"`.
///
/// Inputs of an image are nine tiles, the eight neighbors row by row and the middle one last. There are eight classes
/// an image, one for each neighbor joined with the middle one.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RelativePosition {
    /// Least pixels between neighboring tiles.
    #[serde(with = "crate::auto")]
    pub gap: Option<u32>,
    /// Most pixels that a tile moves each way from the middle of its cell.
    #[serde(with = "crate::auto")]
    pub jitter: Option<u32>,
    /// Whether each tile is brought to the same mean and contrast.
    pub standardize: bool,
    /// Probability of taking the color away; color only.
    #[serde(with = "crate::auto")]
    pub grayscale: Option<f64>,
    /// Probability that two channels of each tile become noise, in images left in color; color only.
    #[serde(with = "crate::auto")]
    pub drop_channels: Option<f64>,
    /// Share of the area that a random crop keeps; `[1, 1]` takes the whole image.
    pub crop: [f64; 2],
    /// Probability of a mirror image.
    pub flip: f64,
    /// Width of a tile's embedding in the head; `None` by the backbone's features, which the trainer knows.
    #[serde(with = "crate::auto")]
    pub embed: Option<u32>,
    /// Hidden width of the head; `None` by the backbone's features, which the trainer knows.
    #[serde(with = "crate::auto")]
    pub hidden: Option<u32>,
}

impl Default for RelativePosition {
    fn default() -> Self {
        Self {
            gap: None,
            jitter: None,
            standardize: true,
            grayscale: None,
            drop_channels: None,
            crop: [1.0, 1.0],
            flip: 0.5,
            embed: None,
            hidden: None,
        }
    }
}

/// What is done against colored fringes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Remedy {
    None,
    /// The color is taken away.
    Gray,
    /// All channels but this become noise.
    Keep(usize),
}

thread_local! {
    static WHOLE: Cell<Vec<f32>> = Cell::default();
}

impl RelativePosition {
    /// Everything that image size and channels decide.
    fn filled(mut self, shape: Shape, notes: &mut Vec<Auto>) -> (Self, Cut) {
        let cut = choose_cut(shape, GRID, &mut self.gap, &mut self.jitter, notes);
        choose_grayscale(&mut self.grayscale, shape, notes);
        choose(&mut self.drop_channels, "drop_channels", 0.0, "taking the color away does the same", notes);
        (self, cut)
    }

    fn view(&self) -> Augment {
        Augment::none().crop(self.crop).flip(self.flip)
    }

    fn check(&self, cut: Cut, shape: Shape) -> Result<()> {
        cut.check(WORD, shape)?;
        check_color(WORD, "grayscale", self.grayscale.unwrap_or(0.0), shape)?;
        check_color(WORD, "drop_channels", self.drop_channels.unwrap_or(0.0), shape)
    }

    /// Drawn once for all tiles of an image, so that their colors cannot be compared.
    fn draw(&self, key: Key, shape: Shape) -> Remedy {
        let mut rng = key.named("remedy").rng();
        let [gray, drop] = [self.grayscale, self.drop_channels].map(|p| rng.chance(p.unwrap_or(0.0) as f32));
        match (gray, drop) {
            (true, _) => Remedy::Gray,
            (false, true) => Remedy::Keep(rng.below(shape.channels as u64) as usize),
            (false, false) => Remedy::None,
        }
    }
}

/// Doersch's color dropping: the other channels become noise about the mean of the one kept, with a hundredth of its
/// deviation.
fn drop_others(tile: &mut [f32], plane: usize, kept: usize, rng: &mut Rng) {
    let channel = &tile[kept * plane..][..plane];
    let mean = channel.iter().sum::<f32>() / plane as f32;
    let deviation = (channel.iter().map(|value| (value - mean).powi(2)).sum::<f32>() / plane as f32).sqrt();
    for (channel, values) in tile.chunks_exact_mut(plane).enumerate() {
        if channel != kept {
            values.fill(mean);
            ops::gaussian_noise(values, 0.01 * deviation, rng);
        }
    }
}

impl Recipe for RelativePosition {
    fn info(&self) -> &'static TaskInfo {
        &INFO
    }

    fn validate(&self) -> Result<()> {
        check::auto_probability(WORD, "grayscale", self.grayscale)?;
        check::auto_probability(WORD, "drop_channels", self.drop_channels)?;
        check::crop(WORD, "crop", self.crop)?;
        check::probability(WORD, "flip", self.flip)?;
        check::width(WORD, "embed", self.embed)?;
        check::width(WORD, "hidden", self.hidden)
    }

    fn resolve(&self, shape: Shape, notes: &mut Vec<Auto>) -> Result<(Self, Shape)> {
        let (task, cut) = self.filled(shape, notes);
        task.check(cut, shape)?;
        Ok((task, shape))
    }

    fn inputs(&self, shape: Shape) -> Vec<(Shape, usize)> {
        let (_, cut) = self.filled(shape, &mut Vec::new());
        vec![(cut.tile(shape), CELLS.len())]
    }

    fn target(&self, _shape: Shape) -> TargetKind {
        TargetKind::Classes { names: NAMES.map(str::to_owned).to_vec(), per_image: NAMES.len() }
    }

    fn generate(&self, image: ImageRef<'_>, key: Key, shape: Shape, slot: Slot<'_>) -> Result<()> {
        let (task, cut) = self.filled(shape, &mut Vec::new());
        task.check(cut, shape)?;
        let (tiles, target) = slot.one()?;
        for (class, place) in (0..).zip(target.classes(NAMES.len())?) {
            *place = class;
        }
        let (tile, rects) = (cut.tile(shape), cut.rects(shape, key));
        let remedy = task.draw(key, shape);
        let mut noise = key.named("noise").rng();
        reuse::with(&WHOLE, |whole: &mut Vec<f32>| {
            whole.resize(shape.len(), 0.0);
            task.view().apply(image, key, shape, whole)?;
            if remedy == Remedy::Gray {
                ops::grayscale(whole, shape);
            }
            for (out, cell) in tiles.chunks_exact_mut(tile.len()).zip(CELLS) {
                ops::cut(whole, shape, rects[cell], out);
                if let Remedy::Keep(kept) = remedy {
                    drop_others(out, tile.plane(), kept, &mut noise);
                }
                if task.standardize {
                    ops::standardize(out, tile.plane());
                }
            }
            Ok(())
        })
    }

    fn explain(&self, image: ImageRef<'_>, key: Key, shape: Shape) -> Vec<String> {
        let (task, cut) = self.filled(shape, &mut Vec::new());
        let mut words = vec![task.view().draw(image, key, shape).words()];
        match task.draw(key, shape) {
            Remedy::None => {}
            Remedy::Gray => words.push("gray".to_owned()),
            Remedy::Keep(kept) => words.push(format!("{} alone kept", ["red", "green", "blue"][kept % 3])),
        }
        words.push(cut.words(shape, key));
        words.push(format!("input {} is the middle one", CELLS.len()));
        vec![words.join(", ")]
    }
}
