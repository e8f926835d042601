//! Weighted sums of rows, then of columns.
//!
//! Rows are summed first, because that loop runs along memory for any channel count and converts the bytes on the way.
//! Eight finished rows are then transposed, so that the sums over columns run along memory as well. Sums stay in registers,
//! a block at a time; where a line is no whole number of blocks, the last one overlaps its neighbor and gives the same
//! numbers again.

use super::kernel::Weights;
use super::simd::for_each_level;

/// Rows handled together in the pass over columns, and columns written together.
const LANES: usize = 8;

/// Samples handled together in the pass over rows.
const BLOCK: usize = 16;

/// A sample of the source, converted on reading.
pub(super) trait Sample: Copy {
    /// The value of white.
    const WHITE: f32;

    fn value(self) -> f32;
}

impl Sample for u8 {
    const WHITE: f32 = 255.0;

    #[inline]
    fn value(self) -> f32 {
        f32::from(self)
    }
}

impl Sample for u16 {
    const WHITE: f32 = 65535.0;

    #[inline]
    fn value(self) -> f32 {
        f32::from(self)
    }
}

impl Sample for f32 {
    const WHITE: f32 = 1.0;

    #[inline]
    fn value(self) -> f32 {
        self
    }
}

/// A window on interleaved rows.
#[derive(Clone, Copy)]
pub(super) struct Window<'a, T> {
    pub(super) data: &'a [T],
    /// Samples from one row to the next.
    pub(super) stride: usize,
    pub(super) channels: usize,
}

for_each_level! {
    pub(super) fn weigh_bytes(
        source: Window<'_, u8>, horizontal: &Weights, vertical: &Weights, columns: &mut Vec<f32>, out: &mut [f32],
    ) {
        weigh(source, horizontal, vertical, columns, out);
    }
}

for_each_level! {
    pub(super) fn weigh_words(
        source: Window<'_, u16>, horizontal: &Weights, vertical: &Weights, columns: &mut Vec<f32>, out: &mut [f32],
    ) {
        weigh(source, horizontal, vertical, columns, out);
    }
}

for_each_level! {
    pub(super) fn weigh_floats(
        source: Window<'_, f32>, horizontal: &Weights, vertical: &Weights, columns: &mut Vec<f32>, out: &mut [f32],
    ) {
        weigh(source, horizontal, vertical, columns, out);
    }
}

#[allow(clippy::inline_always)] // Compiled for the instruction set of whoever calls.
#[inline(always)]
fn weigh<T: Sample>(
    source: Window<'_, T>,
    horizontal: &Weights,
    vertical: &Weights,
    columns: &mut Vec<f32>,
    out: &mut [f32],
) {
    let (width, height) = (horizontal.len(), vertical.len());
    let (first, end) = horizontal.used();
    // Weights beyond a position's own are 0, and so is what they are multiplied by at the end of the line.
    let (n, beyond) = ((end - first) * source.channels, horizontal.most() * source.channels);
    columns.clear();
    columns.resize((n + beyond) * LANES, 0.0);
    let plane = width * height;
    for top in (0..height).step_by(LANES) {
        let mut rows: [(&[f32], &[T]); LANES] = [(&[], &[]); LANES];
        let lanes = LANES.min(height - top);
        for (lane, row) in rows[..lanes].iter_mut().enumerate() {
            let (start, weights) = vertical.at(top + lane);
            *row = (weights, &source.data[start * source.stride + first * source.channels..]);
        }
        // A number of weights that the compiler knows makes loops without a guess at their end.
        match vertical.most() {
            0..=2 => sum_rows::<T, 2>(&rows[..lanes], source.stride, n, columns),
            3 => sum_rows::<T, 3>(&rows[..lanes], source.stride, n, columns),
            4 => sum_rows::<T, 4>(&rows[..lanes], source.stride, n, columns),
            5 | 6 => sum_rows::<T, 6>(&rows[..lanes], source.stride, n, columns),
            _ => sum_rows::<T, 0>(&rows[..lanes], source.stride, n, columns),
        }
        let place = SumRows { channels: source.channels, first, plane, top, lanes };
        match horizontal.most() {
            2 => sum_columns::<2>(columns, horizontal, place, out),
            3 => sum_columns::<3>(columns, horizontal, place, out),
            4 => sum_columns::<4>(columns, horizontal, place, out),
            5 => sum_columns::<5>(columns, horizontal, place, out),
            6 => sum_columns::<6>(columns, horizontal, place, out),
            _ => sum_columns::<0>(columns, horizontal, place, out),
        }
    }
}

/// Sums over rows: sample `i` of row `lane` becomes `columns[i * LANES + lane]`. `K` is at least the number of weights of
/// each, or 0 for any number.
#[allow(clippy::inline_always)]
#[inline(always)]
fn sum_rows<T: Sample, const K: usize>(rows: &[(&[f32], &[T])], stride: usize, n: usize, columns: &mut [f32]) {
    if n < BLOCK {
        for (lane, (weights, from)) in rows.iter().enumerate() {
            for i in 0..n {
                columns[i * LANES + lane] = weigh_block::<T, 1, 0>(weights, &from[i..], stride)[0];
            }
        }
        return;
    }
    let mut next = 0;
    while next < n {
        let i = next.min(n - BLOCK);
        next = i + BLOCK;
        let mut parts = [[[0.0_f32; LANES]; LANES]; BLOCK / LANES];
        for (lane, (weights, from)) in rows.iter().enumerate() {
            let sums: [f32; BLOCK] = weigh_block::<T, BLOCK, K>(weights, &from[i..], stride);
            for (part, sums) in parts.iter_mut().zip(sums.as_chunks::<LANES>().0) {
                part[lane] = *sums;
            }
        }
        let (columns, _) = columns[i * LANES..].as_chunks_mut::<{ LANES * LANES }>();
        for (columns, part) in columns.iter_mut().zip(&parts) {
            // Column by column: a copy of all at once becomes a call.
            for (column, values) in columns.as_chunks_mut::<LANES>().0.iter_mut().zip(transposed(part)) {
                *column = values;
            }
        }
    }
}

/// Where sums over columns go: `lanes` rows from `top` on, of each of `channels` planes.
#[derive(Clone, Copy)]
struct SumRows {
    channels: usize,
    /// The source position that `columns` begin with.
    first: usize,
    /// Samples of a plane.
    plane: usize,
    top: usize,
    lanes: usize,
}

/// Sums over columns, of eight rows at once. `K` is the largest number of weights, or 0 for any number.
#[allow(clippy::inline_always)]
#[inline(always)]
fn sum_columns<const K: usize>(columns: &[f32], horizontal: &Weights, place: SumRows, out: &mut [f32]) {
    let SumRows { channels, first, plane, top, lanes } = place;
    let (width, step) = (horizontal.len(), channels * LANES);
    let count = LANES.min(width);
    let mut next = 0;
    while next < width {
        let left = next.min(width - count);
        next = left + count;
        for channel in 0..channels {
            let mut tile = [[0.0_f32; LANES]; LANES];
            for (k, tile) in tile[..count].iter_mut().enumerate() {
                let (start, weights) = horizontal.padded(left + k);
                let from = &columns[((start - first) * channels + channel) * LANES..];
                let mut sums = [0.0_f32; LANES];
                let mut add = |weight: f32, at: usize| {
                    if let Some(column) = from[at..].first_chunk::<LANES>() {
                        for lane in 0..LANES {
                            sums[lane] += weight * column[lane];
                        }
                    }
                };
                match weights.first_chunk::<K>() {
                    Some(weights) if K > 0 => {
                        for (k, &weight) in weights.iter().enumerate() {
                            add(weight, k * step);
                        }
                    }
                    _ => {
                        for (k, &weight) in weights.iter().enumerate() {
                            add(weight, k * step);
                        }
                    }
                }
                // Two kernels overshoot, and rounding may exceed 1 by a hair with all of them.
                for sum in &mut sums {
                    *sum = sum.clamp(0.0, 1.0);
                }
                *tile = sums;
            }
            let tile = transposed(&tile);
            let mut at = channel * plane + top * width + left;
            for row in &tile[..lanes] {
                match out[at..].first_chunk_mut::<LANES>() {
                    Some(out) if count == LANES => *out = *row,
                    _ => out[at..at + count].copy_from_slice(&row[..count]),
                }
                at += width;
            }
        }
    }
}

#[allow(clippy::inline_always)]
#[inline(always)]
fn transposed(tile: &[[f32; LANES]; LANES]) -> [[f32; LANES]; LANES] {
    let mut out = [[0.0; LANES]; LANES];
    for (i, out) in out.iter_mut().enumerate() {
        for (out, row) in out.iter_mut().zip(tile) {
            *out = row[i];
        }
    }
    out
}

/// The weighted sum of the first `N` samples of lines `stride` apart, two lines at a time, as if there were `K` weights
/// (any number for 0): a weight of 0 adds nothing, whatever the line.
// Plain loops: the helpers of arrays and iterators are not always inlined, and then miss the instruction set.
#[allow(clippy::inline_always)]
#[inline(always)]
fn weigh_block<T: Sample, const N: usize, const K: usize>(weights: &[f32], from: &[T], stride: usize) -> [f32; N] {
    let mut sums = [0.0_f32; N];
    let last = weights.len() - 1;
    let lines = if K > 0 { K } else { weights.len() };
    let line = |k: usize| from[k.min(last) * stride..].first_chunk::<N>();
    let weight = |k: usize| if k <= last { weights[k] } else { 0.0 };
    let mut k = 0;
    while k + 1 < lines {
        let (a, b) = (weight(k), weight(k + 1));
        if let (Some(first), Some(second)) = (line(k), line(k + 1)) {
            for i in 0..N {
                let pair = a * first[i].value() + b * second[i].value();
                sums[i] = if k == 0 { pair } else { sums[i] + pair };
            }
        }
        k += 2;
    }
    if k < lines {
        let a = weight(k);
        if let Some(line) = line(k) {
            for i in 0..N {
                let one = a * line[i].value();
                sums[i] = if k == 0 { one } else { sums[i] + one };
            }
        }
    }
    sums
}
