//! Smaller copies of photographs.

use image::{
    DynamicImage, ExtendedColorType, GrayImage, ImageEncoder, RgbImage, codecs::jpeg::JpegEncoder, imageops::FilterType,
};

use super::png;
use crate::decode::Pixels;

/// The picture, which is (width, height) large but may have been decoded smaller, with its longer side cut to `side` pixels,
/// encoded as JPEG where `bytes` were lossy, else as PNG; and what will be decoded from it.
pub(super) fn shrink(
    bytes: &[u8],
    pixels: Pixels<'static>,
    (width, height): (usize, usize),
    side: u32,
    quality: u8,
) -> Result<(Vec<u8>, Pixels<'static>), String> {
    let scaled = |length: usize| {
        let longer = width.max(height) as u64;
        ((length as u64 * u64::from(side) + longer / 2) / longer).max(1) as u32
    };
    let (width, height) = (scaled(width), scaled(height));
    let decoded = (pixels.width as u32, pixels.height as u32);
    let data = pixels.data.into_owned();
    let wrong = || "pixels of an unexpected size".to_owned();
    let image = match pixels.channels {
        1 => DynamicImage::ImageLuma8(GrayImage::from_raw(decoded.0, decoded.1, data).ok_or_else(wrong)?),
        _ => DynamicImage::ImageRgb8(RgbImage::from_raw(decoded.0, decoded.1, data).ok_or_else(wrong)?),
    };
    // As Pillow's `thumbnail` does by default, but sharper: bicubic rings less than Lanczos at edges.
    let small = image.resize_exact(width, height, FilterType::CatmullRom);
    let (width, height, channels) = (small.width(), small.height(), pixels.channels);
    let data = small.into_bytes();
    let small = Pixels { width: width as usize, height: height as usize, channels, data: data.into() };
    if !is_lossy(bytes) {
        return Ok((png::encode(&small)?, small));
    }
    let color = if channels == 1 { ExtendedColorType::L8 } else { ExtendedColorType::Rgb8 };
    let mut encoded = Vec::new();
    JpegEncoder::new_with_quality(&mut encoded, quality)
        .write_image(&small.data, width, height, color)
        .map_err(|error| error.to_string())?;
    let decoded = crate::decode::decode(&encoded, None)?;
    Ok((encoded, decoded))
}

/// JPEG, or WebP, most of which is.
fn is_lossy(bytes: &[u8]) -> bool {
    bytes.starts_with(&[0xFF, 0xD8]) || bytes.starts_with(b"RIFF")
}
