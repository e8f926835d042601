//! Where tokens are.

use burn::tensor::{Device, Tensor, TensorData};

use super::places::Places;
use crate::like::like;

/// Sines and cosines of column and row, `[1, rows * columns, width]`: the first half for columns, then rows; in each half sines of
/// `place / 10000^(2 i / (width / 2))`, then cosines, as MAE has it.
pub(crate) fn sines([rows, columns]: [usize; 2], width: usize, device: &Device) -> Tensor<3> {
    Tensor::from_data(TensorData::new(sincos([rows, columns], width), [1, rows * columns, width]), device)
}

/// The values of [`sines`].
pub(crate) fn sincos([rows, columns]: [usize; 2], width: usize) -> Vec<f32> {
    let quarter = width / 4;
    let mut values = Vec::with_capacity(rows * columns * width);
    for row in 0..rows {
        for column in 0..columns {
            for place in [column, row] {
                let angle = |i: usize| place as f64 / 10_000_f64.powf(i as f64 / quarter.max(1) as f64);
                values.extend((0..quarter).map(|i| angle(i).sin() as f32));
                values.extend((0..quarter).map(|i| angle(i).cos() as f32));
            }
            values.resize(values.len() + width - 4 * quarter, 0.0);
        }
    }
    values
}

/// How queries and keys of each token are turned: patches by angles of their row and column, what stands before them not at all.
#[derive(Clone, Debug)]
pub struct Turn {
    /// `[1, 1, n, each]`, or `[b, 1, n, each]` where places differ from image to image.
    cosines: Tensor<4>,
    /// As many.
    sines: Tensor<4>,
}

/// By this much the slowest angle is slower than the fastest.
const BASE: f64 = 100.0;

/// Cosines and sines, `[leading + rows * columns, each]`: places from -1 to 1 of row, then column, each with periods of
/// `100^(2 i / (each / 2))`, in turns; the second half as the first. As `DINOv3` has it.
pub(crate) fn turned([rows, columns]: [usize; 2], leading: usize, each: usize) -> [Vec<f32>; 2] {
    let quarter = each / 4;
    let (mut cosines, mut sines) = (vec![1.0; leading * each], vec![0.0; leading * each]);
    for row in 0..rows {
        for column in 0..columns {
            let place = |at: usize, of: usize| 2.0 * (at as f64 + 0.5) / of.max(1) as f64 - 1.0;
            let angles = [place(row, rows), place(column, columns)].into_iter().flat_map(|place| {
                (0..quarter).map(move |i| std::f64::consts::TAU * place / BASE.powf(i as f64 / quarter as f64))
            });
            let half: Vec<f64> = angles.collect();
            for _ in 0..2 {
                cosines.extend(half.iter().map(|angle| angle.cos() as f32));
                sines.extend(half.iter().map(|angle| angle.sin() as f32));
            }
        }
    }
    [cosines, sines]
}

impl Turn {
    /// For tokens of this grid behind `leading` others, whose heads have `each` numbers; in the type of `tokens`.
    pub(super) fn new(grid: [usize; 2], leading: usize, each: usize, tokens: &Tensor<3>) -> Self {
        let shape = [1, 1, leading + grid[0] * grid[1], each];
        let [cosines, sines] = turned(grid, leading, each)
            .map(|values| like(Tensor::from_data(TensorData::new(values, shape), &tokens.device()), tokens));
        Self { cosines, sines }
    }

    /// For the patches at these places only, behind the same `leading` others: of each image its own.
    pub(super) fn at(self, places: &Places, leading: usize) -> Self {
        let each = |all: Tensor<4>| {
            let [_, _, n, numbers] = all.dims();
            let patches: Tensor<3> = all.clone().narrow(2, leading, n - leading).squeeze_dim(1);
            let seen = places.seen(patches.repeat_dim(0, places.images())).unsqueeze_dim(1);
            if leading == 0 {
                return seen;
            }
            let first = all.narrow(2, 0, leading).expand([places.images(), 1, leading, numbers]);
            Tensor::cat(vec![first, seen], 2)
        };
        Self { cosines: each(self.cosines), sines: each(self.sines) }
    }

    /// Queries or keys `[b, heads, n, each]`, turned: a number of the first half with the one of the second.
    pub(super) fn of(&self, x: Tensor<4>) -> Tensor<4> {
        let half = x.dims()[3] / 2;
        let (first, second) = (x.clone().narrow(3, 0, half), x.clone().narrow(3, half, half));
        x * self.cosines.clone() + Tensor::cat(vec![-second, first], 3) * self.sines.clone()
    }
}

/// Keys' parameter of the cubic between samples: PyTorch's `bicubic`.
const CUBIC: f64 = -0.75;
/// And where it smooths what becomes smaller.
const CUBIC_SMOOTH: f64 = -0.5;

/// How a family of networks brings learned positions to another grid.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Resize {
    /// By the ratio of `(target + offset) / source`, without smoothing: `DINO` and `DINOv2` (offset 0.1).
    Scaled {
        /// Added to the target before the ratio is taken.
        offset: f64,
    },
    /// By the sizes, what becomes smaller is smoothed first: timm, and `DINOv2` with registers.
    Smoothed,
}

/// Learned positions `[rows * columns, width]` of one grid for another, cubic, on the host; the same grid keeps every bit.
pub(crate) fn resized(values: &[f32], width: usize, from: [usize; 2], to: [usize; 2], how: Resize) -> Vec<f32> {
    if from == to {
        return values.to_vec();
    }
    let [rows, columns] = [0, 1].map(|axis| weights(from[axis], to[axis], how));
    let mut lines = vec![0.0_f64; from[0] * to[1] * width];
    for y in 0..from[0] {
        for (x, taps) in columns.iter().enumerate() {
            for (source, weight) in taps {
                let (from, to) = ((y * from[1] + source) * width, (y * to[1] + x) * width);
                for i in 0..width {
                    lines[to + i] += weight * f64::from(values[from + i]);
                }
            }
        }
    }
    let mut result = vec![0.0_f64; to[0] * to[1] * width];
    for (y, taps) in rows.iter().enumerate() {
        for (source, weight) in taps {
            let (from, to) = (source * to[1] * width, y * to[1] * width);
            for i in 0..width * columns.len() {
                result[to + i] += weight * lines[from + i];
            }
        }
    }
    result.into_iter().map(|value| value as f32).collect()
}

/// What each place of an axis takes from which places.
fn weights(from: usize, to: usize, how: Resize) -> Vec<Vec<(usize, f64)>> {
    match how {
        Resize::Scaled { offset } => {
            let step = from as f64 / (to as f64 + offset);
            let last = from.saturating_sub(1) as i64;
            (0..to)
                .map(|i| {
                    let at = (i as f64 + 0.5) * step - 0.5;
                    let first = at.floor() as i64 - 1;
                    let tap = |k: i64| ((first + k).clamp(0, last) as usize, cubic(at - (first + k) as f64, CUBIC));
                    (0..4).map(tap).collect()
                })
                .collect()
        }
        Resize::Smoothed => {
            let step = from as f64 / to as f64;
            let stretch = step.max(1.0);
            (0..to)
                .map(|i| {
                    let center = (i as f64 + 0.5) * step;
                    let first = (center - 2.0 * stretch + 0.5).floor().max(0.0) as usize;
                    let end = ((center + 2.0 * stretch + 0.5).floor() as usize).min(from);
                    let weight = |j: usize| cubic((j as f64 + 0.5 - center) / stretch, CUBIC_SMOOTH);
                    let all: f64 = (first..end).map(weight).sum();
                    (first..end).map(|j| (j, weight(j) / all)).collect()
                })
                .collect()
        }
    }
}

/// Keys' cubic kernel (1981) at a distance.
fn cubic(distance: f64, a: f64) -> f64 {
    let x = distance.abs();
    if x <= 1.0 {
        ((a + 2.0) * x - (a + 3.0)) * x * x + 1.0
    } else if x < 2.0 {
        (((x - 5.0) * x + 8.0) * x - 4.0) * a
    } else {
        0.0
    }
}
