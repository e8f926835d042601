//! From the pixel types of decoders to values, with transparency laid onto white.

use image::DynamicImage;

use super::{
    depth,
    raw::{Offered, Raw},
};

/// Every decoded image as gray or color of 8 or 16 bits, whichever its own kind is. Transparency is laid onto white, unless it
/// is to be kept as a channel.
pub(super) fn from_image(image: DynamicImage, keep_alpha: bool) -> Result<Raw, String> {
    let (width, height) = (image.width() as usize, image.height() as usize);
    let bytes = |offered: Offered, values: Vec<u8>| Raw::bytes(width, height, offered, values);
    let words = |offered: Offered, values: Vec<u16>| Raw {
        values: values.into(),
        full: 65535,
        ..Raw::bytes(width, height, offered, Vec::new())
    };
    let (gray, rgb) = (Offered::gray, Offered::rgb);
    Ok(match image {
        DynamicImage::ImageLuma8(image) => bytes(gray(), image.into_raw()),
        DynamicImage::ImageRgb8(image) => bytes(rgb(), image.into_raw()),
        DynamicImage::ImageLuma16(image) => words(gray(), image.into_raw()),
        DynamicImage::ImageRgb16(image) => words(rgb(), image.into_raw()),
        DynamicImage::ImageLumaA8(image) if keep_alpha => bytes(gray().with_alpha(), image.into_raw()),
        DynamicImage::ImageRgba8(image) if keep_alpha => bytes(rgb().with_alpha(), image.into_raw()),
        DynamicImage::ImageLumaA16(image) if keep_alpha => words(gray().with_alpha(), image.into_raw()),
        DynamicImage::ImageRgba16(image) if keep_alpha => words(rgb().with_alpha(), image.into_raw()),
        DynamicImage::ImageLumaA8(image) => bytes(gray(), lay_onto_white::<2>(image.as_raw(), false)),
        DynamicImage::ImageRgba8(image) => bytes(rgb(), lay_onto_white::<4>(image.as_raw(), false)),
        DynamicImage::ImageLumaA16(image) => {
            let white = white_of::<2>(image.as_raw());
            words(gray(), lay_words_onto::<2>(white, image.as_raw(), false))
        }
        DynamicImage::ImageRgba16(image) => {
            let white = white_of::<4>(image.as_raw());
            words(rgb(), lay_words_onto::<4>(white, image.as_raw(), false))
        }
        other => return Err(format!("pixels of the type {:?} are not supported", other.color())),
    })
}

/// The white of pixels of `N - 1` colors and alpha.
pub(super) fn white_of<const N: usize>(data: &[u16]) -> u32 {
    let largest = data.as_chunks::<N>().0.iter().flat_map(|pixel| &pixel[..N - 1]).max();
    depth::white_of_words(largest.copied().map_or(0, u32::from), 65535).0
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

/// The same of words, whose white is `white`.
pub(super) fn lay_words_onto<const N: usize>(white: u32, data: &[u16], multiplied: bool) -> Vec<u16> {
    let (pixels, _) = data.as_chunks::<N>();
    let white = u64::from(white.max(1));
    let mut out = Vec::with_capacity(pixels.len() * (N - 1));
    for pixel in pixels {
        let alpha = u64::from(pixel[N - 1]).min(white);
        out.extend(pixel[..N - 1].iter().map(|&value| {
            let value = u64::from(value);
            if multiplied {
                return (value + white - alpha).min(white) as u16;
            }
            ((value * alpha + white * (white - alpha) + white / 2) / white) as u16
        }));
    }
    out
}

/// The same of floats.
pub(super) fn lay_floats_onto<const N: usize>(white: f32, data: &[f32], multiplied: bool) -> Vec<f32> {
    let (pixels, _) = data.as_chunks::<N>();
    let mut out = Vec::with_capacity(pixels.len() * (N - 1));
    for pixel in pixels {
        let alpha = (pixel[N - 1] / white).clamp(0.0, 1.0);
        let paper = white * (1.0 - alpha);
        out.extend(pixel[..N - 1].iter().map(|&value| if multiplied { value + paper } else { value * alpha + paper }));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transparency_shows_white_paper() {
        assert_eq!(lay_onto_white::<4>(&[10, 20, 30, 0], false), [255, 255, 255]);
        assert_eq!(lay_onto_white::<4>(&[10, 20, 30, 255], false), [10, 20, 30]);
        // 0 at alpha 51 of 255 is a fifth of black on white: 204.
        assert_eq!(lay_onto_white::<2>(&[0, 51], false), [204]);
        // The same, of a color that is a fifth already.
        assert_eq!(lay_onto_white::<2>(&[20, 51], true), [224]);
        // Words and floats: 4 fifths of white.
        assert_eq!(lay_words_onto::<2>(4095, &[0, 819, 4095, 65535], false), [3276, 4095]);
        assert_eq!(lay_words_onto::<2>(65535, &[10000, 13107], true), [62428]);
        let floats = lay_floats_onto::<2>(1.0, &[0.0, 0.2, 0.5, 1.0], false);
        assert!((floats[0] - 0.8).abs() < 1e-6 && (floats[1] - 0.5).abs() < 1e-6, "{floats:?}");
    }
}
