//! Convolution and its gradient with respect to the input.
//!
//! Both are one walk: every result pixel is a sum over taps of (source pixel's channels) x (a small matrix). Channels
//! last, the source channels of neighbouring taps lie side by side, so a tile of pixels times sixteen result channels is
//! held in registers while the walk runs over them; nothing is copied or padded beforehand. Pixels at borders see fewer
//! taps; pixels with equal taps are worked on together, across images, so that no work is spent on padding.

use rayon::prelude::*;

use super::Geometry;
use super::geometry::{Group, Segment, Walk, groups};
use super::norm::After;
use super::share::{Share, filled};
use super::simd::{LANES, Level, Simd, for_each_level};

/// Sixteen values on a cache line of their own.
#[repr(C, align(64))]
#[derive(Clone, Copy)]
pub(crate) struct Line([f32; LANES]);

/// `[n, h, w, input]` and `[output, input, kh, kw]` to `[n, out_h, out_w, output]`.
pub(crate) fn forward(x: &[f32], weight: &[f32], geometry: &Geometry, level: Level) -> Vec<f32> {
    forward_with(x, &pack(weight, geometry, false, &[]), geometry, &End::NONE, level)
}

/// [`forward`], then `y * scale + shift` a channel, then what follows: a convolution and its norm in one pass over the
/// activations. The scale goes into the weights, the rest is done while results are in registers.
pub(crate) fn forward_affine(
    x: &[f32],
    weight: &[f32],
    [scale, shift]: [&[f32]; 2],
    after: After<'_>,
    geometry: &Geometry,
    level: Level,
) -> Vec<f32> {
    let mut padded = shift.to_vec();
    padded.resize(geometry.output.next_multiple_of(LANES), 0.0);
    if let Some(shortcut) = after.shortcut {
        assert_eq!(shortcut.len(), geometry.images * geometry.out_len(), "shortcut around a convolution");
    }
    forward_with(x, &pack(weight, geometry, false, scale), geometry, &End { shift: &padded, after }, level)
}

fn forward_with(x: &[f32], panels: &[Line], geometry: &Geometry, end: &End<'_>, level: Level) -> Vec<f32> {
    let g = geometry;
    let taps = |axis: usize, o: usize| g.forward_taps(axis, o);
    let walk = Walk {
        result: [g.out_height(), g.out_width()],
        result_channels: g.output,
        source_width: g.width,
        source_channels: g.input,
        kernel_width: g.kernel[1],
        taps: &taps,
    };
    run(x, panels, &groups(&walk, LANES), [g.images, g.in_len(), g.out_len(), g.output], end, level)
}

/// The gradient of the input: `[n, out_h, out_w, output]` and `[output, input, kh, kw]` to `[n, h, w, input]`.
pub(crate) fn input_gradient(grad: &[f32], weight: &[f32], geometry: &Geometry, level: Level) -> Vec<f32> {
    let g = geometry;
    let taps = |axis: usize, i: usize| g.backward_taps(axis, i);
    let walk = Walk {
        result: [g.height, g.width],
        result_channels: g.input,
        source_width: g.out_width(),
        source_channels: g.output,
        kernel_width: g.kernel[1],
        taps: &taps,
    };
    let panels = pack(weight, g, true, &[]);
    run(grad, &panels, &groups(&walk, LANES), [g.images, g.out_len(), g.in_len(), g.input], &End::NONE, level)
}

/// What is done with a result before it goes to memory.
struct End<'a> {
    /// Added a channel, zeros behind the last one up to whole panels; empty for none.
    shift: &'a [f32],
    after: After<'a>,
}

impl End<'_> {
    /// Nothing.
    const NONE: Self = Self { shift: &[], after: After { shortcut: None, relu: false } };
}

/// Weights in panels of sixteen result channels: `[panel][tap][source channel][16]`, zeros behind the last channel.
/// Those of output channel `o` are multiplied by `scale[o]`, unless that is empty.
///
/// Backwards, input channels are the result, output channels the source, and taps run the other way.
fn pack(weight: &[f32], g: &Geometry, backwards: bool, scale: &[f32]) -> Vec<Line> {
    /// Source channels at a time, so that the lines written to stay in the nearest cache.
    const BLOCK: usize = 16;
    let (taps, input) = (g.taps(), g.input);
    let (result, source) = if backwards { (g.input, g.output) } else { (g.output, g.input) };
    let mut panels = vec![Line([0.0; LANES]); result.div_ceil(LANES) * taps * source];
    panels.par_chunks_mut((taps * source).max(1)).enumerate().for_each(|(panel, lines)| {
        let first = panel * LANES;
        let lanes = (result - first).min(LANES);
        for block in (0..source).step_by(BLOCK) {
            for lane in 0..lanes {
                for s in block..(block + BLOCK).min(source) {
                    let (output, channel) = if backwards { (s, first + lane) } else { (first + lane, s) };
                    let from = &weight[(output * input + channel) * taps..][..taps];
                    let scale = scale.get(output).copied().unwrap_or(1.0);
                    for (tap, value) in from.iter().enumerate() {
                        let tap = if backwards { taps - 1 - tap } else { tap };
                        lines[tap * source + s].0[lane] = scale * value;
                    }
                }
            }
        }
    });
    panels
}

/// Walks over all images, several at a time.
fn run(source: &[f32], panels: &[Line], groups: &[Group], sizes: [usize; 4], end: &End<'_>, level: Level) -> Vec<f32> {
    let [images, source_len, result_len, channels] = sizes;
    assert_eq!(source.len(), images * source_len, "source of a convolution");
    let panel_len = panels.len() / channels.div_ceil(LANES).max(1) * LANES;
    let block = block_of(images, source_len + result_len);
    assert!(end.shift.is_empty() || end.shift.len() == channels.next_multiple_of(LANES), "shift of a convolution");
    // SAFETY: the blocks cover all images, the groups all pixels of an image, the panels all channels.
    unsafe {
        filled(images * result_len, |result| {
            (0..images.div_ceil(block)).into_par_iter().for_each(|i| {
                let (first, last) = (i * block, ((i + 1) * block).min(images));
                let job = Job {
                    source: source.as_ptr().add(first * source_len),
                    result: Share::new(result.at(first * result_len)),
                    images: last - first,
                    source_len,
                    result_len,
                    channels,
                    panels: panels.as_ptr().cast(),
                    panel_len,
                    shift: end.shift,
                    shortcut: end.after.shortcut.map(|shortcut| &shortcut[first * result_len..last * result_len]),
                    relu: end.after.relu,
                };
                walk_block(level, &job, groups);
            });
        })
    }
}

/// How many images are worked on together: enough that rare pixels (corners) fill tiles, few enough for the cache.
fn block_of(images: usize, values: usize) -> usize {
    const TILE: usize = 12;
    const CACHE: usize = 48 << 10;
    let fit = (CACHE / values.max(1)).div_ceil(TILE).max(1) * TILE;
    // Enough blocks that threads end together.
    let share = images.div_ceil(4 * rayon::current_num_threads()).div_ceil(TILE).max(1) * TILE;
    fit.min(share)
}

/// One block of images.
struct Job<'a> {
    source: *const f32,
    result: Share,
    images: usize,
    source_len: usize,
    result_len: usize,
    channels: usize,
    panels: *const f32,
    panel_len: usize,
    shift: &'a [f32],
    /// Of these images.
    shortcut: Option<&'a [f32]>,
    relu: bool,
}

/// What is done with a panel of results before they go to memory.
#[derive(Clone, Copy)]
struct TileEnd {
    /// Sixteen values, or null.
    shift: *const f32,
    /// At the panel's first channel of the block's first pixel, or null.
    shortcut: *const f32,
    relu: bool,
    /// Channels in the panel.
    width: usize,
}

for_each_level! {
    /// Computes all results of a block of images.
    ///
    /// # Safety
    /// The job's sizes are those of its buffers, and the level is one that this machine has.
    fn walk_block(job: &Job<'_>, groups: &[Group]) = walk_block_with
}

#[inline(always)]
unsafe fn walk_block_with<S: Simd>(job: &Job<'_>, groups: &[Group]) {
    let mut pixels: Vec<(u32, u32)> = Vec::new();
    for group in groups {
        pixels.clear();
        for image in 0..job.images {
            let (source, result) = ((image * job.source_len) as u32, (image * job.result_len) as u32);
            pixels.extend(group.pixels.iter().map(|pixel| (pixel.0 + source, pixel.1 + result)));
        }
        let mut channel = 0;
        while channel < job.channels {
            // SAFETY: offsets of the group's pixels lie in the block; panels are as long as the segments say.
            unsafe {
                let panel = job.panels.add(channel / LANES * job.panel_len);
                let result = job.result.at(channel);
                let end = TileEnd {
                    shift: job.shift.get(channel).map_or(std::ptr::null(), std::ptr::from_ref),
                    shortcut: job.shortcut.map_or(std::ptr::null(), |shortcut| shortcut.as_ptr().add(channel)),
                    relu: job.relu,
                    width: (job.channels - channel).min(LANES),
                };
                let mut rest = pixels.as_slice();
                // A full tile is 12 rows on AVX-512 and 6 on AVX2.
                if S::TILE >= 12 {
                    rest = tiles::<S, 12>(rest, &group.segments, job.source, panel, result, end);
                }
                if S::TILE >= 6 {
                    rest = tiles::<S, 6>(rest, &group.segments, job.source, panel, result, end);
                }
                rest = tiles::<S, 2>(rest, &group.segments, job.source, panel, result, end);
                tiles::<S, 1>(rest, &group.segments, job.source, panel, result, end);
            }
            channel += LANES;
        }
    }
}

/// As many whole tiles of `M` pixels as there are; returns the pixels left over.
#[inline(always)]
unsafe fn tiles<'a, S: Simd, const M: usize>(
    pixels: &'a [(u32, u32)],
    segments: &[Segment],
    source: *const f32,
    panel: *const f32,
    result: *mut f32,
    end: TileEnd,
) -> &'a [(u32, u32)] {
    let (whole, rest) = pixels.as_chunks::<M>();
    for tile in whole {
        // SAFETY: the caller's promises about offsets and lengths.
        unsafe {
            let from: [*const f32; M] = std::array::from_fn(|i| source.add(tile[i].0 as usize));
            let mut sums = [S::zero(); M];
            for segment in segments {
                let mut weights = panel.add(segment.weight);
                for k in segment.source..segment.source + segment.len {
                    let row = S::load(weights);
                    for i in 0..M {
                        sums[i] = S::multiply_add(sums[i], from[i].add(k), row);
                    }
                    weights = weights.add(LANES);
                }
            }
            sums = finish::<S, M>(sums, tile, end);
            for i in 0..M {
                let to = result.add(tile[i].1 as usize);
                if end.width == LANES {
                    S::store(to, sums[i]);
                } else {
                    let mut lanes = [0.0; LANES];
                    S::store(lanes.as_mut_ptr(), sums[i]);
                    to.copy_from_nonoverlapping(lanes.as_ptr(), end.width);
                }
            }
        }
    }
    rest
}

/// Shift, shortcut and relu of a tile, as wanted.
#[inline(always)]
unsafe fn finish<S: Simd, const M: usize>(mut sums: [S::Row; M], tile: &[(u32, u32); M], end: TileEnd) -> [S::Row; M] {
    // SAFETY: what is not null has values for every result; a panel that is not full is read by its width.
    unsafe {
        if !end.shift.is_null() {
            let shift = S::load(end.shift);
            for i in 0..M {
                sums[i] = S::add(sums[i], shift);
            }
        }
        if !end.shortcut.is_null() {
            for i in 0..M {
                let from = end.shortcut.add(tile[i].1 as usize);
                let shortcut = if end.width == LANES {
                    S::load(from)
                } else {
                    let mut lanes = [0.0; LANES];
                    lanes.as_mut_ptr().copy_from_nonoverlapping(from, end.width);
                    S::load(lanes.as_ptr())
                };
                sums[i] = S::add(sums[i], shortcut);
            }
        }
        if end.relu {
            for i in 0..M {
                sums[i] = S::relu(sums[i]);
            }
        }
    }
    sums
}
