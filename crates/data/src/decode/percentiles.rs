//! Black and white of measurements, of which nobody says them: almost all values of a channel lie between.

use super::{Raw, Values};

/// Shares of the values of a channel below its black and its white.
const SHARES: [f64; 2] = [0.005, 0.995];

/// At most `most` values of each channel, evenly spread over the picture; what is no number is left out.
pub(crate) fn some_values(raw: &Raw, most: usize) -> Vec<Vec<f32>> {
    let channels = raw.offered.channels;
    let pixels = raw.values.len() / channels.max(1);
    let step = pixels.div_ceil(most).max(1);
    let value = |at: usize| match &raw.values {
        Values::Bytes(values) => f32::from(values[at]),
        Values::Words(values) => f32::from(values[at]),
        Values::Floats(values) => values[at],
    };
    let of = |channel: usize| {
        let values = (0..pixels).step_by(step).map(|pixel| value(pixel * channels + channel));
        values.filter(|value| value.is_finite()).collect()
    };
    (0..channels).map(of).collect()
}

/// The values that black and white of a channel lie at.
pub(crate) fn black_and_white(mut values: Vec<f32>) -> [f32; 2] {
    values.sort_unstable_by(f32::total_cmp);
    let at = |share: f64| values.get(((values.len().max(1) - 1) as f64 * share).round() as usize).copied();
    let [low, high] = SHARES.map(at);
    let (low, high) = (low.unwrap_or(0.0), high.unwrap_or(1.0));
    // A channel that never changes is black, and can still be divided by.
    if low < high { [low, high] } else { [low, low + low.abs().max(1.0)] }
}
