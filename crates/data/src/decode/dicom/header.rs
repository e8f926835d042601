//! What the attributes of a file say about its numbers.

use dicom_object::{DefaultDicomObject, Tag};

use crate::decode::{Depth, TRUNCATED, raw::Offered};

pub(super) const PIXEL_DATA: Tag = Tag(0x7FE0, 0x0010);
const SAMPLES: Tag = Tag(0x0028, 0x0002);
const PHOTOMETRIC: Tag = Tag(0x0028, 0x0004);
const FRAMES: Tag = Tag(0x0028, 0x0008);
const ROWS: Tag = Tag(0x0028, 0x0010);
const COLUMNS: Tag = Tag(0x0028, 0x0011);
const ALLOCATED: Tag = Tag(0x0028, 0x0100);
const STORED: Tag = Tag(0x0028, 0x0101);
const HIGH_BIT: Tag = Tag(0x0028, 0x0102);
const SIGNED: Tag = Tag(0x0028, 0x0103);
const WINDOW_CENTER: Tag = Tag(0x0028, 0x1050);
const INTERCEPT: Tag = Tag(0x0028, 0x1052);
const SLOPE: Tag = Tag(0x0028, 0x1053);
/// Where files of many frames have slopes and windows.
const GROUPS: [Tag; 2] = [Tag(0x5200, 0x9229), Tag(0x5200, 0x9230)];

/// The way out of compressions that are not undone here.
pub(super) const DECOMPRESS: &str = "decompress it, for example by `gdcmconv --raw in.dcm out.dcm`";

/// What the samples of a pixel mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Photometric {
    /// `inverted` where the least is white.
    Gray {
        inverted: bool,
    },
    Palette,
    Rgb,
    /// Brightness and two differences, 0 to 255 each.
    Ybr,
}

pub(super) struct Header {
    pub(super) width: u32,
    pub(super) height: u32,
    /// Of a pixel.
    pub(super) samples: usize,
    pub(super) photometric: Photometric,
    pub(super) frames: usize,
    /// Bits of a sample in the file.
    pub(super) allocated: u32,
    /// Bits of them that are in use, and the highest of those.
    pub(super) stored: u32,
    pub(super) high: u32,
    pub(super) signed: bool,
    /// Whether the numbers are made others by a slope and an intercept.
    rescaled: bool,
    windowed: bool,
}

impl Header {
    pub(super) fn of(object: &DefaultDicomObject) -> Result<Self, String> {
        let whole = |tag: Tag| object.get(tag).and_then(|element| element.to_int::<u32>().ok());
        let real = |tag: Tag| object.get(tag).and_then(|element| element.to_float64().ok());
        let (Some(width), Some(height)) = (whole(COLUMNS), whole(ROWS)) else {
            return Err("DICOM: no image in it (it says no rows and columns)".to_owned());
        };
        let text = object.get(PHOTOMETRIC).and_then(|element| element.to_str().ok()).unwrap_or_default();
        let samples = whole(SAMPLES).unwrap_or(1) as usize;
        let syntax = object.meta().transfer_syntax();
        let photometric = photometric(text.trim_matches([' ', '\0']), samples, is_jpeg(syntax))?;
        if let Some(name) = foreign_compression(syntax) {
            return Err(format!("DICOM: compressed by {name}, which cannot be undone here; {DECOMPRESS}"));
        }
        let allocated = whole(ALLOCATED).unwrap_or(16);
        let stored = whole(STORED).unwrap_or(allocated);
        let high = whole(HIGH_BIT).unwrap_or(stored.saturating_sub(1));
        let header = Self {
            width,
            height,
            samples,
            photometric,
            frames: whole(FRAMES).unwrap_or(1).max(1) as usize,
            allocated,
            stored,
            high,
            signed: whole(SIGNED) == Some(1),
            rescaled: real(SLOPE).is_some_and(|slope| slope != 1.0)
                || real(INTERCEPT).is_some_and(|intercept| intercept != 0.0)
                || GROUPS.iter().any(|&group| object.get(group).is_some()),
            windowed: object.get(WINDOW_CENTER).is_some(),
        };
        let possible = matches!(allocated, 1 | 8 | 16 | 32) && (1..=allocated).contains(&stored);
        if !possible || high >= allocated || high + 1 < stored {
            return Err(format!(
                "DICOM: damaged: {stored} bits up to bit {high} of {allocated}, and 1, 8, 16 or 32 are possible"
            ));
        }
        if header.samples == 3 && allocated != 8 && allocated != 16 {
            return Err(format!("DICOM: colors of {allocated} bits; save them as 8 or 16"));
        }
        Ok(header)
    }

    /// Refuses compressed frames that are cut, and those that announce another size than the file: nobody knows how much memory
    /// they would take.
    pub(super) fn check(&self, object: &DefaultDicomObject) -> Result<(), String> {
        let Some(fragments) = object.get(PIXEL_DATA).and_then(|element| element.fragments()) else { return Ok(()) };
        if fragments.len() < self.frames {
            return Err(TRUNCATED.to_owned());
        }
        if !is_jpeg(object.meta().transfer_syntax()) {
            return Ok(());
        }
        if fragments.last().is_some_and(|last| !has_end(last)) {
            return Err(TRUNCATED.to_owned());
        }
        for (width, height) in fragments.iter().filter_map(|fragment| jpeg_size(fragment)) {
            if (width, height) != (self.width, self.height) {
                let (rows, columns) = (self.height, self.width);
                return Err(format!(
                    "DICOM: damaged: a JPEG of {width}x{height} pixels in an image of {columns}x{rows}"
                ));
            }
        }
        Ok(())
    }

    pub(super) fn offered(&self) -> Offered {
        match self.photometric {
            Photometric::Gray { .. } => Offered::gray(),
            Photometric::Palette | Photometric::Rgb | Photometric::Ybr => Offered::rgb(),
        }
    }

    /// Whether the stored numbers are those of interest, and never negative.
    pub(super) fn is_plain(&self) -> bool {
        !self.rescaled && !self.signed && self.stored <= 16
    }

    /// What the values of the decoded picture are.
    pub(super) fn depth(&self) -> Depth {
        match self.photometric {
            Photometric::Palette | Photometric::Ybr => Depth::Bytes,
            Photometric::Rgb => {
                if self.allocated == 8 {
                    Depth::Bytes
                } else {
                    Depth::Words
                }
            }
            Photometric::Gray { .. } if self.windowed => Depth::Words,
            Photometric::Gray { .. } if !self.is_plain() => Depth::Floats,
            Photometric::Gray { .. } => {
                if self.stored == 8 || self.allocated == 1 {
                    Depth::Bytes
                } else {
                    Depth::Words
                }
            }
        }
    }

    /// The largest number that the bits in use hold, where it is white.
    pub(super) fn white(&self) -> Option<u32> {
        (self.is_plain() && self.depth() != Depth::Bytes).then(|| (1 << self.stored) - 1)
    }
}

fn photometric(text: &str, samples: usize, jpeg: bool) -> Result<Photometric, String> {
    Ok(match (text, samples) {
        ("MONOCHROME1", 1) => Photometric::Gray { inverted: true },
        ("MONOCHROME2" | "", 1) => Photometric::Gray { inverted: false },
        ("PALETTE COLOR", 1) => Photometric::Palette,
        // Decoders of JPEG give red, green and blue whatever is inside.
        (_, 3) if jpeg => Photometric::Rgb,
        ("RGB", 3) => Photometric::Rgb,
        ("YBR_FULL", 3) => Photometric::Ybr,
        (other, samples) => {
            return Err(format!("DICOM: {samples} sample(s) a pixel that mean \"{other}\"; {DECOMPRESS}"));
        }
    })
}

/// Whether a transfer syntax is one of those of JPEG that are read here.
fn is_jpeg(syntax: &str) -> bool {
    let known = ["50", "51", "57", "70"];
    syntax.strip_prefix("1.2.840.10008.1.2.4.").is_some_and(|number| known.contains(&number))
}

/// A compression that cannot be undone here, by its name.
fn foreign_compression(syntax: &str) -> Option<&'static str> {
    let number: u32 = syntax.strip_prefix("1.2.840.10008.1.2.4.")?.parse().ok()?;
    Some(match number {
        80 | 81 => "JPEG-LS",
        90..=93 => "JPEG 2000",
        100..=108 => "a method for videos",
        110..=112 => "JPEG XL",
        201..=203 => "JPEG 2000 (high throughput)",
        50 | 51 | 57 | 70 => return None,
        _ => "a rare kind of JPEG",
    })
}

/// Whether a JPEG has its end marker; what follows it fills up.
fn has_end(bytes: &[u8]) -> bool {
    let end = bytes.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
    bytes[..end].ends_with(&[0xFF, 0xD9])
}

/// (width, height) by the frame header of a JPEG; none of what is none.
fn jpeg_size(bytes: &[u8]) -> Option<(u32, u32)> {
    let mut rest = bytes.strip_prefix(&[0xFF, 0xD8])?;
    loop {
        let [0xFF, marker, tail @ ..] = rest else { return None };
        if *marker == 0xFF {
            rest = &rest[1..];
            continue;
        }
        let &[high, low, ref segment @ ..] = tail else { return None };
        // Not tables, which lie among them.
        if (0xC0..=0xCF).contains(marker) && !matches!(marker, 0xC4 | 0xC8 | 0xCC) {
            let &[_, a, b, c, d, ..] = segment else { return None };
            return Some((u32::from(u16::from_be_bytes([c, d])), u32::from(u16::from_be_bytes([a, b]))));
        }
        rest = tail.get(usize::from(u16::from_be_bytes([high, low]))..)?;
    }
}
