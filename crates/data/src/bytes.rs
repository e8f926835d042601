//! Amounts of memory and disk as people write them.

use crate::error::{DataError, Result};

/// Bytes of "512m", "4g", "1.5 GB" or "800000": k, m, g and t are powers of 1024.
///
/// # Errors
/// [`DataError::Argument`] under the given name for anything else.
pub fn parse_bytes(name: &'static str, text: &str) -> Result<u64> {
    let lower = text.trim().to_lowercase();
    let number = lower.trim_end_matches("ib").trim_end_matches('b').trim_end();
    let (number, power) = match number.chars().next_back() {
        Some('k') => (&number[..number.len() - 1], 1),
        Some('m') => (&number[..number.len() - 1], 2),
        Some('g') => (&number[..number.len() - 1], 3),
        Some('t') => (&number[..number.len() - 1], 4),
        _ => (number, 0),
    };
    let value: Option<f64> = number.trim_end().parse().ok().filter(|value: &f64| value.is_finite() && *value >= 0.0);
    value.map(|value| (value * 1024.0_f64.powi(power)) as u64).ok_or_else(|| DataError::Argument {
        name,
        value: text.to_owned(),
        expected: "an amount such as \"512m\" or \"4g\"".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_as_people_write_them() {
        let bytes = |text| parse_bytes("memory", text).ok();
        for (text, expected) in [
            ("800000", 800_000),
            ("512m", 512 << 20),
            ("4g", 4 << 30),
            ("1.5 GB", 3 << 29),
            ("2KiB", 2048),
            ("0", 0),
            ("1t", 1 << 40),
        ] {
            assert_eq!(bytes(text), Some(expected), "{text}");
        }
        for wrong in ["", "g", "-1g", "4x", "nan", "inf"] {
            assert_eq!(bytes(wrong), None, "{wrong}");
        }
    }
}
