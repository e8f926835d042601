//! Sums a channel over all rows, in an order that sizes alone decide.

use super::relu::{self, Relu};
use super::simd::{Simd, for_each_level};
use super::thread_team::ThreadTeam;

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
    Gradients { mean: &'a [f32], relu: Relu<'a> },
}

/// Two sums a channel over all rows, parts in parallel, taken together in order.
pub(super) fn sums(x: &[f32], grad: &[f32], channels: usize, kind: Sums<'_>, team: ThreadTeam) -> (Vec<f64>, Vec<f64>) {
    let rows = x.len() / channels.max(1);
    let part = (PART / channels.max(1)).max(1);
    let mut partial = vec![0.0_f64; rows.div_ceil(part) * 2 * channels];
    team.parts(&mut partial, 2 * channels, |i, totals| {
        let range = i * part * channels..((i + 1) * part).min(rows) * channels;
        let kind = match kind {
            Sums::Gradients { mean, relu } => Sums::Gradients { mean, relu: relu.part(range.clone()) },
            moments @ Sums::Moments { .. } => moments,
        };
        // SAFETY: the level is the machine's.
        unsafe { sums_part(team.level, &x[range.clone()], &grad[range], kind, totals) };
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
    fn sums_part(x: &[f32], grad: &[f32], kind: Sums<'_>, totals: &mut [f64]) = sums_body
}

#[inline(always)]
unsafe fn sums_body<S: Simd>(x: &[f32], grad: &[f32], kind: Sums<'_>, totals: &mut [f64]) {
    let channels = totals.len() / 2;
    let rows = x.len() / channels;
    if WIDE.is_multiple_of(channels) {
        // Several rows side by side fill the lanes; what is left of the last lanes is done one by one.
        let whole = x.len() / WIDE * WIDE;
        column_sums(x, grad, kind, Columns { start: 0, stride: WIDE, rows: whole / WIDE }, totals);
        for i in whole..x.len() {
            single([x, grad], kind, i, i % channels, totals);
        }
        return;
    }
    let whole = channels / WIDE * WIDE;
    for start in (0..whole).step_by(WIDE) {
        column_sums(x, grad, kind, Columns { start, stride: channels, rows }, totals);
    }
    for channel in whole..channels {
        for row in 0..rows {
            single([x, grad], kind, row * channels + channel, channel, totals);
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

impl Columns {
    /// A value a channel, in lanes.
    #[inline(always)]
    fn lanes(self, values: &[f32]) -> [f32; WIDE] {
        std::array::from_fn(|lane| values[(self.start + lane) % values.len()])
    }
}

#[inline(always)]
fn single([x, grad]: [&[f32]; 2], kind: Sums<'_>, at: usize, channel: usize, totals: &mut [f64]) {
    let (first, second) = match kind {
        Sums::Moments { shift } => (x[at] - shift[channel], (x[at] - shift[channel]).powi(2)),
        Sums::Gradients { mean, relu } => {
            let open = match relu {
                Relu::No => true,
                Relu::ByResult(result, ceiling) => relu::open(result[at], ceiling),
                Relu::ByInput { factor, offset, ceiling } => {
                    relu::open(x[at] * factor[channel] + offset[channel], ceiling)
                }
            };
            let passed = if open { grad[at] } else { 0.0 };
            (passed, passed * (x[at] - mean[channel]))
        }
    };
    totals[channel] += f64::from(first);
    totals[totals.len() / 2 + channel] += f64::from(second);
}

#[inline(always)]
fn column_sums(x: &[f32], grad: &[f32], kind: Sums<'_>, at: Columns, totals: &mut [f64]) {
    let channels = totals.len() / 2;
    let center = at.lanes(match kind {
        Sums::Moments { shift } => shift,
        Sums::Gradients { mean, .. } => mean,
    });
    let (factor, offset) = match kind {
        Sums::Gradients { relu: Relu::ByInput { factor, offset, .. }, .. } => (at.lanes(factor), at.lanes(offset)),
        _ => ([0.0; WIDE], [0.0; WIDE]),
    };
    let mut row = 0;
    while row < at.rows {
        let end = (row + FLUSH).min(at.rows);
        let mut first = [0.0_f32; WIDE];
        let mut second = [0.0_f32; WIDE];
        for row in row..end {
            let i = at.start + row * at.stride;
            let x: &[f32; WIDE] = lanes(x, i);
            let Sums::Gradients { relu, .. } = kind else {
                for lane in 0..WIDE {
                    let distance = x[lane] - center[lane];
                    first[lane] += distance;
                    second[lane] += distance * distance;
                }
                continue;
            };
            let grad = lanes(grad, i);
            match relu {
                Relu::No => {
                    for lane in 0..WIDE {
                        first[lane] += grad[lane];
                        second[lane] += grad[lane] * (x[lane] - center[lane]);
                    }
                }
                Relu::ByResult(result, ceiling) => {
                    let result = lanes(result, i);
                    for lane in 0..WIDE {
                        let passed = if relu::open(result[lane], ceiling) { grad[lane] } else { 0.0 };
                        first[lane] += passed;
                        second[lane] += passed * (x[lane] - center[lane]);
                    }
                }
                Relu::ByInput { ceiling, .. } => {
                    for lane in 0..WIDE {
                        let passed =
                            if relu::open(x[lane] * factor[lane] + offset[lane], ceiling) { grad[lane] } else { 0.0 };
                        first[lane] += passed;
                        second[lane] += passed * (x[lane] - center[lane]);
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
