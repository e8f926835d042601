//! What a file announces, held against what is there, before the crates allocate as much as they are told, or go as deep.

use super::header::{DECOMPRESS, PIXEL_DATA};
use crate::decode::TRUNCATED;

/// Sequences in sequences that are put up with.
const DEEPEST: usize = 64;
/// "It ends where its delimiter is."
const UNDEFINED: u32 = u32::MAX;
const ITEM: (u16, u16) = (0xFFFE, 0xE000);
const ITEM_END: (u16, u16) = (0xFFFE, 0xE00D);
const SEQUENCE_END: (u16, u16) = (0xFFFE, 0xE0DD);
const TRANSFER_SYNTAX: (u16, u16) = (0x0002, 0x0010);
/// Types of values whose length has two bytes (PS3.5, 7.1.2); all others have four after two that are reserved.
const SHORT: [&[u8; 2]; 21] = [
    b"AE", b"AS", b"AT", b"CS", b"DA", b"DS", b"DT", b"FL", b"FD", b"IS", b"LO", b"LT", b"PN", b"SH", b"SL", b"SS",
    b"ST", b"TM", b"UI", b"UL", b"US",
];

/// How elements are written.
#[derive(Clone, Copy)]
struct Syntax {
    explicit: bool,
    big_endian: bool,
}

impl Syntax {
    fn of(name: &[u8]) -> Self {
        match name.trim_ascii_end() {
            b"1.2.840.10008.1.2" => Self { explicit: false, big_endian: false },
            b"1.2.840.10008.1.2.2" => Self { explicit: true, big_endian: true },
            _ => Self { explicit: true, big_endian: false },
        }
    }

    fn short(self, bytes: &[u8], at: usize) -> Option<u16> {
        let bytes = bytes.get(at..)?.first_chunk()?;
        Some(if self.big_endian { u16::from_be_bytes(*bytes) } else { u16::from_le_bytes(*bytes) })
    }

    fn long(self, bytes: &[u8], at: usize) -> Option<u32> {
        let bytes = bytes.get(at..)?.first_chunk()?;
        Some(if self.big_endian { u32::from_be_bytes(*bytes) } else { u32::from_le_bytes(*bytes) })
    }

    /// Tag, whether it is said to be a sequence, the length of its value, and where that begins.
    fn element(self, bytes: &[u8], at: usize) -> Option<((u16, u16), bool, u32, usize)> {
        let tag = (self.short(bytes, at)?, self.short(bytes, at + 2)?);
        if !self.explicit || tag.0 == 0xFFFE {
            return Some((tag, false, self.long(bytes, at + 4)?, at + 8));
        }
        let kind: &[u8; 2] = bytes.get(at + 4..)?.first_chunk()?;
        if SHORT.contains(&kind) {
            return Some((tag, false, u32::from(self.short(bytes, at + 6)?), at + 8));
        }
        Some((tag, kind == b"SQ", self.long(bytes, at + 8)?, at + 12))
    }
}

/// What has been opened: where it ends, if that is known, and whether it holds compressed frames.
struct Open {
    end: Option<usize>,
    frames: bool,
}

/// Refuses files whose elements are said to be longer than what is left, and sequences that are too deep.
pub(super) fn check(bytes: &[u8]) -> Result<(), String> {
    let mut syntax = Syntax { explicit: true, big_endian: false };
    let mut name: &[u8] = b"";
    // After the preamble and `DICM`.
    let (mut at, mut within_meta) = (132, true);
    let mut open: Vec<Open> = Vec::new();
    loop {
        while open.last().and_then(|open| open.end).is_some_and(|end| end <= at) {
            open.pop();
        }
        // The first element of another group than 2 is written as the transfer syntax says.
        if within_meta && bytes.get(at..at + 2).is_some_and(|group| group != [2, 0]) {
            within_meta = false;
            if name == b"1.2.840.10008.1.2.1.99" {
                // It could become any size.
                return Err(format!(
                    "DICOM: compressed as a whole (deflate), which cannot be undone here; {DECOMPRESS}"
                ));
            }
            syntax = Syntax::of(name);
        }
        let Some((tag, sequence, length, start)) = syntax.element(bytes, at) else { return Ok(()) };
        at = start;
        if tag == ITEM_END || tag == SEQUENCE_END {
            open.pop();
            continue;
        }
        let end = start + length as usize;
        if length != UNDEFINED && end > bytes.len() {
            return Err(TRUNCATED.to_owned());
        }
        if tag == TRANSFER_SYNTAX && within_meta {
            name = bytes.get(start..end).unwrap_or_default().trim_ascii_end();
            name = name.strip_suffix(b"\0").unwrap_or(name);
        }
        let fragment = tag == ITEM && open.last().is_some_and(|open| open.frames);
        // Where no type is written, a sequence is told by its first item.
        let item_follows =
            || (syntax.short(bytes, start), syntax.short(bytes, start + 2)) == (Some(ITEM.0), Some(ITEM.1));
        let nested = tag == ITEM || sequence || length == UNDEFINED || (!syntax.explicit && item_follows());
        if fragment || !nested {
            at = end;
            continue;
        }
        if open.len() >= DEEPEST {
            return Err(format!("DICOM: damaged: more than {DEEPEST} sequences within each other"));
        }
        let frames = tag == (PIXEL_DATA.0, PIXEL_DATA.1) && length == UNDEFINED;
        open.push(Open { end: (length != UNDEFINED).then_some(end), frames });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_images::fixture;

    #[test]
    fn whole_files_pass_and_announced_lengths_do_not() {
        for name in ["ct.dcm", "ray.dcm", "frames.dcm", "planes.dcm", "palette.dcm", "jpeg.dcm", "lossless.dcm"] {
            let mut bytes = fixture(name);
            check(&bytes).unwrap_or_else(|reason| panic!("{name}: {reason}"));
            // The length of the pixels, or of the last fragment of them.
            let cut = bytes.len() - 10;
            bytes.truncate(cut);
            let reason = crate::decode::read(&bytes, &crate::Channels::Auto);
            assert!(name == "frames.dcm" || reason.is_err(), "{name}");
        }
        let mut bytes = fixture("ct.dcm");
        let pixels = bytes.windows(6).position(|tag| tag == [0xE0, 0x7F, 0x10, 0, b'O', b'W']).unwrap();
        bytes[pixels + 8..pixels + 12].copy_from_slice(&0x7FFF_FFF0_u32.to_le_bytes());
        assert_eq!(check(&bytes).unwrap_err(), TRUNCATED);
    }

    #[test]
    fn sequences_do_not_go_deeper_than_a_stack() {
        let nested = |depth: usize| {
            let mut bytes = fixture("ct.dcm");
            for _ in 0..depth {
                // A sequence without a length, and an item without one.
                bytes.extend([0x08, 0, 0x40, 0x11, b'S', b'Q', 0, 0, 0xFF, 0xFF, 0xFF, 0xFF]);
                bytes.extend([0xFE, 0xFF, 0x00, 0xE0, 0xFF, 0xFF, 0xFF, 0xFF]);
            }
            check(&bytes)
        };
        assert!(nested(20).is_ok());
        assert!(nested(100_000).unwrap_err().contains("within each other"));
    }
}
