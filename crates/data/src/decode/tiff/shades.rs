//! From samples to the values of gray or RGB on white paper, or of bands.

use super::{
    ifd::Ifd,
    layout::{Alpha, Color, Layout},
    samples::Samples,
    tag,
};
use crate::decode::{
    Notes, Raw, Values,
    channels::{lay_floats_onto, lay_onto_white, lay_words_onto, white_of},
    depth,
};

/// The values of a picture whose file is `bytes`; transparency is a channel where it is to be kept.
pub(super) fn shades(
    samples: Samples,
    layout: &Layout,
    ifd: &Ifd,
    (bytes, keep_alpha): (&[u8], bool),
) -> Result<Raw, String> {
    if !layout.is_linear() {
        return of_colors(samples, layout, ifd, bytes);
    }
    let (columns, laid) = layout.in_use(keep_alpha);
    let values = match samples {
        Samples::Bytes(values, 255) => (Values::from(values), 255),
        Samples::Bytes(values, full) => (depth::words(&widened(&values), full).into(), 255),
        Samples::Words(values, full) => (values.into(), full),
        Samples::Floats(values) => (values.into(), 0),
    };
    let ((values, full), notes) = if columns.len() == layout.samples {
        (values, Notes::default())
    } else {
        ((values.0.columns(layout.samples, &columns), values.1), Notes::FURTHER_CHANNELS)
    };
    let white = told_white(ifd, bytes);
    let values = match layout.color {
        Color::Gray { inverted: true } => inverted(values, columns.len(), full, white)?,
        _ => values,
    };
    let multiplied = layout.alpha == Alpha::Premultiplied;
    let values = if laid { laid_onto_white(values, columns.len(), white, multiplied)? } else { values };
    let offered = layout.offered(ifd, bytes, keep_alpha);
    let (width, height) = (layout.width as usize, layout.height as usize);
    if values.len() != width * height * offered.channels {
        return Err(CUT.to_owned());
    }
    Ok(Raw { width, height, offered, values, full, white, window: None, notes })
}

const CUT: &str = "truncated: the file ends before the image does";

/// The value of white, where the file says it and black is 0.
fn told_white(ifd: &Ifd, bytes: &[u8]) -> Option<u32> {
    let said = ifd.reals(bytes, tag::LARGEST_SAMPLE).or_else(|| ifd.reals(bytes, tag::MAX_VALUE));
    let black = ifd.reals(bytes, tag::LEAST_SAMPLE).and_then(|values| values.first().copied()).unwrap_or(0.0);
    let white = said.and_then(|values| values.first().copied()).filter(|_| black == 0.0)? as u32;
    (white > 0 && white < 65536).then_some(white)
}

/// Black as white, where 0 is white.
fn inverted(values: Values<'static>, of_pixel: usize, full: u32, told: Option<u32>) -> Result<Values<'static>, String> {
    // The first of a pixel is gray; transparency stays.
    let is_gray = |at: usize| at.is_multiple_of(of_pixel.max(1));
    Ok(match values {
        Values::Bytes(values) => {
            let one = |(at, &value): (usize, &u8)| if is_gray(at) { 255 - value } else { value };
            values.iter().enumerate().map(one).collect::<Vec<_>>().into()
        }
        Values::Words(values) => {
            let largest = values.iter().copied().max().map_or(0, u32::from);
            let white = told.filter(|&told| told >= largest).unwrap_or(depth::white_of_words(largest, full).0) as u16;
            let one = |(at, &value): (usize, &u16)| if is_gray(at) { white.saturating_sub(value) } else { value };
            values.iter().enumerate().map(one).collect::<Vec<_>>().into()
        }
        Values::Floats(values) => {
            let (white, _) = depth::white_of_floats(&values).map_err(|reason| format!("TIFF: {reason}"))?;
            let one = |(at, &value): (usize, &f32)| if is_gray(at) { white - value } else { value };
            values.iter().enumerate().map(one).collect::<Vec<_>>().into()
        }
    })
}

/// Colors and transparency as colors on white paper.
fn laid_onto_white(
    values: Values<'static>,
    of_pixel: usize,
    told: Option<u32>,
    multiplied: bool,
) -> Result<Values<'static>, String> {
    let gray = of_pixel == 2;
    Ok(match values {
        Values::Bytes(values) if gray => lay_onto_white::<2>(&values, multiplied).into(),
        Values::Bytes(values) => lay_onto_white::<4>(&values, multiplied).into(),
        Values::Words(values) => {
            let guessed = if gray { white_of::<2>(&values) } else { white_of::<4>(&values) };
            let white = told.unwrap_or(guessed);
            let lay = if gray { lay_words_onto::<2> } else { lay_words_onto::<4> };
            lay(white, &values, multiplied).into()
        }
        Values::Floats(values) => {
            let (white, _) = depth::white_of_floats(&values).map_err(|reason| format!("TIFF: {reason}"))?;
            let lay = if gray { lay_floats_onto::<2> } else { lay_floats_onto::<4> };
            lay(white, &values, multiplied).into()
        }
    })
}

/// Palettes, CMYK and YCbCr as RGB of 8 bits.
fn of_colors(samples: Samples, layout: &Layout, ifd: &Ifd, bytes: &[u8]) -> Result<Raw, String> {
    let in_use = layout.color.samples() + usize::from(layout.alpha != Alpha::None);
    let mut notes = if layout.samples > in_use { Notes::FURTHER_CHANNELS } else { Notes::default() };
    let indices = layout.color == Color::Palette;
    let values = match samples {
        Samples::Bytes(values, full) => {
            let values = of_use(values, layout.samples, in_use);
            if full == 255 || indices { values } else { depth::words(&widened(&values), full) }
        }
        Samples::Words(values, full) => {
            let values = of_use(values, layout.samples, in_use);
            if indices {
                return Err("TIFF: a palette of more than 256 colors".to_owned());
            }
            let largest = values.iter().copied().max().map_or(0, u32::from);
            let told = told_white(ifd, bytes).filter(|&white| white >= largest);
            let (white, said) =
                told.map_or_else(|| depth::white_of_words(largest, full), |white| (white, Notes::default()));
            notes = notes | said;
            depth::words(&values, white)
        }
        Samples::Floats(values) => {
            let values = of_use(values, layout.samples, in_use);
            let (white, said) = depth::white_of_floats(&values).map_err(|reason| format!("TIFF: {reason}"))?;
            notes = notes | said;
            depth::floats(&values, white)
        }
    };
    let alpha = layout.alpha != Alpha::None;
    let colors = match layout.color {
        Color::Cmyk => pixels(&values, alpha, rgb_of_cmyk),
        Color::YCbCr => {
            let convert = YCbCr::of(ifd, bytes);
            pixels(&values, alpha, |pixel| convert.rgb(pixel))
        }
        Color::Palette => {
            let palette = palette(ifd, bytes, layout.bits)?;
            pixels(&values, alpha, |[index]: [u8; 1]| palette.get(usize::from(index)).copied().unwrap_or_default())
        }
        Color::Gray { .. } | Color::Rgb => values,
    };
    let data = match layout.alpha {
        Alpha::None => colors,
        alpha => lay_onto_white::<4>(&colors, alpha == Alpha::Premultiplied),
    };
    let (width, height) = (layout.width as usize, layout.height as usize);
    let offered = layout.offered(ifd, bytes, false);
    if data.len() != width * height * offered.channels {
        return Err(CUT.to_owned());
    }
    Ok(Raw { notes, ..Raw::bytes(width, height, offered, data) })
}

/// The first `used` of each pixel's samples.
fn of_use<T: Copy>(values: Vec<T>, samples: usize, used: usize) -> Vec<T> {
    if samples == used {
        return values;
    }
    values.chunks_exact(samples).flat_map(|pixel| &pixel[..used]).copied().collect()
}

fn widened(values: &[u8]) -> Vec<u16> {
    values.iter().map(|&value| u16::from(value)).collect()
}

/// Each pixel of `N` samples as one of `M`, with its transparency where it has one.
fn pixels<const N: usize, const M: usize>(values: &[u8], alpha: bool, convert: impl Fn([u8; N]) -> [u8; M]) -> Vec<u8> {
    let of_pixel = N + usize::from(alpha);
    let mut out = Vec::with_capacity(values.len() / of_pixel * (M + usize::from(alpha)));
    for pixel in values.chunks_exact(of_pixel) {
        if let Some((&colors, rest)) = pixel.split_first_chunk::<N>() {
            out.extend(convert(colors));
            out.extend(rest);
        }
    }
    out
}

/// Without color management: what the inks leave of white.
fn rgb_of_cmyk([c, m, y, k]: [u8; 4]) -> [u8; 3] {
    [c, m, y].map(|ink| ((u32::from(255 - ink) * u32::from(255 - k) + 127) / 255) as u8)
}

/// The colors of a map of 16-bit values: all red ones, then green, then blue.
fn palette(ifd: &Ifd, bytes: &[u8], bits: u8) -> Result<Vec<[u8; 3]>, String> {
    let size = 1_usize << bits.min(8);
    let map = ifd.numbers(bytes, tag::COLOR_MAP).filter(|map| map.len() >= 3 * size);
    let map = map.ok_or("TIFF: damaged: its palette is missing")?;
    // Some old programs wrote 8-bit values.
    let shift = if map.iter().all(|&value| value < 256) { 0 } else { 8 };
    Ok((0..size).map(|i| [map[i], map[size + i], map[2 * size + i]].map(|value| (value >> shift) as u8)).collect())
}

/// TIFF 6.0, section 21.
struct YCbCr {
    luma: [f32; 3],
    /// Black and white of each component.
    reference: [[f32; 2]; 3],
}

impl YCbCr {
    fn of(ifd: &Ifd, bytes: &[u8]) -> Self {
        let reals = |tag| -> Option<Vec<f32>> {
            let values = ifd.reals(bytes, tag)?;
            let values: Vec<f32> = values.into_iter().map(|value| value as f32).collect();
            values.iter().all(|value| value.is_finite()).then_some(values)
        };
        let luma = reals(tag::YCBCR_COEFFICIENTS)
            .and_then(|luma| luma.try_into().ok())
            .filter(|luma: &[f32; 3]| luma[1] > 0.0);
        let reference = reals(tag::REFERENCE_BLACK_WHITE).and_then(|values| {
            let [a, b, c, d, e, f] = values.try_into().ok()?;
            Some([[a, b], [c, d], [e, f]]).filter(|pairs| pairs.iter().all(|[black, white]| black < white))
        });
        Self {
            luma: luma.unwrap_or([0.299, 0.587, 0.114]),
            reference: reference.unwrap_or([[0.0, 255.0], [128.0, 255.0], [128.0, 255.0]]),
        }
    }

    fn rgb(&self, pixel: [u8; 3]) -> [u8; 3] {
        let full = |i: usize, range: f32| {
            let [black, white] = self.reference[i];
            (f32::from(pixel[i]) - black) * range / (white - black)
        };
        let (y, cb, cr) = (full(0, 255.0), full(1, 127.0), full(2, 127.0));
        let [red, green, blue] = self.luma;
        let r = cr * (2.0 - 2.0 * red) + y;
        let b = cb * (2.0 - 2.0 * blue) + y;
        let g = (y - blue * b - red * r) / green;
        [r, g, b].map(|value| value.round() as u8)
    }
}
