//! The gradient of a convolution's weights.
//!
//! For every tap: a matrix product over pixels, (input channels x pixels) times (pixels x output channels). A tile of
//! input channels times sixteen output channels stays in registers while the pixels go by. Where there are too few input
//! channels for a tile, those of neighboring taps, which lie side by side, are taken together.

use std::ops::Range;

use super::Geometry;
use super::share::Buffer;
use super::simd::{LANES, Simd, for_each_level};
use super::thread_team::ThreadTeam;

/// Bytes of activations that are worked on together: what a core's second-level cache holds.
const CACHE: usize = 512 << 10;
/// Input channels that one thread takes at a time, where there are as many: so few that many threads have work.
const BLOCK: usize = 64;
/// Input channels that are too few for a tile.
const FEW: usize = 8;
/// Pixels after which a tile's sums go to memory: keeps both operands' lines in the nearest cache.
const RUN: usize = 192;

/// `[n, h, w, input]` and `[n, out_h, out_w, output]` to `[output, input, kh, kw]`.
pub(crate) fn weight_gradient<B: Buffer>(x: &[f32], grad: &[f32], geometry: &Geometry, team: ThreadTeam) -> B {
    let g = geometry;
    assert_eq!(x.len(), g.images * g.in_len(), "input of a convolution");
    assert_eq!(grad.len(), g.images * g.out_len(), "gradient of a convolution");
    let padded = g.output.div_ceil(LANES) * LANES;
    let tap_len = g.input * padded;
    let chunk = chunk_of(g, tap_len * g.taps());
    let chunks = g.images.div_ceil(chunk).max(1);
    // Partial sums `[chunk][tap][input][output, padded]`, some input channels at a time.
    let mut partial = vec![0.0_f32; chunks * g.taps() * tap_len];
    let parts = parts(g);
    let rows = g.taps() * g.input / parts.len().max(1);
    team.parts(&mut partial, rows * padded, |i, sums| {
        let first = i / parts.len() * chunk;
        for strip in &parts[i % parts.len()] {
            let images = first..(first + chunk).min(g.images);
            let job = Job { x, grad, geometry: g, images, channels: strip.channels.clone(), padded };
            // SAFETY: the job's buffers have the geometry's sizes, checked above.
            unsafe { strip_gradient(team.level, &job, &strip.pairs, &mut sums[strip.row * padded..]) };
        }
    });
    gather(&partial, g, chunks, padded, team)
}

/// Images a chunk: by sizes alone, so that sums are the same on any number of threads. Every chunk writes sums as large as
/// the weights: large weights want chunks that read much more than that.
fn chunk_of(g: &Geometry, weights: usize) -> usize {
    let image = size_of::<f32>() * (g.in_len() + g.out_len());
    let sums = size_of::<f32>() * weights;
    (CACHE.max(8 * sums) / image.max(1)).clamp(1, g.images.max(1))
}

/// Rows of a part's sums that are made in one go.
struct Strip {
    /// The first of them.
    row: usize,
    /// The input channels behind them, counted from a pair's input pixel.
    channels: Range<usize>,
    /// Where an input pixel is seen under an output pixel, as offsets from the images' beginnings.
    pairs: Vec<(u32, u32)>,
}

/// The sums' rows, `[tap][input]`, in equal parts that one thread takes at a time.
fn parts(g: &Geometry) -> Vec<Vec<Strip>> {
    let [kernel_height, kernel_width] = g.kernel;
    if g.input < FEW && kernel_width > 1 {
        return (0..kernel_height).map(|ky| tap_row(g, ky)).collect();
    }
    let block = if g.input.is_multiple_of(BLOCK) { BLOCK } else { g.input };
    let part = |tap: usize, channel: usize| {
        let pairs = pixel_pairs(g, tap / kernel_width, tap % kernel_width, |_| true);
        vec![Strip { row: 0, channels: channel..channel + block, pairs }]
    };
    (0..g.taps()).flat_map(|tap| (0..g.input).step_by(block.max(1)).map(move |channel| part(tap, channel))).collect()
}

/// A row of taps: together where all of them see the input, one by one at its sides.
fn tap_row(g: &Geometry, ky: usize) -> Vec<Strip> {
    let width = g.kernel[1];
    let inside = |ox: usize| (0..width).all(|kx| g.source(1, ox, kx).is_some());
    let mut strips = vec![Strip { row: 0, channels: 0..width * g.input, pairs: pixel_pairs(g, ky, 0, inside) }];
    strips.extend((0..width).map(|kx| Strip {
        row: kx * g.input,
        channels: 0..g.input,
        pairs: pixel_pairs(g, ky, kx, |ox| !inside(ox)),
    }));
    strips
}

/// What a tap sees under the output pixels of the columns `wanted`.
fn pixel_pairs(g: &Geometry, ky: usize, kx: usize, wanted: impl Fn(usize) -> bool) -> Vec<(u32, u32)> {
    let mut pairs = Vec::new();
    for oy in 0..g.out_height() {
        let Some(y) = g.source(0, oy, ky) else { continue };
        for ox in (0..g.out_width()).filter(|&ox| wanted(ox)) {
            if let Some(x) = g.source(1, ox, kx) {
                pairs.push((((y * g.width + x) * g.input) as u32, ((oy * g.out_width() + ox) * g.output) as u32));
            }
        }
    }
    pairs
}

/// Sums the chunks in order and brings them into PyTorch's layout, sixteen output channels at a time.
fn gather<B: Buffer>(partial: &[f32], g: &Geometry, chunks: usize, padded: usize, team: ThreadTeam) -> B {
    let (taps, input) = (g.taps(), g.input);
    let row = input * taps;
    let chunk_len = row * padded;
    let panel_of = |panel: usize, rows: &mut [f32]| {
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
    };
    let (all, len) = (g.output * row, (LANES * row).max(1));
    // SAFETY: the panels cover all output channels, and each writes its rows.
    unsafe {
        B::filled(all, |weight| {
            team.each(all.div_ceil(len), |i| panel_of(i, weight.part(i * len, len.min(all - i * len))));
        })
    }
}

/// One strip of one chunk of images.
struct Job<'a> {
    x: &'a [f32],
    grad: &'a [f32],
    geometry: &'a Geometry,
    images: Range<usize>,
    channels: Range<usize>,
    padded: usize,
}

for_each_level! {
    /// Adds one strip's gradient over a chunk of images to `sums`, `[channels][output, padded]`.
    ///
    /// # Safety
    /// The job's buffers have its geometry's sizes, and the level is one that this machine has.
    fn strip_gradient(job: &Job<'_>, pairs: &[(u32, u32)], sums: &mut [f32]) = strip_gradient_with
}

#[inline(always)]
unsafe fn strip_gradient_with<S: Simd>(job: &Job<'_>, pairs: &[(u32, u32)], sums: &mut [f32]) {
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
        let mut channel = job.channels.start;
        while channel < job.channels.end {
            let left = job.channels.end - channel;
            // SAFETY: `channel + M` is at most the last one, and `sums` has a row of `padded` for every channel.
            unsafe {
                let to = sums.as_mut_ptr().add((channel - job.channels.start) * job.padded);
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
