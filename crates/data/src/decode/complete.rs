//! Whether a file is whole, for formats whose decoders fill in what is missing and report success.

use image::ImageFormat;

/// Refuses a WebP that ends too early; other decoders find out by themselves.
pub(super) fn check(format: ImageFormat, bytes: &[u8]) -> Result<(), String> {
    let whole = match format {
        ImageFormat::WebP => webp_is_whole(bytes),
        _ => true,
    };
    if whole { Ok(()) } else { Err(super::TRUNCATED.to_owned()) }
}

/// "RIFF", the number of bytes that follow, "WEBP", ….
fn webp_is_whole(bytes: &[u8]) -> bool {
    match bytes.get(4..8) {
        Some(&[a, b, c, d]) => bytes.len() as u64 >= 8 + u64::from(u32::from_le_bytes([a, b, c, d])),
        _ => false,
    }
}
