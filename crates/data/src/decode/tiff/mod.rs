//! TIFF: the `tiff` crate undoes compression, predictors, strips, tiles and planes; what the samples mean is decided here.
//!
//! Every picture is read as samples without a meaning (the copy that is decoded says "gray" and "bits from the top"), because
//! readers of colors know a few kinds only and guess about the others.

mod ifd;
mod layout;
mod names;
mod samples;
mod shades;
mod tag;

use std::io::Cursor;

use image::metadata::Orientation;
use tiff::{
    TiffError,
    decoder::{Decoder, DecodingResult, Limits},
};

pub(super) use self::ifd::is_tiff;
use self::{ifd::Ifd, layout::Layout, samples::Samples};
use super::{
    Depth, MAX_BYTES, Notes, Outline, Values, check_size, keeps_alpha,
    raw::{Offered, Raw},
};
use crate::reading::Channels;

/// The most pages that are taken for channels.
const MOST_PAGES: usize = 1024;

/// The first page, or all pages as channels.
pub(super) fn decode(bytes: &[u8], wanted: &Channels) -> Result<Raw, String> {
    let first = first(bytes)?;
    let keep_alpha = keeps_alpha(wanted);
    if *wanted == Channels::Pages {
        return stacked(first, bytes);
    }
    let mut raw = page(&first, bytes, keep_alpha)?;
    if has_further_pages(&first, bytes) {
        raw.notes = raw.notes | Notes::FURTHER_PAGES;
    }
    Ok(raw)
}

fn page(ifd: &Ifd, bytes: &[u8], keep_alpha: bool) -> Result<Raw, String> {
    let layout = Layout::of(ifd, bytes)?;
    let raw = shades::shades(samples(ifd, bytes, &layout)?, &layout, ifd, (bytes, keep_alpha))?;
    Ok(turn(raw, orientation(ifd, bytes)))
}

/// Every page as a channel.
fn stacked(first: Ifd, bytes: &[u8]) -> Result<Raw, String> {
    let pages = pages(first, bytes);
    let names = names::of_pages(&pages, bytes);
    let mut stack: Option<(Raw, Vec<Values<'static>>)> = None;
    for (number, ifd) in pages.iter().enumerate() {
        let raw = page(ifd, bytes, false).map_err(|reason| format!("page {}: {reason}", number + 1))?;
        if raw.offered.channels != 1 {
            let reason = "has more than one channel; `channels: \"pages\"` is for pages of one each";
            return Err(format!("TIFF: page {} {reason}", number + 1));
        }
        match &mut stack {
            None => stack = Some((raw.clone(), vec![raw.values])),
            Some((first, values)) => {
                if !are_alike(first, &raw) {
                    let reason = "has another size or depth than page 1, so that they are no channels of one image";
                    return Err(format!("TIFF: page {} {reason}", number + 1));
                }
                first.notes = first.notes | raw.notes;
                values.push(raw.values);
            }
        }
    }
    let (first, planes) = stack.ok_or("TIFF: it has no page")?;
    let values = samples::woven_values(planes).ok_or("TIFF: damaged: its pages differ")?;
    let full = if values.depth() == Depth::Floats { 0 } else { first.full };
    Ok(Raw { offered: Offered::unknown(pages.len(), names), values, full, ..first })
}

/// Whether two pages may be channels of one image. Whole numbers with a sign are floats where any is negative.
fn are_alike(a: &Raw, b: &Raw) -> bool {
    let (depths, floats) = ((a.values.depth(), b.values.depth()), Depth::Floats);
    let kinds = if depths.0 == depths.1 {
        a.full == b.full
    } else {
        matches!(depths, (Depth::Words, f) | (f, Depth::Words) if f == floats)
    };
    (a.width, a.height) == (b.width, b.height) && kinds
}

/// All pages that are no smaller copies of others.
fn pages(first: Ifd, bytes: &[u8]) -> Vec<Ifd> {
    let mut pages = vec![first];
    while let Some(next) = pages.last().and_then(|last| last.following(bytes)).filter(|_| pages.len() < MOST_PAGES) {
        pages.push(next);
    }
    let is_page = |ifd: &Ifd| ifd.number_of(bytes, tag::NEW_SUBFILE_TYPE).unwrap_or(0) & 5 == 0;
    let mut number = 0;
    pages.retain(|ifd| {
        number += 1;
        number == 1 || is_page(ifd)
    });
    pages
}

/// What decoding will give.
pub(super) fn outline(bytes: &[u8], wanted: &Channels) -> Result<Outline, String> {
    let ifd = first(bytes)?;
    let layout = Layout::of(&ifd, bytes)?;
    check_size(layout.width, layout.height)?;
    let turned = super::is_turned(orientation(&ifd, bytes));
    let (width, height) = if turned { (layout.height, layout.width) } else { (layout.width, layout.height) };
    let channels = match wanted {
        Channels::Pages => pages(ifd, bytes).len(),
        wanted => layout.offered(&ifd, bytes, keeps_alpha(wanted)).pick(wanted)?.channels,
    };
    Ok(Outline { width, height, channels, depth: layout.depth() })
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

/// The picture as it is to be shown, by EXIF's orientation.
fn turn(raw: Raw, orientation: Orientation) -> Raw {
    fn turned<T: Copy>(values: &[T], of_pixel: usize, (width, height): (usize, usize), to: Orientation) -> Vec<T> {
        let number = to.to_exif();
        let (wide, high) = if number >= 5 { (height, width) } else { (width, height) };
        let mut out = Vec::with_capacity(values.len());
        for y in 0..high {
            for x in 0..wide {
                let (right, bottom) = (width - 1, height - 1);
                let (from_x, from_y) = match number {
                    2 => (right - x, y),
                    3 => (right - x, bottom - y),
                    4 => (x, bottom - y),
                    5 => (y, x),
                    6 => (y, bottom - x),
                    7 => (right - y, bottom - x),
                    8 => (right - y, x),
                    _ => (x, y),
                };
                out.extend_from_slice(&values[(from_y * width + from_x) * of_pixel..][..of_pixel]);
            }
        }
        out
    }
    if orientation == Orientation::NoTransforms {
        return raw;
    }
    let (size, of_pixel) = ((raw.width, raw.height), raw.offered.channels);
    let values = match &raw.values {
        Values::Bytes(values) => turned(values, of_pixel, size, orientation).into(),
        Values::Words(values) => turned(values, of_pixel, size, orientation).into(),
        Values::Floats(values) => turned(values, of_pixel, size, orientation).into(),
    };
    let (width, height) = if super::is_turned(orientation) { (raw.height, raw.width) } else { (raw.width, raw.height) };
    Raw { width, height, values, ..raw }
}

/// All samples of a page, pixel by pixel.
fn samples(ifd: &Ifd, bytes: &[u8], layout: &Layout) -> Result<Samples, String> {
    check_size(layout.width, layout.height)?;
    let mut copy = bytes.to_vec();
    ifd.put_first(&mut copy);
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
