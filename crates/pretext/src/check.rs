//! Range checks of options: one message form for all tasks.

use crate::error::{PretextError, Result};
use crate::pixels::Shape;

/// An error for `option` of `word` unless `ok`.
pub(crate) fn require(
    ok: bool,
    word: &'static str,
    option: &'static str,
    value: impl std::fmt::Debug,
    range: &'static str,
) -> Result<()> {
    if ok { Ok(()) } else { Err(PretextError::Range { word, option, value: written(value), range }) }
}

/// As people write it: `-1`, not `-1.0`.
fn written(value: impl std::fmt::Debug) -> String {
    let text = format!("{value:?}").replace(".0,", ",").replace(".0]", "]");
    match text.strip_suffix(".0") {
        Some(whole) => whole.to_owned(),
        None => text,
    }
}

/// An output buffer of the length the shape says.
pub(crate) fn check_out(what: &'static str, got: usize, expected: usize) -> Result<()> {
    if got == expected {
        return Ok(());
    }
    Err(PretextError::Buffer { what, expected: format!("{expected} samples"), got: format!("{got}") })
}

/// A probability.
pub(crate) fn probability(word: &'static str, option: &'static str, p: f64) -> Result<()> {
    require((0.0..=1.0).contains(&p), word, option, p, "a probability from 0 to 1")
}

/// The area of a random crop.
pub(crate) fn crop(word: &'static str, option: &'static str, [low, high]: [f64; 2]) -> Result<()> {
    let ok = low > 0.0 && low <= high && high <= 1.0;
    require(ok, word, option, [low, high], "[low, high], shares of the image's area with 0 < low <= high <= 1")
}

/// The aspect ratio of a random crop.
pub(crate) fn ratio(word: &'static str, option: &'static str, [low, high]: [f64; 2]) -> Result<()> {
    let ok = low >= 0.1 && low <= high && high <= 10.0;
    require(ok, word, option, [low, high], "[low, high], width to height with 0.1 <= low <= high <= 10")
}

/// The width of a Gaussian blur.
pub(crate) fn sigma(word: &'static str, option: &'static str, [low, high]: [f64; 2]) -> Result<()> {
    let ok = low > 0.0 && low <= high && high <= 32.0;
    require(ok, word, option, [low, high], "[low, high] in pixels with 0 < low <= high <= 32")
}

/// A temperature of a softmax.
pub(crate) fn temperature(word: &'static str, option: &'static str, value: Option<f64>) -> Result<()> {
    let value = value.unwrap_or(1.0);
    require((0.01..=2.0).contains(&value), word, option, value, "a number from 0.01 to 2")
}

/// The width of a layer.
pub(crate) fn width(word: &'static str, option: &'static str, value: Option<u32>) -> Result<()> {
    let value = value.unwrap_or(8);
    require((8..=8192).contains(&value), word, option, value, "a whole number from 8 to 8192, or \"auto\"")
}

/// A share, such as a momentum.
pub(crate) fn share(word: &'static str, option: &'static str, value: Option<f64>) -> Result<()> {
    let value = value.unwrap_or(0.0);
    require((0.0..=1.0).contains(&value), word, option, value, "a number from 0 to 1")
}

/// A number of groups.
pub(crate) fn prototypes(word: &'static str, option: &'static str, value: Option<u32>) -> Result<()> {
    let value = value.unwrap_or(2);
    require((2..=1 << 20).contains(&value), word, option, value, "a whole number from 2 to 1048576, or \"auto\"")
}

/// A share of an image that is hidden.
pub(crate) fn shares(word: &'static str, option: &'static str, [low, high]: [f64; 2], most: f64) -> Result<()> {
    let ok = low > 0.0 && low <= high && high <= most;
    let range = if most < 1.0 {
        "[low, high], shares of the image with 0 < low <= high <= 0.75"
    } else {
        "[low, high], shares of the image with 0 < low <= high <= 1"
    };
    require(ok, word, option, [low, high], range)
}

/// The width of a decoder.
pub(crate) fn decoder_width(word: &'static str, width: Option<u32>) -> Result<()> {
    let range = "a number of channels from 4 to 1024, or \"auto\"";
    require(width.is_none_or(|width| (4..=1024).contains(&width)), word, "decoder_width", width.unwrap_or(0), range)
}

/// A probability, or `"auto"`.
pub(crate) fn auto_probability(word: &'static str, option: &'static str, p: Option<f64>) -> Result<()> {
    let p = p.unwrap_or(0.0);
    require((0.0..=1.0).contains(&p), word, option, p, "a probability from 0 to 1, or \"auto\"")
}

/// A list of at least one of some words.
pub(crate) fn words(word: &'static str, option: &'static str, names: &[&str], range: &'static str) -> Result<()> {
    require(!names.is_empty(), word, option, names, range)
}

/// An error unless the images have `least` pixels along each side, for `word` and with a reason.
pub(crate) fn least_side(
    word: &'static str,
    shape: Shape,
    least: usize,
    problem: &'static str,
    way_out: &'static str,
) -> Result<()> {
    let Shape { channels, height, width } = shape;
    if !shape.is_empty() && shape.short_side() >= least {
        return Ok(());
    }
    Err(PretextError::Shape { word, channels, width, height, problem, way_out })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_told_as_people_write_it() {
        assert_eq!(written(-1.0), "-1");
        assert_eq!(written(10.05), "10.05");
        assert_eq!(written([0.0, 1.5, 2.0]), "[0, 1.5, 2]");
        assert_eq!(written("l3"), "\"l3\"");
    }
}
