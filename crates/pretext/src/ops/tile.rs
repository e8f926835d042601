//! Rectangles of planes: cut out, standardized.

use super::view::Rect;
use crate::pixels::Shape;

/// Copies `rect` out of planes of `shape` into `out` (planes of the rectangle's size). `rect` lies inside.
pub fn cut(source: &[f32], shape: Shape, rect: Rect, out: &mut [f32]) {
    let Rect { x, y, width, height } = rect;
    if shape.plane() == 0 || width * height == 0 {
        return;
    }
    for (source, out) in source.chunks_exact(shape.plane()).zip(out.chunks_exact_mut(width * height)) {
        for (row, out) in out.chunks_exact_mut(width).enumerate() {
            out.copy_from_slice(&source[(y + row) * shape.width + x..][..width]);
        }
    }
}

/// Brings every plane to mean 0.5 and standard deviation 0.25, so that neither brightness nor contrast nor tint of a
/// tile says where it comes from. Planes without content (deviation below 0.02) are not blown up beyond 12.5 times.
/// Values may leave 0..1.
pub fn standardize(data: &mut [f32], plane: usize) {
    const LEAST: f32 = 0.02;
    if plane == 0 {
        return;
    }
    for plane in data.chunks_exact_mut(plane) {
        let n = plane.len() as f32;
        let mean = plane.iter().sum::<f32>() / n;
        let deviation = (plane.iter().map(|value| (value - mean).powi(2)).sum::<f32>() / n).sqrt();
        let scale = 0.25 / deviation.max(LEAST);
        for value in plane {
            *value = 0.5 + (*value - mean) * scale;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tile_is_what_lies_there() {
        let source: Vec<f32> = (0..24).map(|i| i as f32).collect();
        let mut out = [0.0; 4];
        cut(&source, Shape::new(2, 3, 4), Rect { x: 2, y: 1, width: 2, height: 1 }, &mut out);
        assert_eq!(out, [6.0, 7.0, 18.0, 19.0]);
    }

    #[test]
    fn standardized_planes_have_mean_and_deviation() {
        // Mean 2, deviation 2: 0.5 -+ 0.25. An even plane stays even; a faint one is enlarged 12.5 times only.
        let mut data = [0.0, 4.0, 0.3, 0.3, 0.499, 0.501];
        standardize(&mut data, 2);
        let expected = [0.25, 0.75, 0.5, 0.5, 0.4875, 0.5125];
        assert!(data.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-5), "{data:?}");
    }
}
