//! Smaller copies of photographs.

use image::{
    DynamicImage, ExtendedColorType, GrayImage, ImageBuffer, ImageEncoder, Luma, Pixel, Primitive, RgbImage,
    codecs::jpeg::JpegEncoder,
    imageops::{self, FilterType},
};

use super::{png, tiff};
use crate::{
    decode::{Depth, Pixels, Raw, Values, pixels, read, woven},
    reading::{Channels, Range},
};

/// The picture, which is (width, height) large but may have been decoded smaller, with its longer side cut to `side` pixels,
/// encoded as JPEG where `bytes` were lossy, else as PNG, or as TIFF where it has more than 8 bits or is neither gray nor
/// color; and what will be decoded from it.
pub(super) fn shrink(
    bytes: &[u8],
    raw: Raw,
    (width, height): (usize, usize),
    side: u32,
    quality: u8,
) -> Result<(Vec<u8>, Raw), String> {
    let scaled = |length: usize| {
        let longer = width.max(height) as u64;
        ((length as u64 * u64::from(side) + longer / 2) / longer).max(1) as u32
    };
    let (width, height) = (scaled(width), scaled(height));
    let raw = as_its_window_shows(raw)?;
    let channels = raw.offered.channels;
    let decoded = (raw.width as u32, raw.height as u32);
    let data = match raw.values {
        Values::Bytes(data) if matches!(channels, 1 | 3) => data.into_owned(),
        _ => return as_tiff(&raw, (width, height)),
    };
    let wrong = || WRONG.to_owned();
    let image = match channels {
        1 => DynamicImage::ImageLuma8(GrayImage::from_raw(decoded.0, decoded.1, data).ok_or_else(wrong)?),
        _ => DynamicImage::ImageRgb8(RgbImage::from_raw(decoded.0, decoded.1, data).ok_or_else(wrong)?),
    };
    // As Pillow's `thumbnail` does by default, but sharper: bicubic rings less than Lanczos at edges.
    let small = image.resize_exact(width, height, FilterType::CatmullRom);
    let (width, height) = (small.width(), small.height());
    let data = small.into_bytes();
    if !is_lossy(bytes) {
        let small = Pixels { width: width as usize, height: height as usize, channels, data: data.into() };
        return Ok((png::encode(&small)?, small.into()));
    }
    let color = if channels == 1 { ExtendedColorType::L8 } else { ExtendedColorType::Rgb8 };
    let mut encoded = Vec::new();
    JpegEncoder::new_with_quality(&mut encoded, quality)
        .write_image(&data, width, height, color)
        .map_err(|error| error.to_string())?;
    let decoded = read(&encoded, &Channels::Auto)?;
    Ok((encoded, decoded))
}

/// The picture by the window that its file has, where it has one, since no format that is written here keeps it.
fn as_its_window_shows(raw: Raw) -> Result<Raw, String> {
    if raw.window.is_none() {
        return Ok(raw);
    }
    let names = raw.offered.clone();
    let small = Raw::from(pixels(raw, &Range::Auto)?.0);
    let white = (small.values.depth() == Depth::Words).then_some(65535);
    Ok(Raw { offered: names, white, ..small })
}

const WRONG: &str = "pixels of an unexpected size";

/// The values of the file, channel by channel made smaller. No value is smaller or larger than there were: the filter would make
/// such at edges, and what is white is told from the largest.
fn as_tiff(raw: &Raw, (width, height): (u32, u32)) -> Result<(Vec<u8>, Raw), String> {
    let channels = raw.offered.channels;
    let size = (raw.width as u32, raw.height as u32);
    let small = |channel: usize| smaller(raw.values.columns(channels, &[channel]), size, (width, height));
    let planes: Vec<Values<'static>> = (0..channels).map(small).collect::<Result<_, _>>()?;
    let values = woven(&planes.iter().collect::<Vec<_>>());
    let bytes = tiff::encode(&Raw { width: width as usize, height: height as usize, values, ..raw.clone() })?;
    let small = read(&bytes, &Channels::Auto)?;
    Ok((bytes, small))
}

/// One channel at another size.
fn smaller(values: Values<'static>, size: (u32, u32), (width, height): (u32, u32)) -> Result<Values<'static>, String> {
    fn resized<T: Primitive + 'static>(
        values: Vec<T>,
        size: (u32, u32),
        (width, height): (u32, u32),
    ) -> Result<Vec<T>, String>
    where
        Luma<T>: Pixel<Subpixel = T>,
    {
        let image = ImageBuffer::<Luma<T>, Vec<T>>::from_raw(size.0, size.1, values).ok_or(WRONG)?;
        Ok(imageops::resize(&image, width, height, FilterType::CatmullRom).into_raw())
    }
    let to = (width, height);
    Ok(match values {
        Values::Bytes(values) => resized(values.into_owned(), size, to)?.into(),
        Values::Words(values) => {
            let (low, high) = (values.iter().copied().min().unwrap_or(0), values.iter().copied().max().unwrap_or(0));
            let small = resized(values.into_owned(), size, to)?;
            small.into_iter().map(|value| value.clamp(low, high)).collect::<Vec<_>>().into()
        }
        Values::Floats(values) => {
            // The library cuts floats off at 0 and 1, which are therefore the ends.
            let (low, high) = ends(&values);
            let unit = |value: &f32| if value.is_finite() { (value - low) / (high - low) } else { 0.0 };
            let small = resized(values.iter().map(unit).collect(), size, to)?;
            small.into_iter().map(|value| low + value * (high - low)).collect::<Vec<_>>().into()
        }
    })
}

/// The smallest and the largest of the numbers among them.
fn ends(values: &[f32]) -> (f32, f32) {
    let numbers = values.iter().copied().filter(|value| value.is_finite());
    let (low, high) = numbers.fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)));
    if low > high {
        return (0.0, 1.0);
    }
    // A channel that never changes stays what it is.
    if low < high { (low, high) } else { (low, low + low.abs().max(1.0)) }
}

/// JPEG, or WebP, HEIC and AVIF, most of which are.
fn is_lossy(bytes: &[u8]) -> bool {
    bytes.starts_with(&[0xFF, 0xD8]) || bytes.starts_with(b"RIFF") || bytes.get(4..8) == Some(b"ftyp")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::Offered;

    fn raw(values: Values<'static>, channels: usize) -> Raw {
        let offered = Offered::unknown(channels, vec![String::new(); channels]);
        Raw { values, full: 65535, ..Raw::bytes(16, 8, offered, Vec::new()) }
    }

    /// 16x8 pixels of two channels, the right half of which is `bright`, and the left one `dark` in the first.
    fn edge<T: Copy>(dark: T, bright: T) -> Vec<T> {
        (0..16 * 8).flat_map(|at| [if at % 16 < 8 { dark } else { bright }, bright]).collect()
    }

    #[test]
    fn nothing_is_brighter_or_darker_than_it_was() {
        // The filter overshoots at edges; a value above 4095 would make 16 bits of 12.
        let (bytes, small) = shrink(b"II*\0", raw(Values::from(edge(0_u16, 4095)), 2), (16, 8), 8, 90).unwrap();
        let Values::Words(words) = &small.values else { panic!("words stay words") };
        assert_eq!((small.width, small.height, words.len(), words.iter().max()), (8, 4, 64, Some(&4095)));
        assert_eq!((words[0], words[14], words[1]), (0, 4095, 4095));
        assert_eq!(read(&bytes, &Channels::Auto).unwrap().values, small.values);
        let (_, small) = shrink(b"II*\0", raw(Values::from(edge(-3.0_f32, 7.0)), 2), (16, 8), 8, 90).unwrap();
        let Values::Floats(floats) = &small.values else { panic!("floats stay floats") };
        assert!(floats.iter().all(|value| (-3.0..=7.0).contains(value)), "{floats:?}");
        assert_eq!((floats[0], floats[14], floats[1]), (-3.0, 7.0, 7.0));
    }

    #[test]
    fn a_window_is_applied_because_no_format_that_is_written_keeps_it() {
        let values: Vec<u16> = (0..16 * 8).map(|at| if at % 16 < 8 { 1000 } else { 2000 }).collect();
        let raw = Raw { window: Some([1000.0, 3000.0]), ..raw(Values::from(values), 1) };
        let (bytes, small) = shrink(b"", raw, (16, 8), 8, 90).unwrap();
        let again = read(&bytes, &Channels::Auto).unwrap();
        let Values::Words(words) = &again.values else { panic!("words stay words") };
        // Black, and half way to white.
        assert_eq!((words[0], words[7], again.white, again.window), (0, 32768, Some(65535), None));
        assert_eq!(small.values, again.values);
    }
}
