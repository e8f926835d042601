//! Gaussian blur, one line at a time.

use std::cell::Cell;

use crate::pixels::Shape;
use crate::reuse;

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
        // Along rows: each row is extended by its reflection, so that the sum has no special cases.
        let across = radius.min(width - 1);
        self.gaussian(across, sigma);
        self.padded.resize(width + 2 * across, 0.0);
        self.between.resize(plane.len(), 0.0);
        for (row, out) in plane.chunks_exact(width).zip(self.between.chunks_exact_mut(width)) {
            for i in 0..across {
                self.padded[i] = row[across - i];
                self.padded[across + width + i] = row[width - 2 - i];
            }
            self.padded[across..across + width].copy_from_slice(row);
            let middle = self.weights[across];
            for (out, value) in out.iter_mut().zip(row) {
                *out = middle * value;
            }
            for (i, &weight) in self.weights[..across].iter().enumerate() {
                let (left, right) = (&self.padded[i..][..width], &self.padded[2 * across - i..][..width]);
                for ((out, left), right) in out.iter_mut().zip(left).zip(right) {
                    *out += weight * (left + right);
                }
            }
        }
        // Along columns: whole rows are summed.
        let down = radius.min(height - 1);
        self.gaussian(down, sigma);
        let reflected = |y: usize, k: usize, below: bool| {
            if below {
                let at = y + k;
                if at < height { at } else { 2 * (height - 1) - at }
            } else {
                y.abs_diff(k)
            }
        };
        for (y, out) in plane.chunks_exact_mut(width).enumerate() {
            let middle = self.weights[down];
            for (out, value) in out.iter_mut().zip(&self.between[y * width..]) {
                *out = middle * value;
            }
            for (i, &weight) in self.weights[..down].iter().enumerate() {
                let k = down - i;
                let above = &self.between[reflected(y, k, false) * width..][..width];
                let below = &self.between[reflected(y, k, true) * width..][..width];
                for ((out, above), below) in out.iter_mut().zip(above).zip(below) {
                    *out += weight * (above + below);
                }
            }
            // The weights sum to 1 up to rounding, which must not carry white beyond 1.
            for out in out {
                *out = out.clamp(0.0, 1.0);
            }
        }
    }

    fn gaussian(&mut self, radius: usize, sigma: f32) {
        self.weights.clear();
        self.weights.extend((0..=2 * radius).map(|i| {
            let x = (i as f32 - radius as f32) / sigma;
            (-0.5 * x * x).exp()
        }));
        let sum: f32 = self.weights.iter().sum();
        self.weights.iter_mut().for_each(|weight| *weight /= sum);
    }
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

    proptest! {
        #[test]
        fn even_images_stay_even_whatever_the_size(h in 1..12_usize, w in 1..12_usize, sigma in -1.0..40.0_f32, value in 0.0..=1.0_f32) {
            let mut data = vec![value; 2 * h * w];
            gaussian_blur(&mut data, Shape::new(2, h, w), blur_radius(sigma), sigma);
            prop_assert!(data.iter().all(|v| (v - value).abs() < 1e-5));
        }
    }
}
