//! Stored bits as numbers, and what slope, intercept and window make of them.

use dicom_pixeldata::{DecodedPixelData, PixelRepresentation, PlanarConfiguration, VoiLutFunction};

use super::header::{Header, Photometric};
use crate::decode::{TRUNCATED, Values};

/// The samples of a frame.
pub(super) struct Numbers<'a> {
    data: &'a [u8],
    /// Bytes of a sample.
    size: usize,
    /// Bits below those in use, and how many those are.
    shift: u32,
    bits: u32,
    signed: bool,
    /// Whether all red comes first.
    planes: bool,
    pixels: usize,
    slope: f64,
    intercept: f64,
    /// What is black and white, before anything is turned around.
    ends: Option<[f64; 2]>,
    /// Whether brightness is said by a table.
    pub(super) has_table: bool,
}

impl<'a> Numbers<'a> {
    pub(super) fn of(decoded: &'a DecodedPixelData<'_>, header: &Header) -> Result<Self, String> {
        let pixels = header.width as usize * header.height as usize;
        // Single bits have become bytes.
        let single = header.allocated == 1;
        let size = if single { 1 } else { header.allocated as usize / 8 };
        let data = decoded.data().get(..pixels * header.samples * size).ok_or(TRUNCATED)?;
        let rescale = decoded.rescale().ok().and_then(|all| all.first()).copied();
        let window = decoded.window().ok().flatten().and_then(|all| all.first()).copied();
        let function = decoded.voi_lut_function().ok().flatten().and_then(|all| all.first()).copied();
        let ends = window.and_then(|window| {
            // PS3.3 C.11.2.1.2; a sigmoid is taken as the straight line through its middle.
            let exact = function.is_some_and(|function| function != VoiLutFunction::Linear) || window.width < 1.0;
            let (center, width) =
                if exact { (window.center, window.width) } else { (window.center - 0.5, window.width - 1.0) };
            let ends = [center - width / 2.0, center + width / 2.0];
            (ends[0] < ends[1] && ends.iter().all(|end| end.is_finite())).then_some(ends)
        });
        Ok(Self {
            data,
            size,
            shift: if single { 0 } else { header.high + 1 - header.stored },
            bits: if single { 8 } else { header.stored },
            signed: decoded.pixel_representation() == PixelRepresentation::Signed && !single,
            planes: decoded.planar_configuration() == PlanarConfiguration::PixelFirst && header.samples > 1,
            pixels,
            slope: rescale.map_or(1.0, |rescale| rescale.slope),
            intercept: rescale.map_or(0.0, |rescale| rescale.intercept),
            ends,
            has_table: decoded.voi_lut_sequence().ok().flatten().is_some_and(|tables| !tables.is_empty()),
        })
    }

    /// The number that is stored at a place.
    pub(super) fn stored(&self, at: usize) -> i64 {
        let bytes = self.data.get(at * self.size..(at + 1) * self.size).unwrap_or_default();
        let word = bytes.iter().rev().fold(0_u64, |word, &byte| word << 8 | u64::from(byte)) >> self.shift;
        let unused = 64 - self.bits;
        // What lies above the bits in use is none of theirs.
        if self.signed { (word << unused) as i64 >> unused } else { (word << unused >> unused) as i64 }
    }

    /// How many pixels there are.
    pub(super) fn pixels(&self) -> usize {
        self.pixels
    }

    /// Where least and largest possible number add up to, as they are after slope and intercept.
    fn turned_around(&self) -> f64 {
        let (least, largest) = if self.signed {
            (-((1_i64 << (self.bits - 1)) as f64), ((1_i64 << (self.bits - 1)) - 1) as f64)
        } else {
            (0.0, ((1_u64 << self.bits) - 1) as f64)
        };
        self.slope * (least + largest) + 2.0 * self.intercept
    }

    /// One channel: whole numbers as they are stored, or floats where slope, intercept or a sign make others of them.
    pub(super) fn gray(&self, header: &Header) -> Values<'static> {
        let inverted = header.photometric == Photometric::Gray { inverted: true };
        if header.is_plain() {
            let largest = (1_i64 << self.bits) - 1;
            let one = |at: usize| if inverted { largest - self.stored(at) } else { self.stored(at) };
            return if self.bits == 8 {
                (0..self.pixels).map(|at| one(at) as u8).collect::<Vec<_>>().into()
            } else {
                (0..self.pixels).map(|at| one(at) as u16).collect::<Vec<_>>().into()
            };
        }
        let around = self.turned_around();
        let one = |at: usize| {
            let value = self.slope * self.stored(at) as f64 + self.intercept;
            (if inverted { around - value } else { value }) as f32
        };
        (0..self.pixels).map(one).collect::<Vec<_>>().into()
    }

    /// Red, green and blue.
    pub(super) fn colors(&self, header: &Header) -> Result<Values<'static>, String> {
        let place = |at: usize| if self.planes { at % 3 * self.pixels + at / 3 } else { at };
        let all = 0..3 * self.pixels;
        if header.allocated == 16 && header.photometric == Photometric::Rgb {
            return Ok(all.map(|at| self.stored(place(at)) as u16).collect::<Vec<_>>().into());
        }
        if header.allocated != 8 {
            return Err("DICOM: brightness and color differences of more than 8 bits; save them as RGB".to_owned());
        }
        let bytes: Vec<u8> = all.map(|at| self.stored(place(at)) as u8).collect();
        if header.photometric == Photometric::Rgb {
            return Ok(bytes.into());
        }
        Ok(bytes.as_chunks::<3>().0.iter().flat_map(|&pixel| rgb_of_ybr(pixel)).collect::<Vec<_>>().into())
    }

    /// Black and white of one channel, as the window says, in values that have been turned around where they are.
    pub(super) fn window(&self, header: &Header) -> Option<[f32; 2]> {
        let Photometric::Gray { inverted } = header.photometric else { return None };
        let [low, high] = self.ends?;
        let around = self.turned_around();
        let [low, high] = if inverted { [around - high, around - low] } else { [low, high] };
        Some([low as f32, high as f32])
    }
}

/// PS3.3 C.7.6.3.1.2, `YBR_FULL`.
fn rgb_of_ybr([y, b, r]: [u8; 3]) -> [u8; 3] {
    let (y, b, r) = (f32::from(y), f32::from(b) - 128.0, f32::from(r) - 128.0);
    // `as` cuts off at 0 and 255.
    [y + 1.402 * r, y - 0.344_136 * b - 0.714_136 * r, y + 1.772 * b].map(|value| value.round() as u8)
}
