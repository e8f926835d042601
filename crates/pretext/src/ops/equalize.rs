//! Spreading the levels of each channel evenly.

use crate::pixels::Shape;

const LEVELS: usize = 256;

/// torchvision's `equalize` (Pillow's `ImageOps.equalize`) on floats in 0..1: each plane is rounded down to 256 levels, and
/// those are spread so that all become about equally frequent. A plane of fewer than 255 pixels, or of nearly one
/// level, is only rounded.
pub fn equalize(data: &mut [f32], shape: Shape) {
    for plane in data.chunks_exact_mut(shape.plane().max(1)) {
        equalize_plane(plane);
    }
}

fn equalize_plane(plane: &mut [f32]) {
    let mut counts = [0_usize; LEVELS];
    for value in &*plane {
        counts[level(*value)] += 1;
    }
    let brightest = counts.iter().rev().copied().find(|&count| count > 0).unwrap_or(0);
    let step = (plane.len() - brightest) / (LEVELS - 1);
    let mut table = [0.0_f32; LEVELS];
    let mut sum = step / 2;
    for (i, (entry, count)) in table.iter_mut().zip(counts).enumerate() {
        // How many pixels are darker, in steps.
        let spread = sum.checked_div(step).unwrap_or(i).min(LEVELS - 1);
        *entry = spread as f32 / 255.0;
        sum += count;
    }
    for value in plane {
        *value = table[level(*value)];
    }
}

/// As torchvision converts floats to bytes.
fn level(value: f32) -> usize {
    (value * 255.999) as u8 as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::color::tests::assert_close;
    use crate::ops::rotate::tests::image;

    // References: torchvision 0.24's v2 `equalize` on floats; Pillow 13 gives the same bytes.

    #[test]
    fn equalize_is_torchvisions() {
        const N: usize = 40;
        let at = |x: usize, y: usize| ((x * x + 3 * y * y + x * y) % 251 / 2) as f32 / 255.0;
        let mut data: Vec<f32> = (0..N * N).map(|i| at(i % N, i / N)).collect();
        data.extend(data.clone());
        equalize(&mut data, Shape::new(2, N, N));
        for plane in data.chunks_exact(N * N) {
            let some = [(0, 0), (1, 7), (13, 22), (39, 39), (20, 5), (31, 8), (2, 30)].map(|(y, x)| plane[y * N + x]);
            assert_close(&some, &[0.0, 0.254_902, 0.101_961, 0.321_569, 0.305_882, 0.768_628, 0.917_647]);
        }
    }

    #[test]
    fn few_pixels_are_left_alone() {
        let mut data = image();
        equalize(&mut data, Shape::new(1, 5, 6));
        assert_close(&data, &image());
        equalize(&mut [], Shape::new(1, 0, 6));
    }
}
