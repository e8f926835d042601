//! Means over pixels and repeated pixels, channels last.

use rayon::prelude::*;

use super::share::Buffer;

/// `[n, pixels, c]` to the mean over pixels `[n, c]`.
pub(crate) fn mean(x: &[f32], images: usize, channels: usize) -> Vec<f32> {
    let image = x.len() / images.max(1);
    let scale = channels as f32 / image.max(1) as f32;
    let mut means = vec![0.0_f32; images * channels];
    means.par_chunks_mut(channels.max(1)).enumerate().with_min_len(16).for_each(|(n, means)| {
        for pixel in x[n * image..(n + 1) * image].chunks_exact(channels) {
            for (mean, value) in means.iter_mut().zip(pixel) {
                *mean += value;
            }
        }
        for mean in means {
            *mean *= scale;
        }
    });
    means
}

/// The gradient of [`mean`]: `[n, c]` to `[n, pixels, c]`.
pub(crate) fn mean_gradient(grad: &[f32], channels: usize, pixels: usize) -> Vec<f32> {
    let scale = 1.0 / pixels.max(1) as f32;
    let pixel_rows = grad.chunks_exact(channels.max(1));
    let mut x = Vec::with_capacity(grad.len() * pixels);
    for row in pixel_rows {
        let first = x.len();
        x.extend(row.iter().map(|value| value * scale));
        for _ in 1..pixels {
            x.extend_from_within(first..first + channels);
        }
    }
    x
}

/// Sizes of a nearest-neighbor enlargement.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Enlarge {
    pub(crate) images: usize,
    pub(crate) channels: usize,
    pub(crate) from: [usize; 2],
    pub(crate) to: [usize; 2],
}

impl Enlarge {
    /// The source of position `i` along an axis: PyTorch's `floor(i * from / to)`.
    fn source(&self, axis: usize, i: usize) -> usize {
        i * self.from[axis] / self.to[axis]
    }
}

/// `[n, h, w, c]` to `[n, to, to, c]`, every pixel from its nearest.
pub(crate) fn enlarge(x: &[f32], sizes: &Enlarge) -> Vec<f32> {
    let Enlarge { images, channels, from, to } = *sizes;
    let (small, large) = (from[0] * from[1] * channels, to[0] * to[1] * channels);
    // SAFETY: every image is written completely.
    unsafe {
        Vec::filled(images * large, |out| {
            (0..images).into_par_iter().with_min_len(1 + 4096 / large.max(1)).for_each(|n| {
                let (x, out) = (&x[n * small..(n + 1) * small], out.part(n * large, large));
                for (i, pixel) in out.chunks_exact_mut(channels).enumerate() {
                    let at = sizes.source(0, i / to[1]) * from[1] + sizes.source(1, i % to[1]);
                    pixel.copy_from_slice(&x[at * channels..(at + 1) * channels]);
                }
            });
        })
    }
}

/// The gradient of [`enlarge`].
pub(crate) fn enlarge_gradient(grad: &[f32], sizes: &Enlarge) -> Vec<f32> {
    let Enlarge { images, channels, from, to } = *sizes;
    let (small, large) = (from[0] * from[1] * channels, to[0] * to[1] * channels);
    let mut x = vec![0.0_f32; images * small];
    x.par_chunks_mut(small.max(1)).enumerate().with_min_len(1 + 4096 / large.max(1)).for_each(|(n, x)| {
        for (i, pixel) in grad[n * large..(n + 1) * large].chunks_exact(channels).enumerate() {
            let at = sizes.source(0, i / to[1]) * from[1] + sizes.source(1, i % to[1]);
            for (x, value) in x[at * channels..(at + 1) * channels].iter_mut().zip(pixel) {
                *x += value;
            }
        }
    });
    x
}
