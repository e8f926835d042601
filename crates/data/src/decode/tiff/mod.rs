//! TIFF: the `tiff` crate undoes compression, predictors, strips, tiles and planes; what the samples mean is decided here.
//!
//! Every picture is read as samples without a meaning (the copy that is decoded says "gray" and "bits from the top"), because
//! readers of colors know a few kinds only and guess about the others.

mod ifd;
mod layout;
mod samples;
mod shades;

use std::io::Cursor;

use image::{DynamicImage, GrayImage, RgbImage, metadata::Orientation};
use tiff::{
    TiffError,
    decoder::{Decoder, DecodingResult, Limits},
};

pub(super) use self::ifd::is_tiff;
use self::{
    ifd::Ifd,
    layout::{Layout, tag},
    samples::Samples,
};
use super::{MAX_BYTES, Notes, Pixels, channels, check_size};

/// The first page, as it is to be shown.
pub(super) fn decode(bytes: &[u8]) -> Result<(Pixels<'static>, Notes), String> {
    let ifd = first(bytes)?;
    let layout = Layout::of(&ifd, bytes)?;
    let (pixels, mut notes) = shades::shades(samples(&ifd, bytes, &layout)?, &layout, &ifd, bytes)?;
    if has_further_pages(&ifd, bytes) {
        notes = notes | Notes::FURTHER_PAGES;
    }
    Ok((turn(pixels, orientation(&ifd, bytes))?, notes))
}

/// Width and height as shown, and 1 or 3 channels.
pub(super) fn outline(bytes: &[u8]) -> Result<(u32, u32, u8), String> {
    let ifd = first(bytes)?;
    let layout = Layout::of(&ifd, bytes)?;
    check_size(layout.width, layout.height)?;
    let channels = if matches!(layout.color, layout::Color::Gray { .. }) { 1 } else { 3 };
    let turned = super::is_turned(orientation(&ifd, bytes));
    let (width, height) = if turned { (layout.height, layout.width) } else { (layout.width, layout.height) };
    Ok((width, height, channels))
}

fn first(bytes: &[u8]) -> Result<Ifd, String> {
    Ifd::first(bytes).ok_or_else(|| "TIFF: truncated: the file ends before its directory does".to_owned())
}

fn orientation(ifd: &Ifd, bytes: &[u8]) -> Orientation {
    let number = ifd.number_of(bytes, tag::ORIENTATION).and_then(|number| u8::try_from(number).ok());
    number.and_then(Orientation::from_exif).unwrap_or(Orientation::NoTransforms)
}

/// Whether there are pages besides the first that are no smaller copies of it.
fn has_further_pages(ifd: &Ifd, bytes: &[u8]) -> bool {
    ifd.following(bytes).is_some_and(|next| next.number_of(bytes, tag::NEW_SUBFILE_TYPE).unwrap_or(0) & 5 == 0)
}

fn turn(pixels: Pixels<'static>, orientation: Orientation) -> Result<Pixels<'static>, String> {
    if orientation == Orientation::NoTransforms {
        return Ok(pixels);
    }
    let (width, height) = (pixels.width as u32, pixels.height as u32);
    let (channels, data) = (pixels.channels, pixels.data.into_owned());
    let image = match channels {
        1 => GrayImage::from_raw(width, height, data).map(DynamicImage::ImageLuma8),
        _ => RgbImage::from_raw(width, height, data).map(DynamicImage::ImageRgb8),
    };
    let mut image = image.ok_or("TIFF: pixels of an unexpected size")?;
    image.apply_orientation(orientation);
    channels::from_image(image).map(|(pixels, _)| pixels)
}

/// All samples of the first page, pixel by pixel.
fn samples(ifd: &Ifd, bytes: &[u8], layout: &Layout) -> Result<Samples, String> {
    check_size(layout.width, layout.height)?;
    let mut copy = bytes.to_vec();
    ifd.set(&mut copy, tag::PHOTOMETRIC, layout::BLACK_IS_ZERO);
    if layout.bits_from_below {
        reverse_bits(ifd, bytes, &mut copy);
    }
    if layout.is_void {
        ifd.set(&mut copy, tag::SAMPLE_FORMAT, 1);
    }
    if layout.is_odd() {
        let row = layout.row_bytes();
        as_rows_of_bytes(ifd, &mut copy, row);
        let (values, _) = read(copy, layout)?;
        return samples::of(values, layout, layout.samples, row);
    }
    if !layout.planar {
        let (values, row) = read(copy, layout)?;
        return samples::of(values, layout, layout.samples, row);
    }
    // Every plane as a picture of its own: the crate mistakes the last tiles of all planes but the first.
    let plane = |number: usize| {
        let mut copy = copy.clone();
        as_plane(ifd, bytes, &mut copy, (number, layout.samples));
        let (values, row) = read(copy, layout)?;
        samples::of(values, layout, 1, row)
    };
    let planes: Vec<Samples> = (0..layout.samples).map(plane).collect::<Result<_, _>>()?;
    samples::woven(planes).ok_or_else(|| "TIFF: damaged: its planes differ".to_owned())
}

/// What the crate makes of a file, and the bytes of a row.
fn read(file: Vec<u8>, layout: &Layout) -> Result<(DecodingResult, usize), String> {
    let mut limits = Limits::default();
    limits.decoding_buffer_size = MAX_BYTES as usize;
    limits.intermediate_buffer_size = MAX_BYTES as usize;
    limits.ifd_value_size = file.len();
    let mut decoder = Decoder::new(Cursor::new(file)).map_err(|error| refused(error, layout))?.with_limits(limits);
    let mut values = DecodingResult::U8(Vec::new());
    let read = decoder.read_image_to_buffer(&mut values).map_err(|error| refused(error, layout))?;
    if values.as_buffer(0).byte_len() < read.complete_len {
        return Err(refused(TiffError::LimitsExceeded, layout));
    }
    Ok((values, read.row_stride.map_or(0, std::num::NonZeroUsize::get)))
}

/// Makes a picture of one of several planes.
fn as_plane(ifd: &Ifd, bytes: &[u8], copy: &mut [u8], (number, planes): (usize, usize)) {
    for tag in [tag::STRIP_OFFSETS, tag::STRIP_BYTES, tag::TILE_OFFSETS, tag::TILE_BYTES] {
        ifd.keep_part(bytes, copy, tag, (number, planes));
    }
    for (tag, value) in [(tag::SAMPLES, 1), (tag::PLANAR, 1)] {
        ifd.set(copy, tag, value);
    }
    for tag in [tag::BITS, tag::SAMPLE_FORMAT] {
        if let Some(value) = ifd.number_of(bytes, tag) {
            ifd.set(copy, tag, if tag == tag::SAMPLE_FORMAT && value == 4 { 1 } else { value as u32 });
        }
    }
    ifd.hide(copy, tag::EXTRA_SAMPLES);
}

/// The bits of every byte of the strips and tiles the other way round.
fn reverse_bits(ifd: &Ifd, bytes: &[u8], copy: &mut [u8]) {
    for (offsets, lengths) in [(tag::STRIP_OFFSETS, tag::STRIP_BYTES), (tag::TILE_OFFSETS, tag::TILE_BYTES)] {
        let (Some(offsets), Some(lengths)) = (ifd.numbers(bytes, offsets), ifd.numbers(bytes, lengths)) else {
            continue;
        };
        for (&offset, &len) in offsets.iter().zip(&lengths) {
            let range = offset as usize..offset.saturating_add(len).min(bytes.len() as u64) as usize;
            // From the original: strips of a damaged file may overlap.
            if let (Some(from), Some(to)) = (bytes.get(range.clone()), copy.get_mut(range)) {
                for (to, from) in to.iter_mut().zip(from) {
                    *to = from.reverse_bits();
                }
            }
        }
    }
}

/// Makes a picture of rows of so many bytes of one whose samples are of 9 to 15 bits, which the crate does not take apart.
fn as_rows_of_bytes(ifd: &Ifd, copy: &mut [u8], row: usize) {
    for (tag, value) in
        [(tag::WIDTH, row as u32), (tag::BITS, 8), (tag::SAMPLES, 1), (tag::SAMPLE_FORMAT, 1), (tag::PLANAR, 1)]
    {
        ifd.set(copy, tag, value);
    }
    ifd.hide(copy, tag::EXTRA_SAMPLES);
}

/// An error of the crate, with what the file is and what would help.
fn refused(error: TiffError, layout: &Layout) -> String {
    let about = layout.in_words();
    match error {
        TiffError::IoError(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
            "truncated: the file ends before the image does".to_owned()
        }
        TiffError::LimitsExceeded => {
            format!("TIFF: {about}: it needs more memory than an image may take, the limit is 1 GiB")
        }
        TiffError::UnsupportedError(reason) => format!("TIFF: {about}: {reason}; {}", layout::SAVE_AGAIN),
        error => format!("TIFF: {about}: damaged: {error}"),
    }
}
