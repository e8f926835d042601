//! Cutting an image into a grid of tiles that do not touch: neighboring tiles would give their order away by the lines
//! that run on from one into the next.

use foretask_random::Key;

use crate::auto::{Auto, choose};
use crate::error::{PretextError, Result};
use crate::ops::Rect;
use crate::pixels::Shape;

/// Smaller tiles show nothing.
const LEAST: usize = 4;

/// A grid and how tiles lie in its cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cut {
    /// Tiles along each side.
    pub(crate) grid: usize,
    /// Least pixels between neighboring tiles.
    pub(crate) gap: usize,
    /// Most pixels that a tile moves each way from the middle of its cell.
    pub(crate) jitter: usize,
}

/// The usual gap and jitter: an eighth and a tenth of a cell.
pub(crate) fn choose_cut(
    shape: Shape,
    grid: usize,
    gap: &mut Option<u32>,
    jitter: &mut Option<u32>,
    notes: &mut Vec<Auto>,
) -> Cut {
    let cell = (shape.short_side() / grid) as f64;
    let part = |share: f64| ((cell * share).round() as u32).max(1);
    choose(gap, "gap", part(1.0 / 8.0), "an eighth of a cell of the grid: lines must not run on", notes);
    choose(jitter, "jitter", part(1.0 / 10.0), "a tenth of a cell: tiles must not lie at fixed distances", notes);
    Cut { grid, gap: gap.unwrap_or(1) as usize, jitter: jitter.unwrap_or(1) as usize }
}

impl Cut {
    /// The shape of one tile; a side is 0 where nothing is left.
    pub(crate) fn tile(&self, shape: Shape) -> Shape {
        let lost = self.gap.saturating_add(self.jitter.saturating_mul(2));
        let side = |side: usize| (side / self.grid).saturating_sub(lost);
        Shape::new(shape.channels, side(shape.height), side(shape.width))
    }

    /// Refuses tiles that are too small.
    pub(crate) fn check(&self, word: &'static str, shape: Shape) -> Result<()> {
        let tile = self.tile(shape);
        if shape.is_empty() {
            let Shape { channels, height, width } = shape;
            let (problem, way_out) = ("there are no pixels", "use images of at least 21x21 pixels");
            return Err(PretextError::Shape { word, channels, width, height, problem, way_out });
        }
        if tile.short_side() >= LEAST {
            return Ok(());
        }
        let least =
            self.grid.saturating_mul(LEAST.saturating_add(self.gap).saturating_add(self.jitter.saturating_mul(2)));
        Err(PretextError::Unsuitable {
            word,
            option: "gap",
            value: format!("{}, jitter = {}", self.gap, self.jitter),
            problem: format!(
                "{0}x{0} tiles of inputs of {1}x{2} pixels would keep {3}x{4}",
                self.grid, shape.width, shape.height, tile.width, tile.height
            ),
            way_out: format!("use less gap and jitter, or an image_size of at least {least}"),
        })
    }

    /// Where the tiles lie, row by row. All are drawn from `key`, each apart.
    pub(crate) fn rects(&self, shape: Shape, key: Key) -> Vec<Rect> {
        let tile = self.tile(shape);
        let mut rng = key.named("tiles").rng();
        let (cell_w, cell_h) = (shape.width / self.grid, shape.height / self.grid);
        // What the grid leaves over is shared between both ends.
        let (left, top) = ((shape.width - cell_w * self.grid) / 2, (shape.height - cell_h * self.grid) / 2);
        let mut rects = Vec::with_capacity(self.grid * self.grid);
        for row in 0..self.grid {
            for column in 0..self.grid {
                let mut offset = || self.gap / 2 + rng.below(2 * self.jitter as u64 + 1) as usize;
                let (x, y) = (left + column * cell_w + offset(), top + row * cell_h + offset());
                rects.push(Rect { x, y, width: tile.width, height: tile.height });
            }
        }
        rects
    }

    /// How far each tile lies from the middle of its cell, in words.
    pub(crate) fn words(&self, shape: Shape, key: Key) -> String {
        let (cell_w, cell_h) = (shape.width / self.grid, shape.height / self.grid);
        let (left, top) = ((shape.width - cell_w * self.grid) / 2, (shape.height - cell_h * self.grid) / 2);
        let step = |at: usize, start: usize, cell: usize| {
            ((at - start) % cell.max(1)) as i64 - (self.gap / 2 + self.jitter) as i64
        };
        let words = |rect: &Rect| format!("({:+}, {:+})", step(rect.x, left, cell_w), step(rect.y, top, cell_h));
        let moves: Vec<_> = self.rects(shape, key).iter().map(words).collect();
        let tile = self.tile(shape);
        format!("tiles of {}x{} pixels, moved by {}", tile.width, tile.height, moves.join(" "))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn tiles_lie_inside_and_keep_their_distance(
            (width, height) in (8..90_usize, 8..90_usize),
            (grid, gap, jitter) in (2..=3_usize, 0..6_usize, 0..4_usize),
            key: u64,
        ) {
            let (cut, shape) = (Cut { grid, gap, jitter }, Shape::new(1, height, width));
            prop_assume!(cut.check("jigsaw", shape).is_ok());
            let rects = cut.rects(shape, Key::new(key));
            prop_assert_eq!(rects.len(), grid * grid);
            for (i, a) in rects.iter().enumerate() {
                prop_assert!(a.x + a.width <= width && a.y + a.height <= height);
                for b in &rects[i + 1..] {
                    let apart = |a: usize, b: usize, size: usize| a.abs_diff(b).saturating_sub(size);
                    prop_assert!(apart(a.x, b.x, a.width).max(apart(a.y, b.y, a.height)) >= gap);
                }
            }
        }
    }

    #[test]
    fn every_offset_is_drawn_equally_often() {
        let (cut, shape) = (Cut { grid: 2, gap: 2, jitter: 1 }, Shape::new(1, 28, 28));
        let mut counts = [0_u32; 3];
        for key in 0..1000 {
            for (i, rect) in cut.rects(shape, Key::new(key)).iter().enumerate() {
                counts[rect.x - 1 - 14 * (i % 2)] += 1;
                counts[rect.y - 1 - 14 * (i / 2)] += 1;
            }
        }
        // 8000 draws, 2667 each; five standard deviations are 211.
        assert!(counts.iter().all(|count| count.abs_diff(2667) < 211), "{counts:?}");
    }

    #[test]
    fn the_usual_cut_of_common_sizes() {
        for (side, grid, tile) in
            [(28, 2, 10), (32, 2, 10), (28, 3, 6), (32, 3, 7), (96, 3, 22), (224, 3, 51), (21, 3, 4)]
        {
            let shape = Shape::new(1, side, side);
            let cut = choose_cut(shape, grid, &mut None, &mut None, &mut Vec::new());
            assert_eq!(cut.tile(shape).width, tile, "{side} {grid} {cut:?}");
            cut.check("jigsaw", shape).unwrap();
        }
    }
}
