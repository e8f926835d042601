//! Mirror image.

/// Mirrors every row of `width` samples, left to right.
pub fn flip_horizontal(data: &mut [f32], width: usize) {
    if width > 0 {
        data.chunks_exact_mut(width).for_each(<[f32]>::reverse);
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
}
