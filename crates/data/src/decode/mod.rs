//! Encoded bytes to interleaved pixels: first the values as the file has them ([`Raw`]), then black and white ([`mapping`]).

mod channels;
mod complete;
mod depth;
#[cfg(feature = "dicom")]
mod dicom;
mod formats;
#[cfg(feature = "heif")]
mod heif;
mod jpeg;
mod mapping;
mod notes;
mod numpy;
mod percentiles;
mod raw;
mod restarts;
mod tiff;
#[cfg(feature = "turbojpeg")]
mod turbo;
mod values;

use std::{
    io::Cursor,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
};

pub use self::values::{Depth, Values};
pub(crate) use self::{
    depth::{white_of_floats, white_of_words},
    formats::{ARRAYS, Unread, extensions, extensions_in_words, is_dicom, reads, unread_by},
    mapping::{assumed, pixels, shown},
    notes::Notes,
    numpy::woven,
    percentiles::{black_and_white, some_values},
    raw::{Colors, Offered, Raw},
};
use image::{ColorType, DynamicImage, ImageDecoder, ImageError, ImageReader, Limits, metadata::Orientation};

use crate::{
    error::{DataError, Result},
    reading::{Channels, Range},
};

/// No image may be larger: a few kilobytes of PNG can otherwise ask for terabytes ("decompression bomb").
const MAX_PIXELS: u64 = 1 << 28;

/// The decoder may not hold more than this at once; enough for [`MAX_PIXELS`] grey or 16384 x 8192 color pixels twice.
const MAX_BYTES: u64 = 1 << 30;

/// No file of one image may be larger.
pub(crate) const MAX_FILE: u64 = 2 << 30;

const TRUNCATED: &str = "truncated: the file ends before the image does";

/// One decoded picture: `height` rows of `width` pixels of `channels` interleaved values (HWC), 0 is black.
#[derive(Clone, Debug, PartialEq)]
pub struct Pixels<'a> {
    /// Pixels in a row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// 1 (gray), 3 (red, green, blue), or any other number.
    pub channels: usize,
    /// `width * height * channels` values.
    pub data: Values<'a>,
}

impl Pixels<'_> {
    /// The same picture with its own copy of the values.
    pub fn into_owned(self) -> Pixels<'static> {
        let Self { width, height, channels, data } = self;
        Pixels { width, height, channels, data: data.into_owned() }
    }

    /// The same picture in 1 or 3 channels: gray is replicated, color becomes ITU-R 601 luma as in Pillow. Any other number is
    /// left as it is.
    #[must_use]
    pub fn with_channels(self, channels: usize) -> Self {
        let data = match (self.channels, channels) {
            (1, 3) => raw::replicated(&self.data),
            (3, 1) => raw::luma(&self.data),
            _ => return self,
        };
        Pixels { channels, data, ..self }
    }

    /// The same picture for somebody who looks at it: bytes of red, green and blue. Of more channels the first three are taken
    /// for those, of two the first for gray.
    #[must_use]
    pub fn in_color(self) -> Pixels<'static> {
        let channels = if self.channels >= 3 { 3 } else { 1 };
        let pixels = if channels == self.channels {
            self.into_owned()
        } else {
            let data = self.data.columns(self.channels, &[0, 1, 2][..channels]);
            Pixels { width: self.width, height: self.height, channels, data }
        };
        pixels.at_depth(Depth::Bytes).with_channels(3)
    }

    /// The same picture as values of another type.
    #[must_use]
    pub fn at_depth(self, depth: Depth) -> Self {
        Pixels { data: self.data.at_depth(depth), ..self }
    }
}

/// What a header says of an image: width and height as shown, channels and their type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Outline {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) channels: usize,
    pub(crate) depth: Depth,
}

/// Decodes an image file; `channels` is 1, 3, another number of channels that it has, or what it has. See [`decode_bytes`].
///
/// # Errors
/// [`DataError::Read`] where the file cannot be read, [`DataError::Decode`] where it is not a whole image.
pub fn decode_file(path: impl AsRef<Path>, channels: Option<u8>) -> Result<Pixels<'static>> {
    let path = path.as_ref();
    let bytes = foretask_files::read(path, MAX_FILE).map_err(DataError::read(path))?;
    decode(&bytes, &Channels::of(channels), &Range::Auto)
        .map_err(|reason| DataError::Decode { name: path.display().to_string(), reason })
}

/// Decodes PNG, JPEG, WebP, BMP, GIF (first frame), TIFF (first page), PNM or an array of `NumPy` by content, not by name.
///
/// - EXIF orientation is applied.
/// - Transparency is laid onto white, the color of paper: cut-outs otherwise show whatever lies under their alpha.
/// - 16 bits stay 16 bits; where only the lower 12 or 8 of them are in use, those count. Floats are taken as 0..1, or as 0..255,
///   0..4095 or 0..65535 where they reach that far.
/// - TIFF may be tiled, planar, a `BigTIFF`, of any depth and number of channels, with a palette, CMYK or YCbCr; what of it
///   cannot be shown is refused.
/// - CMYK JPEGs, palettes and 1-, 2- and 4-bit images are expanded.
/// - A JPEG without its end marker, or with too little before it, is refused: its lower part would be a gray area.
///
/// # Errors
/// [`DataError::Decode`] with the reason where the bytes are not a whole image or ask for more than 2^28 pixels.
pub fn decode_bytes(bytes: &[u8], channels: Option<u8>) -> Result<Pixels<'static>> {
    decode(bytes, &Channels::of(channels), &Range::Auto)
        .map_err(|reason| DataError::Decode { name: "image".to_owned(), reason })
}

/// [`decode_bytes`] with the bare reason of a failure, for callers that know the image's name.
pub(crate) fn decode(bytes: &[u8], channels: &Channels, range: &Range) -> Result<Pixels<'static>, String> {
    let raw = read(bytes, channels)?.pick(channels)?;
    Ok(pixels(raw, range)?.0)
}

/// All values as stored; `wanted` says whether pages are channels, and whether transparency is one.
pub(crate) fn read(bytes: &[u8], wanted: &Channels) -> Result<Raw, String> {
    guarded(|| {
        if tiff::is_tiff(bytes) {
            return tiff::decode(bytes, wanted);
        }
        #[cfg(feature = "dicom")]
        if is_dicom(bytes) {
            return dicom::decode(bytes, wanted);
        }
        no_pages(wanted)?;
        if numpy::is_numpy(bytes) {
            return numpy::decode(bytes);
        }
        #[cfg(feature = "heif")]
        if formats::is_heif(bytes) && heif::is_there() {
            return heif::decode(bytes, wanted);
        }
        let (mut image, orientation) = if is_jpeg(bytes) {
            jpeg::decode(bytes)?
        } else {
            let mut decoder = open(bytes)?;
            let orientation = decoder.orientation().map_err(reason)?;
            (DynamicImage::from_decoder(decoder).map_err(reason)?, orientation)
        };
        image.apply_orientation(orientation);
        channels::from_image(image, keeps_alpha(wanted))
    })
}

/// Whether transparency is a channel like others: where channels are chosen one by one.
fn keeps_alpha(wanted: &Channels) -> bool {
    matches!(wanted, Channels::These(_))
}

fn no_pages(wanted: &Channels) -> Result<(), String> {
    match wanted {
        Channels::Pages => Err(
            "`channels: \"pages\"` is for files of several pages or frames (TIFF, DICOM), and this is another format"
                .to_owned(),
        ),
        _ => Ok(()),
    }
}

/// [`read`] for a picture that is to be shrunk to `side` pixels along its longer side, and its (width, height) as shown. With
/// the feature `turbojpeg` a large JPEG comes out smaller than it is already, but at least twice as long as that.
pub(crate) fn read_to_shrink(bytes: &[u8], side: u32) -> Result<(Raw, (usize, usize)), String> {
    #[cfg(feature = "turbojpeg")]
    if let Ok(Some(found)) = guarded(|| Ok(turbo::reduced(bytes, side))) {
        return Ok(found);
    }
    #[cfg(not(feature = "turbojpeg"))]
    let _ = side;
    let raw = read(bytes, &Channels::Auto)?;
    let size = (raw.width, raw.height);
    Ok((raw, size))
}

/// The usual ending of files that begin like these bytes, where it is an image that is read here.
pub fn ending_of(bytes: &[u8]) -> Option<&'static str> {
    if tiff::is_tiff(bytes) {
        return Some("tiff");
    }
    if numpy::is_numpy(bytes) {
        return Some("npy");
    }
    image::guess_format(bytes).ok()?.extensions_str().first().copied()
}

/// What decoding will give, from the header alone.
pub(crate) fn outline(bytes: &[u8], wanted: &Channels) -> Result<Outline, String> {
    guarded(|| {
        if tiff::is_tiff(bytes) {
            return tiff::outline(bytes, wanted);
        }
        #[cfg(feature = "dicom")]
        if is_dicom(bytes) {
            return dicom::outline(bytes, wanted);
        }
        no_pages(wanted)?;
        if numpy::is_numpy(bytes) {
            return numpy::outline(bytes, wanted);
        }
        #[cfg(feature = "heif")]
        if formats::is_heif(bytes) && heif::is_there() {
            return heif::outline(bytes, wanted);
        }
        let (width, height, color, orientation) = if is_jpeg(bytes) {
            let (width, height, channels, orientation) = jpeg::header(bytes)?;
            (width, height, if channels == 1 { ColorType::L8 } else { ColorType::Rgb8 }, orientation)
        } else {
            let mut decoder = open(bytes)?;
            let (width, height) = decoder.dimensions();
            (width, height, decoder.color_type(), decoder.orientation().map_err(reason)?)
        };
        let offered = if color.has_color() { Offered::rgb() } else { Offered::gray() };
        let offered = if color.has_alpha() && keeps_alpha(wanted) { offered.with_alpha() } else { offered };
        let channels = offered.pick(wanted)?.channels;
        let deep = color.bytes_per_pixel() > color.channel_count();
        let depth = if deep { Depth::Words } else { Depth::Bytes };
        let (width, height) = if is_turned(orientation) { (height, width) } else { (width, height) };
        Ok(Outline { width, height, channels, depth })
    })
}

/// How many first bytes [`may_be_deep`] looks at.
pub(crate) const HEAD: usize = 512;

/// Whether a file that begins so may hold more than 8 bits, or more than color: a header says, or has to be read in full.
pub(crate) fn may_be_deep(head: &[u8]) -> bool {
    // A PNG says its bits in byte 24; a PNM its largest value somewhere at the beginning.
    match head {
        [0x89, b'P', b'N', b'G', ..] => head.get(24) == Some(&16),
        [b'P', b'5' | b'6' | b'7', ..] => true,
        // What calls itself plain HEIC has 8 bits.
        [_, _, _, _, b'f', b't', b'y', b'p', brand @ ..] => !brand.starts_with(b"heic"),
        _ => tiff::is_tiff(head) || numpy::is_numpy(head) || is_dicom(head),
    }
}

/// Whether width and height are exchanged.
fn is_turned(orientation: Orientation) -> bool {
    (5..=8).contains(&orientation.to_exif())
}

fn is_jpeg(bytes: &[u8]) -> bool {
    bytes.starts_with(&[0xFF, 0xD8, 0xFF])
}

fn open(bytes: &[u8]) -> Result<impl ImageDecoder + '_, String> {
    let mut reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format().map_err(|error| error.to_string())?;
    match reader.format() {
        _ if bytes.is_empty() => return Err("the file is empty".to_owned()),
        Some(format) if format.reading_enabled() => complete::check(format, bytes)?,
        _ => {
            let none = || format!("not an image in a known format ({})", formats::known());
            return Err(formats::tell(bytes).unwrap_or_else(none));
        }
    }
    let mut limits = Limits::default();
    limits.max_alloc = Some(MAX_BYTES);
    reader.limits(limits);
    let decoder = reader.into_decoder().map_err(reason)?;
    let (width, height) = decoder.dimensions();
    check_size(width, height)?;
    Ok(decoder)
}

fn check_size(width: u32, height: u32) -> Result<(), String> {
    if u64::from(width) * u64::from(height) > MAX_PIXELS {
        return Err(format!("{width}x{height} pixels are more than the limit of {MAX_PIXELS}"));
    }
    if width == 0 || height == 0 {
        return Err(format!("an image of {width}x{height} pixels"));
    }
    Ok(())
}

fn reason(error: ImageError) -> String {
    match error {
        ImageError::IoError(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => TRUNCATED.to_owned(),
        error => error.to_string(),
    }
}

/// Decoders meet hostile bytes; should one of them panic, this image is bad and the others are not affected.
fn guarded<T>(decode: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(decode)).unwrap_or_else(|_| Err("the decoder failed on these bytes".to_owned()))
}

#[cfg(test)]
mod tests;
