//! Counting: what the tiles show adds up to what the whole shows (Noroozi, Pirsiavash, Favaro 2017, arXiv 1708.06734).
//!
//! Inputs of an image: the whole, shrunk to the size of a tile, then the tiles row by row. The features of the tiles
//! are to sum to those of the whole, and not to those of another image, or all features being zero would do.

use std::cell::Cell;

use foretask_random::Key;
use serde::{Deserialize, Serialize};

use super::jigsaw::choose_grayscale;
use crate::augment::{Augment, check_color};
use crate::auto::Auto;
use crate::batch::{Slot, TargetKind};
use crate::check;
use crate::error::{PretextError, Result};
use crate::example::Tiled;
use crate::info::{Family, TaskInfo, option};
use crate::ops::{self, Kernel};
use crate::pixels::{ImageRef, Shape};
use crate::recipe::Recipe;
use crate::reuse;
use crate::tiles::Cut;

const WORD: &str = "counting";

/// For the reference.
pub(crate) const INFO: TaskInfo = TaskInfo {
    name: WORD,
    family: Family::Classify,
    summary: "features of the tiles of an image add up to those of the whole, shrunk to the size of a tile",
    use_when: "it is about how many things or parts are in sight: cells, fruit, people, screws; images of many things",
    avoid_when: "images show one thing in the middle (there is nothing to count: take `simclr`), or are small: tiles and the shrunk \
                 whole must still be told apart",
    paper: "Noroozi, Pirsiavash, Favaro 2017, Representation learning by learning to count, arXiv 1708.06734",
    options: &[
        option("grid", "2 or 3", "2", "tiles along each side"),
        option(
            "kernels",
            KERNELS,
            "[\"box\",\"bilinear\",\"bicubic\",\"lanczos\"]",
            "one is drawn to shrink each whole",
        ),
        option("grayscale", "probability, or \"auto\"", "\"auto\"", GRAYSCALE),
        option("crop", "[low, high], shares of the area, 0 < low <= high <= 1", "[1.0, 1.0]", CROP),
        option("flip", "probability", "0.5", "mirror the image first"),
        option("margin", "0.1 to 1000", "10.0", "how far the sums of other images are to be, as a squared distance"),
        option("embed", "8 to 8192, or \"auto\"", "\"auto\"", "length of the vectors that are added"),
    ],
};

const KERNELS: &str = "list out of box, bilinear, bicubic, lanczos";
const GRAYSCALE: &str = "color only: take the color away, whose fringes tell tiles from wholes; auto is 0.66";
const CROP: &str = "random crop taken first; [1, 1] takes the whole image";

/// Options of `counting`; `None` is `"auto"`.
///
/// Inputs of an image are the whole, shrunk to the size of a tile, and then its `grid * grid` tiles row by row. Trained
/// by `|f(whole) - sum f(tiles)|^2 + max(0, margin - |f(another whole) - sum f(tiles)|^2)`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Counting {
    /// Tiles along each side, 2 or 3.
    pub grid: u32,
    /// Kernels that shrink the whole, one of which is drawn for each image, or its filter would tell it from the tiles.
    pub kernels: Vec<Kernel>,
    /// Probability of taking the color away; color only.
    #[serde(with = "crate::auto")]
    pub grayscale: Option<f64>,
    /// Share of the area that a random crop keeps; `[1, 1]` takes the whole image.
    pub crop: [f64; 2],
    /// Probability of a mirror image.
    pub flip: f64,
    /// M of the paper: squared distance up to which the sums of other images are pushed away.
    pub margin: f64,
    /// Length of the vectors that are added; `None` by the backbone's features, which the trainer knows.
    #[serde(with = "crate::auto")]
    pub embed: Option<u32>,
}

impl Default for Counting {
    fn default() -> Self {
        Self {
            grid: 2,
            kernels: Kernel::ALL.to_vec(),
            grayscale: None,
            crop: [1.0, 1.0],
            flip: 0.5,
            margin: 10.0,
            embed: None,
        }
    }
}

#[derive(Default)]
struct Buffers {
    view: Vec<f32>,
    whole: Vec<f32>,
}

thread_local! {
    static BUFFERS: Cell<Buffers> = Cell::default();
}

impl Counting {
    /// Tiles touch and cover the image: what is counted must be counted once.
    fn cut(&self) -> Cut {
        Cut { grid: self.grid.max(1) as usize, gap: 0, jitter: 0 }
    }

    fn view(&self, shape: Shape) -> Augment {
        let mut grayscale = self.grayscale;
        choose_grayscale(&mut grayscale, shape, &mut Vec::new());
        Augment::none().crop(self.crop).flip(self.flip).grayscale(grayscale.unwrap_or(0.0))
    }

    fn kernel(&self, key: Key) -> Kernel {
        let kernel = key.named("shrink").rng().below(self.kernels.len() as u64) as usize;
        self.kernels.get(kernel).copied().unwrap_or(Kernel::Box)
    }

    fn check(&self, shape: Shape) -> Result<()> {
        let (problem, way_out) = ("tiles of them show nothing", "use images of at least 16x16 pixels");
        check::least_side(WORD, shape, 16, problem, way_out)?;
        if self.cut().tile(shape).short_side() < 8 {
            return Err(PretextError::Unsuitable {
                word: WORD,
                option: "grid",
                value: self.grid.to_string(),
                problem: format!("tiles of inputs of {}x{} pixels are smaller than 8x8", shape.width, shape.height),
                way_out: format!("use `grid: 2` or an image_size of at least {}", 8 * self.grid),
            });
        }
        check_color(WORD, "grayscale", self.grayscale.unwrap_or(0.0), shape)
    }
}

impl Recipe for Counting {
    fn info(&self) -> &'static TaskInfo {
        &INFO
    }

    fn validate(&self) -> Result<()> {
        check::require((2..=3).contains(&self.grid), WORD, "grid", self.grid, "2 or 3")?;
        let names: Vec<_> = self.kernels.iter().map(|kernel| kernel.name()).collect();
        check::words(WORD, "kernels", &names, "a list of at least one of box, bilinear, bicubic, lanczos")?;
        check::auto_probability(WORD, "grayscale", self.grayscale)?;
        check::crop(WORD, "crop", self.crop)?;
        check::probability(WORD, "flip", self.flip)?;
        check::require(
            (0.1..=1000.0).contains(&self.margin),
            WORD,
            "margin",
            self.margin,
            "a number from 0.1 to 1000",
        )?;
        check::width(WORD, "embed", self.embed)
    }

    fn resolve(&self, shape: Shape, notes: &mut Vec<Auto>) -> Result<(Self, Shape)> {
        self.check(shape)?;
        let mut task = self.clone();
        choose_grayscale(&mut task.grayscale, shape, notes);
        Ok((task, shape))
    }

    fn inputs(&self, shape: Shape) -> Vec<(Shape, usize)> {
        let cut = self.cut();
        vec![(cut.tile(shape), 1 + cut.grid * cut.grid)]
    }

    fn target(&self, _shape: Shape) -> TargetKind {
        TargetKind::Views
    }

    fn generate(&self, image: ImageRef<'_>, key: Key, shape: Shape, slot: Slot<'_>) -> Result<()> {
        self.check(shape)?;
        let (inputs, target) = slot.one()?;
        target.views()?;
        let (cut, tile) = (self.cut(), self.cut().tile(shape));
        let (shrunk, tiles) = inputs.split_at_mut(tile.len());
        reuse::with(&BUFFERS, |buffers: &mut Buffers| {
            buffers.view.resize(shape.len(), 0.0);
            self.view(shape).apply(image, key, shape, &mut buffers.view)?;
            let rects = cut.rects(shape, key);
            for (out, rect) in tiles.chunks_exact_mut(tile.len()).zip(&rects) {
                ops::cut(&buffers.view, shape, *rect, out);
            }
            // The whole is what the tiles cover: the grid may leave a pixel over.
            let covered = ops::Rect { width: tile.width * cut.grid, height: tile.height * cut.grid, ..rects[0] };
            buffers.whole.resize(shape.channels * covered.width * covered.height, 0.0);
            ops::cut(&buffers.view, shape, covered, &mut buffers.whole);
            let sizes = ((covered.height, covered.width), (tile.height, tile.width));
            ops::resize(&buffers.whole, sizes.0, self.kernel(key), shrunk, sizes.1);
            Ok(())
        })
    }

    fn explain(&self, image: ImageRef<'_>, key: Key, shape: Shape) -> Vec<String> {
        let (tile, view) = (self.cut().tile(shape), self.view(shape).draw(image, key, shape).words());
        vec![format!("{view}, whole shrunk to {}x{} ({})", tile.width, tile.height, self.kernel(key).name())]
    }

    fn tiled(&self, _shape: Shape) -> Option<Tiled> {
        let grid = self.cut().grid;
        Some(Tiled { first: 1, count: grid * grid, columns: grid })
    }
}
