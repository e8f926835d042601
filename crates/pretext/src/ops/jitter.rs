//! Several changes of color in one go: a part of the picture that fits into the fastest cache goes through all of them before
//! the next one comes. To the bit the same as one after the other.

use foretask_random::Key;

use super::color::{GRAY, blend, brighten, brightness, contrast, rgb, saturate, saturation, sum, to_gray};
use super::hue::{hue, turn_hue};
use super::simd::for_each_level;
use crate::pixels::Shape;

/// A change of all colors.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Change {
    /// See [`brightness`].
    Brightness(f32),
    /// See [`contrast`].
    Contrast(f32),
    /// See [`saturation`].
    Saturation(f32),
    /// See [`hue`].
    Hue(f32),
    /// Every channel is multiplied by a factor of its own.
    ChannelBrightness(Factors),
    /// Every channel is blended with its own mean, by a factor of its own.
    ChannelContrast(Factors),
}

/// A factor for each of any number of channels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Factors {
    /// Names the randomness; a channel's number is added.
    pub key: Key,
    /// Factors are uniform from 1 less this to 1 more.
    pub strength: f32,
}

impl Factors {
    /// That of a channel.
    pub fn of(self, channel: usize) -> f32 {
        1.0 + self.strength * (2.0 * self.key.with(channel as u64).rng().uniform() - 1.0)
    }
}

/// Brightness and contrast, channel by channel.
fn each_channel(data: &mut [f32], shape: Shape, factors: Factors, with_mean: bool) {
    let plane = shape.plane().max(1);
    for (channel, data) in data.chunks_exact_mut(plane).enumerate() {
        let factor = factors.of(channel);
        if with_mean {
            let mean = sum(data) / plane as f32;
            blend(data, factor, (1.0 - factor) * mean);
        } else {
            brighten(data, factor);
        }
    }
}

/// Pixels of a part: three planes of it are 12 kB. A multiple of [`LANES`].
const PART: usize = 1024;

/// Of the sums over planes; those of [`contrast`].
const LANES: usize = 8;

/// Makes these changes in this order, and turns the picture gray in the end if asked to.
pub fn jitter(data: &mut [f32], shape: Shape, changes: &[Change], gray: bool) {
    if rgb(data, shape).is_none() || shape.plane() == 0 {
        for &change in changes {
            match change {
                Change::Brightness(factor) => brightness(data, factor),
                Change::Contrast(factor) => contrast(data, shape, factor),
                Change::Saturation(factor) => saturation(data, shape, factor),
                Change::Hue(shift) => hue(data, shape, shift),
                Change::ChannelBrightness(factors) => each_channel(data, shape, factors, false),
                Change::ChannelContrast(factors) => each_channel(data, shape, factors, true),
            }
        }
        return;
    }
    let (mut contrast, mut rest) = (None, changes);
    // Contrast needs to know the mean of the whole picture.
    while let Some(at) = rest.iter().position(|change| matches!(change, Change::Contrast(_))) {
        let mean = mean_after(data, shape, contrast, &rest[..at]);
        if let Change::Contrast(factor) = rest[at] {
            contrast = Some((factor, (1.0 - factor) * mean));
        }
        rest = &rest[at + 1..];
    }
    finish(data, shape, contrast, rest, gray);
}

for_each_level! {
    /// What [`finish`] does but for the last, and the mean gray of what comes out.
    fn mean_after(data: &mut [f32], shape: Shape, contrast: Option<(f32, f32)>, changes: &[Change]) -> f32 {
        let Some((red, green, blue)) = rgb(data, shape) else { return 0.0 };
        let mut lanes = [[0.0_f32; LANES]; 3];
        let mut rests = [0.0_f32; 3];
        for ((red, green), blue) in red.chunks_mut(PART).zip(green.chunks_mut(PART)).zip(blue.chunks_mut(PART)) {
            change(red, green, blue, contrast, changes);
            let (reds, red) = red.as_chunks::<LANES>();
            let (greens, green) = green.as_chunks::<LANES>();
            let (blues, blue) = blue.as_chunks::<LANES>();
            // Three sums at a time: one alone would wait for itself.
            for ((red, green), blue) in reds.iter().zip(greens).zip(blues) {
                for i in 0..LANES {
                    lanes[0][i] += red[i];
                    lanes[1][i] += green[i];
                    lanes[2][i] += blue[i];
                }
            }
            // Only the last part has a rest.
            for (sum, rest) in rests.iter_mut().zip([red, green, blue]) {
                *sum = rest.iter().sum::<f32>();
            }
        }
        let mut gray = 0.0;
        for ((lanes, rest), weight) in lanes.iter().zip(rests).zip(GRAY) {
            gray += weight * (lanes.iter().sum::<f32>() + rest);
        }
        gray / shape.plane() as f32
    }
}

for_each_level! {
    /// Blends with a constant (factor and what is added), makes changes other than of contrast, and turns gray.
    fn finish(data: &mut [f32], shape: Shape, contrast: Option<(f32, f32)>, changes: &[Change], gray: bool) {
        let Some((red, green, blue)) = rgb(data, shape) else { return };
        if contrast.is_none() && changes.is_empty() && !gray {
            return;
        }
        for ((red, green), blue) in red.chunks_mut(PART).zip(green.chunks_mut(PART)).zip(blue.chunks_mut(PART)) {
            change(red, green, blue, contrast, changes);
            if gray {
                to_gray(red, green, blue);
            }
        }
    }
}

#[allow(clippy::inline_always)] // Compiled for the instruction set of whoever calls.
#[inline(always)]
fn change(red: &mut [f32], green: &mut [f32], blue: &mut [f32], contrast: Option<(f32, f32)>, changes: &[Change]) {
    if let Some((factor, rest)) = contrast {
        blend(red, factor, rest);
        blend(green, factor, rest);
        blend(blue, factor, rest);
    }
    for &change in changes {
        match change {
            Change::Brightness(factor) => {
                brighten(red, factor);
                brighten(green, factor);
                brighten(blue, factor);
            }
            Change::Saturation(factor) => saturate(red, green, blue, factor),
            Change::Hue(shift) => turn_hue(red, green, blue, shift),
            // Contrast has been seen to, and colors are not changed channel by channel.
            Change::Contrast(_) | Change::ChannelBrightness(_) | Change::ChannelContrast(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::ops::grayscale;

    #[test]
    fn other_channels_are_changed_one_by_one() {
        let shape = Shape::new(4, 1, 2);
        let factors = Factors { key: Key::new(7), strength: 0.5 };
        let data: Vec<f32> = (0..8).map(|i| 0.1 + 0.05 * i as f32).collect();
        let (mut bright, mut contrasted) = (data.clone(), data.clone());
        jitter(&mut bright, shape, &[Change::ChannelBrightness(factors)], false);
        jitter(&mut contrasted, shape, &[Change::ChannelContrast(factors)], false);
        let all: Vec<f32> = (0..4).map(|channel| factors.of(channel)).collect();
        assert!(all.iter().all(|factor| (0.5..=1.5).contains(factor)) && all[0] != all[1]);
        for (i, value) in data.iter().enumerate() {
            let factor = all[i / 2];
            let mean = f32::midpoint(data[i / 2 * 2], data[i / 2 * 2 + 1]);
            assert!((bright[i] - value * factor).abs() < 1e-6);
            assert!((contrasted[i] - (mean + (value - mean) * factor)).abs() < 1e-6);
        }
    }

    fn one_by_one(data: &mut [f32], shape: Shape, changes: &[Change], gray: bool) {
        for &change in changes {
            match change {
                Change::Brightness(factor) => brightness(data, factor),
                Change::Contrast(factor) => contrast(data, shape, factor),
                Change::Saturation(factor) => saturation(data, shape, factor),
                Change::Hue(shift) => hue(data, shape, shift),
                Change::ChannelBrightness(factors) => each_channel(data, shape, factors, false),
                Change::ChannelContrast(factors) => each_channel(data, shape, factors, true),
            }
        }
        if gray {
            grayscale(data, shape);
        }
    }

    fn any_change() -> impl Strategy<Value = Change> {
        (0..4_u8, 0.0..2.0_f32).prop_map(|(kind, factor)| match kind {
            0 => Change::Brightness(factor),
            1 => Change::Contrast(factor),
            2 => Change::Saturation(factor),
            _ => Change::Hue(factor / 2.0 - 0.5),
        })
    }

    proptest! {
        #[test]
        fn all_at_once_is_one_by_one_to_the_bit(
            (height, width, channels) in (0..70_usize, 1..70_usize, 1..5_usize), seed: u64, gray: bool,
            changes in proptest::collection::vec(any_change(), 0..6),
        ) {
            let shape = Shape::new(channels, height, width);
            let mut rng = Key::new(seed).rng();
            let data: Vec<f32> = (0..shape.len()).map(|_| rng.uniform()).collect();
            let (mut ours, mut expected) = (data.clone(), data);
            jitter(&mut ours, shape, &changes, gray);
            one_by_one(&mut expected, shape, &changes, gray);
            let bits = |data: &[f32]| data.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
            prop_assert_eq!(bits(&ours), bits(&expected));
        }
    }
}
