//! Resampling kernels and the weights they give, after Pillow's `precompute_coeffs` (Resample.c), which torchvision's
//! `antialias=True` follows too: when shrinking, the kernel is stretched, so every source pixel counts.

use serde::{Deserialize, Serialize};

/// How a pixel is computed from its neighbors when an image is resized.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kernel {
    /// The mean of the pixels covered (area averaging); the nearest pixel when enlarging.
    Box,
    /// A triangle.
    Bilinear,
    /// Cubic convolution with a = -0.5 (Catmull and Rom; Keys 1981).
    Bicubic,
    /// Sinc windowed by a sinc of three lobes.
    Lanczos,
}

impl Kernel {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Box, Self::Bilinear, Self::Bicubic, Self::Lanczos];

    /// The name as scripts write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Box => "box",
            Self::Bilinear => "bilinear",
            Self::Bicubic => "bicubic",
            Self::Lanczos => "lanczos",
        }
    }

    /// Half the width of the kernel, in pixels of the coarser grid.
    pub const fn support(self) -> f64 {
        match self {
            Self::Box => 0.5,
            Self::Bilinear => 1.0,
            Self::Bicubic => 2.0,
            Self::Lanczos => 3.0,
        }
    }

    /// True where results may leave the range of the source, so that they must be clamped.
    pub const fn overshoots(self) -> bool {
        matches!(self, Self::Bicubic | Self::Lanczos)
    }

    /// The kernel at distance `x`, not normalized.
    #[inline]
    pub fn at(self, x: f64) -> f64 {
        match self {
            Self::Box => f64::from(u8::from(x > -0.5 && x <= 0.5)),
            Self::Bilinear => (1.0 - x.abs()).max(0.0),
            Self::Bicubic => {
                const A: f64 = -0.5;
                let x = x.abs();
                if x < 1.0 {
                    ((A + 2.0) * x - (A + 3.0)) * x * x + 1.0
                } else if x < 2.0 {
                    (((x - 5.0) * x + 8.0) * x - 4.0) * A
                } else {
                    0.0
                }
            }
            Self::Lanczos => {
                if (-3.0..3.0).contains(&x) {
                    sinc(x) * sinc(x / 3.0)
                } else {
                    0.0
                }
            }
        }
    }
}

fn sinc(x: f64) -> f64 {
    if x == 0.0 {
        1.0
    } else {
        let x = x * std::f64::consts::PI;
        x.sin() / x
    }
}

/// For every output position: where its source pixels begin, and their weights, which sum to 1.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Weights {
    starts: Vec<usize>,
    counts: Vec<usize>,
    values: Vec<f32>,
    stride: usize,
    end: usize,
    /// The largest count.
    most: usize,
}

impl Weights {
    /// Weights that map `low..high` of a line of `size` pixels to `out` pixels.
    pub fn new(kernel: Kernel, size: usize, low: f64, high: f64, out: usize) -> Self {
        let mut weights = Self::default();
        weights.fill(kernel, size, low, high, out);
        weights
    }

    /// [`Weights::new`] into the same memory. `size` and `out` are at least 1 and `0 <= low < high <= size`.
    pub fn fill(&mut self, kernel: Kernel, size: usize, low: f64, high: f64, out: usize) {
        // One loop for each kernel, without a choice in it.
        match kernel {
            Kernel::Box => self.fill_with(|x| Kernel::Box.at(x), kernel.support(), size, (low, high), out),
            Kernel::Bilinear => self.fill_with(|x| Kernel::Bilinear.at(x), kernel.support(), size, (low, high), out),
            Kernel::Bicubic => self.fill_with(|x| Kernel::Bicubic.at(x), kernel.support(), size, (low, high), out),
            Kernel::Lanczos => self.fill_with(|x| Kernel::Lanczos.at(x), kernel.support(), size, (low, high), out),
        }
    }

    fn fill_with(&mut self, at: impl Fn(f64) -> f64, support: f64, size: usize, (low, high): (f64, f64), out: usize) {
        let scale = (high - low) / out as f64;
        let stretch = scale.max(1.0);
        let support = support * stretch;
        self.stride = support.ceil() as usize * 2 + 1;
        self.starts.clear();
        self.counts.clear();
        self.values.clear();
        self.values.resize(out * self.stride, 0.0);
        self.end = 0;
        self.most = 0;
        let mut line = [0.0_f64; 64];
        let mut long = Vec::new();
        for (i, weights) in self.values.chunks_exact_mut(self.stride).enumerate() {
            let center = low + (i as f64 + 0.5) * scale;
            let start = ((center - support + 0.5).max(0.0) as usize).min(size - 1);
            let end = ((center + support + 0.5) as usize).clamp(start + 1, size);
            let count = (end - start).min(self.stride);
            let values: &mut [f64] = if count <= line.len() {
                &mut line[..count]
            } else {
                long.resize(count, 0.0);
                &mut long[..count]
            };
            let mut sum = 0.0;
            for (k, value) in values.iter_mut().enumerate() {
                let distance = (k + start) as f64 - center + 0.5;
                // Dividing by 1 changes nothing but the time.
                *value = at(if stretch > 1.0 { distance / stretch } else { distance });
                sum += *value;
            }
            if sum == 0.0 {
                // Cannot happen for a box inside the line; a copy of the first pixel keeps the sum 1 all the same.
                values[0] = 1.0;
                sum = 1.0;
            }
            for (weight, value) in weights.iter_mut().zip(values.iter()) {
                *weight = (value / sum) as f32;
            }
            self.starts.push(start);
            self.counts.push(count);
            self.end = self.end.max(start + count);
            self.most = self.most.max(count);
        }
    }

    /// Multiplies every weight.
    pub(super) fn scale(&mut self, factor: f32) {
        self.values.iter_mut().for_each(|value| *value *= factor);
    }

    /// Number of output positions.
    pub fn len(&self) -> usize {
        self.starts.len()
    }

    /// True without output positions.
    pub fn is_empty(&self) -> bool {
        self.starts.is_empty()
    }

    /// First source position and weights of output position `i`.
    #[inline]
    pub fn at(&self, i: usize) -> (usize, &[f32]) {
        (self.starts[i], &self.values[i * self.stride..][..self.counts[i]])
    }

    /// The most source positions that one output position has.
    pub(super) fn most(&self) -> usize {
        self.most
    }

    /// First source position of output position `i`, and weights for as many as [`Weights::most`]: those beyond its own are 0.
    #[inline]
    pub(super) fn padded(&self, i: usize) -> (usize, &[f32]) {
        (self.starts[i], &self.values[i * self.stride..][..self.most])
    }

    /// The source positions that carry weight.
    pub(crate) fn used(&self) -> (usize, usize) {
        (self.starts.first().copied().unwrap_or(0), self.end)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn kernels_have_their_textbook_values() {
        assert_eq!(Kernel::Box.at(0.5), 1.0);
        assert_eq!(Kernel::Box.at(-0.5), 0.0);
        assert_eq!(Kernel::Bilinear.at(0.25), 0.75);
        // Catmull-Rom halfway between two samples: 9/16 each, -1/16 for the next ones.
        assert_eq!(Kernel::Bicubic.at(0.5), 0.5625);
        assert_eq!(Kernel::Bicubic.at(-1.5), -0.0625);
        // sin(pi/2)/(pi/2) * sin(pi/6)/(pi/6) = 0.6366198 * 0.9549297
        assert!((Kernel::Lanczos.at(0.5) - 0.607_927_1).abs() < 1e-6);
        assert!(Kernel::Lanczos.at(2.0).abs() < 1e-12);
    }

    proptest! {
        #[test]
        fn weights_sum_to_one_and_stay_inside(
            kernel in prop::sample::select(Kernel::ALL.to_vec()), size in 1..300_usize, out in 1..70_usize,
            low in 0.0..0.9_f64, length in 0.01..1.0_f64,
        ) {
            let low = low * size as f64;
            let high = (low + length * size as f64).min(size as f64);
            let weights = Weights::new(kernel, size, low, high, out);
            prop_assert_eq!(weights.len(), out);
            for i in 0..out {
                let (start, values) = weights.at(i);
                prop_assert!(start + values.len() <= size);
                let sum: f32 = values.iter().sum();
                prop_assert!((sum - 1.0).abs() < 1e-5, "{kernel:?} {sum}");
            }
        }
    }
}
