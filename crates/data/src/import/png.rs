//! Raw pixels as PNG, as small as deflate makes them.

use image::{
    ExtendedColorType, ImageEncoder,
    codecs::png::{CompressionType, FilterType, PngEncoder},
};

use crate::decode::Pixels;

/// Up to this many bytes every filter is tried; larger pictures get one chosen per row.
const SMALL: usize = 64 * 64 * 3;

/// The PNG of gray or RGB pixels of 8 bits.
pub(super) fn encode(pixels: &Pixels<'_>) -> Result<Vec<u8>, String> {
    let data = pixels.data.bytes().filter(|_| matches!(pixels.channels, 1 | 3));
    let data = data.ok_or("pixels that PNG does not hold")?;
    let filters: &[FilterType] = if data.len() <= SMALL {
        &[
            FilterType::NoFilter,
            FilterType::Sub,
            FilterType::Up,
            FilterType::Avg,
            FilterType::Paeth,
            FilterType::Adaptive,
        ]
    } else {
        &[FilterType::Adaptive]
    };
    let color = if pixels.channels == 1 { ExtendedColorType::L8 } else { ExtendedColorType::Rgb8 };
    let mut best: Option<Vec<u8>> = None;
    for &filter in filters {
        let mut bytes = Vec::new();
        PngEncoder::new_with_quality(&mut bytes, CompressionType::Best, filter)
            .write_image(data, pixels.width as u32, pixels.height as u32, color)
            .map_err(|error| error.to_string())?;
        if best.as_ref().is_none_or(|best| bytes.len() < best.len()) {
            best = Some(bytes);
        }
    }
    best.ok_or_else(|| "no filter".to_owned())
}
