//! Mean and standard deviation of the channels, in integers until the last step.

use serde::{Deserialize, Serialize};

use crate::decode::{Pixels, Values};

/// Statistics of each channel on 0..1, to normalize inputs by.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChannelStats {
    /// Mean of each channel.
    pub mean: Vec<f32>,
    /// Standard deviation (of the population) of each channel; at least 1/255, or 1/2047 of images of more than 8 bits, so that
    /// it can be divided by.
    pub std: Vec<f32>,
}

/// Sums over the pixels of one image: exact, so that they can be added in any order and for any selection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sums {
    pixels: u64,
    /// Whether the values are 0 to 255, else 0 to 65535.
    bytes: bool,
    channels: Moments,
}

/// The sum of the values of each channel, and that of their squares.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Moments {
    Gray([u64; 2]),
    Color([[u64; 2]; 3]),
    Others(Box<[[u64; 2]]>),
}

impl Moments {
    fn as_slice(&self) -> &[[u64; 2]] {
        match self {
            Self::Gray(one) => std::slice::from_ref(one),
            Self::Color(three) => three,
            Self::Others(others) => others,
        }
    }
}

impl Sums {
    pub(super) fn of(pixels: &Pixels<'_>) -> Self {
        let channels = match &pixels.data {
            Values::Bytes(values) => moments(values, pixels.channels, u64::from),
            Values::Words(values) => moments(values, pixels.channels, u64::from),
            Values::Floats(values) => moments(values, pixels.channels, |value| (value * 65535.0).round() as u64),
        };
        let bytes = pixels.data.bytes().is_some();
        Self { pixels: (pixels.width * pixels.height) as u64, bytes, channels }
    }

    /// The numbers as packs store them: the sum of each channel, then those of squares. Only of bytes in 1 or 3 channels.
    pub(super) fn to_words(&self) -> Option<[u64; 6]> {
        match (self.bytes, &self.channels) {
            (true, Moments::Gray([sum, squares])) => Some([*sum, 0, 0, *squares, 0, 0]),
            (true, Moments::Color([a, b, c])) => Some([a[0], b[0], c[0], a[1], b[1], c[1]]),
            _ => None,
        }
    }

    pub(super) fn from_words(pixels: u64, channels: usize, [a, b, c, d, e, f]: [u64; 6]) -> Self {
        let channels = if channels == 1 { Moments::Gray([a, d]) } else { Moments::Color([[a, d], [b, e], [c, f]]) };
        Self { pixels, bytes: true, channels }
    }

    /// The sums after gray has been replicated.
    pub(super) fn with_channels(self, channels: usize) -> Self {
        match (self.channels, channels) {
            (Moments::Gray(one), 3) => Self { channels: Moments::Color([one; 3]), ..self },
            (same, _) => Self { channels: same, ..self },
        }
    }
}

fn moments<T: Copy>(values: &[T], channels: usize, whole: impl Fn(T) -> u64) -> Moments {
    let mut few = [[0; 2]; 3];
    let mut many = Vec::new();
    let sums = if channels <= 3 {
        &mut few[..channels]
    } else {
        many.resize(channels, [0; 2]);
        &mut many[..]
    };
    for pixel in values.chunks_exact(channels.max(1)) {
        for ([sum, squares], &value) in sums.iter_mut().zip(pixel) {
            let value = whole(value);
            *sum += value;
            *squares += value * value;
        }
    }
    match channels {
        1 => Moments::Gray(few[0]),
        3 => Moments::Color(few),
        0 | 2 => Moments::Others(few[..channels].into()),
        _ => Moments::Others(many.into()),
    }
}

pub(super) fn channel_stats<'a>(sums: impl Iterator<Item = &'a Sums>, channels: usize) -> ChannelStats {
    let (mut pixels, mut totals, mut all_bytes) = (0_u128, vec![[0_u128; 2]; channels], true);
    for image in sums {
        pixels += u128::from(image.pixels);
        if all_bytes && !image.bytes {
            all_bytes = false;
            totals.iter_mut().for_each(as_words);
        }
        for (total, &[sum, squares]) in totals.iter_mut().zip(image.channels.as_slice()) {
            let mut own = [u128::from(sum), u128::from(squares)];
            if image.bytes && !all_bytes {
                as_words(&mut own);
            }
            total[0] += own[0];
            total[1] += own[1];
        }
    }
    let n = pixels.max(1) as f64;
    let (white, least) = if all_bytes { (255.0, 1.0) } else { (65535.0, 32.0) };
    let moments = totals.into_iter().map(|[sum, squares]| {
        let mean = sum as f64 / n;
        // n * squares - sum² is exact in integers, unlike the difference of two large floats; of words it may not fit.
        let variance = match (pixels.checked_mul(squares), sum.checked_mul(sum)) {
            (Some(whole), Some(square)) => whole.saturating_sub(square) as f64 / (n * n),
            _ => (squares as f64 / n - mean * mean).max(0.0),
        };
        ((mean / white) as f32, (variance.sqrt().max(least) / white) as f32)
    });
    let (mean, std) = moments.unzip();
    ChannelStats { mean, std }
}

/// Sums of bytes as those of words of the same brightness.
fn as_words([sum, squares]: &mut [u128; 2]) {
    *sum *= 257;
    *squares *= 257 * 257;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sums(channels: usize, values: Values<'static>) -> Sums {
        Sums::of(&Pixels { width: values.len() / channels, height: 1, channels, data: values })
    }

    #[test]
    fn bytes_and_words_of_the_same_brightness_have_the_same_statistics() {
        let bytes = sums(1, Values::from(vec![10_u8, 200, 90]));
        let words = sums(1, Values::from([10_u16, 200, 90].map(|value| value * 257).to_vec()));
        let floats = sums(1, Values::from([10_u8, 200, 90].map(|value| f32::from(value) / 255.0).to_vec()));
        let expected = channel_stats([&bytes].into_iter(), 1);
        // mean 100, variance (90² + 100² + 10²) / 3 = 6066.67.
        assert!((expected.mean[0] * 255.0 - 100.0).abs() < 1e-4 && (expected.std[0] * 255.0 - 77.8888).abs() < 1e-3);
        for other in [[&words, &words], [&bytes, &words], [&words, &bytes], [&floats, &bytes]] {
            let found = channel_stats(other.into_iter(), 1);
            assert!((found.mean[0] - expected.mean[0]).abs() < 1e-6 && (found.std[0] - expected.std[0]).abs() < 1e-6);
        }
    }

    #[test]
    fn every_channel_has_its_own() {
        let found =
            channel_stats([&sums(5, Values::from((0..10_u16).map(|v| v * 1000).collect::<Vec<_>>()))].into_iter(), 5);
        for (channel, (mean, std)) in found.mean.iter().zip(&found.std).enumerate() {
            // Of channel and channel + 5: mean channel + 2.5, deviation 2.5.
            assert!((mean * 65.535 - (channel as f32 + 2.5)).abs() < 1e-4 && (std * 65.535 - 2.5).abs() < 1e-4);
        }
        // A channel that never changes can still be divided by.
        assert!(channel_stats([&sums(1, Values::from(vec![7_u16; 4]))].into_iter(), 1).std[0] > 1e-4);
    }
}
