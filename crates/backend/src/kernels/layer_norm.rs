//! Layer norm over rows: each is normalized by its own mean and variance.

use rayon::prelude::*;

use super::share::Buffer;
use super::simd::{Level, Simd, for_each_level};

/// Values a part of the rows: by sizes alone, so that sums are the same on any number of threads.
const PART: usize = 32 << 10;
/// Lanes of the sums' inner loops.
const WIDE: usize = 16;

/// The result, and each row's mean and inverse standard deviation.
pub(crate) fn forward(x: &[f32], scale: &[f32], shift: &[f32], epsilon: f64, level: Level) -> [Vec<f32>; 3] {
    let width = scale.len().max(1);
    let rows = x.len() / width;
    let part = (PART / width).max(1);
    let affine = Affine { scale, shift, epsilon: epsilon as f32 };
    let (mut mean, mut inverse) = (vec![0.0; rows], vec![0.0; rows]);
    // SAFETY: the parts cover the buffer; the level is the machine's.
    let y = unsafe {
        Vec::filled(x.len(), |to| {
            let statistics = mean.par_chunks_mut(part).zip(inverse.par_chunks_mut(part));
            x.par_chunks(part * width).zip(statistics).enumerate().for_each(|(i, (x, (mean, inverse)))| {
                let to = to.part(i * part * width, x.len());
                forward_part(level, x, affine, to, [mean, inverse]);
            });
        })
    };
    [y, mean, inverse]
}

/// What a norm does beside normalizing.
#[derive(Clone, Copy)]
struct Affine<'a> {
    scale: &'a [f32],
    shift: &'a [f32],
    /// Added to the variance.
    epsilon: f32,
}

for_each_level! {
    /// Normalizes rows into `to`, their means and inverse deviations into `statistics`.
    ///
    /// # Safety
    /// The level is one that this machine has.
    fn forward_part(x: &[f32], affine: Affine<'_>, to: &mut [f32], statistics: [&mut [f32]; 2]) = forward_body
}

#[inline(always)]
unsafe fn forward_body<S: Simd>(x: &[f32], affine: Affine<'_>, to: &mut [f32], [mean, inverse]: [&mut [f32]; 2]) {
    let Affine { scale, shift, epsilon } = affine;
    let width = scale.len();
    let rows = x.chunks_exact(width).zip(to.chunks_exact_mut(width));
    for ((x, to), (mean, inverse)) in rows.zip(mean.iter_mut().zip(inverse)) {
        let middle = sum(width, |i| x[i]) / width as f32;
        let variance = sum(width, |i| (x[i] - middle) * (x[i] - middle)) / width as f32;
        let factor = 1.0 / (variance + epsilon).sqrt();
        for i in 0..width {
            to[i] = (x[i] - middle) * factor * scale[i] + shift[i];
        }
        (*mean, *inverse) = (middle, factor);
    }
}

/// The sum of `of(0..count)` in lanes.
#[inline(always)]
fn sum(count: usize, of: impl Fn(usize) -> f32) -> f32 {
    let mut lanes = [0.0_f32; WIDE];
    let whole = count / WIDE * WIDE;
    for start in (0..whole).step_by(WIDE) {
        for lane in 0..WIDE {
            lanes[lane] += of(start + lane);
        }
    }
    let rest: f32 = (whole..count).map(&of).sum();
    lanes.iter().sum::<f32>() + rest
}

/// What the backward pass starts from.
pub(crate) struct Backward<'a> {
    /// The norm's input.
    pub(crate) x: &'a [f32],
    /// The gradient of its result.
    pub(crate) grad: &'a [f32],
    /// A row each.
    pub(crate) mean: &'a [f32],
    /// A row each.
    pub(crate) inverse: &'a [f32],
    /// The norm's scale.
    pub(crate) scale: &'a [f32],
}

/// The gradients of input, scale and shift.
pub(crate) fn backward(pass: &Backward<'_>, level: Level) -> [Vec<f32>; 3] {
    let width = pass.scale.len().max(1);
    let part = (PART / width).max(1);
    let mut partial = Vec::new();
    // SAFETY: the parts cover the buffer; the level is the machine's.
    let of_x = unsafe {
        Vec::filled(pass.x.len(), |to| {
            let statistics = pass.mean.par_chunks(part).zip(pass.inverse.par_chunks(part));
            let rows = pass.x.par_chunks(part * width).zip(pass.grad.par_chunks(part * width));
            let each = rows.zip(statistics).enumerate().map(|(i, ((x, grad), (mean, inverse)))| {
                let mut sums = vec![0.0_f32; 2 * width];
                let to = to.part(i * part * width, x.len());
                backward_part(level, &Backward { x, grad, mean, inverse, scale: pass.scale }, to, &mut sums);
                sums
            });
            partial = each.collect::<Vec<_>>();
        })
    };
    let mut totals = vec![0.0_f64; 2 * width];
    for part in partial {
        totals.iter_mut().zip(part).for_each(|(total, value)| *total += f64::from(value));
    }
    let totals: Vec<f32> = totals.into_iter().map(|total| total as f32).collect();
    let (of_scale, of_shift) = totals.split_at(width);
    [of_x, of_scale.to_vec(), of_shift.to_vec()]
}

for_each_level! {
    /// # Safety
    /// The level is one that this machine has.
    fn backward_part(rows: &Backward<'_>, to: &mut [f32], sums: &mut [f32]) = backward_body
}

#[inline(always)]
unsafe fn backward_body<S: Simd>(rows: &Backward<'_>, to: &mut [f32], sums: &mut [f32]) {
    let Backward { x, grad, mean, inverse, scale } = *rows;
    let width = scale.len();
    let (of_scale, of_shift) = sums.split_at_mut(width);
    let rows = x.chunks_exact(width).zip(grad.chunks_exact(width)).zip(to.chunks_exact_mut(width));
    for (((x, grad), to), (mean, inverse)) in rows.zip(mean.iter().zip(inverse)) {
        // With n the normalized row and g the gradient by the scale: dx = inverse * (g - mean(g) - n * mean(g n)).
        let plain = sum(width, |i| grad[i] * scale[i]) / width as f32;
        let along = sum(width, |i| grad[i] * scale[i] * (x[i] - mean)) * inverse / width as f32;
        for i in 0..width {
            let normalized = (x[i] - mean) * inverse;
            to[i] = inverse * (grad[i] * scale[i] - plain - normalized * along);
            of_scale[i] += grad[i] * normalized;
            of_shift[i] += grad[i];
        }
    }
}
