//! Whether a JPEG is whole. The decoder fills what is missing with grey and reports success.

/// Walks the segments up to the end-of-image marker (ITU-T T.81, annex B).
///
/// Searching for the marker's two bytes from the end is not enough: the thumbnail inside EXIF data has its own.
pub(super) fn check_complete(bytes: &[u8]) -> Result<(), String> {
    const TRUNCATED: &str = "truncated: the JPEG ends before its end marker";
    // After the start-of-image marker, FF D8.
    let mut at = 2;
    loop {
        // Entropy-coded data holds FF only before 00 (a stuffed FF) or a restart marker; bytes between segments are skipped.
        let Some(offset) = bytes.get(at..).and_then(|rest| rest.iter().position(|&byte| byte == 0xFF)) else {
            return Err(TRUNCATED.to_owned());
        };
        at += offset + 1;
        match bytes.get(at) {
            None => return Err(TRUNCATED.to_owned()),
            // FF FF: a fill byte before a marker.
            Some(0xFF) => {}
            Some(0xD9) => return Ok(()),
            Some(0x00 | 0x01 | 0xD0..=0xD8) => at += 1,
            Some(_) => {
                let Some(&[high, low]) = bytes.get(at + 1..at + 3) else { return Err(TRUNCATED.to_owned()) };
                at += 1 + usize::from(u16::from_be_bytes([high, low])).max(2);
            }
        }
    }
}
