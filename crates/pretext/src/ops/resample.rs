//! Resizing: weighted sums of rows, then of columns, straight into planes ([`super::weigh`]).
//!
//! An own resampler because it takes any channel count and kernel, writes planes and rounds nothing in between.

use std::cell::Cell;

use super::kernel::{Kernel, Weights};
use super::weigh::{Sample, Window, weigh_bytes, weigh_floats, weigh_words};
use crate::pixels::ImageRef;
use crate::reuse;
use crate::values::ValuesRef;

/// Sizes repeat from image to image (evaluation views, low resolutions), random crops do not: a few are remembered.
const REMEMBERED: usize = 16;

type Line = (Kernel, usize, u64, u64, usize);

#[derive(Default)]
struct Buffers {
    horizontal: Weights,
    vertical: Weights,
    columns: Vec<f32>,
    remembered: Vec<(Line, Weights)>,
    next: usize,
}

thread_local! {
    static BUFFERS: Cell<Buffers> = Cell::default();
}

/// Resizes planes of `height * width` to planes of `out_height * out_width`, anti-aliased and clamped to 0..1. Both
/// buffers hold the same number of planes.
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
        let Buffers { horizontal, vertical, columns, .. } = buffers;
        let planes = source.chunks_exact(height * width).zip(out.chunks_exact_mut(out_height * out_width));
        for (source, out) in planes {
            let window = Window { data: source, stride: width, channels: 1 };
            weigh_floats(window, horizontal, vertical, columns, out);
        }
    });
}

/// Where a window of values is read from, along one side: the pixels `low..high` of `size`.
#[derive(Clone, Copy)]
pub(super) struct Span {
    pub(super) size: usize,
    pub(super) low: f64,
    pub(super) high: f64,
}

/// Resizes the spans of an image, counted from its value `start`, across and down, to planes of `out_height * out_width` in
/// 0..1, bilinear and anti-aliased. `repeats` says that other images will ask for the same spans.
pub(super) fn resize_values(
    (image, start): (ImageRef<'_>, usize),
    (across, down): (Span, Span),
    repeats: bool,
    out: &mut [f32],
    (out_height, out_width): (usize, usize),
) {
    reuse::with(&BUFFERS, |buffers| {
        if repeats {
            let line = |span: Span, out| (Kernel::Bilinear, span.size, span.low.to_bits(), span.high.to_bits(), out);
            buffers.remember(line(across, out_width), true);
            buffers.remember(line(down, out_height), false);
        } else {
            buffers.horizontal.fill(Kernel::Bilinear, across.size, across.low, across.high, out_width);
            buffers.vertical.fill(Kernel::Bilinear, down.size, down.low, down.high, out_height);
        }
        let Buffers { horizontal, vertical, columns, .. } = buffers;
        let (channels, stride) = (image.channels, image.width * image.channels);
        match image.data {
            ValuesRef::Bytes(data) => {
                vertical.scale(1.0 / u8::WHITE);
                weigh_bytes(Window { data: &data[start..], stride, channels }, horizontal, vertical, columns, out);
            }
            ValuesRef::Words(data) => {
                vertical.scale(1.0 / u16::WHITE);
                weigh_words(Window { data: &data[start..], stride, channels }, horizontal, vertical, columns, out);
            }
            ValuesRef::Floats(data) => {
                weigh_floats(Window { data: &data[start..], stride, channels }, horizontal, vertical, columns, out);
            }
        }
    });
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::ops::view::tests::{HEIGHT, WIDTH, assert_close, bytes};
    use crate::pixels::ImageRef;
    use crate::pixels::Planes;

    // References: Pillow 13, images of mode F, so that nothing is rounded in between; overshoots clamped.

    #[test]
    fn shrinking_is_pillows() {
        let image = ImageRef::new(&bytes(), WIDTH, HEIGHT, 1).map(Planes::from).unwrap();
        for (kernel, reference) in [
            (
                Kernel::Box,
                [
                    0.435_294, 0.465_795, 0.509_804, 0.553_813, 0.525_054, 0.568_192, 0.548_366, 0.416_993, 0.503_268,
                    0.447_495, 0.419_608, 0.503_268,
                ],
            ),
            (
                Kernel::Bilinear,
                [
                    0.424_909, 0.490_245, 0.506_095, 0.548_657, 0.551_973, 0.578_032, 0.473_704, 0.466_505, 0.505_519,
                    0.438_775, 0.442_010, 0.502_614,
                ],
            ),
            (
                Kernel::Bicubic,
                [
                    0.415_078, 0.498_121, 0.504_275, 0.541_997, 0.561_497, 0.590_945, 0.470_145, 0.469_255, 0.517_754,
                    0.426_249, 0.432_722, 0.509_877,
                ],
            ),
            (
                Kernel::Lanczos,
                [
                    0.404_190, 0.508_526, 0.498_150, 0.535_517, 0.582_044, 0.594_950, 0.461_632, 0.482_552, 0.519_886,
                    0.420_234, 0.428_171, 0.510_435,
                ],
            ),
        ] {
            let mut out = [0.0; 12];
            resize(&image.data, (HEIGHT, WIDTH), kernel, &mut out, (3, 4));
            assert_close(&out, &reference);
        }
    }

    #[test]
    fn enlarging_is_pillows() {
        let image = ImageRef::new(&bytes(), WIDTH, HEIGHT, 1).map(Planes::from).unwrap();
        for (kernel, reference) in [
            (Kernel::Box, [0.000_000, 0.447_059, 0.200_000, 0.301_961, 0.866_667]),
            (Kernel::Bilinear, [0.000_000, 0.447_059, 0.353_932, 0.464_006, 0.721_709]),
            (Kernel::Bicubic, [0.000_000, 0.472_174, 0.263_973, 0.397_122, 0.797_580]),
            (Kernel::Lanczos, [0.000_000, 0.501_881, 0.187_293, 0.317_303, 0.840_449]),
        ] {
            let mut out = [0.0; 13 * 14];
            resize(&image.data, (HEIGHT, WIDTH), kernel, &mut out, (13, 14));
            let some = [(0, 0), (0, 13), (5, 7), (6, 2), (12, 12)].map(|(y, x)| out[y * 14 + x]);
            assert_close(&some, &reference);
        }
    }

    proptest! {
        #[test]
        fn an_even_image_stays_even(
            kernel in prop::sample::select(Kernel::ALL.to_vec()), value in 0.0..=1.0_f32,
            size in (1..40_usize, 1..40_usize), out in (1..40_usize, 1..40_usize),
        ) {
            let mut resized = vec![-1.0; 2 * out.0 * out.1];
            resize(&vec![value; 2 * size.0 * size.1], size, kernel, &mut resized, out);
            prop_assert!(resized.iter().all(|v| (v - value).abs() < 1e-5));
        }
    }
}
