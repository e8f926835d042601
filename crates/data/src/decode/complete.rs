//! Whether a file is whole, for formats whose decoders fill in what is missing and report success.

use image::ImageFormat;

/// Refuses a JPEG or WebP that ends too early; other decoders find out by themselves.
pub(super) fn check(format: ImageFormat, bytes: &[u8]) -> Result<(), String> {
    let whole = match format {
        ImageFormat::Jpeg => jpeg_is_whole(bytes),
        ImageFormat::WebP => webp_is_whole(bytes),
        _ => true,
    };
    if whole { Ok(()) } else { Err("truncated: the file ends before the image does".to_owned()) }
}

/// Walks the segments up to the end-of-image marker (ITU-T T.81, annex B).
///
/// Searching for the marker's two bytes from the end is not enough: the thumbnail inside EXIF data has its own.
fn jpeg_is_whole(bytes: &[u8]) -> bool {
    // After the start-of-image marker, FF D8.
    let mut at = 2;
    loop {
        // Entropy-coded data holds FF only before 00 (a stuffed FF) or a restart marker; bytes between segments are skipped.
        let Some(offset) = bytes.get(at..).and_then(|rest| rest.iter().position(|&byte| byte == 0xFF)) else {
            return false;
        };
        at += offset + 1;
        match bytes.get(at) {
            None => return false,
            // FF FF: a fill byte before a marker.
            Some(0xFF) => {}
            Some(0xD9) => return true,
            Some(0x00 | 0x01 | 0xD0..=0xD8) => at += 1,
            Some(_) => {
                let Some(&[high, low]) = bytes.get(at + 1..at + 3) else { return false };
                at += 1 + usize::from(u16::from_be_bytes([high, low])).max(2);
            }
        }
    }
}

/// "RIFF", the number of bytes that follow, "WEBP", ….
fn webp_is_whole(bytes: &[u8]) -> bool {
    match bytes.get(4..8) {
        Some(&[a, b, c, d]) => bytes.len() as u64 >= 8 + u64::from(u32::from_le_bytes([a, b, c, d])),
        _ => false,
    }
}
