//! From any pixel type to grey or RGB bytes.

use std::borrow::Cow;

use image::DynamicImage;

use super::{Notes, Pixels, depth};

/// Every decoded image as 1 or 3 channels of 8 bits, whichever its own kind is.
pub(super) fn from_image(image: DynamicImage) -> Result<(Pixels<'static>, Notes), String> {
    let (width, height) = (image.width() as usize, image.height() as usize);
    let mut notes = Notes::default();
    // `colors` of the values of a pixel are colors, of `of_pixel` in all.
    let mut words = |values: &[u16], colors: usize, of_pixel: usize| {
        let largest = values.chunks_exact(of_pixel).flat_map(|pixel| &pixel[..colors]).max();
        let (white, said) = depth::white_of_words(largest.copied().map_or(0, u32::from), 65535);
        notes = said;
        depth::words(values, white)
    };
    let (channels, data) = match image {
        DynamicImage::ImageLuma8(image) => (1, image.into_raw()),
        DynamicImage::ImageLumaA8(image) => (1, lay_onto_white::<2>(image.as_raw(), false)),
        DynamicImage::ImageRgb8(image) => (3, image.into_raw()),
        DynamicImage::ImageRgba8(image) => (3, lay_onto_white::<4>(image.as_raw(), false)),
        DynamicImage::ImageLuma16(image) => (1, words(image.as_raw(), 1, 1)),
        DynamicImage::ImageLumaA16(image) => (1, lay_onto_white::<2>(&words(image.as_raw(), 1, 2), false)),
        DynamicImage::ImageRgb16(image) => (3, words(image.as_raw(), 3, 3)),
        DynamicImage::ImageRgba16(image) => (3, lay_onto_white::<4>(&words(image.as_raw(), 3, 4), false)),
        other => return Err(format!("pixels of the type {:?} are not supported", other.color())),
    };
    Ok((Pixels { width, height, channels, data: Cow::Owned(data) }, notes))
}

/// See [`Pixels::with_channels`].
pub(super) fn convert(pixels: Pixels<'_>, channels: u8) -> Pixels<'_> {
    let data: Vec<u8> = match (pixels.channels, channels) {
        (1, 3) => pixels.data.iter().flat_map(|&grey| [grey; 3]).collect(),
        (3, 1) => pixels.data.as_chunks::<3>().0.iter().map(|&pixel| luma(pixel)).collect(),
        _ => return pixels,
    };
    Pixels { channels: usize::from(channels), data: Cow::Owned(data), ..pixels }
}

/// ITU-R BT.601 luma in the 16-bit fixed point of Pillow's `convert("L")`.
fn luma([red, green, blue]: [u8; 3]) -> u8 {
    ((u32::from(red) * 19595 + u32::from(green) * 38470 + u32::from(blue) * 7471 + 0x8000) >> 16) as u8
}

/// Lays pixels of `N - 1` colors and alpha onto white; `multiplied` where the colors have been multiplied by it already.
pub(super) fn lay_onto_white<const N: usize>(data: &[u8], multiplied: bool) -> Vec<u8> {
    let (pixels, _) = data.as_chunks::<N>();
    let mut out = Vec::with_capacity(pixels.len() * (N - 1));
    for pixel in pixels {
        let alpha = u32::from(pixel[N - 1]);
        out.extend(pixel[..N - 1].iter().map(|&value| {
            let value = u32::from(value);
            if multiplied {
                return (value + 255 - alpha).min(255) as u8;
            }
            ((value * alpha + 255 * (255 - alpha) + 127) / 255) as u8
        }));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn luma_is_that_of_pillow() {
        // Image.new("RGB", (1, 1), c).convert("L").getpixel((0, 0)) of Pillow.
        let pillow = [([255, 0, 0], 76), ([0, 255, 0], 150), ([0, 0, 255], 29), ([10, 200, 90], 131), ([255; 3], 255)];
        for (rgb, grey) in pillow {
            assert_eq!(luma(rgb), grey, "{rgb:?}");
        }
    }

    #[test]
    fn transparency_shows_white_paper() {
        assert_eq!(lay_onto_white::<4>(&[10, 20, 30, 0], false), [255, 255, 255]);
        assert_eq!(lay_onto_white::<4>(&[10, 20, 30, 255], false), [10, 20, 30]);
        // 0 at alpha 51 of 255 is a fifth of black on white: 204.
        assert_eq!(lay_onto_white::<2>(&[0, 51], false), [204]);
        // The same, of a color that is a fifth already.
        assert_eq!(lay_onto_white::<2>(&[20, 51], true), [224]);
    }
}
