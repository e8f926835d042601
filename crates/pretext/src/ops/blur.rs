//! Gaussian blur, one line at a time.

use std::cell::Cell;

use super::simd::for_each_level;
use crate::pixels::Shape;
use crate::reuse;

/// Pixels summed together.
const BLOCK: usize = 16;

/// The widest blur, in pixels.
pub const MAX_SIGMA: f32 = 32.0;

#[derive(Default)]
struct Buffers {
    weights: Vec<f32>,
    padded: Vec<f32>,
    between: Vec<f32>,
}

thread_local! {
    static BUFFERS: Cell<Buffers> = Cell::default();
}

/// The radius at which the Gaussian is cut, 3 sigma (99.7 % of its weight).
pub fn blur_radius(sigma: f32) -> usize {
    (3.0 * sigma.clamp(0.0, MAX_SIGMA)).ceil().max(1.0) as usize
}

/// torchvision's `gaussian_blur` with a kernel of `2 * radius + 1` pixels: sampled Gaussian, normalized, borders reflected
/// without repeating the edge; values in 0..1. A radius that reaches beyond the image is cut to fit. Sigma at most [`MAX_SIGMA`];
/// nothing happens for sigma 0.
pub fn gaussian_blur(data: &mut [f32], shape: Shape, radius: usize, sigma: f32) {
    let Shape { height, width, .. } = shape;
    if shape.plane() == 0 || sigma.is_nan() || sigma <= 0.0 {
        return;
    }
    reuse::with(&BUFFERS, |buffers| {
        for plane in data.chunks_exact_mut(height * width) {
            buffers.blur_plane(plane, height, width, radius, sigma.min(MAX_SIGMA));
        }
    });
}

impl Buffers {
    fn blur_plane(&mut self, plane: &mut [f32], height: usize, width: usize, radius: usize, sigma: f32) {
        let (across, down) = (radius.min(width - 1), radius.min(height - 1));
        self.between.resize(plane.len(), 0.0);
        self.padded.resize(width + 2 * across, 0.0);
        gaussian(across, sigma, &mut self.weights);
        blur_rows(plane, width, &self.weights[..=across], &mut self.padded, &mut self.between);
        gaussian(down, sigma, &mut self.weights);
        blur_columns(&self.between, (height, width), &self.weights[..=down], plane);
    }
}

/// The Gaussian at `2 * radius + 1` pixels, of sum 1.
fn gaussian(radius: usize, sigma: f32, weights: &mut Vec<f32>) {
    weights.clear();
    weights.extend((0..=2 * radius).map(|i| {
        let x = (i as f32 - radius as f32) / sigma;
        (-0.5 * x * x).exp()
    }));
    let sum: f32 = weights.iter().sum();
    for weight in weights.iter_mut() {
        *weight /= sum;
    }
}

/// What [`gaussian_blur`] with the radius of [`blur_radius`] multiplies the pixels of a line of `side` pixels by: the pixel
/// itself, then those at distance 1, 2, … on either side.
pub fn blur_weights(sigma: f32, side: usize) -> Vec<f32> {
    if sigma.is_nan() || sigma <= 0.0 {
        return vec![1.0];
    }
    let radius = blur_radius(sigma).min(side.saturating_sub(1));
    let mut weights = Vec::new();
    gaussian(radius, sigma.min(MAX_SIGMA), &mut weights);
    weights.split_off(radius)
}

for_each_level! {
    /// Along rows: each row is extended by its reflection, so that the sum has no special cases. The last weight is that of
    /// the middle.
    fn blur_rows(plane: &[f32], width: usize, weights: &[f32], padded: &mut [f32], out: &mut [f32]) {
        let across = weights.len() - 1;
        for (row, out) in plane.chunks_exact(width).zip(out.chunks_exact_mut(width)) {
            for i in 0..across {
                padded[i] = row[across - i];
                padded[across + width + i] = row[width - 2 - i];
            }
            padded[across..across + width].copy_from_slice(row);
            let padded = &*padded;
            in_blocks(out, weights, across, |k, at| (&padded[at + k..], &padded[at + 2 * across - k..]));
        }
    }
}

for_each_level! {
    /// Along columns: whole rows are summed.
    fn blur_columns(source: &[f32], size: (usize, usize), weights: &[f32], out: &mut [f32]) {
        let (height, width) = size;
        let down = weights.len() - 1;
        for (y, out) in out.chunks_exact_mut(width).enumerate() {
            let rows = |k: usize, at: usize| {
                let (above, below) = (y.abs_diff(down - k), y + down - k);
                let below = if below < height { below } else { 2 * (height - 1) - below };
                (&source[above * width + at..], &source[below * width + at..])
            };
            in_blocks(out, weights, down, rows);
            // The weights sum to 1 up to rounding, which must not carry white beyond 1.
            for out in out {
                *out = out.clamp(0.0, 1.0);
            }
        }
    }
}

/// Sums kept in registers, a block of pixels at a time. Where the line is no whole number of blocks, the last one overlaps
/// its neighbor and gives the same numbers again.
#[allow(clippy::inline_always)] // Compiled for the instruction set of whoever calls.
#[inline(always)]
fn in_blocks<'a>(
    out: &mut [f32],
    weights: &[f32],
    radius: usize,
    pair: impl Fn(usize, usize) -> (&'a [f32], &'a [f32]),
) {
    let width = out.len();
    if width >= BLOCK {
        for at in (0..width).step_by(BLOCK).map(|at| at.min(width - BLOCK)) {
            if let Some(out) = out[at..].first_chunk_mut() {
                *out = block::<BLOCK>(weights, radius, |k| pair(k, at));
            }
        }
    } else {
        for (at, out) in out.iter_mut().enumerate() {
            [*out] = block::<1>(weights, radius, |k| pair(k, at));
        }
    }
}

/// `N` pixels: the middle one, then pairs at equal distance, the furthest first.
#[allow(clippy::inline_always)]
#[inline(always)]
fn block<'a, const N: usize>(
    weights: &[f32],
    radius: usize,
    pair: impl Fn(usize) -> (&'a [f32], &'a [f32]),
) -> [f32; N] {
    let mut sums = [0.0; N];
    if let Some(middle) = pair(radius).0.first_chunk::<N>() {
        for i in 0..N {
            sums[i] = weights[radius] * middle[i];
        }
    }
    for (k, &weight) in weights[..radius].iter().enumerate() {
        let (before, after) = pair(k);
        if let (Some(before), Some(after)) = (before.first_chunk::<N>(), after.first_chunk::<N>()) {
            for i in 0..N {
                sums[i] += weight * (before[i] + after[i]);
            }
        }
    }
    sums
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const WIDTH: usize = 6;
    const HEIGHT: usize = 5;

    fn image() -> Vec<f32> {
        let at = |i: usize| (i % WIDTH, i / WIDTH);
        (0..WIDTH * HEIGHT).map(at).map(|(x, y)| f32::from((x * 37 + y * 61 + x * y * 13) as u8) / 255.0).collect()
    }

    #[test]
    fn blurring_is_torchvisions() {
        // Direct two-dimensional sum in float64 by torchvision's formula (sampled Gaussian, reflect padding), in numpy.
        let references: [(usize, f32, [f32; 30]); 2] = [
            (
                1,
                0.7,
                [
                    0.169_938, 0.266_663, 0.433_117, 0.511_486, 0.433_561, 0.442_201, 0.321_354, 0.435_294, 0.587_330,
                    0.539_030, 0.352_072, 0.343_823, 0.493_840, 0.559_258, 0.640_085, 0.504_108, 0.462_745, 0.484_120,
                    0.510_034, 0.388_272, 0.476_036, 0.607_843, 0.617_461, 0.529_803, 0.573_364, 0.390_671, 0.508_059,
                    0.713_533, 0.614_118, 0.526_039,
                ],
            ),
            (
                3,
                1.5,
                [
                    0.413_629, 0.431_473, 0.465_771, 0.471_613, 0.452_483, 0.440_373, 0.436_616, 0.452_392, 0.482_063,
                    0.486_107, 0.466_718, 0.455_552, 0.462_899, 0.476_331, 0.502_738, 0.514_375, 0.503_527, 0.497_787,
                    0.479_058, 0.491_167, 0.518_571, 0.543_156, 0.545_108, 0.546_287, 0.484_015, 0.495_873, 0.524_859,
                    0.554_366, 0.559_665, 0.562_413,
                ],
            ),
        ];
        for (radius, sigma, reference) in references {
            let mut data = image();
            gaussian_blur(&mut data, Shape::new(1, HEIGHT, WIDTH), radius, sigma);
            for (ours, reference) in data.iter().zip(reference) {
                assert!((ours - reference).abs() < 2e-6, "{ours} {reference}");
            }
        }
    }

    #[test]
    fn the_radius_covers_three_sigma() {
        assert_eq!((blur_radius(0.1), blur_radius(1.0), blur_radius(2.0), blur_radius(1e9)), (1, 3, 6, 96));
    }

    #[test]
    fn the_weights_told_are_those_that_a_point_becomes() {
        for (sigma, side) in [(0.1, 9), (1.3, 21), (2.0, 5), (0.0, 4), (9.0, 7)] {
            let told = blur_weights(sigma, side);
            assert_eq!(told.len() - 1, if sigma > 0.0 { blur_radius(sigma).min(side - 1) } else { 0 });
            // A white line blurred across: only its weights are left.
            let mut data = vec![0.0; side * side];
            data.chunks_exact_mut(side).for_each(|row| row[side - 1] = 1.0);
            gaussian_blur(&mut data, Shape::new(1, side, side), blur_radius(sigma), sigma);
            for (distance, weight) in told.iter().enumerate() {
                // The last pixel is its own border: nothing of it is reflected.
                let got = data[side - 1 - distance];
                assert!((got - weight).abs() < 1e-6 || distance == side - 1, "{sigma} {side}: {got} {weight}");
            }
        }
    }

    proptest! {
        #[test]
        fn even_images_stay_even_whatever_the_size(h in 1..12_usize, w in 1..12_usize, sigma in -1.0..40.0_f32, value in 0.0..=1.0_f32) {
            let mut data = vec![value; 2 * h * w];
            gaussian_blur(&mut data, Shape::new(2, h, w), blur_radius(sigma), sigma);
            prop_assert!(data.iter().all(|v| (v - value).abs() < 1e-5));
        }
    }
}
