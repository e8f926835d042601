//! What the tags of a picture say about its samples.

use super::{ifd::Ifd, names, tag};
use crate::decode::{
    Depth,
    raw::{Colors, Offered},
};

pub(super) const BLACK_IS_ZERO: u32 = 1;

/// The way out of most things.
pub(super) const SAVE_AGAIN: &str = "save it as gray or RGB of 8 or 16 bits, for example by `magick in.tif -colorspace sRGB -depth 16 \
                                     -compress zip out.tif`";

/// What the first samples of a pixel mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Color {
    /// `inverted` where 0 is white.
    Gray {
        inverted: bool,
    },
    Rgb,
    Palette,
    Cmyk,
    YCbCr,
}

impl Color {
    pub(super) fn samples(self) -> usize {
        match self {
            Self::Gray { .. } | Self::Palette => 1,
            Self::Rgb | Self::YCbCr => 3,
            Self::Cmyk => 4,
        }
    }
}

/// What the sample after those is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Alpha {
    None,
    Straight,
    /// Colors have been multiplied by it.
    Premultiplied,
}

/// Kinds of numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Unsigned,
    Signed,
    Float,
}

pub(super) struct Layout {
    pub(super) width: u32,
    pub(super) height: u32,
    /// Of a sample.
    pub(super) bits: u8,
    /// Of a pixel.
    pub(super) samples: usize,
    pub(super) kind: Kind,
    pub(super) color: Color,
    pub(super) alpha: Alpha,
    pub(super) planar: bool,
    /// The first pixel is in the lowest bits of a byte.
    pub(super) bits_from_below: bool,
    /// The file does not say what kind of numbers they are.
    pub(super) is_void: bool,
    compression: u64,
}

const JPEG: u64 = 7;

/// (width, height) as stored.
pub(super) fn size(ifd: &Ifd, bytes: &[u8]) -> Result<(u32, u32), String> {
    let side = |tag| ifd.number_of(bytes, tag).and_then(|side| u32::try_from(side).ok()).filter(|&side| side > 0);
    match (side(tag::WIDTH), side(tag::HEIGHT)) {
        (Some(width), Some(height)) => Ok((width, height)),
        _ => Err("TIFF: damaged: it has no width or height".to_owned()),
    }
}

impl Layout {
    pub(super) fn of(ifd: &Ifd, bytes: &[u8]) -> Result<Self, String> {
        let number = |tag, default| ifd.number_of(bytes, tag).unwrap_or(default);
        let (width, height) = size(ifd, bytes)?;
        let bits = ifd.numbers(bytes, tag::BITS).unwrap_or_else(|| vec![1]);
        let samples = usize::try_from(number(tag::SAMPLES, 1)).unwrap_or(usize::MAX);
        if let [first, others @ ..] = &bits[..]
            && others.iter().any(|other| other != first)
        {
            return Err(format!("TIFF: channels of different depths ({bits:?} bits); {SAVE_AGAIN}"));
        }
        let bits = bits.first().and_then(|&bits| u8::try_from(bits).ok()).filter(|bits| (1..=64).contains(bits));
        let format = number(tag::SAMPLE_FORMAT, 1);
        let kind = match format {
            1 | 4 => Kind::Unsigned,
            2 => Kind::Signed,
            3 => Kind::Float,
            _ => return Err(format!("TIFF: complex numbers; {SAVE_AGAIN}")),
        };
        let extra = ifd.numbers(bytes, tag::EXTRA_SAMPLES).unwrap_or_default();
        let color = color(number(tag::PHOTOMETRIC, u64::MAX), samples)?;
        let layout = Self {
            width,
            height,
            bits: bits.ok_or("TIFF: damaged: it says no depth")?,
            samples,
            kind,
            color,
            alpha: alpha(color, samples, &extra),
            planar: number(tag::PLANAR, 1) == 2 && samples > 1,
            bits_from_below: number(tag::FILL_ORDER, 1) == 2 && number(tag::COMPRESSION, 1) != JPEG,
            is_void: format == 4,
            compression: number(tag::COMPRESSION, 1),
        };
        layout.check(ifd, bytes)?;
        Ok(layout)
    }

    fn check(&self, ifd: &Ifd, bytes: &[u8]) -> Result<(), String> {
        if let Some(name) = foreign_compression(self.compression) {
            return Err(format!(
                "TIFF: {}: compressed by {name}, which cannot be undone here; {SAVE_AGAIN}",
                self.in_words()
            ));
        }
        let subsampling = ifd.numbers(bytes, tag::YCBCR_SUBSAMPLING).unwrap_or_else(|| vec![2, 2]);
        if self.color == Color::YCbCr && self.compression != JPEG && subsampling.iter().any(|&step| step != 1) {
            return Err(format!(
                "TIFF: {}: fewer samples of color than of brightness, without JPEG; {SAVE_AGAIN}",
                self.in_words()
            ));
        }
        let predicted = ifd.number_of(bytes, tag::PREDICTOR).is_some_and(|predictor| predictor > 1);
        let tiled = ifd.number_of(bytes, tag::TILE_OFFSETS).is_some();
        if self.is_odd() && (self.planar || predicted || tiled || self.compression == JPEG) {
            return Err(format!(
                "TIFF: {}: samples of {} bits in planes, tiles or differences; {SAVE_AGAIN}",
                self.in_words(),
                self.bits
            ));
        }
        Ok(())
    }

    /// Whether samples have a depth that nothing else has, packed bit by bit.
    pub(super) fn is_odd(&self) -> bool {
        (9..=15).contains(&self.bits) && self.kind == Kind::Unsigned
    }

    /// Whether the values mean the same as those of bands of measurements: brightness, or red, green and blue.
    pub(super) fn is_linear(&self) -> bool {
        matches!(self.color, Color::Gray { .. } | Color::Rgb)
    }

    /// The samples of a pixel that are in use, and whether the last of them is to be laid onto white.
    pub(super) fn in_use(&self, keep_alpha: bool) -> (Vec<usize>, bool) {
        let colors = self.color.samples();
        let alpha = self.alpha != Alpha::None;
        if !self.is_linear() {
            return ((0..colors + usize::from(alpha)).collect(), alpha);
        }
        if alpha && self.samples == colors + 1 {
            return ((0..self.samples).collect(), !keep_alpha);
        }
        // Transparency among further channels is nothing to lay one of them by.
        ((0..self.samples).filter(|&sample| keep_alpha || !alpha || sample != colors).collect(), false)
    }

    /// The channels that come of them.
    pub(super) fn offered(&self, ifd: &Ifd, bytes: &[u8], keep_alpha: bool) -> Offered {
        if !self.is_linear() {
            return Offered::rgb();
        }
        let (columns, laid) = self.in_use(keep_alpha);
        let own = names::of_bands(ifd, bytes);
        let few = self.samples - usize::from(self.alpha != Alpha::None);
        let (colors, usual) = match self.color {
            Color::Rgb => (Colors::Rgb, ["red", "green", "blue"].as_slice()),
            _ if few <= 2 => (Colors::Gray, ["gray"].as_slice()),
            _ => (Colors::Unknown, [].as_slice()),
        };
        let name = |&sample: &usize| -> String {
            let alpha = self.alpha != Alpha::None && sample == self.color.samples();
            let usual = if alpha { Some("alpha") } else { usual.get(sample).copied() };
            own.get(&sample).cloned().or_else(|| usual.map(str::to_owned)).unwrap_or_default()
        };
        let names: Vec<String> = columns[..columns.len() - usize::from(laid)].iter().map(name).collect();
        Offered { channels: names.len(), colors, names }
    }

    /// What the values of the decoded picture are.
    pub(super) fn depth(&self) -> Depth {
        match (self.kind, self.bits) {
            _ if !self.is_linear() => Depth::Bytes,
            (Kind::Float, _) => Depth::Floats,
            (Kind::Unsigned, ..=8) => Depth::Bytes,
            // Whole numbers that are negative or beyond 16 bits become floats, which only they themselves tell.
            _ => Depth::Words,
        }
    }

    /// Bytes of a row of whole pixels.
    pub(super) fn row_bytes(&self) -> usize {
        (self.width as usize).saturating_mul(self.samples).saturating_mul(usize::from(self.bits)).div_ceil(8)
    }

    /// "RGB with transparency, 16 bits".
    pub(super) fn in_words(&self) -> String {
        let color = match self.color {
            Color::Gray { .. } => "gray",
            Color::Rgb => "RGB",
            Color::Palette => "a palette",
            Color::Cmyk => "CMYK",
            Color::YCbCr => "YCbCr",
        };
        let kind = match self.kind {
            Kind::Unsigned => "",
            Kind::Signed => " signed",
            Kind::Float => " floating-point",
        };
        let alpha = if self.alpha == Alpha::None { "" } else { " with transparency" };
        format!("{color}{alpha},{kind} {} bits", self.bits)
    }
}

fn color(photometric: u64, samples: usize) -> Result<Color, String> {
    let color = match photometric {
        0 => Color::Gray { inverted: true },
        1 => Color::Gray { inverted: false },
        2 => Color::Rgb,
        3 => Color::Palette,
        5 => Color::Cmyk,
        6 => Color::YCbCr,
        other => {
            let what = match other {
                4 => "a mask".to_owned(),
                8..=10 => "L*a*b* colors".to_owned(),
                32803 | 34892 => "the raw data of a camera (DNG)".to_owned(),
                32844 | 32845 => "logarithmic brightness (LogLuv)".to_owned(),
                u64::MAX => "it does not say what its samples are".to_owned(),
                other => format!("samples of an unknown meaning (photometric interpretation {other})"),
            };
            return Err(format!("TIFF: {what}; {SAVE_AGAIN}"));
        }
    };
    if samples < color.samples() {
        return Err(format!("TIFF: damaged: {samples} samples a pixel are too few for its colors"));
    }
    Ok(color)
}

fn alpha(color: Color, samples: usize, extra: &[u64]) -> Alpha {
    match extra.first() {
        _ if samples <= color.samples() => Alpha::None,
        Some(1) => Alpha::Premultiplied,
        Some(2) => Alpha::Straight,
        // Many programs write RGBA without saying so.
        None if color == Color::Rgb && samples == 4 => Alpha::Straight,
        _ => Alpha::None,
    }
}

/// A compression that cannot be undone here, by its name.
fn foreign_compression(number: u64) -> Option<String> {
    Some(match number {
        1 | 4 | 5 | 7 | 8 | 32773 | 32946 => return None,
        2 | 3 => "CCITT (fax group 3)".to_owned(),
        6 => "old-style JPEG".to_owned(),
        32809 => "ThunderScan".to_owned(),
        33003 | 33005 | 34712 => "JPEG 2000".to_owned(),
        34661 => "JBIG".to_owned(),
        34887 => "LERC".to_owned(),
        34925 => "LZMA".to_owned(),
        50000 => "Zstandard".to_owned(),
        50001 => "WebP".to_owned(),
        50002 | 52546 => "JPEG XL".to_owned(),
        other => format!("method {other}"),
    })
}
