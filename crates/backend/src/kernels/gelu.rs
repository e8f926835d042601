//! Gaussian error linear units (Hendrycks and Gimpel 2016, <https://arxiv.org/abs/1606.08415>), by polynomials that
//! compilers turn into vectors.

use std::f32::consts::{FRAC_1_SQRT_2, LOG2_E};

use rayon::prelude::*;

use super::share::Buffer;
use super::simd::{Level, Simd, for_each_level};

/// Values a part.
const PART: usize = 16 << 10;
/// `1 / sqrt(2 pi)`.
const DENSITY: f32 = 0.398_942_3;

/// `x` times the share of a normal distribution that lies below it.
pub(crate) fn forward(x: &[f32], level: Level) -> Vec<f32> {
    // SAFETY: the parts cover the buffer; the level is the machine's.
    unsafe {
        Vec::filled(x.len(), |to| {
            x.par_chunks(PART).enumerate().for_each(|(i, x)| forward_part(level, x, to.part(i * PART, x.len())));
        })
    }
}

/// The gradient of [`forward`]'s input.
pub(crate) fn backward(x: &[f32], grad: &[f32], level: Level) -> Vec<f32> {
    assert_eq!(x.len(), grad.len(), "a gradient of another size");
    // SAFETY: as above.
    unsafe {
        Vec::filled(x.len(), |to| {
            x.par_chunks(PART).zip(grad.par_chunks(PART)).enumerate().for_each(|(i, (x, grad))| {
                backward_part(level, x, grad, to.part(i * PART, x.len()));
            });
        })
    }
}

for_each_level! {
    /// # Safety
    /// The level is one that this machine has.
    fn forward_part(x: &[f32], to: &mut [f32]) = forward_body
}

#[inline(always)]
unsafe fn forward_body<S: Simd>(x: &[f32], to: &mut [f32]) {
    for (to, x) in to.iter_mut().zip(x) {
        *to = x * below(*x);
    }
}

for_each_level! {
    /// # Safety
    /// The level is one that this machine has.
    fn backward_part(x: &[f32], grad: &[f32], to: &mut [f32]) = backward_body
}

#[inline(always)]
unsafe fn backward_body<S: Simd>(x: &[f32], grad: &[f32], to: &mut [f32]) {
    for ((to, x), grad) in to.iter_mut().zip(x).zip(grad) {
        *to = grad * (below(*x) + x * DENSITY * exp(-0.5 * x * x));
    }
}

/// The share of a normal distribution below `x`.
#[inline(always)]
fn below(x: f32) -> f32 {
    0.5 + 0.5 * erf(x * FRAC_1_SQRT_2)
}

/// The error function: one polynomial near 0, an exponential of another far from it, both computed and one taken.
#[inline(always)]
fn erf(a: f32) -> f32 {
    let (t, s) = (a.abs(), a * a);
    let mut near = -5.967_617e-4;
    for term in [4.991_194_2e-3, -2.676_813_5e-2, 1.128_199_2e-1, -3.761_253_4e-1, 1.283_791_7e-1] {
        near = near * s + term;
    }
    let near = near * a + a;
    let far = (-1.728_534_7e-5 * t + 3.831_971_3e-4) * s + (-3.883_964_4e-3 * t + 2.425_462_2e-2);
    let far = ((far * t - 1.067_778_8e-1) * t - 6.348_467e-1) * t - 1.287_175_1e-1;
    let far = (1.0 - exp(far * t - t)).copysign(a);
    if t > 0.927_734_4 { far } else { near }
}

/// The exponential of a number that is not positive; 0 below -87.
#[inline(always)]
fn exp(x: f32) -> f32 {
    const HIGH: f32 = 0.693_359_4;
    /// What is left of the natural logarithm of 2.
    const LOW: f32 = -2.121_944_4e-4;
    let x = if x < -87.0 { -87.0 } else { x };
    // Adding and taking away 1.5 * 2^23 rounds to a whole number.
    let whole = (x * LOG2_E + 12_582_912.0) - 12_582_912.0;
    let rest = x - whole * HIGH - whole * LOW;
    let mut power = 1.388_887_6e-3;
    for term in [8.333_334e-3, 4.166_666_8e-2, 1.666_666_7e-1, 0.5, 1.0, 1.0] {
        power = power * rest + term;
    }
    power * f32::from_bits(((whole as i32 + 127) as u32) << 23)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_and_slopes_are_the_definitions() {
        // Python: x * 0.5 * (1 + math.erf(x / math.sqrt(2))), and its derivative.
        let cases = [
            (-12.0, -0.0, -0.0),
            (-3.0, -0.004_049_694, -0.011_945_647),
            (-1.3, -0.125_840_6, -0.125_978_7),
            (-0.5, -0.154_268_77, 0.132_504_88),
            (0.0, 0.0, 0.5),
            (0.25, 0.149_676_6, 0.695_373_3),
            (1.0, 0.841_344_8, 1.083_315_5),
            (2.5, 2.484_475_8, 1.037_611_1),
            (9.0, 9.0, 1.0),
        ];
        for level in Level::available() {
            for (x, value, slope) in cases {
                let (y, dx) = (forward(&[x], level)[0], backward(&[x], &[1.0], level)[0]);
                assert!((y - value).abs() < 1e-6 && (dx - slope).abs() < 1e-6, "{level:?} {x}: {y} {dx}");
            }
        }
    }

    #[test]
    fn not_a_number_stays_none() {
        assert!(forward(&[f32::NAN], Level::best())[0].is_nan());
    }

    #[test]
    fn exponentials_are_exact_to_a_few_digits_of_the_last_place() {
        for i in 0..8600 {
            let x = -(i as f32) / 100.0;
            let exact = f64::from(x).exp();
            assert!((f64::from(exp(x)) - exact).abs() <= 3e-7 * exact, "{x}: {} instead of {exact}", exp(x));
        }
    }
}
