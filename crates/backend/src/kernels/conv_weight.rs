//! The gradient of a convolution's weights.
//!
//! For every tap: a matrix product over pixels, (input channels x pixels) times (pixels x output channels). A tile of
//! input channels times sixteen output channels stays in registers while the pixels go by.

use rayon::prelude::*;

use super::Geometry;
use super::simd::{LANES, Level, Simd, for_each_level};

/// Bytes of activations that are worked on together: what a core's second-level cache holds.
const CACHE: usize = 512 << 10;
/// Pixels after which a tile's sums go to memory: keeps both operands' lines in the nearest cache.
const RUN: usize = 192;

/// `[n, h, w, input]` and `[n, out_h, out_w, output]` to `[output, input, kh, kw]`.
pub(crate) fn weight_gradient(x: &[f32], grad: &[f32], geometry: &Geometry, level: Level) -> Vec<f32> {
    let g = geometry;
    assert_eq!(x.len(), g.images * g.in_len(), "input of a convolution");
    assert_eq!(grad.len(), g.images * g.out_len(), "gradient of a convolution");
    let padded = g.output.div_ceil(LANES) * LANES;
    let tap_len = g.input * padded;
    let chunk = chunk_of(g, tap_len * g.taps());
    let chunks = g.images.div_ceil(chunk).max(1);
    // Partial sums `[chunk][tap][input][output, padded]`.
    let mut partial = vec![0.0_f32; chunks * g.taps() * tap_len];
    let lists: Vec<Vec<(u32, u32)>> = (0..g.taps()).map(|tap| pixel_pairs(g, tap)).collect();
    partial.par_chunks_mut(tap_len.max(1)).enumerate().for_each(|(i, sums)| {
        let (first, tap) = (i / g.taps() * chunk, i % g.taps());
        let job = Job { x, grad, geometry: g, images: first..(first + chunk).min(g.images), padded };
        // SAFETY: the job's buffers have the geometry's sizes, checked above.
        unsafe { tap_gradient(level, &job, &lists[tap], sums) };
    });
    gather(&partial, g, chunks, padded)
}

/// Images a chunk: by sizes alone, so that sums are the same on any number of threads. Large weights want few chunks.
fn chunk_of(g: &Geometry, weights: usize) -> usize {
    let image = 4 * (g.in_len() + g.out_len());
    (CACHE.max(weights) / image.max(1)).clamp(1, g.images.max(1))
}

/// Where a tap sees an input pixel under an output pixel, as offsets from the images' beginnings.
fn pixel_pairs(g: &Geometry, tap: usize) -> Vec<(u32, u32)> {
    let (ky, kx) = (tap / g.kernel[1], tap % g.kernel[1]);
    let source = |o: usize, k: usize, size: usize| (o * g.stride + k).checked_sub(g.padding).filter(|s| *s < size);
    let mut pairs = Vec::new();
    for oy in 0..g.out_height() {
        let Some(y) = source(oy, ky, g.height) else { continue };
        for ox in 0..g.out_width() {
            if let Some(x) = source(ox, kx, g.width) {
                pairs.push((((y * g.width + x) * g.input) as u32, ((oy * g.out_width() + ox) * g.output) as u32));
            }
        }
    }
    pairs
}

/// Sums the chunks in order and brings them into PyTorch's layout, sixteen output channels at a time.
fn gather(partial: &[f32], g: &Geometry, chunks: usize, padded: usize) -> Vec<f32> {
    let (taps, input) = (g.taps(), g.input);
    let row = input * taps;
    let chunk_len = row * padded;
    let mut weight = vec![0.0_f32; g.output * row];
    weight.par_chunks_mut((LANES * row).max(1)).enumerate().for_each(|(panel, rows)| {
        for channel in 0..input {
            for tap in 0..taps {
                let from = (tap * input + channel) * padded + panel * LANES;
                let mut sums = [0.0_f32; LANES];
                for chunk in 0..chunks {
                    let lanes = &partial[chunk * chunk_len + from..][..LANES];
                    for (sum, value) in sums.iter_mut().zip(lanes) {
                        *sum += value;
                    }
                }
                for (row, sum) in rows.chunks_exact_mut(row).zip(sums) {
                    row[channel * taps + tap] = sum;
                }
            }
        }
    });
    weight
}

/// One tap of one chunk of images.
struct Job<'a> {
    x: &'a [f32],
    grad: &'a [f32],
    geometry: &'a Geometry,
    images: std::ops::Range<usize>,
    padded: usize,
}

for_each_level! {
    /// Adds one tap's gradient over a chunk of images to `sums`, `[input][output, padded]`.
    ///
    /// # Safety
    /// The job's buffers have its geometry's sizes, and the level is one that this machine has.
    fn tap_gradient(job: &Job<'_>, pairs: &[(u32, u32)], sums: &mut [f32]) = tap_gradient_with
}

#[inline(always)]
unsafe fn tap_gradient_with<S: Simd>(job: &Job<'_>, pairs: &[(u32, u32)], sums: &mut [f32]) {
    let g = job.geometry;
    if pairs.is_empty() {
        return;
    }
    // The last panel of a channel count that is no multiple of sixteen reads beyond its pixel. The last pixels would read
    // beyond the buffer; they are read from a longer copy of its end.
    let end = if g.output.is_multiple_of(LANES) { job.grad.len() } else { job.grad.len().saturating_sub(job.padded) };
    let mut aside = job.grad[end..].to_vec();
    aside.resize(aside.len() + job.padded, 0.0);
    let mut run: Vec<(*const f32, *const f32)> = Vec::with_capacity(RUN);
    let (mut image, mut place) = (job.images.start, 0);
    while image < job.images.end {
        run.clear();
        // Counted on, not divided: a division costs more than a pixel's products where there are few channels.
        while run.len() < RUN && image < job.images.end {
            let count = (RUN - run.len()).min(pairs.len() - place);
            let (x, grad) = (image * g.in_len(), image * g.out_len());
            run.extend(pairs[place..place + count].iter().map(|pair| {
                let at = grad + pair.1 as usize;
                // SAFETY: the offsets lie in their images.
                unsafe {
                    let grad = if at > end { aside.as_ptr().add(at - end) } else { job.grad.as_ptr().add(at) };
                    (job.x.as_ptr().add(x + pair.0 as usize), grad)
                }
            }));
            place += count;
            if place == pairs.len() {
                (image, place) = (image + 1, 0);
            }
        }
        let mut channel = 0;
        while channel < g.input {
            let left = g.input - channel;
            // SAFETY: `channel + M <= input`, and `sums` has a row of `padded` for every input channel.
            unsafe {
                let to = sums.as_mut_ptr().add(channel * job.padded);
                // A full tile is 16 rows on AVX-512 and 6 on AVX2.
                channel += if S::TILE >= 12 && left >= 16 {
                    rows::<S, 16>(&run, channel, to, job.padded)
                } else if S::TILE >= 12 && left >= 8 {
                    rows::<S, 8>(&run, channel, to, job.padded)
                } else if S::TILE == 6 && left >= 6 {
                    rows::<S, 6>(&run, channel, to, job.padded)
                } else if S::TILE >= 6 && left >= 4 {
                    rows::<S, 4>(&run, channel, to, job.padded)
                } else if left >= 2 {
                    rows::<S, 2>(&run, channel, to, job.padded)
                } else {
                    rows::<S, 1>(&run, channel, to, job.padded)
                };
            }
        }
    }
}

/// Adds `M` input channels times all output channels over a run of pixels; returns `M`.
#[inline(always)]
unsafe fn rows<S: Simd, const M: usize>(
    run: &[(*const f32, *const f32)],
    channel: usize,
    to: *mut f32,
    padded: usize,
) -> usize {
    let mut column = 0;
    while column < padded {
        // SAFETY: the caller's promises; panels beyond the last channel read into the next pixel, or aside.
        unsafe {
            let mut sums = [S::zero(); M];
            for (x, grad) in run {
                let row = S::load(grad.add(column));
                for i in 0..M {
                    sums[i] = S::multiply_add(sums[i], x.add(channel + i), row);
                }
            }
            for i in 0..M {
                let to = to.add(i * padded + column);
                S::store(to, S::add(S::load(to), sums[i]));
            }
        }
        column += LANES;
    }
    M
}
