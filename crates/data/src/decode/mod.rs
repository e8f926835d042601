//! Encoded bytes to interleaved `u8` pixels.

mod channels;
mod complete;
mod depth;
mod formats;
mod jpeg;
mod notes;
mod tiff;
#[cfg(feature = "turbojpeg")]
mod turbo;

use std::{
    borrow::Cow,
    io::Cursor,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
};

pub(crate) use self::{
    formats::{EXTENSIONS, UNREAD, Unread},
    notes::Notes,
};
use image::{DynamicImage, ImageDecoder, ImageError, ImageReader, Limits, metadata::Orientation};

use crate::error::{DataError, Result};

/// No image may be larger: a few kilobytes of PNG can otherwise ask for terabytes ("decompression bomb").
const MAX_PIXELS: u64 = 1 << 28;

/// The decoder may not hold more than this at once; enough for [`MAX_PIXELS`] grey or 16384 x 8192 color pixels twice.
const MAX_BYTES: u64 = 1 << 30;

/// No file of one image may be larger.
pub(crate) const MAX_FILE: u64 = 2 << 30;

const TRUNCATED: &str = "truncated: the file ends before the image does";

/// One decoded picture: `height` rows of `width` pixels of `channels` interleaved bytes (HWC), 0 is black.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pixels<'a> {
    /// Pixels in a row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// 1 (grey) or 3 (red, green, blue).
    pub channels: usize,
    /// `width * height * channels` bytes.
    pub data: Cow<'a, [u8]>,
}

impl Pixels<'_> {
    /// The same picture with its own copy of the bytes.
    pub fn into_owned(self) -> Pixels<'static> {
        let Self { width, height, channels, data } = self;
        Pixels { width, height, channels, data: Cow::Owned(data.into_owned()) }
    }

    /// The same picture in 1 or 3 channels: grey is replicated, color becomes ITU-R 601 luma as in Pillow.
    #[must_use]
    pub fn with_channels(self, channels: u8) -> Self {
        channels::convert(self, channels)
    }
}

/// Decodes an image file; `channels` is 1, 3 or what the file has. See [`decode_bytes`].
///
/// # Errors
/// [`DataError::Read`] where the file cannot be read, [`DataError::Decode`] where it is not a whole image.
pub fn decode_file(path: impl AsRef<Path>, channels: Option<u8>) -> Result<Pixels<'static>> {
    let path = path.as_ref();
    check_channels(channels)?;
    let bytes = foretask_files::read(path, MAX_FILE).map_err(DataError::read(path))?;
    decode(&bytes, channels).map_err(|reason| DataError::Decode { name: path.display().to_string(), reason })
}

/// Decodes PNG, JPEG, WebP, BMP, GIF (first frame), TIFF (first page) or PNM by content, not by name.
///
/// - EXIF orientation is applied.
/// - Transparency is laid onto white, the color of paper: cut-outs otherwise show whatever lies under their alpha.
/// - 16 bits become 8 by rounding `value * 255 / 65535`; where only the lower 12 or 8 of them are in use, those count. Floats
///   are taken as 0..1, or as 0..255, 0..4095 or 0..65535 where they reach that far.
/// - TIFF may be tiled, planar, a `BigTIFF`, of any depth, with a palette, CMYK or YCbCr; what of it cannot be shown is refused.
/// - CMYK JPEGs, palettes and 1-, 2- and 4-bit images are expanded.
/// - A JPEG without its end marker, or with too little before it, is refused: its lower part would be a grey area.
///
/// # Errors
/// [`DataError::Decode`] with the reason where the bytes are not a whole image or ask for more than 2^28 pixels.
pub fn decode_bytes(bytes: &[u8], channels: Option<u8>) -> Result<Pixels<'static>> {
    check_channels(channels)?;
    decode(bytes, channels).map_err(|reason| DataError::Decode { name: "image".to_owned(), reason })
}

pub(crate) fn check_channels(channels: Option<u8>) -> Result<()> {
    match channels {
        None | Some(1 | 3) => Ok(()),
        Some(other) => Err(DataError::Argument {
            name: "channels",
            value: other.to_string(),
            expected: "images are decoded to 1 (grey) or 3 (RGB) channels".to_owned(),
        }),
    }
}

/// [`decode_bytes`] with the bare reason of a failure, for callers that know the image's name.
pub(crate) fn decode(bytes: &[u8], channels: Option<u8>) -> Result<Pixels<'static>, String> {
    let (pixels, _) = decode_noted(bytes)?;
    Ok(match channels {
        Some(channels) => pixels.with_channels(channels),
        None => pixels,
    })
}

/// The pixels as stored, and what had to be assumed of them.
pub(crate) fn decode_noted(bytes: &[u8]) -> Result<(Pixels<'static>, Notes), String> {
    guarded(|| {
        if tiff::is_tiff(bytes) {
            return tiff::decode(bytes);
        }
        let (mut image, orientation) = if is_jpeg(bytes) {
            jpeg::decode(bytes)?
        } else {
            let mut decoder = open(bytes)?;
            let orientation = decoder.orientation().map_err(reason)?;
            (DynamicImage::from_decoder(decoder).map_err(reason)?, orientation)
        };
        image.apply_orientation(orientation);
        channels::from_image(image)
    })
}

/// [`decode`] for a picture that is to be shrunk to `side` pixels along its longer side, and its (width, height) as shown. With
/// the feature `turbojpeg` a large JPEG comes out smaller than it is already, but at least twice as long as that.
pub(crate) fn decode_to_shrink(bytes: &[u8], side: u32) -> Result<(Pixels<'static>, Notes, (usize, usize)), String> {
    #[cfg(feature = "turbojpeg")]
    if let Ok(Some((pixels, size))) = guarded(|| Ok(turbo::reduced(bytes, side))) {
        return Ok((pixels, Notes::default(), size));
    }
    #[cfg(not(feature = "turbojpeg"))]
    let _ = side;
    let (pixels, notes) = decode_noted(bytes)?;
    let size = (pixels.width, pixels.height);
    Ok((pixels, notes, size))
}

/// Width and height as shown, and 1 or 3 channels: what decoding will give, from the header alone.
pub(crate) fn outline(bytes: &[u8]) -> Result<(u32, u32, u8), String> {
    guarded(|| {
        if tiff::is_tiff(bytes) {
            return tiff::outline(bytes);
        }
        let (width, height, channels, orientation) = if is_jpeg(bytes) {
            jpeg::header(bytes)?
        } else {
            let mut decoder = open(bytes)?;
            let channels = if decoder.color_type().has_color() { 3 } else { 1 };
            let (width, height) = decoder.dimensions();
            (width, height, channels, decoder.orientation().map_err(reason)?)
        };
        Ok(if is_turned(orientation) { (height, width, channels) } else { (width, height, channels) })
    })
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
            let none = || format!("not an image in a known format ({})", formats::KNOWN);
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
