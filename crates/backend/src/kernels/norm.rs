//! Batch norm over rows of channels, with what usually follows it: `max(norm(x) + shortcut, 0)`.

use std::ops::Range;

use super::relu::{Activation, Relu, open};
use super::share::{Buffer, Share};
use super::simd::{Simd, for_each_level};
use super::sums::{PART, Sums, WIDE, sums};
use super::thread_team::ThreadTeam;

/// What follows the norm.
#[derive(Clone, Copy, Debug)]
pub(crate) struct After<'a> {
    /// Added to the norm's result.
    pub(crate) shortcut: Option<&'a [f32]>,
    /// Done with the result at last.
    pub(crate) activation: Activation,
}

/// Mean and biased variance of each of `channels` columns of `x`.
pub(crate) fn statistics(x: &[f32], channels: usize, team: ThreadTeam) -> (Vec<f32>, Vec<f32>) {
    let rows = x.len() / channels.max(1);
    // Values are taken relative to the first row, so that squares of a far-off mean do not swallow the variance.
    let Some(shift) = x.get(..channels).filter(|_| rows > 0) else {
        return (vec![0.0; channels], vec![0.0; channels]);
    };
    let (sums, squares) = sums(x, x, channels, Sums::Moments { shift }, team);
    let mut mean = Vec::with_capacity(channels);
    let mut variance = Vec::with_capacity(channels);
    for ((sum, square), shift) in sums.iter().zip(&squares).zip(shift) {
        let relative = sum / rows as f64;
        mean.push((f64::from(*shift) + relative) as f32);
        variance.push((square / rows as f64 - relative * relative).max(0.0) as f32);
    }
    (mean, variance)
}

/// A batch norm by the batch's own statistics, then what follows: result, mean, biased variance.
pub(crate) fn forward<B: Buffer>(
    x: &[f32],
    [scale, shift]: [&[f32]; 2],
    epsilon: f64,
    after: After<'_>,
    team: ThreadTeam,
) -> (B, Vec<f32>, Vec<f32>) {
    let (mean, variance) = statistics(x, scale.len(), team);
    let (factor, offset) = line([scale, shift], [&mean, &variance], epsilon);
    (scale_shift(x, &factor, &offset, after, team), mean, variance)
}

/// A norm by these statistics as one factor and one offset a channel.
pub(crate) fn line([scale, shift]: [&[f32]; 2], [mean, variance]: [&[f32]; 2], epsilon: f64) -> (Vec<f32>, Vec<f32>) {
    let each = mean.iter().zip(variance).zip(scale.iter().zip(shift));
    each.map(|((mean, variance), (scale, shift))| {
        let factor = f64::from(*scale) / (f64::from(*variance) + epsilon).sqrt();
        (factor as f32, (f64::from(*shift) - f64::from(*mean) * factor) as f32)
    })
    .unzip()
}

/// `x * scale + shift` a channel, then what follows.
pub(crate) fn scale_shift<B: Buffer>(x: &[f32], scale: &[f32], shift: &[f32], after: After<'_>, team: ThreadTeam) -> B {
    let period = Period::new(scale.len());
    let (scale, shift) = (period.repeat(scale), period.repeat(shift));
    // SAFETY: the parts cover the buffer; the level is the machine's.
    unsafe {
        B::filled(x.len(), |to| {
            parts(x.len(), period.len, team, |part| {
                let shortcut = after.shortcut.map_or(&[][..], |shortcut| &shortcut[part.clone()]);
                let to = to.part(part.start, part.len());
                scale_shift_part(team.level, &x[part], [&scale, &shift], shortcut, after.activation.bounds(), to);
            });
        })
    }
}

/// Gradients of [`scale_shift`] with a batch's own statistics.
pub(crate) struct Gradients<B> {
    /// Of `x`.
    pub(crate) x: B,
    /// Of the norm's scale.
    pub(crate) scale: Vec<f32>,
    /// Of the norm's shift.
    pub(crate) shift: Vec<f32>,
    /// Of the shortcut, where that was asked for.
    pub(crate) shortcut: Option<B>,
}

/// What the backward pass of a batch norm starts from.
pub(crate) struct Backward<'a> {
    /// The norm's input.
    pub(crate) x: &'a [f32],
    /// The gradient of the result.
    pub(crate) grad: &'a [f32],
    /// The norm's scale a channel.
    pub(crate) scale: &'a [f32],
    /// The batch's mean.
    pub(crate) mean: &'a [f32],
    /// The batch's biased variance.
    pub(crate) variance: &'a [f32],
    /// Added to the variance.
    pub(crate) epsilon: f64,
    /// What followed.
    pub(crate) relu: Relu<'a>,
    /// Whether the shortcut's gradient is wanted.
    pub(crate) shortcut: bool,
}

/// Gradients through the norm, its statistics and what follows it.
pub(crate) fn backward<B: Buffer>(pass: &Backward<'_>, team: ThreadTeam) -> Gradients<B> {
    let channels = pass.scale.len();
    let rows = pass.x.len() / channels.max(1);
    let kind = Sums::Gradients { mean: pass.mean, relu: pass.relu };
    let (sum_grad, sum_product) = sums(pass.x, pass.grad, channels, kind, team);
    // With g the gradient behind the relu and d = x - mean: dx = scale / sd * (g - mean(g) - d * mean(g d) / sd^2).
    let mut factors = [const { Vec::new() }; 3];
    let (mut scale, mut shift) = (Vec::with_capacity(channels), Vec::with_capacity(channels));
    for c in 0..channels {
        let inverse = 1.0 / (f64::from(pass.variance[c]) + pass.epsilon).sqrt();
        let factor = f64::from(pass.scale[c]) * inverse;
        let slope = -factor * inverse * inverse * sum_product[c] / rows as f64;
        factors[0].push(factor as f32);
        factors[1].push(slope as f32);
        factors[2].push((-factor * sum_grad[c] / rows as f64 - slope * f64::from(pass.mean[c])) as f32);
        scale.push((sum_product[c] * inverse) as f32);
        shift.push(sum_grad[c] as f32);
    }
    let period = Period::new(channels);
    let factors = factors.map(|values| period.repeat(&values));
    let steep = match pass.relu {
        Relu::ByInput { factor, offset, ceiling } => Some((period.repeat(factor), period.repeat(offset), ceiling)),
        _ => None,
    };
    let walk = |to: Share, behind: Option<Share>| {
        parts(pass.x.len(), period.len, team, |part| {
            let (start, len) = (part.start, part.len());
            let relu = match &steep {
                Some((factor, offset, ceiling)) => Relu::ByInput { factor, offset, ceiling: *ceiling },
                None => pass.relu.part(part.clone()),
            };
            // SAFETY: the parts are disjoint and lie in both buffers; the level is the machine's.
            unsafe {
                let behind = behind.map_or(&mut [][..], |share| share.part(start, len));
                let given = [&pass.x[part.clone()], &pass.grad[part]];
                gradient_part(team.level, given, relu, &factors, to.part(start, len), behind);
            }
        });
    };
    let mut shortcut = None;
    // SAFETY: the parts cover both buffers.
    let x = unsafe {
        B::filled(pass.x.len(), |to| {
            if pass.shortcut {
                shortcut = Some(B::filled(pass.grad.len(), |behind| walk(to, Some(behind))));
            } else {
                walk(to, None);
            }
        })
    };
    Gradients { x, scale, shift, shortcut }
}

/// A channel count repeated until it fills the inner loops.
struct Period {
    len: usize,
}

impl Period {
    fn new(channels: usize) -> Self {
        let channels = channels.max(1);
        Self { len: channels * WIDE.div_ceil(channels) }
    }

    fn repeat(&self, values: &[f32]) -> Vec<f32> {
        values.iter().copied().cycle().take(if values.is_empty() { 0 } else { self.len }).collect()
    }
}

/// Ranges of whole periods that cover `len` values.
fn parts(len: usize, period: usize, team: ThreadTeam, work: impl Fn(Range<usize>) + Sync) {
    let part = (PART / period).max(1) * period;
    team.each(len.div_ceil(part), |i| work(i * part..((i + 1) * part).min(len)));
}

for_each_level! {
    /// # Safety
    /// The level is one that this machine has.
    fn scale_shift_part(
        x: &[f32], affine: [&[f32]; 2], shortcut: &[f32], bounds: (f32, f32), to: &mut [f32],
    ) = scale_shift_body
}

#[inline(always)]
unsafe fn scale_shift_body<S: Simd>(
    x: &[f32],
    [scale, shift]: [&[f32]; 2],
    shortcut: &[f32],
    bounds: (f32, f32),
    to: &mut [f32],
) {
    let period = scale.len();
    let chunks = to.chunks_mut(period).zip(x.chunks(period));
    if shortcut.is_empty() {
        for (to, x) in chunks {
            for (((to, x), scale), shift) in to.iter_mut().zip(x).zip(scale).zip(shift) {
                *to = within(x * scale + shift, bounds);
            }
        }
    } else {
        for ((to, x), shortcut) in chunks.zip(shortcut.chunks(period)) {
            for ((((to, x), scale), shift), shortcut) in to.iter_mut().zip(x).zip(scale).zip(shift).zip(shortcut) {
                *to = within(x * scale + shift + shortcut, bounds);
            }
        }
    }
}

/// The nearest value between two; NaN stays NaN, so that a diverged run is seen.
#[inline(always)]
fn within(value: f32, (floor, ceiling): (f32, f32)) -> f32 {
    let value = if value < floor { floor } else { value };
    if value > ceiling { ceiling } else { value }
}

for_each_level! {
    /// # Safety
    /// The level is one that this machine has.
    fn gradient_part(
        given: [&[f32]; 2], relu: Relu<'_>, factors: &[Vec<f32>; 3], to: &mut [f32], behind: &mut [f32],
    ) = gradient_body
}

#[inline(always)]
unsafe fn gradient_body<S: Simd>(
    [x, grad]: [&[f32]; 2],
    relu: Relu<'_>,
    factors: &[Vec<f32>; 3],
    to: &mut [f32],
    behind: &mut [f32],
) {
    let [factor, slope, constant] = factors;
    let period = factor.len();
    let each = |i: usize, to: &mut [f32], behind: &mut [f32]| {
        let end = (i + period).min(x.len());
        let (x, grad) = (&x[i..end], &grad[i..end]);
        let len = x.len();
        let (to, factor, slope, constant) = (&mut to[i..end], &factor[..len], &slope[..len], &constant[..len]);
        match relu {
            Relu::No => {
                for j in 0..len {
                    to[j] = factor[j] * grad[j] + (slope[j] * x[j] + constant[j]);
                }
                if !behind.is_empty() {
                    behind[i..end].copy_from_slice(grad);
                }
            }
            Relu::ByResult(result, ceiling) if behind.is_empty() => {
                let result = &result[i..end];
                for j in 0..len {
                    let passed = if open(result[j], ceiling) { grad[j] } else { 0.0 };
                    to[j] = factor[j] * passed + (slope[j] * x[j] + constant[j]);
                }
            }
            Relu::ByResult(result, ceiling) => {
                let (result, behind) = (&result[i..end], &mut behind[i..end]);
                for j in 0..len {
                    let passed = if open(result[j], ceiling) { grad[j] } else { 0.0 };
                    behind[j] = passed;
                    to[j] = factor[j] * passed + (slope[j] * x[j] + constant[j]);
                }
            }
            // A shortcut was added in front of this relu: the input alone does not tell.
            Relu::ByInput { .. } if !behind.is_empty() => unreachable!("a relu behind a shortcut opens by its result"),
            Relu::ByInput { factor: steep, offset, ceiling } => {
                let (steep, offset) = (&steep[..len], &offset[..len]);
                for j in 0..len {
                    let passed = if open(x[j] * steep[j] + offset[j], ceiling) { grad[j] } else { 0.0 };
                    to[j] = factor[j] * passed + (slope[j] * x[j] + constant[j]);
                }
            }
        }
    };
    for i in (0..x.len()).step_by(period) {
        each(i, to, behind);
    }
}
