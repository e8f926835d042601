//! From any pixel type to grey or RGB bytes.

use std::borrow::Cow;

use image::DynamicImage;

use super::Pixels;

/// Every decoded image as 1 or 3 channels of 8 bits, whichever its own kind is.
pub(super) fn from_image(image: DynamicImage) -> Result<Pixels<'static>, String> {
    let (width, height) = (image.width() as usize, image.height() as usize);
    let (channels, data) = match image {
        DynamicImage::ImageLuma8(image) => (1, image.into_raw()),
        DynamicImage::ImageLumaA8(image) => (1, onto_white::<2>(image.as_raw())),
        DynamicImage::ImageRgb8(image) => (3, image.into_raw()),
        DynamicImage::ImageRgba8(image) => (3, onto_white::<4>(image.as_raw())),
        DynamicImage::ImageLuma16(image) => (1, to_8_bits(image.as_raw())),
        DynamicImage::ImageLumaA16(image) => (1, onto_white::<2>(&to_8_bits(image.as_raw()))),
        DynamicImage::ImageRgb16(image) => (3, to_8_bits(image.as_raw())),
        DynamicImage::ImageRgba16(image) => (3, onto_white::<4>(&to_8_bits(image.as_raw()))),
        DynamicImage::ImageRgb32F(image) => (3, float_to_8_bits(image.as_raw())),
        DynamicImage::ImageRgba32F(image) => (3, onto_white::<4>(&float_to_8_bits(image.as_raw()))),
        other => return Err(format!("pixels of the type {:?} are not supported", other.color())),
    };
    Ok(Pixels { width, height, channels, data: Cow::Owned(data) })
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

/// `round(value * 255 / 65535)`, that is `value / 257` rounded.
fn to_8_bits(values: &[u16]) -> Vec<u8> {
    values.iter().map(|&value| ((u32::from(value) + 128) / 257) as u8).collect()
}

fn float_to_8_bits(values: &[f32]) -> Vec<u8> {
    // `as` saturates and turns NaN into 0.
    values.iter().map(|value| (value * 255.0).round() as u8).collect()
}

/// Lays pixels of `N - 1` colours and alpha onto white.
fn onto_white<const N: usize>(data: &[u8]) -> Vec<u8> {
    let (pixels, _) = data.as_chunks::<N>();
    let mut out = Vec::with_capacity(pixels.len() * (N - 1));
    for pixel in pixels {
        let alpha = u32::from(pixel[N - 1]);
        out.extend(pixel[..N - 1].iter().map(|&value| {
            let sum = u32::from(value) * alpha + 255 * (255 - alpha);
            ((sum + 127) / 255) as u8
        }));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sixteen_bits_round_to_the_nearest_of_eight() {
        for value in 0..=u16::MAX {
            let exact = (f64::from(value) * 255.0 / 65535.0).round() as u8;
            assert_eq!(to_8_bits(&[value]), [exact], "{value}");
        }
    }

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
        assert_eq!(onto_white::<4>(&[10, 20, 30, 0]), [255, 255, 255]);
        assert_eq!(onto_white::<4>(&[10, 20, 30, 255]), [10, 20, 30]);
        // 0 at alpha 51 of 255 is a fifth of black on white: 204.
        assert_eq!(onto_white::<2>(&[0, 51]), [204]);
    }

    #[test]
    fn floats_are_clamped() {
        assert_eq!(float_to_8_bits(&[-1.0, 0.0, 0.5, 1.0, 7.0, f32::NAN]), [0, 0, 128, 255, 255, 0]);
    }
}
