//! Range checks of options: one message form for all tasks.

use crate::error::{PretextError, Result};

/// An error for `option` of `word` unless `ok`.
pub(crate) fn require(
    ok: bool,
    word: &'static str,
    option: &'static str,
    value: impl std::fmt::Debug,
    range: &'static str,
) -> Result<()> {
    if ok { Ok(()) } else { Err(PretextError::Range { word, option, value: format!("{value:?}"), range }) }
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
