//! Mirror images.

use crate::pixels::Shape;

/// Mirrors every row of `width` samples, left to right.
pub fn flip_horizontal(data: &mut [f32], width: usize) {
    if width > 0 {
        data.chunks_exact_mut(width).for_each(<[f32]>::reverse);
    }
}

/// Mirrors every plane, top to bottom.
pub fn flip_vertical(data: &mut [f32], shape: Shape) {
    let Shape { width, height, .. } = shape;
    for plane in data.chunks_exact_mut(shape.plane().max(1)) {
        let (upper, lower) = plane.split_at_mut(height / 2 * width);
        let rows = lower.chunks_exact_mut(width.max(1)).rev();
        upper.chunks_exact_mut(width.max(1)).zip(rows).for_each(|(upper, lower)| upper.swap_with_slice(lower));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_mirrored_and_mirroring_twice_changes_nothing() {
        let mut data = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
        flip_horizontal(&mut data, 3);
        assert_eq!(data, [3.0, 2.0, 1.0, 6.0, 5.0, 4.0]);
        flip_horizontal(&mut data, 3);
        assert_eq!(data, [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    }

    #[test]
    fn the_last_row_comes_first_in_every_plane() {
        for height in [1, 2, 3] {
            let data: Vec<f32> = (0..2 * height * 2).map(|i| i as f32).collect();
            let shape = Shape::new(2, height, 2);
            let mut flipped = data.clone();
            flip_vertical(&mut flipped, shape);
            for (i, value) in flipped.iter().enumerate() {
                let (plane, y, x) = (i / (2 * height), i / 2 % height, i % 2);
                assert_eq!(*value, data[(plane * height + height - 1 - y) * 2 + x]);
            }
        }
    }
}
