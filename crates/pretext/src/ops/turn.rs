//! Quarter turns by exact transposition: interpolating would betray the angle by its blur and its corners.

/// Writes `source` (planes of `height * width`) turned counter-clockwise by `quarters` quarter turns, as
/// `numpy.rot90(image, k)`. For odd `quarters` the planes of `out` are `width * height`. Buffers of equal length.
pub fn turn(source: &[f32], height: usize, width: usize, quarters: u32, out: &mut [f32]) {
    let plane = height * width;
    if plane == 0 {
        return;
    }
    for (source, out) in source.chunks_exact(plane).zip(out.chunks_exact_mut(plane)) {
        match quarters % 4 {
            0 => out.copy_from_slice(source),
            1 => {
                for (i, row) in out.chunks_exact_mut(height).enumerate() {
                    for (out, from) in row.iter_mut().zip(source.chunks_exact(width)) {
                        *out = from[width - 1 - i];
                    }
                }
            }
            2 => {
                for (out, from) in out.iter_mut().zip(source.iter().rev()) {
                    *out = *from;
                }
            }
            _ => {
                for (i, row) in out.chunks_exact_mut(height).enumerate() {
                    for (out, from) in row.iter_mut().zip(source.chunks_exact(width).rev()) {
                        *out = from[i];
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn one_turn_is_counter_clockwise() {
        // numpy.rot90([[1, 2, 3], [4, 5, 6]]) = [[3, 6], [2, 5], [1, 4]]
        let source = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
        let mut out = [0.0; 6];
        turn(&source, 2, 3, 1, &mut out);
        assert_eq!(out, [3.0, 6.0, 2.0, 5.0, 1.0, 4.0]);
        turn(&source, 2, 3, 3, &mut out);
        assert_eq!(out, [4.0, 1.0, 5.0, 2.0, 6.0, 3.0]);
        turn(&source, 2, 3, 2, &mut out);
        assert_eq!(out, [6.0, 5.0, 4.0, 3.0, 2.0, 1.0]);
    }

    proptest! {
        #[test]
        fn turning_back_restores_the_image_exactly(height in 1..9_usize, width in 1..9_usize, channels in 1..4_usize, quarters in 0..4_u32) {
            let source: Vec<f32> = (0..channels * height * width).map(|i| (i as f32).sin()).collect();
            let (mut there, mut back) = (source.clone(), source.clone());
            turn(&source, height, width, quarters, &mut there);
            let (h, w) = if quarters % 2 == 1 { (width, height) } else { (height, width) };
            turn(&there, h, w, 4 - quarters, &mut back);
            prop_assert_eq!(back, source);
        }
    }
}
