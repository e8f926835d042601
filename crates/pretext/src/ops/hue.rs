//! Turning the hue.

use super::color::rgb;
use super::simd::for_each_level;
use crate::pixels::Shape;

for_each_level! {
    /// Shifts the hue by `shift` of a full turn, -0.5 to 0.5 (torchvision's `adjust_hue`, through HSV). Three planes;
    /// anything else is left alone.
    ///
    /// Instead of rounding the hue down to one of six sectors, each channel is read off its trapezoid: the same colors, but
    /// without `floor`, which plain x86-64 has no vector instruction for.
    pub fn hue(data: &mut [f32], shape: Shape, shift: f32) {
        let Some((red, green, blue)) = rgb(data, shape) else { return };
        turn_hue(red, green, blue, shift);
    }
}

/// [`hue`] on parts of planes, compiled for the instruction set of whoever calls.
#[allow(clippy::inline_always)]
#[inline(always)]
pub(super) fn turn_hue(red: &mut [f32], green: &mut [f32], blue: &mut [f32], shift: f32) {
    let shift = 6.0 * shift;
    for ((r, g), b) in red.iter_mut().zip(green).zip(blue) {
        let (red, green, blue) = (*r, *g, *b);
        let high = larger(larger(red, green), blue);
        let chroma = high - smaller(smaller(red, green), blue);
        let scale = 1.0 / if chroma > 0.0 { chroma } else { 1.0 };
        // Sectors of a sixth of a turn: red at 0, green at 2, blue at 4; a gray pixel ends at 0 or a whole number, which
        // does not matter because its chroma is 0.
        let at_red = (green - blue) * scale;
        let at_green = (blue - red) * scale + 2.0;
        let at_blue = (red - green) * scale + 4.0;
        let hue = if high == green { at_green } else { at_blue };
        let hue = if high == red { at_red } else { hue } + shift;
        let hue = if hue < 0.0 { hue + 6.0 } else { hue };
        let hue = if hue >= 6.0 { hue - 6.0 } else { hue };
        *r = larger(high - chroma * trapezoid(hue + 5.0), 0.0);
        *g = larger(high - chroma * trapezoid(hue + 3.0), 0.0);
        *b = larger(high - chroma * trapezoid(hue + 1.0), 0.0);
    }
}

/// How much of the chroma a channel lacks at this distance (in sectors, 0 to 12) from its own color.
#[inline]
fn trapezoid(distance: f32) -> f32 {
    let k = if distance >= 6.0 { distance - 6.0 } else { distance };
    larger(smaller(smaller(k, 4.0 - k), 1.0), 0.0)
}

// One instruction each, unlike `f32::max`, which treats NaN specially.
#[inline]
fn larger(a: f32, b: f32) -> f32 {
    if a > b { a } else { b }
}

#[inline]
fn smaller(a: f32, b: f32) -> f32 {
    if a < b { a } else { b }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::color::tests::{assert_close, colors};
    use super::*;

    #[test]
    fn hue_is_torchvisions() {
        // torchvision's _rgb2hsv and _hsv2rgb in numpy with float64; Python's colorsys gives the same.
        for (shift, reference) in [
            (
                0.1,
                [
                    0.784_314, 0.039_216, 0.501_961, 0.400_000, 0.588_235, 0.000_000, 0.400_000, 0.941_176, 0.501_961,
                    1.000_000, 0.019_608, 0.000_000, 0.117_647, 0.894_118, 0.501_961, 0.000_000, 0.980_392, 0.000_000,
                ],
            ),
            (
                -0.37,
                [
                    0.117_647, 0.941_176, 0.501_961, 0.780_000, 0.238_824, 0.000_000, 0.381_961, 0.154_510, 0.501_961,
                    0.000_000, 0.980_392, 0.000_000, 0.784_314, 0.039_216, 0.501_961, 1.000_000, 0.019_608, 0.000_000,
                ],
            ),
            (
                0.5,
                [
                    0.117_647, 0.941_176, 0.501_961, 0.000_000, 0.980_392, 0.000_000, 0.784_314, 0.039_216, 0.501_961,
                    0.000_000, 0.972_549, 0.000_000, 0.666_667, 0.627_451, 0.501_961, 1.000_000, 0.019_608, 0.000_000,
                ],
            ),
        ] {
            let mut data = colors();
            hue(&mut data, Shape::new(3, 2, 3), shift);
            assert_close(&data, &reference);
        }
    }

    /// The textbook way, by sectors.
    fn by_sectors([r, g, b]: [f64; 3], shift: f64) -> [f64; 3] {
        let (high, low) = (r.max(g).max(b), r.min(g).min(b));
        let chroma = high - low;
        if chroma == 0.0 {
            return [r, g, b];
        }
        let sector = if high == r {
            (g - b) / chroma
        } else if high == g {
            2.0 + (b - r) / chroma
        } else {
            4.0 + (r - g) / chroma
        };
        let hue = (sector + 6.0 * shift).rem_euclid(6.0);
        let (rising, falling) = (low + chroma * hue.fract(), high - chroma * hue.fract());
        match hue.floor() as u32 % 6 {
            0 => [high, rising, low],
            1 => [falling, high, low],
            2 => [low, high, rising],
            3 => [low, falling, high],
            4 => [rising, low, high],
            _ => [high, low, falling],
        }
    }

    proptest! {
        #[test]
        fn every_color_turns_as_by_sectors(color: [u8; 3], shift in -0.5..=0.5_f32) {
            let mut data = color.map(|v| f32::from(v) / 255.0);
            let expected = by_sectors(data.map(f64::from), f64::from(shift));
            hue(&mut data, Shape::new(3, 1, 1), shift);
            for (ours, expected) in data.iter().zip(expected) {
                prop_assert!((f64::from(*ours) - expected).abs() < 3e-6, "{data:?} {expected:?}");
            }
        }

        #[test]
        fn turning_back_restores_the_color(color: [u8; 3], shift in -0.5..=0.5_f32) {
            let before = color.map(|v| f32::from(v) / 255.0);
            let mut data = before;
            hue(&mut data, Shape::new(3, 1, 1), shift);
            hue(&mut data, Shape::new(3, 1, 1), -shift);
            for (ours, before) in data.iter().zip(before) {
                prop_assert!((ours - before).abs() < 3e-6);
            }
        }
    }
}
