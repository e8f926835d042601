//! Convolution of every channel by itself, and its gradients.
//!
//! Channels last, sixteen channels of a pixel are one row of lanes: a result is a sum over taps of (source row) x (weight row),
//! several results of a line at a time so that a weight row is read once for them. Nothing is copied or padded beforehand.

use super::Geometry;
use super::geometry::{Class, Walk, classes};
use super::relu::Activation;
use super::share::Buffer;
use super::simd::{LANES, Simd, activated, for_each_level};
use super::thread_team::ThreadTeam;

/// Results of a line that are worked on together.
const TILE: usize = 4;
/// Results that a thread takes at a time, at least.
const PART: usize = 16 << 10;
/// Parts into which a batch is divided for the weights' gradient: by the batch alone, so that sums are the same on any number
/// of threads.
const PARTS: usize = 8;

/// `[n, h, w, c]` and `[c, 1, kh, kw]` to `[n, out_h, out_w, c]`.
pub(crate) fn forward<B: Buffer>(x: &[f32], weight: &[f32], geometry: &Geometry, team: ThreadTeam) -> B {
    forward_affine(x, weight, &End::NONE, geometry, team)
}

/// What is done with a result before it goes to memory.
pub(crate) struct End<'a> {
    /// Multiplied a channel; empty for nothing.
    pub(crate) scale: &'a [f32],
    /// Added a channel; empty for nothing.
    pub(crate) shift: &'a [f32],
    pub(crate) activation: Activation,
}

impl End<'_> {
    /// Nothing.
    const NONE: Self = Self { scale: &[], shift: &[], activation: Activation::None };
}

/// [`forward`], then `y * scale + shift` a channel and the activation, in one pass.
pub(crate) fn forward_affine<B: Buffer>(x: &[f32], weight: &[f32], end: &End<'_>, g: &Geometry, team: ThreadTeam) -> B {
    let walk = Walk::forward(g);
    assert_eq!(x.len(), g.images * g.in_len(), "input of a depthwise convolution");
    walked(Images { values: x, count: g.images }, &pack(weight, g, false, end.scale), &walk, end, team)
}

/// The gradient of the input: `[n, out_h, out_w, c]` and `[c, 1, kh, kw]` to `[n, h, w, c]`.
pub(crate) fn input_gradient<B: Buffer>(grad: &[f32], weight: &[f32], g: &Geometry, team: ThreadTeam) -> B {
    let walk = Walk::backward(g);
    assert_eq!(grad.len(), g.images * g.out_len(), "gradient of a depthwise convolution");
    walked(Images { values: grad, count: g.images }, &pack(weight, g, true, &[]), &walk, &End::NONE, team)
}

/// Weights as `[tap][c]`, zeros behind the last channel up to whole lanes, those of channel `c` times `scale[c]`. Backwards,
/// taps run the other way.
fn pack(weight: &[f32], g: &Geometry, backwards: bool, scale: &[f32]) -> Vec<f32> {
    let (taps, width) = (g.taps(), g.input.next_multiple_of(LANES));
    let mut packed = vec![0.0; taps * width];
    for (channel, of_channel) in weight.chunks_exact(taps.max(1)).enumerate() {
        let scale = scale.get(channel).copied().unwrap_or(1.0);
        for (tap, value) in of_channel.iter().enumerate() {
            let tap = if backwards { taps - 1 - tap } else { tap };
            packed[tap * width + channel] = scale * value;
        }
    }
    packed
}

/// What is convolved.
#[derive(Clone, Copy)]
struct Images<'a> {
    values: &'a [f32],
    count: usize,
}

fn walked<B: Buffer>(source: Images<'_>, weights: &[f32], walk: &Walk<'_>, end: &End<'_>, team: ThreadTeam) -> B {
    let Images { values: source, count: images } = source;
    let ([height, width], channels) = (walk.result, walk.result_channels);
    let columns = classes(walk, 1);
    let rows: Vec<Vec<(usize, usize)>> = (0..height).map(|row| walk.taps(0, row)).collect();
    let mut shift = end.shift.to_vec();
    shift.resize(channels.next_multiple_of(LANES), 0.0);
    let line = width * channels;
    let lines = PART.div_ceil(line.max(1)).clamp(1, height.max(1));
    let parts = height.div_ceil(lines.max(1));
    let source_len = source.len() / images.max(1);
    let (row_len, kernel_width) = (walk.source_width * channels, walk.kernel_width);
    // SAFETY: the parts cover all lines of all images, the columns a line; the level is the machine's.
    unsafe {
        B::filled(images * height * line, |result| {
            team.each(images * parts, |i| {
                let (image, first) = (i / parts, i % parts * lines);
                for row in first..(first + lines).min(height) {
                    let job = Line {
                        source: &source[image * source_len..][..source_len],
                        row_len,
                        weights,
                        kernel_width,
                        shift: &shift,
                        activation: end.activation,
                        channels,
                    };
                    let to = result.part((image * height + row) * line, line);
                    line_of(team.level, &job, &rows[row], &columns, to);
                }
            });
        })
    }
}

/// One line of results.
struct Line<'a> {
    /// The image.
    source: &'a [f32],
    /// Values of a line of the source.
    row_len: usize,
    weights: &'a [f32],
    kernel_width: usize,
    shift: &'a [f32],
    activation: Activation,
    channels: usize,
}

for_each_level! {
    /// # Safety
    /// The taps lie in the image, the columns in the line, and the level is one that this machine has.
    fn line_of(job: &Line<'_>, rows: &[(usize, usize)], columns: &[Class], to: &mut [f32]) = line_body
}

#[inline(always)]
unsafe fn line_body<S: Simd>(job: &Line<'_>, rows: &[(usize, usize)], columns: &[Class], to: &mut [f32]) {
    let mut channel = 0;
    while channel < job.channels {
        // The last lanes overlap with those before them, unless there are none.
        let full = job.channels >= LANES;
        let first = if full { channel.min(job.channels - LANES) } else { 0 };
        for class in columns {
            // SAFETY: the caller's promises; `first` has whole lanes behind it, or all channels are fewer.
            unsafe {
                if full {
                    let (tiles, rest) = class.members.as_chunks::<TILE>();
                    for tile in tiles {
                        results::<S, TILE, true>(job, [rows, &class.taps], tile, first, to);
                    }
                    for one in rest {
                        results::<S, 1, true>(job, [rows, &class.taps], &[*one], first, to);
                    }
                } else {
                    for one in &class.members {
                        results::<S, 1, false>(job, [rows, &class.taps], &[*one], first, to);
                    }
                }
            }
        }
        channel += LANES;
    }
}

/// Sixteen channels, or all of them where they are fewer, of `M` results: (result column, first source column) each. The taps
/// are those along the rows and along the columns.
#[inline(always)]
unsafe fn results<S: Simd, const M: usize, const FULL: bool>(
    job: &Line<'_>,
    [rows, taps]: [&[(usize, usize)]; 2],
    tile: &[(usize, usize); M],
    channel: usize,
    to: &mut [f32],
) {
    let (channels, width) = (job.channels, job.channels.next_multiple_of(LANES));
    // SAFETY: the taps lie in the image, the tile in the line.
    unsafe {
        let load = |from: *const f32| {
            if FULL {
                return S::load(from);
            }
            let mut lanes = [0.0; LANES];
            lanes.as_mut_ptr().copy_from_nonoverlapping(from, channels);
            S::load(lanes.as_ptr())
        };
        let mut sums = [S::zero(); M];
        for (ky, line) in rows {
            let line = job.source.as_ptr().add(line * job.row_len + channel);
            let weights = job.weights.as_ptr().add(ky * job.kernel_width * width + channel);
            for (kx, step) in taps {
                let weight = S::load(weights.add(kx * width));
                for i in 0..M {
                    let x = load(line.add((tile[i].1 + step) * channels));
                    sums[i] = S::multiply_add_rows(sums[i], x, weight);
                }
            }
        }
        let shift = S::load(job.shift.as_ptr().add(channel));
        for i in 0..M {
            let sum = activated::<S>(S::add(sums[i], shift), job.activation);
            let to = to.as_mut_ptr().add(tile[i].0 * channels + channel);
            if FULL {
                S::store(to, sum);
            } else {
                let mut lanes = [0.0; LANES];
                S::store(lanes.as_mut_ptr(), sum);
                to.copy_from_nonoverlapping(lanes.as_ptr(), channels);
            }
        }
    }
}

/// The gradient of the weights: `[n, h, w, c]` and `[n, out_h, out_w, c]` to `[c, 1, kh, kw]`.
pub(crate) fn weight_gradient<B: Buffer>(x: &[f32], grad: &[f32], g: &Geometry, team: ThreadTeam) -> B {
    assert_eq!(x.len(), g.images * g.in_len(), "input of a depthwise convolution");
    assert_eq!(grad.len(), g.images * g.out_len(), "gradient of a depthwise convolution");
    let (taps, channels, blocks) = (g.taps(), g.input, g.input.div_ceil(LANES));
    let chunk = g.images.div_ceil(PARTS).max(1);
    // Partial sums `[part][sixteen channels][tap][16]`.
    let mut partial = vec![0.0_f32; g.images.div_ceil(chunk) * blocks * taps * LANES];
    let columns: Vec<Vec<(usize, usize)>> = (0..g.kernel[1])
        .map(|kx| (0..g.out_width()).filter_map(|ox| Some((ox, g.source(1, ox, kx)?))).collect())
        .collect();
    team.parts(&mut partial, taps * LANES, |i, sums| {
        let (part, block) = (i / blocks, i % blocks);
        for image in part * chunk..((part + 1) * chunk).min(g.images) {
            let x = &x[image * g.in_len()..][..g.in_len()];
            let grad = &grad[image * g.out_len()..][..g.out_len()];
            // SAFETY: an image of the geometry's sizes; the level is the machine's.
            unsafe { weight_sums(team.level, [x, grad], g, &columns, block * LANES, sums) };
        }
    });
    // SAFETY: every weight is written.
    unsafe {
        B::filled(channels * taps, |to| {
            let to = to.part(0, channels * taps);
            for (i, to) in to.iter_mut().enumerate() {
                let (channel, tap) = (i / taps, i % taps);
                let at = (channel / LANES * taps + tap) * LANES + channel % LANES;
                let parts = partial.chunks_exact(blocks * taps * LANES);
                *to = parts.map(|part| f64::from(part[at])).sum::<f64>() as f32;
            }
        })
    }
}

for_each_level! {
    /// Adds the products of one image and its gradient to the sums `[tap][16]` of sixteen channels, or as many as there are.
    ///
    /// # Safety
    /// Buffers and columns are those of one image of the geometry; the level is one that this machine has.
    fn weight_sums(
        image: [&[f32]; 2], g: &Geometry, columns: &[Vec<(usize, usize)>], channel: usize, sums: &mut [f32],
    ) = weight_sums_body
}

#[inline(always)]
unsafe fn weight_sums_body<S: Simd>(
    [x, grad]: [&[f32]; 2],
    g: &Geometry,
    columns: &[Vec<(usize, usize)>],
    channel: usize,
    sums: &mut [f32],
) {
    let channels = g.input;
    let wide = (channels - channel).min(LANES);
    // SAFETY: sources and results lie in the image; rows that are not whole are read by their width.
    unsafe {
        let load = |from: *const f32| {
            if wide == LANES {
                return S::load(from);
            }
            let mut lanes = [0.0; LANES];
            lanes.as_mut_ptr().copy_from_nonoverlapping(from, wide);
            S::load(lanes.as_ptr())
        };
        for oy in 0..g.out_height() {
            let grad = grad.as_ptr().add(oy * g.out_width() * channels + channel);
            for (ky, y) in g.forward_taps(0, oy) {
                let x = x.as_ptr().add(y * g.width * channels + channel);
                for (kx, pairs) in columns.iter().enumerate() {
                    let mut sum = S::zero();
                    for (ox, ix) in pairs {
                        let (x, grad) = (load(x.add(ix * channels)), load(grad.add(ox * channels)));
                        sum = S::multiply_add_rows(sum, x, grad);
                    }
                    let to = sums.as_mut_ptr().add((ky * g.kernel[1] + kx) * LANES);
                    S::store(to, S::add(S::load(to), sum));
                }
            }
        }
    }
}
