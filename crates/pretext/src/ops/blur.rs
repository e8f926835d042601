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
/// without repeating the edge. A radius that reaches beyond the image is cut to fit. Sigma at most [`MAX_SIGMA`];
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
