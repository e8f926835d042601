//! Crop and resize in one step: weighted sums of rows, then of columns, straight into planes.
//!
//! Rows are summed first, because that loop runs along memory for any channel count and converts the bytes on the way.
//! Eight finished rows are then transposed, so that the sums over columns run along memory as well.

use std::cell::Cell;

use super::convert::to_planes;
use super::kernel::{Kernel, Weights};
use crate::pixels::{ImageRef, Shape};
use crate::reuse;

/// Rows handled together in the pass over columns.
const LANES: usize = 8;

/// Sizes repeat from image to image (evaluation views, low resolutions), random crops do not: a few are remembered.
const REMEMBERED: usize = 16;

type Line = (Kernel, usize, u64, u64, usize);

#[derive(Default)]
struct Buffers {
    horizontal: Weights,
    vertical: Weights,
    rows: Vec<f32>,
    columns: Vec<f32>,
    remembered: Vec<(Line, Weights)>,
    next: usize,
}

thread_local! {
    static BUFFERS: Cell<Buffers> = Cell::default();
}

/// A sample of the source, converted on reading.
trait Sample: Copy {
    fn value(self) -> f32;
}

impl Sample for u8 {
    #[inline]
    fn value(self) -> f32 {
        f32::from(self)
    }
}

impl Sample for f32 {
    #[inline]
    fn value(self) -> f32 {
        self
    }
}

/// A window on interleaved rows.
#[derive(Clone, Copy)]
struct Window<'a, T> {
    data: &'a [T],
    /// Samples from one row to the next.
    stride: usize,
    channels: usize,
}

/// A rectangle of whole pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rect {
    /// Columns left of it.
    pub x: usize,
    /// Rows above it.
    pub y: usize,
    /// Columns in it.
    pub width: usize,
    /// Rows in it.
    pub height: usize,
}

/// Cuts `rect` out of `image` and resizes it to `shape` with anti-aliased bilinear weights: torchvision's
/// `resized_crop(…, antialias=True)`. Pixels outside the rectangle have no influence. `rect` lies inside the image,
/// `out` holds `shape.len()` samples in planes of 0..1, and the image has `shape.channels` channels.
pub fn crop_resize(image: ImageRef<'_>, rect: Rect, shape: Shape, out: &mut [f32]) {
    if (rect.width, rect.height) == (shape.width, shape.height) {
        return copy_rect(image, rect, out);
    }
    let start = (rect.y * image.width + rect.x) * image.channels;
    let window = Window { data: &image.data[start..], stride: image.width * image.channels, channels: image.channels };
    reuse::with(&BUFFERS, |buffers| {
        buffers.horizontal.fill(Kernel::Bilinear, rect.width, 0.0, rect.width as f64, shape.width);
        buffers.vertical.fill(Kernel::Bilinear, rect.height, 0.0, rect.height as f64, shape.height);
        let Buffers { horizontal, vertical, rows, columns, .. } = buffers;
        weigh(window, horizontal, vertical, 1.0 / 255.0, rows, columns, out);
    });
}

/// The evaluation view: the short side resized to fit and the middle cut out, in one step; pixel for pixel where the
/// size fits already. Same conditions on `out` as [`crop_resize`].
pub fn center_view(image: ImageRef<'_>, shape: Shape, out: &mut [f32]) {
    if (image.width, image.height) == (shape.width, shape.height) {
        return to_planes(image.data, image.channels, out);
    }
    let scale = (image.width as f64 / shape.width as f64).min(image.height as f64 / shape.height as f64);
    let (width, height) = (shape.width as f64 * scale, shape.height as f64 * scale);
    let (x, y) = (((image.width as f64 - width) / 2.0).max(0.0), ((image.height as f64 - height) / 2.0).max(0.0));
    let window = Window { data: image.data, stride: image.width * image.channels, channels: image.channels };
    reuse::with(&BUFFERS, |buffers| {
        let right = (x + width).min(image.width as f64);
        let bottom = (y + height).min(image.height as f64);
        buffers.remember((Kernel::Bilinear, image.width, x.to_bits(), right.to_bits(), shape.width), true);
        buffers.remember((Kernel::Bilinear, image.height, y.to_bits(), bottom.to_bits(), shape.height), false);
        let Buffers { horizontal, vertical, rows, columns, .. } = buffers;
        weigh(window, horizontal, vertical, 1.0 / 255.0, rows, columns, out);
    });
}

/// Resizes planes of `height * width` to planes of `out_height * out_width`, anti-aliased. Kernels that overshoot are
/// clamped to 0..1. Both buffers hold the same number of planes.
pub fn resize(
    source: &[f32],
    (height, width): (usize, usize),
    kernel: Kernel,
    out: &mut [f32],
    (out_height, out_width): (usize, usize),
) {
    if height * width == 0 || out_height * out_width == 0 {
        return;
    }
    reuse::with(&BUFFERS, |buffers| {
        let (right, bottom) = ((width as f64).to_bits(), (height as f64).to_bits());
        buffers.remember((kernel, width, 0, right, out_width), true);
        buffers.remember((kernel, height, 0, bottom, out_height), false);
        let Buffers { horizontal, vertical, rows, columns, .. } = buffers;
        let planes = source.chunks_exact(height * width).zip(out.chunks_exact_mut(out_height * out_width));
        for (source, out) in planes {
            let window = Window { data: source, stride: width, channels: 1 };
            weigh(window, horizontal, vertical, 1.0, rows, columns, out);
        }
    });
    if kernel.overshoots() {
        for value in out {
            *value = value.clamp(0.0, 1.0);
        }
    }
}

impl Buffers {
    /// Puts the weights of `line` in place, computed once.
    fn remember(&mut self, line: Line, horizontal: bool) {
        let target = if horizontal { &mut self.horizontal } else { &mut self.vertical };
        if let Some((_, known)) = self.remembered.iter().find(|(known, _)| *known == line) {
            target.clone_from(known);
            return;
        }
        let (kernel, size, low, high, out) = line;
        target.fill(kernel, size, f64::from_bits(low), f64::from_bits(high), out);
        if self.remembered.len() < REMEMBERED {
            self.remembered.push((line, target.clone()));
        } else {
            self.remembered[self.next] = (line, target.clone());
            self.next = (self.next + 1) % REMEMBERED;
        }
    }
}

fn copy_rect(image: ImageRef<'_>, rect: Rect, out: &mut [f32]) {
    let channels = image.channels;
    let plane = rect.width * rect.height;
    for y in 0..rect.height {
        let row = &image.data[((rect.y + y) * image.width + rect.x) * channels..][..rect.width * channels];
        for channel in 0..channels {
            let out = &mut out[channel * plane + y * rect.width..][..rect.width];
            for (out, pixel) in out.iter_mut().zip(row.chunks_exact(channels)) {
                *out = f32::from(pixel[channel]) / 255.0;
            }
        }
    }
}

fn weigh<T: Sample>(
    source: Window<'_, T>,
    horizontal: &Weights,
    vertical: &Weights,
    scale: f32,
    rows: &mut Vec<f32>,
    columns: &mut Vec<f32>,
    out: &mut [f32],
) {
    let (width, height, channels) = (horizontal.len(), vertical.len(), source.channels);
    let (first, end) = horizontal.used();
    let n = (end - first) * channels;
    rows.resize(n * LANES, 0.0);
    columns.resize(n * LANES, 0.0);
    let plane = width * height;
    for top in (0..height).step_by(LANES) {
        let lanes = LANES.min(height - top);
        for (lane, row) in rows.chunks_exact_mut(n).take(lanes).enumerate() {
            let (start, weights) = vertical.at(top + lane);
            let line = |k: usize| &source.data[(start + k) * source.stride + first * channels..][..n];
            weigh_rows(row, weights, scale, line);
        }
        for (lane, row) in rows.chunks_exact(n).enumerate() {
            for (column, &value) in columns.chunks_exact_mut(LANES).zip(row) {
                column[lane] = value;
            }
        }
        for x in 0..width {
            let (start, weights) = horizontal.at(x);
            for channel in 0..channels {
                let mut sums = [0.0_f32; LANES];
                let mut from = ((start - first) * channels + channel) * LANES;
                for &weight in weights {
                    let column = &columns[from..from + LANES];
                    for (sum, &value) in sums.iter_mut().zip(column) {
                        *sum += weight * value;
                    }
                    from += channels * LANES;
                }
                let out = &mut out[channel * plane + top * width..][..lanes * width];
                for (row, sum) in out.chunks_exact_mut(width).zip(sums) {
                    row[x] = sum;
                }
            }
        }
    }
}

/// The weighted sum of lines, two at a time to halve the traffic.
#[inline]
fn weigh_rows<'a, T: Sample + 'a>(out: &mut [f32], weights: &[f32], scale: f32, line: impl Fn(usize) -> &'a [T]) {
    let mut k = 0;
    if let [a, b, ..] = *weights {
        let (a, b) = (a * scale, b * scale);
        for ((out, first), second) in out.iter_mut().zip(line(0)).zip(line(1)) {
            *out = a * first.value() + b * second.value();
        }
        k = 2;
    } else if let [a] = *weights {
        let a = a * scale;
        for (out, first) in out.iter_mut().zip(line(0)) {
            *out = a * first.value();
        }
        k = 1;
    }
    while k + 1 < weights.len() {
        let (a, b) = (weights[k] * scale, weights[k + 1] * scale);
        for ((out, first), second) in out.iter_mut().zip(line(k)).zip(line(k + 1)) {
            *out += a * first.value() + b * second.value();
        }
        k += 2;
    }
    if k < weights.len() {
        let a = weights[k] * scale;
        for (out, first) in out.iter_mut().zip(line(k)) {
            *out += a * first.value();
        }
    }
}
