//! What happens to views as numbers that travel to the device: a row for each view, all rows at once.

use burn::tensor::{Device, Tensor};
use foretask_backend::upload;
use foretask_pretext::ops::{Change, Rect};
use foretask_pretext::{Drawn, Fill, Shape};

/// Where each line of a view comes from; see [`AXIS`]. Down, then across.
pub(super) const ROWS: usize = 0;
pub(super) const COLUMNS: usize = AXIS;
/// Numbers of one direction: line `j` of the view is line `i = SIGN * j + SHIFT` of what was cut out and resized, its
/// middle at `LOW + (i + 0.5) * SCALE` of the source, of which `FIRST..END` may be looked at. `BLACK` is 1 where lines
/// beyond the edge are black, and 0 where the edge goes on.
pub(super) const AXIS: usize = 7;
pub(super) const SIGN: usize = 0;
pub(super) const SHIFT: usize = 1;
pub(super) const LOW: usize = 2;
pub(super) const SCALE: usize = 3;
pub(super) const FIRST: usize = 4;
pub(super) const END: usize = 5;
pub(super) const BLACK: usize = 6;

/// Three blends before the hue turns, and three after: `FACTOR` times the view, and so much of its mean gray
/// (`OF_MEAN`) and of each pixel's (`OF_GRAY`). Every order of brightness, contrast, saturation and hue fits in.
pub(super) const BLENDS: usize = 2 * AXIS;
pub(super) const BEFORE: usize = 3;
pub(super) const AFTER: usize = 3;
pub(super) const BLEND: usize = 3;
pub(super) const FACTOR: usize = 0;
pub(super) const OF_MEAN: usize = 1;
pub(super) const OF_GRAY: usize = 2;

/// A turn of the hue, in whole turns.
pub(super) const HUE: usize = BLENDS + (BEFORE + AFTER) * BLEND;
/// 1 where the color is taken away.
pub(super) const GRAY: usize = HUE + 1;
/// 1 where only some levels are kept, and how many.
pub(super) const POSTERIZE: usize = GRAY + 1;
pub(super) const LEVELS: usize = POSTERIZE + 1;
/// 1 where what is bright is inverted.
pub(super) const SOLARIZE: usize = LEVELS + 1;
const WIDTH: usize = SOLARIZE + 1;

/// The numbers of a view to which nothing happens.
const NOTHING: [f32; WIDTH] = {
    let mut row = [0.0; WIDTH];
    let mut blend = 0;
    while blend < BEFORE + AFTER {
        row[BLENDS + blend * BLEND + FACTOR] = 1.0;
        blend += 1;
    }
    row
};

/// A row for each view, on the device.
#[derive(Debug)]
pub(super) struct Table {
    all: Tensor<2>,
    count: usize,
    /// Whether a column does something to any view.
    used: [bool; WIDTH],
}

impl Table {
    /// Of views of `shape`, cut out of sources of (width, height) `size`.
    pub(super) fn new(drawn: &[Drawn], size: (usize, usize), shape: Shape, device: &Device) -> Self {
        let mut used = [false; WIDTH];
        let mut data = Vec::with_capacity(drawn.len() * WIDTH);
        for drawn in drawn {
            let row = row(drawn, size, shape);
            for (used, (value, nothing)) in used.iter_mut().zip(row.iter().zip(NOTHING)) {
                *used |= *value != nothing;
            }
            data.extend(row);
        }
        Self { all: upload(data, [drawn.len(), WIDTH], device), count: drawn.len(), used }
    }

    /// One number for each view, `[n, 1, …]`.
    pub(super) fn column<const D: usize>(&self, column: usize) -> Tensor<D> {
        let mut shape = [1; D];
        shape[0] = self.count;
        self.all.clone().narrow(1, column, 1).reshape(shape)
    }

    /// Whether the column does something to any view.
    pub(super) fn uses(&self, column: usize) -> bool {
        self.used[column]
    }

    /// Views in it.
    pub(super) fn count(&self) -> usize {
        self.count
    }
}

fn row(drawn: &Drawn, (width, height): (usize, usize), shape: Shape) -> [f32; WIDTH] {
    let mut row = NOTHING;
    let [across, down] = match drawn.crop {
        Some(Rect { x, y, width, height }) => [(x, width), (y, height)].map(|(start, length)| Span {
            low: start as f64,
            high: (start + length) as f64,
            first: start,
            end: start + length,
        }),
        None => center((width, height), shape),
    };
    let edges = |lines: usize, span: Span, flip: bool, moved: isize| {
        let (sign, start) = if flip { (-1.0, lines as f32 - 1.0) } else { (1.0, 0.0) };
        let scale = (span.high - span.low) / lines as f64;
        let black = if drawn.fill == Fill::Zero { 1.0 } else { 0.0 };
        [sign, start + moved as f32, span.low as f32, scale as f32, span.first as f32, span.end as f32, black]
    };
    row[ROWS..][..AXIS].copy_from_slice(&edges(shape.height, down, drawn.vertical_flip, drawn.moved.1));
    row[COLUMNS..][..AXIS].copy_from_slice(&edges(shape.width, across, drawn.flip, drawn.moved.0));
    let mut slot = 0;
    for change in drawn.changes.into_iter().flatten() {
        let (factor, of_mean, of_gray) = match change {
            Change::Brightness(factor) => (factor, 0.0, 0.0),
            Change::Contrast(factor) => (factor, 1.0 - factor, 0.0),
            Change::Saturation(factor) => (factor, 0.0, 1.0 - factor),
            // Of neither one nor three channels, whose views the host makes.
            Change::ChannelBrightness(_) | Change::ChannelContrast(_) => continue,
            Change::Hue(shift) => {
                row[HUE] = shift;
                slot = BEFORE;
                continue;
            }
        };
        row[BLENDS + slot * BLEND..][..BLEND].copy_from_slice(&[factor, of_mean, of_gray]);
        slot += 1;
    }
    row[GRAY] = f32::from(u8::from(drawn.grayscale));
    if let Some(bits) = drawn.bits {
        row[POSTERIZE] = 1.0;
        row[LEVELS] = (1_u32 << bits.clamp(1, 8)) as f32;
    }
    row[SOLARIZE] = f32::from(u8::from(drawn.solarize));
    row
}

/// What of a source line a view shows, and which of its pixels may be looked at for that.
#[derive(Clone, Copy)]
struct Span {
    low: f64,
    high: f64,
    first: usize,
    end: usize,
}

/// The evaluation view, as [`foretask_pretext::ops::center_view`] cuts it out: across and down.
fn center((width, height): (usize, usize), shape: Shape) -> [Span; 2] {
    let scale = (width as f64 / shape.width as f64).min(height as f64 / shape.height as f64);
    [(width, shape.width), (height, shape.height)].map(|(size, shown)| {
        let length = shown as f64 * scale;
        let low = ((size as f64 - length) / 2.0).max(0.0);
        Span { low, high: (low + length).min(size as f64), first: 0, end: size }
    })
}
