//! Color jitter as torchvision defines it on float images: blends, clamped to 0..1 after each step.

use super::simd::for_each_level;
use crate::pixels::Shape;

/// Weights of red, green and blue in torchvision's gray (ITU-R 601).
pub(super) const GRAY: [f32; 3] = [0.2989, 0.587, 0.114];

for_each_level! {
    /// Multiplies by `factor` (`adjust_brightness`).
    pub fn brightness(data: &mut [f32], factor: f32) {
        brighten(data, factor);
    }
}

for_each_level! {
    /// Blends with the mean of the gray image (`adjust_contrast`); factor 0 is flat gray, 1 changes nothing. Where there
    /// are not three channels, gray is their plain mean.
    pub fn contrast(data: &mut [f32], shape: Shape, factor: f32) {
        let plane = shape.plane();
        if plane == 0 || data.is_empty() {
            return;
        }
        let mut gray = 0.0;
        if shape.is_color() {
            for (plane, weight) in data.chunks_exact(plane).zip(GRAY) {
                gray += weight * sum(plane);
            }
            gray /= plane as f32;
        } else {
            gray = sum(data) / data.len() as f32;
        }
        blend(data, factor, (1.0 - factor) * gray);
    }
}

for_each_level! {
    /// Blends every pixel with its gray (`adjust_saturation`). Three planes; anything else is left alone.
    pub fn saturation(data: &mut [f32], shape: Shape, factor: f32) {
        let Some((red, green, blue)) = rgb(data, shape) else { return };
        saturate(red, green, blue, factor);
    }
}

for_each_level! {
    /// Replaces every pixel by its gray (`rgb_to_grayscale`, kept in three equal planes). Three planes; anything else is
    /// left alone.
    pub fn grayscale(data: &mut [f32], shape: Shape) {
        let Some((red, green, blue)) = rgb(data, shape) else { return };
        to_gray(red, green, blue);
    }
}

// The same on parts of planes, compiled for the instruction set of whoever calls.

#[allow(clippy::inline_always)]
#[inline(always)]
pub(super) fn brighten(data: &mut [f32], factor: f32) {
    for value in data {
        *value = (*value * factor).clamp(0.0, 1.0);
    }
}

/// `rest` is added: (1 - factor) times what is blended with.
#[allow(clippy::inline_always)]
#[inline(always)]
pub(super) fn blend(data: &mut [f32], factor: f32, rest: f32) {
    for value in data {
        *value = (*value * factor + rest).clamp(0.0, 1.0);
    }
}

#[allow(clippy::inline_always)]
#[inline(always)]
pub(super) fn saturate(red: &mut [f32], green: &mut [f32], blue: &mut [f32], factor: f32) {
    let rest = 1.0 - factor;
    for ((r, g), b) in red.iter_mut().zip(green).zip(blue) {
        let gray = (GRAY[0] * *r + GRAY[1] * *g + GRAY[2] * *b) * rest;
        *r = (*r * factor + gray).clamp(0.0, 1.0);
        *g = (*g * factor + gray).clamp(0.0, 1.0);
        *b = (*b * factor + gray).clamp(0.0, 1.0);
    }
}

#[allow(clippy::inline_always)]
#[inline(always)]
pub(super) fn to_gray(red: &mut [f32], green: &mut [f32], blue: &mut [f32]) {
    for ((r, g), b) in red.iter_mut().zip(green).zip(blue) {
        let gray = GRAY[0] * *r + GRAY[1] * *g + GRAY[2] * *b;
        (*r, *g, *b) = (gray, gray, gray);
    }
}

/// The three planes of a color image.
pub(super) fn rgb(data: &mut [f32], shape: Shape) -> Option<(&mut [f32], &mut [f32], &mut [f32])> {
    let plane = shape.plane();
    if !shape.is_color() || data.len() != 3 * plane {
        return None;
    }
    let (red, rest) = data.split_at_mut(plane);
    let (green, blue) = rest.split_at_mut(plane);
    Some((red, green, blue))
}

/// A sum in eight lanes: vectorizable, and more exact than one running sum.
#[allow(clippy::inline_always)] // Compiled for the instruction set of whoever calls.
#[inline(always)]
pub(super) fn sum(data: &[f32]) -> f32 {
    let mut lanes = [0.0_f32; 8];
    let mut chunks = data.chunks_exact(8);
    for chunk in &mut chunks {
        for (lane, value) in lanes.iter_mut().zip(chunk) {
            *lane += value;
        }
    }
    lanes.iter().sum::<f32>() + chunks.remainder().iter().sum::<f32>()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    const SHAPE: Shape = Shape::new(3, 2, 3);

    /// Planes of red, green, blue for six pixels; shared with the hue.
    pub(crate) fn colors() -> Vec<f32> {
        let pixels = [[200, 30, 60], [10, 240, 90], [128, 128, 128], [255, 255, 0], [5, 7, 250], [0, 0, 0_u8]];
        (0..3).flat_map(|channel| pixels.map(|pixel| f32::from(pixel[channel]) / 255.0)).collect()
    }

    pub(crate) fn assert_close(ours: &[f32], reference: &[f32]) {
        assert_eq!(ours.len(), reference.len());
        for (i, (a, b)) in ours.iter().zip(reference).enumerate() {
            assert!((a - b).abs() < 2e-6, "at {i}: {a}, reference {b}");
        }
    }

    // References: torchvision's float formulas, in numpy with float64.

    #[test]
    fn brightness_is_torchvisions() {
        let mut data = colors();
        brightness(&mut data, 1.3);
        assert_close(
            &data,
            &[
                1.000_000, 0.050_980, 0.652_549, 1.000_000, 0.025_490, 0.000_000, 0.152_941, 1.000_000, 0.652_549,
                1.000_000, 0.035_686, 0.000_000, 0.305_882, 0.458_824, 0.652_549, 0.000_000, 1.000_000, 0.000_000,
            ],
        );
    }

    #[test]
    fn contrast_is_torchvisions() {
        for (factor, reference) in [
            (
                0.6,
                [
                    0.634_341, 0.187_282, 0.464_929, 0.763_753, 0.175_517, 0.163_753, 0.234_341, 0.728_459, 0.464_929,
                    0.763_753, 0.180_223, 0.163_753, 0.304_929, 0.375_517, 0.464_929, 0.163_753, 0.751_988, 0.163_753,
                ],
            ),
            (
                1.7,
                [
                    1.000_000, 0.000_000, 0.566_766, 1.000_000, 0.000_000, 0.000_000, 0.000_000, 1.000_000, 0.566_766,
                    1.000_000, 0.000_000, 0.000_000, 0.113_433, 0.313_433, 0.566_766, 0.000_000, 1.000_000, 0.000_000,
                ],
            ),
        ] {
            let mut data = colors();
            contrast(&mut data, SHAPE, factor);
            assert_close(&data, &reference);
        }
        // One channel: 0.5 * x + 0.5 * 0.4.
        let mut gray = [0.2, 0.6, 0.4, 0.4];
        contrast(&mut gray, Shape::new(1, 2, 2), 0.5);
        assert_close(&gray, &[0.3, 0.5, 0.4, 0.4]);
    }

    #[test]
    fn saturation_and_gray_are_torchvisions() {
        let mut data = colors();
        saturation(&mut data, SHAPE, 1.5);
        assert_close(
            &data,
            &[
                1.000_000, 0.000_000, 0.501_986, 1.000_000, 0.000_000, 0.000_000, 0.011_314, 1.000_000, 0.501_986,
                1.000_000, 0.000_000, 0.000_000, 0.187_784, 0.227_198, 0.501_986, 0.000_000, 1.000_000, 0.000_000,
            ],
        );
        let mut data = colors();
        grayscale(&mut data, SHAPE);
        let reference = [0.330_314, 0.604_427, 0.501_911, 0.885_900, 0.133_739, 0.000_000];
        assert_close(&data, &reference.repeat(3));
        let mut flat = colors();
        saturation(&mut flat, SHAPE, 0.0);
        assert_close(&flat, &data);
    }

    #[test]
    fn factor_one_changes_nothing_and_other_channel_counts_keep_their_color() {
        let (mut data, before) = (colors(), colors());
        brightness(&mut data, 1.0);
        contrast(&mut data, SHAPE, 1.0);
        saturation(&mut data, SHAPE, 1.0);
        assert_close(&data, &before);
        let shape = Shape::new(2, 3, 3);
        saturation(&mut data, shape, 0.3);
        grayscale(&mut data, shape);
        assert_close(&data, &before);
    }
}
