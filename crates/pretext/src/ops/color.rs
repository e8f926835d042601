//! Color jitter as torchvision defines it on float images: blends, clamped to 0..1 after each step.

use crate::pixels::Shape;

/// Weights of red, green and blue in torchvision's gray (ITU-R 601).
const GRAY: [f32; 3] = [0.2989, 0.587, 0.114];

/// Multiplies by `factor` (`adjust_brightness`).
pub fn brightness(data: &mut [f32], factor: f32) {
    for value in data {
        *value = (*value * factor).clamp(0.0, 1.0);
    }
}

/// Blends with the mean of the gray image (`adjust_contrast`); factor 0 is flat gray, 1 changes nothing. Where there
/// are not three channels, gray is their plain mean.
pub fn contrast(data: &mut [f32], shape: Shape, factor: f32) {
    let plane = shape.plane();
    if plane == 0 || data.is_empty() {
        return;
    }
    let gray = if shape.is_color() {
        data.chunks_exact(plane).zip(GRAY).map(|(plane, weight)| weight * sum(plane)).sum::<f32>() / plane as f32
    } else {
        sum(data) / data.len() as f32
    };
    let rest = (1.0 - factor) * gray;
    for value in data {
        *value = (*value * factor + rest).clamp(0.0, 1.0);
    }
}

/// Blends every pixel with its gray (`adjust_saturation`). Three planes; anything else is left alone.
pub fn saturation(data: &mut [f32], shape: Shape, factor: f32) {
    let Some((red, green, blue)) = rgb(data, shape) else { return };
    let rest = 1.0 - factor;
    for ((r, g), b) in red.iter_mut().zip(green).zip(blue) {
        let gray = (GRAY[0] * *r + GRAY[1] * *g + GRAY[2] * *b) * rest;
        *r = (*r * factor + gray).clamp(0.0, 1.0);
        *g = (*g * factor + gray).clamp(0.0, 1.0);
        *b = (*b * factor + gray).clamp(0.0, 1.0);
    }
}

/// Replaces every pixel by its gray (`rgb_to_grayscale`, kept in three equal planes). Three planes; anything else is
/// left alone.
pub fn grayscale(data: &mut [f32], shape: Shape) {
    let Some((red, green, blue)) = rgb(data, shape) else { return };
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
fn sum(data: &[f32]) -> f32 {
    let mut lanes = [0.0_f32; 8];
    let mut chunks = data.chunks_exact(8);
    for chunk in &mut chunks {
        for (lane, value) in lanes.iter_mut().zip(chunk) {
            *lane += value;
        }
    }
    lanes.iter().sum::<f32>() + chunks.remainder().iter().sum::<f32>()
}
