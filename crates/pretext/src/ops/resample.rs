//! Resizing: weighted sums of rows, then of columns, straight into planes.
//!
//! Rows are summed first, because that loop runs along memory for any channel count and converts the bytes on the way.
//! Eight finished rows are then transposed, so that the sums over columns run along memory as well. Sums stay in registers,
//! a block at a time; where a line is no whole number of blocks, the last one overlaps its neighbor and gives the same
//! numbers again.
//!
//! An own resampler because it takes any channel count and kernel, writes planes and rounds nothing in between.

use std::cell::Cell;

use super::kernel::{Kernel, Weights};
use super::simd::for_each_level;
use crate::reuse;

/// Rows handled together in the pass over columns, and columns written together.
const LANES: usize = 8;

/// Samples handled together in the pass over rows.
const BLOCK: usize = 16;

/// Sizes repeat from image to image (evaluation views, low resolutions), random crops do not: a few are remembered.
const REMEMBERED: usize = 16;

type Line = (Kernel, usize, u64, u64, usize);

#[derive(Default)]
struct Buffers {
    horizontal: Weights,
    vertical: Weights,
    columns: Vec<f32>,
    remembered: Vec<(Line, Weights)>,
    next: usize,
}

thread_local! {
    static BUFFERS: Cell<Buffers> = Cell::default();
}

/// A sample of the source, converted on reading.
trait Sample: Copy {
    fn value(self) -> f32;
}

impl Sample for u8 {
    #[inline]
    fn value(self) -> f32 {
        f32::from(self)
    }
}

impl Sample for f32 {
    #[inline]
    fn value(self) -> f32 {
        self
    }
}

/// A window on interleaved rows.
#[derive(Clone, Copy)]
struct Window<'a, T> {
    data: &'a [T],
    /// Samples from one row to the next.
    stride: usize,
    channels: usize,
}

/// Resizes planes of `height * width` to planes of `out_height * out_width`, anti-aliased and clamped to 0..1. Both
/// buffers hold the same number of planes.
pub fn resize(
    source: &[f32],
    (height, width): (usize, usize),
    kernel: Kernel,
    out: &mut [f32],
    (out_height, out_width): (usize, usize),
) {
    if height * width == 0 || out_height * out_width == 0 {
        return;
    }
    reuse::with(&BUFFERS, |buffers| {
        let (right, bottom) = ((width as f64).to_bits(), (height as f64).to_bits());
        buffers.remember((kernel, width, 0, right, out_width), true);
        buffers.remember((kernel, height, 0, bottom, out_height), false);
        let Buffers { horizontal, vertical, columns, .. } = buffers;
        let planes = source.chunks_exact(height * width).zip(out.chunks_exact_mut(out_height * out_width));
        for (source, out) in planes {
            let window = Window { data: source, stride: width, channels: 1 };
            weigh_floats(window, horizontal, vertical, columns, out);
        }
    });
}

/// Where a window of bytes is read from, along one side: the pixels `low..high` of `size`.
#[derive(Clone, Copy)]
pub(super) struct Span {
    pub(super) size: usize,
    pub(super) low: f64,
    pub(super) high: f64,
}

/// Resizes a part of interleaved bytes, whose first sample is `data[0]`, to planes of `out_height * out_width` in 0..1,
/// bilinear and anti-aliased. `repeats` says that other images will ask for the same spans.
pub(super) fn resize_bytes(
    data: &[u8],
    stride: usize,
    channels: usize,
    (across, down): (Span, Span),
    repeats: bool,
    out: &mut [f32],
    (out_height, out_width): (usize, usize),
) {
    reuse::with(&BUFFERS, |buffers| {
        if repeats {
            let line = |span: Span, out| (Kernel::Bilinear, span.size, span.low.to_bits(), span.high.to_bits(), out);
            buffers.remember(line(across, out_width), true);
            buffers.remember(line(down, out_height), false);
        } else {
            buffers.horizontal.fill(Kernel::Bilinear, across.size, across.low, across.high, out_width);
            buffers.vertical.fill(Kernel::Bilinear, down.size, down.low, down.high, out_height);
        }
        let Buffers { horizontal, vertical, columns, .. } = buffers;
        vertical.scale(1.0 / 255.0);
        weigh_bytes(Window { data, stride, channels }, horizontal, vertical, columns, out);
    });
}

impl Buffers {
    /// Puts the weights of `line` in place, computed once.
    fn remember(&mut self, line: Line, horizontal: bool) {
        let target = if horizontal { &mut self.horizontal } else { &mut self.vertical };
        if let Some((_, known)) = self.remembered.iter().find(|(known, _)| *known == line) {
            target.clone_from(known);
            return;
        }
        let (kernel, size, low, high, out) = line;
        target.fill(kernel, size, f64::from_bits(low), f64::from_bits(high), out);
        if self.remembered.len() < REMEMBERED {
            self.remembered.push((line, target.clone()));
        } else {
            self.remembered[self.next] = (line, target.clone());
            self.next = (self.next + 1) % REMEMBERED;
        }
    }
}

for_each_level! {
    fn weigh_bytes(
        source: Window<'_, u8>, horizontal: &Weights, vertical: &Weights, columns: &mut Vec<f32>, out: &mut [f32],
    ) {
        weigh(source, horizontal, vertical, columns, out);
    }
}

for_each_level! {
    fn weigh_floats(
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
        let place = Place { channels: source.channels, first, plane, top, lanes };
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
struct Place {
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
fn sum_columns<const K: usize>(columns: &[f32], horizontal: &Weights, place: Place, out: &mut [f32]) {
    let Place { channels, first, plane, top, lanes } = place;
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::ops::view::tests::{HEIGHT, WIDTH, assert_close, bytes};
    use crate::pixels::ImageRef;
    use crate::pixels::Planes;

    // References: Pillow 13, images of mode F, so that nothing is rounded in between; overshoots clamped.

    #[test]
    fn shrinking_is_pillows() {
        let image = ImageRef::new(&bytes(), WIDTH, HEIGHT, 1).map(Planes::from).unwrap();
        for (kernel, reference) in [
            (
                Kernel::Box,
                [
                    0.435_294, 0.465_795, 0.509_804, 0.553_813, 0.525_054, 0.568_192, 0.548_366, 0.416_993, 0.503_268,
                    0.447_495, 0.419_608, 0.503_268,
                ],
            ),
            (
                Kernel::Bilinear,
                [
                    0.424_909, 0.490_245, 0.506_095, 0.548_657, 0.551_973, 0.578_032, 0.473_704, 0.466_505, 0.505_519,
                    0.438_775, 0.442_010, 0.502_614,
                ],
            ),
            (
                Kernel::Bicubic,
                [
                    0.415_078, 0.498_121, 0.504_275, 0.541_997, 0.561_497, 0.590_945, 0.470_145, 0.469_255, 0.517_754,
                    0.426_249, 0.432_722, 0.509_877,
                ],
            ),
            (
                Kernel::Lanczos,
                [
                    0.404_190, 0.508_526, 0.498_150, 0.535_517, 0.582_044, 0.594_950, 0.461_632, 0.482_552, 0.519_886,
                    0.420_234, 0.428_171, 0.510_435,
                ],
            ),
        ] {
            let mut out = [0.0; 12];
            resize(&image.data, (HEIGHT, WIDTH), kernel, &mut out, (3, 4));
            assert_close(&out, &reference);
        }
    }

    #[test]
    fn enlarging_is_pillows() {
        let image = ImageRef::new(&bytes(), WIDTH, HEIGHT, 1).map(Planes::from).unwrap();
        for (kernel, reference) in [
            (Kernel::Box, [0.000_000, 0.447_059, 0.200_000, 0.301_961, 0.866_667]),
            (Kernel::Bilinear, [0.000_000, 0.447_059, 0.353_932, 0.464_006, 0.721_709]),
            (Kernel::Bicubic, [0.000_000, 0.472_174, 0.263_973, 0.397_122, 0.797_580]),
            (Kernel::Lanczos, [0.000_000, 0.501_881, 0.187_293, 0.317_303, 0.840_449]),
        ] {
            let mut out = [0.0; 13 * 14];
            resize(&image.data, (HEIGHT, WIDTH), kernel, &mut out, (13, 14));
            let some = [(0, 0), (0, 13), (5, 7), (6, 2), (12, 12)].map(|(y, x)| out[y * 14 + x]);
            assert_close(&some, &reference);
        }
    }

    proptest! {
        #[test]
        fn an_even_image_stays_even(
            kernel in prop::sample::select(Kernel::ALL.to_vec()), value in 0.0..=1.0_f32,
            size in (1..40_usize, 1..40_usize), out in (1..40_usize, 1..40_usize),
        ) {
            let mut resized = vec![-1.0; 2 * out.0 * out.1];
            resize(&vec![value; 2 * size.0 * size.1], size, kernel, &mut resized, out);
            prop_assert!(resized.iter().all(|v| (v - value).abs() < 1e-5));
        }
    }
}
