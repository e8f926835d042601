//! Decoded values in one order: pixel by pixel, all samples of a pixel together.

use tiff::decoder::DecodingResult;

use super::layout::{Kind, Layout};
use crate::decode::Values;

/// Samples pixel by pixel, and the largest value that their type allows.
pub(super) enum Samples {
    /// 1 to 8 bits.
    Bytes(Vec<u8>, u32),
    /// 9 to 16 bits, or more that are not in use.
    Words(Vec<u16>, u32),
    Floats(Vec<f32>),
}

/// The samples of one decoded picture, of which `samples` make a pixel and `row` bytes a row.
pub(super) fn of(values: DecodingResult, layout: &Layout, samples: usize, row: usize) -> Result<Samples, String> {
    let full = if layout.bits < 32 { (1_u32 << layout.bits) - 1 } else { u32::MAX };
    Ok(match values {
        DecodingResult::U8(values) if layout.is_odd() => Samples::Words(unpacked(&values, layout, row, samples)?, full),
        DecodingResult::U8(values) if layout.bits < 8 => {
            let values = unpacked(&values, layout, row, samples)?;
            Samples::Bytes(values.into_iter().map(|value| value as u8).collect(), full)
        }
        DecodingResult::U8(values) => Samples::Bytes(values, full),
        DecodingResult::U16(values) => Samples::Words(values, full),
        DecodingResult::F32(values) => Samples::Floats(values),
        DecodingResult::F16(values) => Samples::Floats(values.iter().map(|value| value.to_f32()).collect()),
        DecodingResult::F64(values) => Samples::Floats(values.iter().map(|&value| value as f32).collect()),
        DecodingResult::I8(values) => words(values, layout),
        DecodingResult::I16(values) => words(values, layout),
        DecodingResult::I32(values) => words(values, layout),
        DecodingResult::I64(values) => words(values, layout),
        DecodingResult::U32(values) => words(values, layout),
        DecodingResult::U64(values) => words(values, layout),
    })
}

/// Planes of one sample each as pixels.
pub(super) fn woven(planes: Vec<Samples>) -> Option<Samples> {
    let (mut bytes, mut words, mut floats, mut full) = (Vec::new(), Vec::new(), Vec::new(), 0);
    // Of whole numbers with a sign, those of some planes may all be positive.
    let any_floats = planes.iter().any(|plane| matches!(plane, Samples::Floats(_)));
    for plane in planes {
        match plane {
            Samples::Words(values, _) if any_floats => floats.push(values.into_iter().map(f32::from).collect()),
            Samples::Bytes(values, most) => {
                bytes.push(values);
                full = most;
            }
            Samples::Words(values, most) => {
                words.push(values);
                full = most;
            }
            Samples::Floats(values) => floats.push(values),
        }
    }
    match (bytes.is_empty(), words.is_empty(), floats.is_empty()) {
        (false, true, true) => Some(Samples::Bytes(by_pixel(&bytes), full)),
        (true, false, true) => Some(Samples::Words(by_pixel(&words), full)),
        (true, true, false) => Some(Samples::Floats(by_pixel(&floats))),
        _ => None,
    }
}

/// Pages of one value a pixel as pixels.
pub(super) fn woven_values(planes: Vec<Values<'static>>) -> Option<Values<'static>> {
    let samples = planes.into_iter().map(|plane| match plane {
        Values::Bytes(values) => Samples::Bytes(values.into_owned(), 0),
        Values::Words(values) => Samples::Words(values.into_owned(), 0),
        Values::Floats(values) => Samples::Floats(values.into_owned()),
    });
    Some(match woven(samples.collect())? {
        Samples::Bytes(values, _) => values.into(),
        Samples::Words(values, _) => values.into(),
        Samples::Floats(values) => values.into(),
    })
}

/// Whole numbers that may be negative, or larger than 16 bits hold; floats where any is.
fn words<T: Copy + TryInto<i128>>(values: Vec<T>, layout: &Layout) -> Samples {
    let whole = |value: &T| (*value).try_into().unwrap_or(i128::MAX);
    if values.iter().map(whole).any(|value| !(0..=65535).contains(&value)) {
        return Samples::Floats(values.iter().map(|value| whole(value) as f32).collect());
    }
    let words = values.iter().map(|value| whole(value) as u16).collect();
    let full = match (layout.kind, layout.bits) {
        (Kind::Signed, 8) => 127,
        (Kind::Signed, 16) => 32767,
        _ => 65535,
    };
    Samples::Words(words, full)
}

/// Samples of less or more than a byte, `samples` to a pixel, from rows of whole bytes; the first in the highest bits.
fn unpacked(bytes: &[u8], layout: &Layout, row: usize, samples: usize) -> Result<Vec<u16>, String> {
    let (bits, of_row) = (usize::from(layout.bits), layout.width as usize * samples);
    // Its tags disagree with each other.
    if row < (of_row * bits).div_ceil(8) {
        return Err(format!("TIFF: damaged: rows of {row} bytes for {of_row} values of {bits} bits"));
    }
    let mut values = Vec::with_capacity(of_row * layout.height as usize);
    for row in bytes.chunks_exact(row.max(1)) {
        for i in 0..of_row {
            let (first, last) = (i * bits, (i + 1) * bits - 1);
            // At most 15 bits lie in at most three bytes.
            let word = row[first / 8..=last / 8].iter().fold(0_u32, |word, &byte| word << 8 | u32::from(byte));
            values.push((word >> (7 - last % 8) & ((1 << bits) - 1)) as u16);
        }
    }
    Ok(values)
}

/// The first value of each plane, the second of each, ….
fn by_pixel<T: Copy>(planes: &[Vec<T>]) -> Vec<T> {
    let len = planes.iter().map(Vec::len).min().unwrap_or(0);
    (0..len).flat_map(|pixel| planes.iter().map(move |plane| plane[pixel])).collect()
}
