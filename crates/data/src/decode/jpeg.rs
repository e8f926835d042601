//! JPEG, whole or not at all.
//!
//! Decoders go on where compressed data end early and fill the rest with gray or nonsense; an end marker behind half of a file
//! hides even that the file was cut. So the decoder gets a copy with bits before the end marker that are no code: a whole
//! picture is complete before they are reached, and any other runs into them.

use image::{DynamicImage, GrayImage, RgbImage, metadata::Orientation};
use zune_core::{bytestream::ZCursor, colorspace::ColorSpace, options::DecoderOptions};
use zune_jpeg::{JpegDecoder, errors::DecodeErrors};

use super::{TRUNCATED, check_size, restarts};

/// Ones, as they stand in compressed data (a byte FF is followed by 00). A code of ones only does not exist (ITU-T T.81, annex
/// C), and no code with its value is longer than 32 bits.
const NO_CODE: [u8; 32] = [
    0xFF, 0, 0xFF, 0, 0xFF, 0, 0xFF, 0, 0xFF, 0, 0xFF, 0, 0xFF, 0, 0xFF, 0, 0xFF, 0, 0xFF, 0, 0xFF, 0, 0xFF, 0, 0xFF,
    0, 0xFF, 0, 0xFF, 0, 0xFF, 0,
];

/// The picture as stored, and how it is to be turned.
pub(super) fn decode(bytes: &[u8]) -> Result<(DynamicImage, Orientation), String> {
    restarts::check(bytes)?;
    let bytes = guarded_copy(bytes).ok_or(TRUNCATED)?;
    match attempt(&bytes, true) {
        // Headers that only a strict reader minds.
        Err(Refused::Header(_) | Refused::Lax) => attempt(&bytes, false),
        done => done,
    }
    .map_err(|refused| match refused {
        Refused::Header(reason) => reason,
        Refused::Data(reason) => format!("damaged or truncated: its compressed data make no whole picture ({reason})"),
        Refused::Lax => TRUNCATED.to_owned(),
    })
}

/// Width and height as stored, 1 or 3 channels, and how the picture is to be turned.
pub(super) fn header(bytes: &[u8]) -> Result<(u32, u32, u8, Orientation), String> {
    let bytes = guarded_copy(bytes).ok_or(TRUNCATED)?;
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes.as_slice()), options(false));
    decoder.decode_headers().map_err(|error| words(&error))?;
    let (width, height) = decoder.dimensions().ok_or("damaged: its header does not say its size")?;
    check_size(width as u32, height as u32)?;
    let channels = if decoder.input_colorspace() == Some(ColorSpace::Luma) { 1 } else { 3 };
    Ok((width as u32, height as u32, channels, orientation(&decoder)))
}

fn options(strict: bool) -> DecoderOptions {
    DecoderOptions::default().set_strict_mode(strict).set_max_width(usize::MAX).set_max_height(usize::MAX)
}

fn orientation(decoder: &JpegDecoder<ZCursor<&[u8]>>) -> Orientation {
    let orientation = decoder.exif().and_then(|exif| Orientation::from_exif_chunk(exif));
    orientation.unwrap_or(Orientation::NoTransforms)
}

enum Refused {
    Header(String),
    Data(String),
    /// An end of data that only a strict reader minds.
    Lax,
}

fn attempt(bytes: &[u8], strict: bool) -> Result<(DynamicImage, Orientation), Refused> {
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options(strict));
    let header = |error: DecodeErrors| Refused::Header(words(&error));
    decoder.decode_headers().map_err(header)?;
    let missing = || Refused::Header("damaged: its header does not say its size or colors".to_owned());
    let (width, height) = decoder.dimensions().ok_or_else(missing)?;
    let (width, height) = (width as u32, height as u32);
    check_size(width, height).map_err(Refused::Header)?;
    let gray = decoder.input_colorspace().ok_or_else(missing)? == ColorSpace::Luma;
    let (target, channels) = if gray { (ColorSpace::Luma, 1) } else { (ColorSpace::RGB, 3) };
    decoder.set_options(options(strict).jpeg_set_out_colorspace(target));
    let mut pixels = vec![0; width as usize * height as usize * channels];
    decoder.decode_into(&mut pixels).map_err(|error| match error {
        DecodeErrors::FormatStatic("Marker missing where expected") => Refused::Lax,
        error => Refused::Data(words(&error)),
    })?;
    let image = if gray {
        GrayImage::from_raw(width, height, pixels).map(DynamicImage::ImageLuma8)
    } else {
        RgbImage::from_raw(width, height, pixels).map(DynamicImage::ImageRgb8)
    };
    Ok((image.ok_or_else(missing)?, orientation(&decoder)))
}

/// An error of the decoder, whose quotation marks around text help nobody.
fn words(error: &DecodeErrors) -> String {
    match error {
        DecodeErrors::Unsupported(scheme) => {
            format!("JPEG of a kind that cannot be read here ({scheme:?}): save it again as ordinary JPEG or as PNG")
        }
        error => format!("{error:?}").trim_matches('"').to_owned(),
    }
}

/// Up to the end-of-image marker (ITU-T T.81, annex B), with [`NO_CODE`] before it and without what stands between segments;
/// `None` where the file ends before it.
///
/// Searching for the marker's two bytes is not enough: the thumbnail inside EXIF data has its own.
fn guarded_copy(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut copy = Vec::with_capacity(bytes.len() + NO_CODE.len());
    // After the start-of-image marker, FF D8. All before `kept` has been copied.
    let (mut at, mut kept, mut in_data) = (2, 0, false);
    loop {
        // Compressed data hold FF only before 00 (a stuffed FF) or a restart marker.
        let skipped = bytes.get(at..)?.iter().position(|&byte| byte == 0xFF)?;
        if skipped > 0 && !in_data {
            copy.extend_from_slice(bytes.get(kept..at)?);
            kept = at + skipped;
        }
        at += skipped + 1;
        match *bytes.get(at)? {
            // FF FF: a fill byte before a marker.
            0xFF => {}
            0xD9 => {
                copy.extend_from_slice(bytes.get(kept..at - 1)?);
                if in_data {
                    copy.extend(NO_CODE);
                }
                copy.extend([0xFF, 0xD9]);
                return Some(copy);
            }
            0x00 | 0x01 | 0xD0..=0xD8 => at += 1,
            marker => {
                let length = usize::from(u16::from_be_bytes([*bytes.get(at + 1)?, *bytes.get(at + 2)?]));
                at += 1 + length.max(2);
                // DNL, which says the height after the first scan, does not end the data.
                in_data = marker == 0xDA || (in_data && marker == 0xDC);
            }
        }
    }
}
