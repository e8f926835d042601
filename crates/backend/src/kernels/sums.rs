//! Sums a channel over all rows, in an order that sizes alone decide.

use super::crew::Crew;
use super::simd::{Simd, for_each_level};

/// Lanes of the sums' inner loops.
pub(super) const WIDE: usize = 32;
/// Rows after which sums in `f32` are taken over into `f64`.
const FLUSH: usize = 64;
/// Values a part of the rows: by sizes alone, so that sums are the same on any number of threads.
pub(super) const PART: usize = 64 << 10;

/// Which two sums a channel.
#[derive(Clone, Copy)]
pub(super) enum Sums<'a> {
    /// `x - shift` and its square.
    Moments { shift: &'a [f32] },
    /// The gradient behind the relu, and it times `x - mean`.
    Gradients { mean: &'a [f32], relu: bool },
}

/// Two sums a channel over all rows, parts in parallel, taken together in order.
pub(super) fn sums(
    x: &[f32],
    grad: &[f32],
    result: &[f32],
    channels: usize,
    kind: Sums<'_>,
    crew: Crew,
) -> (Vec<f64>, Vec<f64>) {
    let rows = x.len() / channels.max(1);
    let part = (PART / channels.max(1)).max(1);
    let centre = match kind {
        Sums::Moments { shift } => shift,
        Sums::Gradients { mean, .. } => mean,
    };
    let mode = match kind {
        Sums::Moments { .. } => 0,
        Sums::Gradients { relu: false, .. } => 1,
        Sums::Gradients { relu: true, .. } => 2,
    };
    let mut partial = vec![0.0_f64; rows.div_ceil(part) * 2 * channels];
    crew.parts(&mut partial, 2 * channels, |i, totals| {
        let range = i * part * channels..((i + 1) * part).min(rows) * channels;
        let result = if mode == 2 { &result[range.clone()] } else { &[][..] };
        // SAFETY: the level is the machine's.
        unsafe { sums_part(crew.level, &x[range.clone()], &grad[range], result, centre, mode, totals) };
    });
    let mut totals = vec![0.0_f64; 2 * channels];
    for part in partial.chunks_exact((2 * channels).max(1)) {
        for (total, value) in totals.iter_mut().zip(part) {
            *total += value;
        }
    }
    let second = totals.split_off(channels);
    (totals, second)
}

for_each_level! {
    /// # Safety
    /// The level is one that this machine has.
    fn sums_part(
        x: &[f32], grad: &[f32], result: &[f32], centre: &[f32], mode: u8, totals: &mut [f64],
    ) = sums_body
}

#[inline(always)]
unsafe fn sums_body<S: Simd>(x: &[f32], grad: &[f32], result: &[f32], centre: &[f32], mode: u8, totals: &mut [f64]) {
    let channels = centre.len();
    if WIDE.is_multiple_of(channels) {
        // Several rows side by side fill the lanes; what is left of the last lanes is done one by one.
        let lanes: [f32; WIDE] = std::array::from_fn(|lane| centre[lane % channels]);
        let whole = x.len() / WIDE * WIDE;
        let at = Columns { start: 0, stride: WIDE, rows: whole / WIDE };
        column_sums(x, grad, result, &lanes, mode, at, channels, totals);
        for i in whole..x.len() {
            single(x, grad, result, centre[i % channels], mode, i, i % channels, channels, totals);
        }
        return;
    }
    let rows = x.len() / channels;
    let whole = channels / WIDE * WIDE;
    for first in (0..whole).step_by(WIDE) {
        let lanes: [f32; WIDE] = std::array::from_fn(|lane| centre[first + lane]);
        column_sums(x, grad, result, &lanes, mode, Columns { start: first, stride: channels, rows }, channels, totals);
    }
    for channel in whole..channels {
        for row in 0..rows {
            single(x, grad, result, centre[channel], mode, row * channels + channel, channel, channels, totals);
        }
    }
}

/// Lanes `start..start + WIDE` of rows `stride` apart.
#[derive(Clone, Copy)]
struct Columns {
    start: usize,
    stride: usize,
    rows: usize,
}

#[inline(always)]
#[allow(clippy::too_many_arguments)]
fn single(
    x: &[f32],
    grad: &[f32],
    result: &[f32],
    centre: f32,
    mode: u8,
    at: usize,
    channel: usize,
    channels: usize,
    totals: &mut [f64],
) {
    let distance = x[at] - centre;
    let (first, second) = match mode {
        0 => (distance, distance * distance),
        1 => (grad[at], grad[at] * distance),
        _ if result[at] > 0.0 => (grad[at], grad[at] * distance),
        _ => (0.0, 0.0),
    };
    totals[channel] += f64::from(first);
    totals[channels + channel] += f64::from(second);
}

#[inline(always)]
#[allow(clippy::too_many_arguments)]
fn column_sums(
    x: &[f32],
    grad: &[f32],
    result: &[f32],
    centre: &[f32; WIDE],
    mode: u8,
    at: Columns,
    channels: usize,
    totals: &mut [f64],
) {
    let mut row = 0;
    while row < at.rows {
        let end = (row + FLUSH).min(at.rows);
        let mut first = [0.0_f32; WIDE];
        let mut second = [0.0_f32; WIDE];
        for row in row..end {
            let i = at.start + row * at.stride;
            let x: &[f32; WIDE] = lanes(x, i);
            match mode {
                0 => {
                    for lane in 0..WIDE {
                        let distance = x[lane] - centre[lane];
                        first[lane] += distance;
                        second[lane] += distance * distance;
                    }
                }
                1 => {
                    let grad = lanes(grad, i);
                    for lane in 0..WIDE {
                        first[lane] += grad[lane];
                        second[lane] += grad[lane] * (x[lane] - centre[lane]);
                    }
                }
                _ => {
                    let (grad, result) = (lanes(grad, i), lanes(result, i));
                    for lane in 0..WIDE {
                        let passed = if result[lane] > 0.0 { grad[lane] } else { 0.0 };
                        first[lane] += passed;
                        second[lane] += passed * (x[lane] - centre[lane]);
                    }
                }
            }
        }
        for lane in 0..WIDE {
            let channel = (at.start + lane) % channels;
            totals[channel] += f64::from(first[lane]);
            totals[channels + channel] += f64::from(second[lane]);
        }
        row = end;
    }
}

#[inline(always)]
fn lanes(values: &[f32], at: usize) -> &[f32; WIDE] {
    let (lanes, _) = values[at..at + WIDE].as_chunks::<WIDE>();
    &lanes[0]
}
