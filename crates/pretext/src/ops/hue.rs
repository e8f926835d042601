//! Turning the hue.

use super::color::rgb;
use crate::pixels::Shape;

/// Shifts the hue by `shift` of a full turn, -0.5 to 0.5 (torchvision's `adjust_hue`, through HSV). Three planes;
/// anything else is left alone.
///
/// Instead of rounding the hue down to one of six sectors, each channel is read off its trapezoid: the same colors, but
/// without `floor`, which plain x86-64 has no vector instruction for.
pub fn hue(data: &mut [f32], shape: Shape, shift: f32) {
    let Some((red, green, blue)) = rgb(data, shape) else { return };
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
        *r = high - chroma * trapezoid(hue + 5.0);
        *g = high - chroma * trapezoid(hue + 3.0);
        *b = high - chroma * trapezoid(hue + 1.0);
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
