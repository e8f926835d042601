//! The numbers of an array as values.

use super::header::{Header, Kind};
use crate::decode::Values;

/// The values in the order of pixels, and the largest that the type of whole numbers allows. `place` says where the `at`-th of
/// them lies.
pub(super) fn values(data: &[u8], header: &Header, place: impl Fn(usize) -> usize) -> (Values<'static>, u32) {
    let count = data.len() / header.kind.size();
    let raw = |at: usize, size: usize| -> u64 {
        let at = place(at) * size;
        let bytes = data.get(at..at + size).unwrap_or_default();
        let add = |number: u64, &byte: &u8| number << 8 | u64::from(byte);
        if header.big_endian { bytes.iter().fold(0, add) } else { bytes.iter().rev().fold(0, add) }
    };
    match header.kind {
        Kind::Bool => ((0..count).map(|at| if raw(at, 1) == 0 { 0 } else { 255 }).collect::<Vec<u8>>().into(), 255),
        Kind::Unsigned(1) => ((0..count).map(|at| raw(at, 1) as u8).collect::<Vec<_>>().into(), 255),
        Kind::Unsigned(2) => ((0..count).map(|at| raw(at, 2) as u16).collect::<Vec<_>>().into(), 65535),
        Kind::Unsigned(size) => whole((0..count).map(|at| i128::from(raw(at, usize::from(size)))), 65535),
        Kind::Signed(size) => {
            let unused = 64 - 8 * u32::from(size);
            let signed = |at: usize| i128::from((raw(at, usize::from(size)) << unused) as i64 >> unused);
            let full = match size {
                1 => 127,
                2 => 32767,
                _ => 65535,
            };
            whole((0..count).map(signed), full)
        }
        Kind::Float(2) => ((0..count).map(|at| of_half(raw(at, 2) as u16)).collect::<Vec<_>>().into(), 0),
        Kind::Float(4) => ((0..count).map(|at| f32::from_bits(raw(at, 4) as u32)).collect::<Vec<_>>().into(), 0),
        Kind::Float(_) => ((0..count).map(|at| f64::from_bits(raw(at, 8)) as f32).collect::<Vec<_>>().into(), 0),
    }
}

/// Words, or floats where any value is negative or beyond 16 bits.
fn whole(values: impl Iterator<Item = i128> + Clone, full: u32) -> (Values<'static>, u32) {
    if values.clone().all(|value| (0..=65535).contains(&value)) {
        return (values.map(|value| value as u16).collect::<Vec<_>>().into(), full);
    }
    (values.map(|value| value as f32).collect::<Vec<_>>().into(), 0)
}

/// IEEE 754 binary16.
fn of_half(bits: u16) -> f32 {
    let (sign, exponent, fraction) = (bits >> 15, i32::from(bits >> 10 & 31), f32::from(bits & 1023));
    let size = match exponent {
        0 => fraction * 2.0_f32.powi(-24),
        31 if fraction == 0.0 => f32::INFINITY,
        31 => f32::NAN,
        _ => (1.0 + fraction / 1024.0) * 2.0_f32.powi(exponent - 15),
    };
    if sign == 1 { -size } else { size }
}

/// Planes of one type as pixels.
pub(crate) fn woven(planes: &[&Values<'static>]) -> Values<'static> {
    let words = |plane: &&Values<'static>| match plane {
        Values::Words(values) => Some(values.to_vec()),
        _ => None,
    };
    let floats = |plane: &&Values<'static>| match plane {
        Values::Floats(values) => Some(values.to_vec()),
        _ => None,
    };
    if let Some(planes) = planes.iter().map(words).collect::<Option<Vec<_>>>() {
        return interleaved(&planes).into();
    }
    if let Some(planes) = planes.iter().map(floats).collect::<Option<Vec<_>>>() {
        return interleaved(&planes).into();
    }
    let bytes = |plane: &&Values<'static>| plane.bytes().unwrap_or_default().to_vec();
    interleaved(&planes.iter().map(bytes).collect::<Vec<_>>()).into()
}

fn interleaved<T: Copy>(planes: &[Vec<T>]) -> Vec<T> {
    let count = planes.iter().map(Vec::len).min().unwrap_or(0);
    (0..count).flat_map(|pixel| planes.iter().map(move |plane| plane[pixel])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_are_those_of_ieee_754() {
        // numpy.float16(…).view("u2"): 1, -2, 65504, 2^-24, 0.333, inf.
        for (bits, value) in [
            (0x3C00, 1.0),
            (0xC000, -2.0),
            (0x7BFF, 65504.0),
            (0x0001, 5.960_464_5e-8),
            (0x3555, 0.333_251_95),
            (0x7C00, f32::INFINITY),
        ] {
            assert_eq!(of_half(bits), value);
        }
        assert!(of_half(0x7E00).is_nan());
    }
}
