//! DICOM: the `dicom` crates take files apart and undo compression; what the stored numbers mean is decided here.

mod header;
mod lengths;
mod numbers;
mod palette;

use dicom_object::{DefaultDicomObject, OpenFileOptions, file::ReadPreamble};
use dicom_pixeldata::PixelDecoder;

use self::{
    header::{Header, PIXEL_DATA, Photometric},
    numbers::Numbers,
};
use super::{
    MAX_BYTES, Notes, Outline, TRUNCATED, Values, check_size,
    raw::{Offered, Raw},
    woven,
};
use crate::reading::Channels;

/// The most frames that are taken for channels.
const MOST_FRAMES: usize = 1024;

/// The first frame, or all frames as channels.
///
/// Values are those after the modality's slope and intercept. Of MONOCHROME1, where small is bright, they are turned around, so
/// that large is bright everywhere. What the file's window shows is black and white, unless somebody says otherwise.
pub(super) fn decode(bytes: &[u8], wanted: &Channels) -> Result<Raw, String> {
    let object = open(bytes, false)?;
    let header = Header::of(&object)?;
    check_size(header.width, header.height)?;
    if *wanted == Channels::Pages {
        return stacked(&object, &header);
    }
    let mut raw = frame(&object, &header, 0)?;
    if header.frames > 1 {
        raw.notes = raw.notes | Notes::FURTHER_PAGES;
    }
    Ok(raw)
}

/// What decoding will give.
pub(super) fn outline(bytes: &[u8], wanted: &Channels) -> Result<Outline, String> {
    let header = Header::of(&open(bytes, true)?)?;
    check_size(header.width, header.height)?;
    let channels = match wanted {
        Channels::Pages => header.frames,
        wanted => header.offered().pick(wanted)?.channels,
    };
    Ok(Outline { width: header.width, height: header.height, channels, depth: header.depth() })
}

fn open(bytes: &[u8], header_only: bool) -> Result<DefaultDicomObject, String> {
    lengths::check(bytes)?;
    let options = OpenFileOptions::new().read_preamble(ReadPreamble::Always);
    let options = if header_only { options.read_until(PIXEL_DATA) } else { options };
    options.from_reader(bytes).map_err(|error| refused(&error))
}

/// Every frame as a channel.
fn stacked(object: &DefaultDicomObject, header: &Header) -> Result<Raw, String> {
    if header.samples != 1 || header.photometric == Photometric::Palette {
        return Err(
            "DICOM: its frames are in color; `channels: \"pages\"` is for frames of one channel each".to_owned()
        );
    }
    // As floats at most.
    let needed = u64::from(header.width) * u64::from(header.height) * header.frames as u64 * 4;
    if header.frames > MOST_FRAMES || needed > MAX_BYTES {
        let frames = header.frames;
        return Err(format!(
            "DICOM: {frames} frames as channels need more than an image may have; write some of them as files"
        ));
    }
    let first = frame(object, header, 0)?;
    let mut planes = vec![first.values.clone()];
    for number in 1..header.frames {
        planes.push(frame(object, header, number).map_err(|reason| format!("frame {}: {reason}", number + 1))?.values);
    }
    let values = woven(&planes.iter().collect::<Vec<&Values<'static>>>());
    let offered = Offered::unknown(header.frames, vec![String::new(); header.frames]);
    Ok(Raw { offered, values, ..first })
}

fn frame(object: &DefaultDicomObject, header: &Header, number: usize) -> Result<Raw, String> {
    header.check(object)?;
    let decoded = object.decode_pixel_data_frame(number as u32).map_err(|error| refused(&error))?;
    let numbers = Numbers::of(&decoded, header)?;
    let (width, height) = (header.width as usize, header.height as usize);
    let values = match header.photometric {
        Photometric::Palette => palette::colors(object, &numbers)?,
        Photometric::Rgb | Photometric::Ybr => numbers.colors(header)?,
        Photometric::Gray { .. } => numbers.gray(header),
    };
    let offered = header.offered();
    if values.len() != width * height * offered.channels {
        return Err(TRUNCATED.to_owned());
    }
    let full = if values.bytes().is_some() { 255 } else { 65535 };
    let window = numbers.window(header);
    let notes = match (window, numbers.has_table) {
        (Some(_), _) => Notes::WINDOW,
        (None, true) => Notes::BRIGHTNESS_TABLE,
        (None, false) => Notes::default(),
    };
    Ok(Raw { width, height, offered, values, full, white: header.white(), window, notes })
}

/// An error of the crates and what it comes from, in a line.
fn refused(error: &dyn std::error::Error) -> String {
    let mut reasons = vec![error.to_string()];
    let mut source = error.source();
    while let Some(cause) = source {
        let text = cause.to_string();
        if reasons.last() != Some(&text) {
            reasons.push(text);
        }
        source = cause.source();
    }
    format!("DICOM: damaged: {}", reasons.join(": "))
}

#[cfg(test)]
mod tests;
