//! Large JPEGs at a half, a quarter or an eighth of their size, by libjpeg-turbo: most of their coefficients need not be
//! transformed then. Other fractions have no vector code there and take longer than the whole.

use image::{DynamicImage, GrayImage, RgbImage, metadata::Orientation};
use turbojpeg::{Colorspace, Decompressor, Image, PixelFormat, ScalingFactor};

use super::{Raw, channels};

/// A JPEG at the smallest of these sizes whose longer side is still twice `side` (as Pillow's `thumbnail` does, so that
/// what comes after decides how it looks), and the whole's (width, height) as shown. `None` for everything else,
/// damaged files among them: the usual decoder has the say about those.
pub(super) fn reduced(bytes: &[u8], side: u32) -> Option<(Raw, (usize, usize))> {
    if !super::is_jpeg(bytes) {
        return None;
    }
    let (width, height, _, orientation) = super::jpeg::header(bytes).ok()?;
    let longer = width.max(height);
    let divisor = [8, 4, 2].into_iter().find(|divisor| longer / divisor >= 2 * side)?;

    let mut turbo = Decompressor::new().ok()?;
    let scale = ScalingFactor::new(1, divisor as usize);
    let header = turbo.read_header(bytes).ok()?;
    let (channels, format) = match header.colorspace {
        Colorspace::Gray => (1, PixelFormat::GRAY),
        Colorspace::RGB | Colorspace::YCbCr => (3, PixelFormat::RGB),
        _ => return None,
    };
    let header = header.scaled(scale);
    turbo.set_scaling_factor(scale).ok()?;
    let pitch = channels * header.width;
    let mut pixels = vec![0; pitch * header.height];
    let image = Image { pixels: pixels.as_mut_slice(), width: header.width, pitch, height: header.height, format };
    // A warning about damaged data is an error here.
    turbo.decompress(bytes, image).ok()?;

    let (small_width, small_height) = (header.width as u32, header.height as u32);
    let mut image = match channels {
        1 => DynamicImage::ImageLuma8(GrayImage::from_raw(small_width, small_height, pixels)?),
        _ => DynamicImage::ImageRgb8(RgbImage::from_raw(small_width, small_height, pixels)?),
    };
    image.apply_orientation(orientation);
    let (width, height) = (width as usize, height as usize);
    let size = if super::is_turned(orientation) { (height, width) } else { (width, height) };
    Some((channels::from_image(image, false).ok()?, size))
}

#[cfg(test)]
mod tests {
    use image::codecs::jpeg::JpegEncoder;
    use image::{ExtendedColorType, ImageEncoder};

    use super::*;
    use crate::decode::{decode, read_to_shrink};
    use crate::reading::{Channels, Range};
    use crate::test_images::fixture;

    /// Waves, as a photograph's parts.
    fn jpeg(width: u32, height: u32, color: ExtendedColorType) -> Vec<u8> {
        let channels = u32::from(color.channel_count());
        let wave = |i: u32| {
            let (x, y, c) = ((i / channels % width) as f32, (i / channels / width) as f32, (i % channels) as f32);
            (128.0 + 90.0 * (0.02 * x + 0.013 * y * (c + 1.0)).sin()) as u8
        };
        let pixels: Vec<u8> = (0..width * height * channels).map(wave).collect();
        let mut bytes = Vec::new();
        JpegEncoder::new_with_quality(&mut bytes, 95).write_image(&pixels, width, height, color).unwrap();
        bytes
    }

    #[test]
    fn sizes_are_the_smallest_that_are_still_twice_what_is_wanted() {
        let bytes = jpeg(801, 600, ExtendedColorType::Rgb8);
        for (side, size) in [(50, (101, 75)), (51, (201, 150)), (100, (201, 150)), (200, (401, 300))] {
            let (pixels, whole) = reduced(&bytes, side).unwrap();
            assert_eq!(((pixels.width, pixels.height), whole), (size, (801, 600)), "{side}");
        }
        assert!(reduced(&bytes, 201).is_none());
    }

    #[test]
    fn a_reduced_picture_shows_the_mean_of_what_it_stands_for() {
        for color in [ExtendedColorType::Rgb8, ExtendedColorType::L8] {
            let bytes = jpeg(640, 480, color);
            let (small, ..) = read_to_shrink(&bytes, 160).unwrap();
            let whole = decode(&bytes, &Channels::Auto, &Range::Auto).unwrap();
            let channels = whole.channels;
            let (small_bytes, whole_bytes) = (small.values.bytes().unwrap(), whole.data.bytes().unwrap());
            assert_eq!((small.width, small.height, small.offered.channels), (320, 240, channels));
            let at = |x: usize, y: usize, c: usize| f32::from(whole_bytes[(y * 640 + x) * channels + c]);
            for (i, value) in small_bytes.iter().enumerate() {
                let (c, x, y) = (i % channels, i / channels % 320, i / channels / 320);
                let mean = (0..2).flat_map(|dy| (0..2).map(move |dx| at(2 * x + dx, 2 * y + dy, c))).sum::<f32>() / 4.0;
                assert!((f32::from(*value) - mean).abs() < 6.0, "{x} {y} {c}: {value} {mean}");
            }
        }
    }

    #[test]
    fn a_picture_lying_on_its_side_is_turned() {
        let bytes = fixture("exif6.jpg");
        let (pixels, whole) = reduced(&bytes, 12).unwrap();
        assert_eq!(((pixels.width, pixels.height), whole), ((16, 24), (32, 48)));
    }

    #[test]
    fn what_it_does_not_take_is_left_to_the_usual_decoder() {
        let bytes = jpeg(400, 300, ExtendedColorType::Rgb8);
        assert!(reduced(&bytes[..bytes.len() / 2], 20).is_none());
        assert!(read_to_shrink(&bytes[..bytes.len() / 2], 20).is_err());
        for name in ["cmyk.jpg", "palette.png"] {
            assert!(reduced(&fixture(name), 1).is_none(), "{name}");
            assert!(read_to_shrink(&fixture(name), 1).is_ok(), "{name}");
        }
    }
}
