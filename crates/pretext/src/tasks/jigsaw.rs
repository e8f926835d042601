//! Jigsaw: in which order do the tiles of an image lie? (Noroozi, Favaro 2016, arXiv 1603.09246)
//!
//! The input at position i is the tile that belongs to place `order[i]`, counted row by row; the class is the number of
//! the order in a fixed set. The network sees each tile alone and compares features, not borders.

use std::cell::Cell;
use std::sync::Arc;

use foretask_random::Key;
use serde::{Deserialize, Serialize};

use crate::augment::{Augment, check_color};
use crate::auto::{Auto, choose};
use crate::batch::{Slot, TargetKind};
use crate::check;
use crate::error::{PretextError, Result};
use crate::example::Tiled;
use crate::info::{Family, TaskInfo, option};
use crate::ops;
use crate::permutations::{Order, orders, permutations};
use crate::pixels::{ImageRef, Shape};
use crate::recipe::Recipe;
use crate::reuse;
use crate::tiles::{Cut, choose_cut};

const WORD: &str = "jigsaw";

/// From this side on nine tiles show enough each.
const LARGE: usize = 64;

/// For the reference.
pub(crate) const INFO: TaskInfo = TaskInfo {
    name: WORD,
    family: Family::Classify,
    summary: "tell in which order the tiles of an image lie, each tile seen alone",
    use_when: "things have parts in a known arrangement and images are large (96 pixels and more): animals, faces, products, \
               organs",
    avoid_when: "images are small (tiles of 10 pixels show little: take `rotation`), or textures, or much of each image is empty: \
                 tiles without content have no place. Features learn parts, not wholes",
    paper: "Noroozi, Favaro 2016, Unsupervised learning of visual representations by solving jigsaw puzzles, arXiv 1603.09246",
    options: &[
        option("grid", "2 or 3 tiles along each side, or \"auto\"", "\"auto\"", "auto is 3 from 64 pixels on, else 2"),
        option("permutations", "whole number from 2 to 1000, or \"auto\"", "\"auto\"", PERMUTATIONS),
        option(
            "gap",
            "pixels, or \"auto\"",
            "\"auto\"",
            "least distance of neighboring tiles; auto an eighth of a cell",
        ),
        option("jitter", "pixels, or \"auto\"", "\"auto\"", "most that a tile moves each way; auto a tenth of a cell"),
        option("standardize", "true or false", "true", "each tile gets the same mean and contrast in each channel"),
        option("grayscale", "probability, or \"auto\"", "\"auto\"", GRAYSCALE),
        option("crop", "[low, high], shares of the area, 0 < low <= high <= 1", "[1.0, 1.0]", CROP),
        option("flip", "probability", "0.5", "mirror the image before it is cut"),
        option(
            "embed",
            "8 to 8192, or \"auto\"",
            "\"auto\"",
            "width each tile's features are brought to before they are joined",
        ),
    ],
};

const PERMUTATIONS: &str = "orders to tell apart, chosen to differ much; auto is 24 of 24 for four tiles, 100 for nine";
const GRAYSCALE: &str = "color only: take the color away, whose fringes tell where in a lens a tile was; auto is 0.66";
const CROP: &str = "random crop taken before cutting; [1, 1] takes the whole image";

/// Options of `jigsaw`; `None` is `"auto"`.
///
/// Inputs of an image are its tiles, `grid * grid` of them; at position i lies the tile of place `order[i]`, counted
/// row by row. The class, one an image, is the number of the order.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Jigsaw {
    /// Tiles along each side, 2 or 3.
    #[serde(with = "crate::auto")]
    pub grid: Option<u32>,
    /// Number of orders, which are the classes.
    #[serde(with = "crate::auto")]
    pub permutations: Option<u32>,
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
    /// Share of the area that a random crop keeps; `[1, 1]` takes the whole image.
    pub crop: [f64; 2],
    /// Probability of a mirror image.
    pub flip: f64,
    /// Width of a tile's embedding in the head; `None` by the backbone's features, which the trainer knows.
    #[serde(with = "crate::auto")]
    pub embed: Option<u32>,
}

impl Default for Jigsaw {
    fn default() -> Self {
        Self {
            grid: None,
            permutations: None,
            gap: None,
            jitter: None,
            standardize: true,
            grayscale: None,
            crop: [1.0, 1.0],
            flip: 0.5,
            embed: None,
        }
    }
}

thread_local! {
    static WHOLE: Cell<Vec<f32>> = Cell::default();
}

impl Jigsaw {
    /// Everything that image size and channels decide.
    fn filled(mut self, shape: Shape, notes: &mut Vec<Auto>) -> (Self, Cut) {
        let (grid, reason) =
            if shape.short_side() < LARGE { (2, "tiles of small images show little") } else { (3, "as published") };
        choose(&mut self.grid, "grid", grid, reason, notes);
        let grid = self.grid.unwrap_or(grid) as usize;
        let (count, reason) =
            if grid == 2 { (24, "all orders of four tiles") } else { (100, "enough, and quick to learn") };
        choose(&mut self.permutations, "permutations", count, reason, notes);
        let cut = choose_cut(shape, grid, &mut self.gap, &mut self.jitter, notes);
        choose_grayscale(&mut self.grayscale, shape, notes);
        (self, cut)
    }

    /// The orders told apart; [`Recipe::target`] names them by the tiles' numbers.
    fn orders(&self) -> Arc<Vec<Order>> {
        let tiles = (self.grid.unwrap_or(2) * self.grid.unwrap_or(2)) as usize;
        permutations(tiles, (self.permutations.unwrap_or(2) as usize).min(orders(tiles)))
    }

    fn view(&self) -> Augment {
        Augment::none().crop(self.crop).flip(self.flip).grayscale(self.grayscale.unwrap_or(0.0))
    }

    fn check(&self, cut: Cut, shape: Shape) -> Result<()> {
        cut.check(WORD, shape)?;
        check_color(WORD, "grayscale", self.grayscale.unwrap_or(0.0), shape)?;
        let (count, all) = (self.permutations.unwrap_or(2), orders(cut.grid * cut.grid));
        if count as usize > all {
            return Err(PretextError::Unsuitable {
                word: WORD,
                option: "permutations",
                value: count.to_string(),
                problem: format!("{0}x{0} tiles have only {all} orders", cut.grid),
                way_out: format!("use at most {all}, or `grid: 3` with an image_size of at least 21"),
            });
        }
        Ok(())
    }
}

/// The usual remedy against colored fringes.
pub(super) fn choose_grayscale(grayscale: &mut Option<f64>, shape: Shape, notes: &mut Vec<Auto>) {
    if shape.is_color() {
        choose(grayscale, "grayscale", 0.66, "colored fringes of lenses tell where a tile was", notes);
    } else {
        choose(grayscale, "grayscale", 0.0, "there are no three color channels", notes);
    }
}

impl Recipe for Jigsaw {
    fn info(&self) -> &'static TaskInfo {
        &INFO
    }

    fn validate(&self) -> Result<()> {
        let (grid, count) = (self.grid.unwrap_or(2), self.permutations.unwrap_or(2));
        check::require((2..=3).contains(&grid), WORD, "grid", grid, "2 or 3, or \"auto\"")?;
        let range = "a whole number from 2 to 1000, or \"auto\"";
        check::require((2..=1000).contains(&count), WORD, "permutations", count, range)?;
        check::auto_probability(WORD, "grayscale", self.grayscale)?;
        check::crop(WORD, "crop", self.crop)?;
        check::probability(WORD, "flip", self.flip)?;
        check::width(WORD, "embed", self.embed)
    }

    fn resolve(&self, shape: Shape, notes: &mut Vec<Auto>) -> Result<(Self, Shape)> {
        let (task, cut) = self.filled(shape, notes);
        task.check(cut, shape)?;
        Ok((task, shape))
    }

    fn inputs(&self, shape: Shape) -> Vec<(Shape, usize)> {
        let (_, cut) = self.filled(shape, &mut Vec::new());
        vec![(cut.tile(shape), cut.grid * cut.grid)]
    }

    fn target(&self, shape: Shape) -> TargetKind {
        let (task, _) = self.filled(shape, &mut Vec::new());
        let name = |order: &Order| order.iter().map(|tile| (tile + 1).to_string()).collect::<Vec<_>>().join(" ");
        TargetKind::Classes { names: task.orders().iter().map(name).collect(), per_image: 1 }
    }

    fn generate(&self, image: ImageRef<'_>, key: Key, shape: Shape, slot: Slot<'_>) -> Result<()> {
        let (task, cut) = self.filled(shape, &mut Vec::new());
        task.check(cut, shape)?;
        let (tiles, target) = slot.one()?;
        let class = target.classes(1)?;
        let orders = task.orders();
        let drawn = key.named("order").rng().below(orders.len() as u64);
        class.fill(drawn as u32);
        let (tile, rects) = (cut.tile(shape), cut.rects(shape, key));
        reuse::with(&WHOLE, |whole: &mut Vec<f32>| {
            whole.resize(shape.len(), 0.0);
            task.view().apply(image, key, shape, whole)?;
            for (out, &place) in tiles.chunks_exact_mut(tile.len()).zip(&orders[drawn as usize]) {
                ops::cut(whole, shape, rects[place as usize], out);
                if task.standardize {
                    ops::standardize(out, tile.plane());
                }
            }
            Ok(())
        })
    }

    fn explain(&self, image: ImageRef<'_>, key: Key, shape: Shape) -> Vec<String> {
        let (task, cut) = self.filled(shape, &mut Vec::new());
        vec![format!("{}, {}", task.view().draw(image, key, shape).words(), cut.words(shape, key))]
    }

    fn tiled(&self, shape: Shape) -> Option<Tiled> {
        let (_, cut) = self.filled(shape, &mut Vec::new());
        Some(Tiled { first: 0, count: cut.grid * cut.grid, columns: cut.grid })
    }
}
