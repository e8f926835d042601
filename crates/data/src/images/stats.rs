//! Mean and standard deviation of the channels, in integers until the last step.

use serde::{Deserialize, Serialize};

use crate::decode::Pixels;

/// Statistics of each channel on 0..1, to normalize inputs by.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChannelStats {
    /// Mean of each channel.
    pub mean: Vec<f32>,
    /// Standard deviation (of the population) of each channel; at least 1/255, so that it can be divided by.
    pub std: Vec<f32>,
}

/// Sums over the pixels of one image: exact, so that they can be added in any order and for any selection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sums {
    pixels: u64,
    sum: [u64; 3],
    squares: [u64; 3],
    channels: u8,
}

impl Sums {
    pub(super) fn of(pixels: &Pixels<'_>) -> Self {
        let mut sums = Self {
            pixels: (pixels.width * pixels.height) as u64,
            sum: [0; 3],
            squares: [0; 3],
            channels: pixels.channels as u8,
        };
        for pixel in pixels.data.chunks_exact(pixels.channels) {
            for (channel, &value) in pixel.iter().enumerate() {
                sums.sum[channel] += u64::from(value);
                sums.squares[channel] += u64::from(value) * u64::from(value);
            }
        }
        sums
    }

    /// The numbers as they are stored: those of each channel.
    pub(super) fn to_words(self) -> [u64; 6] {
        let ([a, b, c], [d, e, f]) = (self.sum, self.squares);
        [a, b, c, d, e, f]
    }

    pub(super) fn from_words(pixels: u64, channels: u8, [a, b, c, d, e, f]: [u64; 6]) -> Self {
        Self { pixels, sum: [a, b, c], squares: [d, e, f], channels }
    }

    /// The sums after grey has been replicated.
    pub(super) fn with_channels(self, channels: u8) -> Self {
        if self.channels == 1 && channels == 3 {
            Self { sum: [self.sum[0]; 3], squares: [self.squares[0]; 3], channels, ..self }
        } else {
            self
        }
    }
}

pub(super) fn channel_stats<'a>(sums: impl Iterator<Item = &'a Sums>, channels: usize) -> ChannelStats {
    let (mut pixels, mut sum, mut squares) = (0_u128, [0_u128; 3], [0_u128; 3]);
    for image in sums {
        pixels += u128::from(image.pixels);
        for channel in 0..channels {
            sum[channel] += u128::from(image.sum[channel]);
            squares[channel] += u128::from(image.squares[channel]);
        }
    }
    let n = pixels.max(1) as f64;
    let moments = (0..channels).map(|channel| {
        let mean = sum[channel] as f64 / n;
        // n * squares - sum² is exact in integers, unlike the difference of two large floats.
        let variance = (pixels * squares[channel] - sum[channel] * sum[channel]) as f64 / (n * n);
        ((mean / 255.0) as f32, (variance.sqrt().max(1.0) / 255.0) as f32)
    });
    let (mean, std) = moments.unzip();
    ChannelStats { mean, std }
}
