//! The part of an image that a network sees: a random crop, or the middle.

use super::convert::to_planes;
use super::resample::{Span, resize_values};
use super::weigh::Sample;
use crate::pixels::{ImageRef, Shape};
use crate::values::ValuesRef;

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
    let across = Span { size: rect.width, low: 0.0, high: rect.width as f64 };
    let down = Span { size: rect.height, low: 0.0, high: rect.height as f64 };
    resize_values((image, start), (across, down), false, out, (shape.height, shape.width));
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
    let across = Span { size: image.width, low: x, high: (x + width).min(image.width as f64) };
    let down = Span { size: image.height, low: y, high: (y + height).min(image.height as f64) };
    resize_values((image, 0), (across, down), true, out, (shape.height, shape.width));
}

fn copy_rect(image: ImageRef<'_>, rect: Rect, out: &mut [f32]) {
    let size = (image.width, image.channels);
    match image.data {
        ValuesRef::Bytes(data) => copy_values(data, size, rect, out),
        ValuesRef::Words(data) => copy_values(data, size, rect, out),
        ValuesRef::Floats(data) => copy_values(data, size, rect, out),
    }
}

fn copy_values<T: Sample>(data: &[T], (width, channels): (usize, usize), rect: Rect, out: &mut [f32]) {
    let plane = rect.width * rect.height;
    for y in 0..rect.height {
        let row = &data[((rect.y + y) * width + rect.x) * channels..][..rect.width * channels];
        for channel in 0..channels {
            let out = &mut out[channel * plane + y * rect.width..][..rect.width];
            for (out, pixel) in out.iter_mut().zip(row.chunks_exact(channels)) {
                *out = pixel[channel].value() / T::WHITE;
            }
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::ops::{Kernel, resize};
    use crate::pixels::Planes;

    pub(crate) const WIDTH: usize = 11;
    pub(crate) const HEIGHT: usize = 9;

    pub(crate) fn bytes() -> Vec<u8> {
        (0..WIDTH * HEIGHT).map(|i| (i % WIDTH, i / WIDTH)).map(|(x, y)| (x * 37 + y * 61 + x * y * 13) as u8).collect()
    }

    pub(crate) fn assert_close(ours: &[f32], reference: &[f32]) {
        assert_eq!(ours.len(), reference.len());
        for (i, (a, b)) in ours.iter().zip(reference).enumerate() {
            assert!((a - b).abs() < 2e-6, "at {i}: {a}, reference {b}");
        }
    }

    // References: Pillow 13, images of mode F, so that nothing is rounded in between.

    #[test]
    fn a_crop_is_cut_first_and_resized_then() {
        let bytes = bytes();
        let image = ImageRef::new(&bytes, WIDTH, HEIGHT, 1).unwrap();
        let mut out = [0.0; 16];
        crop_resize(image, Rect { x: 2, y: 1, width: 7, height: 6 }, Shape::new(1, 4, 4), &mut out);
        // Image.crop((2, 1, 9, 7)).resize((4, 4), BILINEAR)
        let reference = [
            0.662_885, 0.328_490, 0.523_667, 0.575_303, 0.554_145, 0.584_941, 0.541_368, 0.412_387, 0.729_640,
            0.570_562, 0.399_233, 0.570_121, 0.595_005, 0.492_373, 0.438_686, 0.409_197,
        ];
        assert_close(&out, &reference);
    }

    #[test]
    fn the_center_view_keeps_the_short_side() {
        let bytes = bytes();
        let image = ImageRef::new(&bytes, WIDTH, HEIGHT, 1).unwrap();
        let mut out = [0.0; 16];
        center_view(image, Shape::new(1, 4, 4), &mut out);
        // Image.resize((4, 4), BILINEAR, box=(1, 0, 10, 9))
        let reference = [
            0.462_812, 0.450_718, 0.522_733, 0.513_367, 0.514_605, 0.562_609, 0.499_014, 0.469_230, 0.611_593,
            0.540_834, 0.460_340, 0.480_134, 0.435_160, 0.407_370, 0.427_407, 0.473_076,
        ];
        assert_close(&out, &reference);
        let mut out = [0.0; 24];
        center_view(image, Shape::new(1, 4, 6), &mut out);
        // Image.resize((6, 4), BILINEAR, box=(0, 5 / 6, 11, 9 - 5 / 6))
        let reference = [
            0.397_916, 0.589_647, 0.391_927, 0.551_124, 0.536_941, 0.614_028, 0.506_664, 0.523_061, 0.593_981,
            0.484_886, 0.420_373, 0.516_611, 0.530_931, 0.680_995, 0.535_179, 0.449_347, 0.528_264, 0.458_304,
            0.539_182, 0.449_725, 0.430_875, 0.416_987, 0.405_176, 0.545_546,
        ];
        assert_close(&out, &reference);
    }

    #[test]
    fn fitting_sizes_are_copied_exactly() {
        let bytes: Vec<u8> = bytes().iter().flat_map(|&v| [v, 255 - v, v / 2]).collect();
        let image = ImageRef::new(&bytes, WIDTH, HEIGHT, 3).unwrap();
        let shape = Shape::new(3, HEIGHT, WIDTH);
        let (mut view, mut crop) = (vec![0.0; shape.len()], vec![0.0; shape.len()]);
        center_view(image, shape, &mut view);
        crop_resize(image, Rect { x: 0, y: 0, width: WIDTH, height: HEIGHT }, shape, &mut crop);
        assert_eq!(view, Planes::from(image).data);
        assert_eq!(crop, view);
        let mut inner = [0.0; 6];
        crop_resize(image, Rect { x: 3, y: 4, width: 2, height: 1 }, Shape::new(3, 1, 2), &mut inner);
        let at = |channel: usize, x: usize| view[channel * WIDTH * HEIGHT + 4 * WIDTH + x];
        assert_eq!(inner, [at(0, 3), at(0, 4), at(1, 3), at(1, 4), at(2, 3), at(2, 4)]);
    }

    proptest! {
        #[test]
        fn bytes_and_planes_are_resized_alike(
            channels in 1..5_usize, size in (1..20_usize, 1..20_usize), out in (1..20_usize, 1..20_usize), seed: u64,
        ) {
            let mut rng = foretask_random::Key::new(seed).rng();
            let data: Vec<u8> = (0..channels * size.0 * size.1).map(|_| rng.below(256) as u8).collect();
            let image = ImageRef::new(&data, size.1, size.0, channels).unwrap();
            let shape = Shape::new(channels, out.0, out.1);
            let (mut direct, mut by_planes) = (vec![0.0; shape.len()], vec![0.0; shape.len()]);
            crop_resize(image, Rect { x: 0, y: 0, width: size.1, height: size.0 }, shape, &mut direct);
            resize(&Planes::from(image).data, size, Kernel::Bilinear, &mut by_planes, out);
            for (a, b) in direct.iter().zip(&by_planes) {
                prop_assert!((a - b).abs() < 1e-5);
            }
            // The same picture as words and as floats.
            let words: Vec<u16> = data.iter().map(|&value| u16::from(value) * 257).collect();
            let floats: Vec<f32> = data.iter().map(|&value| f32::from(value) / 255.0).collect();
            for values in [ValuesRef::from(words.as_slice()), ValuesRef::from(floats.as_slice())] {
                let image = ImageRef::new(values, size.1, size.0, channels).unwrap();
                let mut found = vec![0.0; shape.len()];
                crop_resize(image, Rect { x: 0, y: 0, width: size.1, height: size.0 }, shape, &mut found);
                for (a, b) in direct.iter().zip(&found) {
                    prop_assert!((a - b).abs() < 1e-5);
                }
            }
        }
    }
}
