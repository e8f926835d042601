//! Convolution and its gradient with respect to the input.
//!
//! Both are one walk: every result pixel is a sum over taps of (source pixel's channels) x (a small matrix). Channels
//! last, the source channels of neighboring taps lie side by side, so a tile of pixels times sixteen result channels is
//! held in registers while the walk runs over them; nothing is copied or padded beforehand. Pixels at borders see fewer
//! taps; pixels with equal taps are worked on together, across images, so that no work is spent on padding.

use super::Geometry;
use super::geometry::{Group, Segment, Walk, groups};
use super::norm::After;
use super::relu::Activation;
use super::share::{Buffer, Share};
use super::simd::{LANES, Simd, activated, for_each_level};
use super::thread_team::ThreadTeam;

/// Pixels of the largest tile.
const TILE: usize = 12;

/// Sixteen values on a cache line of their own.
#[repr(C, align(64))]
#[derive(Clone, Copy)]
pub(crate) struct Line([f32; LANES]);

/// `[n, h, w, input]` and `[output, input, kh, kw]` to `[n, out_h, out_w, output]`.
pub(crate) fn forward<B: Buffer>(x: &[f32], weight: &[f32], geometry: &Geometry, team: ThreadTeam) -> B {
    forward_with(x, &pack(weight, geometry, false, &[], team), geometry, &End::NONE, team)
}

/// What follows a convolution: `y * scale + shift` a channel, then more.
#[derive(Clone, Copy)]
pub(crate) struct Affine<'a> {
    pub(crate) scale: &'a [f32],
    pub(crate) shift: &'a [f32],
    pub(crate) after: After<'a>,
}

/// [`forward`], then what follows: a convolution and its norm in one pass over the
/// activations. The scale goes into the weights, the rest is done while results are in registers.
pub(crate) fn forward_affine<B: Buffer>(
    x: &[f32],
    weight: &[f32],
    affine: Affine<'_>,
    geometry: &Geometry,
    team: ThreadTeam,
) -> B {
    let Affine { scale, shift, after } = affine;
    let mut padded = shift.to_vec();
    padded.resize(geometry.output.next_multiple_of(LANES), 0.0);
    if let Some(shortcut) = after.shortcut {
        assert_eq!(shortcut.len(), geometry.images * geometry.out_len(), "shortcut around a convolution");
    }
    forward_with(x, &pack(weight, geometry, false, scale, team), geometry, &End { shift: &padded, after }, team)
}

fn forward_with<B: Buffer>(x: &[f32], panels: &[Line], geometry: &Geometry, end: &End<'_>, team: ThreadTeam) -> B {
    let g = geometry;
    let walk = Walk::forward(g);
    let (images, source_len, result_len) = (g.images, g.in_len(), g.out_len());
    walked(x, &Pass { panels, walk: &walk, images, source_len, result_len, end }, team)
}

/// The gradient of the input: `[n, out_h, out_w, output]` and `[output, input, kh, kw]` to `[n, h, w, input]`.
pub(crate) fn input_gradient<B: Buffer>(grad: &[f32], weight: &[f32], geometry: &Geometry, team: ThreadTeam) -> B {
    let g = geometry;
    let walk = Walk::backward(g);
    let panels = &pack(weight, g, true, &[], team);
    let (images, source_len, result_len) = (g.images, g.out_len(), g.in_len());
    walked(grad, &Pass { panels, walk: &walk, images, source_len, result_len, end: &End::NONE }, team)
}

/// What is done with a result before it goes to memory.
struct End<'a> {
    /// Added a channel, zeros behind the last one up to whole panels; empty for none.
    shift: &'a [f32],
    after: After<'a>,
}

impl End<'_> {
    /// Nothing.
    const NONE: Self = Self { shift: &[], after: After { shortcut: None, activation: Activation::None } };
}

/// Weights in panels of sixteen result channels: `[panel][tap][source channel][16]`, zeros behind the last channel.
/// Those of output channel `o` are multiplied by `scale[o]`, unless that is empty.
///
/// Backwards, input channels are the result, output channels the source, and taps run the other way.
fn pack(weight: &[f32], g: &Geometry, backwards: bool, scale: &[f32], team: ThreadTeam) -> Vec<Line> {
    /// Source channels at a time, so that the lines written to stay in the nearest cache.
    const BLOCK: usize = 16;
    let (taps, input) = (g.taps(), g.input);
    let (result, source) = if backwards { (g.input, g.output) } else { (g.output, g.input) };
    let mut panels = vec![Line([0.0; LANES]); result.div_ceil(LANES) * taps * source];
    team.parts(&mut panels, taps * source, |panel, lines| {
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

/// A convolution in one direction.
struct Pass<'a> {
    panels: &'a [Line],
    walk: &'a Walk<'a>,
    images: usize,
    /// Values of an image's source.
    source_len: usize,
    /// Values of an image's result.
    result_len: usize,
    end: &'a End<'a>,
}

/// Walks over all images, several at a time.
fn walked<B: Buffer>(source: &[f32], pass: &Pass<'_>, team: ThreadTeam) -> B {
    let Pass { panels, walk, images, source_len, result_len, end } = *pass;
    let channels = walk.result_channels;
    let run = run_of(walk.source_channels);
    let groups = &groups(walk, LANES);
    assert_eq!(source.len(), images * source_len, "source of a convolution");
    let panel_len = panels.len() / channels.div_ceil(LANES).max(1) * LANES;
    let block = block_of(images, result_len / channels.max(1), source_len + result_len);
    assert!(end.shift.is_empty() || end.shift.len() == channels.next_multiple_of(LANES), "shift of a convolution");
    // SAFETY: the blocks cover all images, the groups all pixels of an image, the panels all channels.
    unsafe {
        B::filled(images * result_len, |result| {
            team.each(images.div_ceil(block), |i| {
                let (first, last) = (i * block, ((i + 1) * block).min(images));
                let job = Job {
                    source: source[first * source_len..last * source_len].as_ptr(),
                    result: Share::new(result.at(first * result_len)),
                    images: last - first,
                    source_len,
                    result_len,
                    channels,
                    run,
                    panels: panels.as_ptr().cast(),
                    panel_len,
                    shift: end.shift,
                    shortcut: end.after.shortcut.map(|shortcut| &shortcut[first * result_len..last * result_len]),
                    activation: end.after.activation,
                };
                walk_block(team.level, &job, groups);
            });
        })
    }
}

/// How many images are worked on together: enough that rare pixels (corners) fill tiles where they matter, few enough for
/// the cache.
fn block_of(images: usize, pixels: usize, values: usize) -> usize {
    const CACHE: usize = 48 << 10;
    // In large maps corners are few, and edges fill tiles by themselves.
    let unit = (64 * TILE).div_ceil(pixels.max(1)).min(TILE);
    let fit = (CACHE / values.max(1)).div_ceil(unit).max(1) * unit;
    // Enough blocks that threads end together.
    let share = images.div_ceil(4 * rayon::current_num_threads()).div_ceil(unit).max(1) * unit;
    fit.min(share)
}

/// Pixels that all panels of channels go over before the next ones are looked at, in whole tiles: what they see stays in the
/// second-level cache, and the panels are read often enough to be worth it.
fn run_of(source_channels: usize) -> usize {
    const CACHE: usize = 64 << 10;
    const LEAST: usize = 16 * TILE;
    (CACHE / source_channels.max(1) / TILE * TILE).max(LEAST)
}

/// One block of images.
struct Job<'a> {
    source: *const f32,
    result: Share,
    images: usize,
    source_len: usize,
    result_len: usize,
    channels: usize,
    /// Pixels at a time.
    run: usize,
    panels: *const f32,
    panel_len: usize,
    shift: &'a [f32],
    /// Of these images.
    shortcut: Option<&'a [f32]>,
    activation: Activation,
}

/// What is done with a panel of results before they go to memory.
#[derive(Clone, Copy)]
struct TileEnd {
    /// Sixteen values, or null.
    shift: *const f32,
    /// At the panel's first channel of the block's first pixel, or null.
    shortcut: *const f32,
    activation: Activation,
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
        for (pixels, channel) in runs(&pixels, job) {
            // SAFETY: offsets of the group's pixels lie in the block; panels are as long as the segments say.
            unsafe {
                let end = TileEnd {
                    shift: job.shift.get(channel).map_or(std::ptr::null(), std::ptr::from_ref),
                    shortcut: job.shortcut.map_or(std::ptr::null(), |shortcut| shortcut.as_ptr().add(channel)),
                    activation: job.activation,
                    width: (job.channels - channel).min(LANES),
                };
                let panel = Panel {
                    segments: &group.segments,
                    source: job.source,
                    weights: job.panels.add(channel / LANES * job.panel_len),
                    result: job.result.at(channel),
                    end,
                };
                let mut rest = pixels;
                // A full tile is 12 rows on AVX-512 and 6 on AVX2.
                if S::TILE >= 12 {
                    rest = tiles::<S, 12>(rest, panel);
                }
                if S::TILE >= 6 {
                    rest = tiles::<S, 6>(rest, panel);
                }
                rest = tiles::<S, 2>(rest, panel);
                tiles::<S, 1>(rest, panel);
            }
        }
    }
}

/// Runs of pixels, each with the first channel of every panel.
#[inline(always)]
fn runs<'a>(pixels: &'a [(u32, u32)], job: &Job<'_>) -> impl Iterator<Item = (&'a [(u32, u32)], usize)> {
    let channels = job.channels;
    pixels.chunks(job.run).flat_map(move |run| (0..channels).step_by(LANES).map(move |channel| (run, channel)))
}

/// Sixteen result channels of a block, and what they are made of.
#[derive(Clone, Copy)]
struct Panel<'a> {
    segments: &'a [Segment],
    /// The block's first pixel.
    source: *const f32,
    /// The panel's first weight.
    weights: *const f32,
    /// The panel's first channel of the block's first pixel.
    result: *mut f32,
    end: TileEnd,
}

/// As many whole tiles of `M` pixels as there are; returns the pixels left over.
#[inline(always)]
unsafe fn tiles<'a, S: Simd, const M: usize>(pixels: &'a [(u32, u32)], panel: Panel<'_>) -> &'a [(u32, u32)] {
    let Panel { segments, source, result, end, .. } = panel;
    let (whole, rest) = pixels.as_chunks::<M>();
    for tile in whole {
        // SAFETY: the caller's promises about offsets and lengths.
        unsafe {
            let from: [*const f32; M] = std::array::from_fn(|i| source.add(tile[i].0 as usize));
            let mut sums = [S::zero(); M];
            for segment in segments {
                let mut weights = panel.weights.add(segment.weight);
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

/// Shift, shortcut and activation of a tile, as wanted.
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
        for sum in &mut sums {
            *sum = activated::<S>(*sum, end.activation);
        }
    }
    sums
}
