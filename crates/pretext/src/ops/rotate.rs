//! Turning by any angle. (Quarter turns are exact: [`super::turn`].)

use super::shift::Fill;
use super::simd::for_each_level;
use crate::pixels::Shape;

/// Writes into `out` the planes of `source` turned counter-clockwise by `degrees` about their center, with bilinear
/// weights: torchvision's `rotate(…, BILINEAR)` on tensors. [`Fill::Zero`] mixes black in at the border, as torchvision does
/// where no fill is given; [`Fill::Edge`] continues the border, as its `grid_sample` with `padding_mode="border"`.
pub fn rotate(source: &[f32], shape: Shape, degrees: f32, fill: Fill, out: &mut [f32]) {
    if shape.is_empty() {
        return;
    }
    // In f64, and once an image: the same on every machine up to the last bit of the sine.
    let (sin, cos) = f64::from(degrees).to_radians().sin_cos();
    for (source, out) in source.chunks_exact(shape.plane()).zip(out.chunks_exact_mut(shape.plane())) {
        rotate_plane(source, shape, (sin as f32, cos as f32), fill, out);
    }
}

for_each_level! {
    fn rotate_plane(source: &[f32], shape: Shape, turn: (f32, f32), fill: Fill, out: &mut [f32]) {
        let (sin, cos) = turn;
        let (width, height) = (shape.width as i32, shape.height as i32);
        let (cx, cy) = (0.5 * (width - 1) as f32, 0.5 * (height - 1) as f32);
        let pixel = |x: i32, y: i32| {
            let inside = (0..width).contains(&x) && (0..height).contains(&y);
            if fill == Fill::Zero && !inside {
                return 0.0;
            }
            source[(y.clamp(0, height - 1) * width + x.clamp(0, width - 1)) as usize]
        };
        for (y, row) in out.chunks_exact_mut(shape.width).enumerate() {
            let dy = y as f32 - cy;
            for (x, out) in row.iter_mut().enumerate() {
                let dx = x as f32 - cx;
                let (from_x, from_y) = (cos * dx - sin * dy + cx, sin * dx + cos * dy + cy);
                let (left, top) = (from_x.floor(), from_y.floor());
                let (right_share, lower_share) = (from_x - left, from_y - top);
                let (x, y) = (left as i32, top as i32);
                let upper = pixel(x, y) * (1.0 - right_share) + pixel(x + 1, y) * right_share;
                let lower = pixel(x, y + 1) * (1.0 - right_share) + pixel(x + 1, y + 1) * right_share;
                // A convex mix, up to rounding.
                *out = (upper * (1.0 - lower_share) + lower * lower_share).clamp(0.0, 1.0);
            }
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

    use super::*;

    pub(crate) const SHAPE: Shape = Shape::new(1, 5, 6);

    /// One plane of 6x5 values; shared with other operations.
    pub(crate) fn image() -> Vec<f32> {
        let at = |i: usize| (i % 6, i / 6);
        (0..30).map(at).map(|(x, y)| f32::from((x * 37 + y * 61 + x * y * 13) as u8) / 255.0).collect()
    }

    fn assert_close(ours: &[f32], reference: &[f32]) {
        for (i, (a, b)) in ours.iter().zip(reference).enumerate() {
            assert!((a - b).abs() < 4e-6, "at {i}: {a}, reference {b}");
        }
    }

    // References: torchvision 0.24, `rotate(image, angle, BILINEAR)` on a float tensor; for the border, its affine grid and
    // PyTorch 2.9's grid_sample(padding_mode="border").

    #[test]
    fn turning_is_torchvisions() {
        for (angle, reference) in [
            (
                30.0,
                [
                    0.003_477, 0.165_410, 0.450_907, 0.313_278, 0.184_967, 0.157_961, 0.107_091, 0.371_956, 0.699_608,
                    0.418_137, 0.483_441, 0.429_201, 0.240_817, 0.549_809, 0.852_513, 0.346_760, 0.737_765, 0.471_624,
                    0.322_769, 0.601_863, 0.443_703, 0.481_005, 0.763_001, 0.355_984, 0.198_867, 0.574_935, 0.173_265,
                    0.621_538, 0.481_620, 0.010_131,
                ],
            ),
            (
                -15.0,
                [
                    0.097_099, 0.198_990, 0.279_920, 0.335_800, 0.338_510, 0.268_671, 0.332_324, 0.512_646, 0.637_726,
                    0.737_316, 0.363_989, 0.471_481, 0.601_736, 0.462_041, 0.876_215, 0.305_648, 0.299_011, 0.371_850,
                    0.632_203, 0.212_506, 0.425_887, 0.613_777, 0.655_715, 0.452_220, 0.236_689, 0.340_276, 0.786_281,
                    0.688_926, 0.539_253, 0.193_379,
                ],
            ),
        ] {
            let mut out = [0.0; 30];
            rotate(&image(), SHAPE, angle, Fill::Zero, &mut out);
            assert_close(&out, &reference);
        }
    }

    #[test]
    fn the_border_may_go_on() {
        let reference = [
            0.193_697, 0.319_355, 0.450_907, 0.313_278, 0.184_967, 0.471_614, 0.121_148, 0.371_956, 0.699_608,
            0.418_137, 0.483_441, 0.514_052, 0.240_817, 0.549_809, 0.852_513, 0.346_760, 0.737_765, 0.471_624,
            0.386_579, 0.601_863, 0.443_703, 0.481_005, 0.763_001, 0.402_708, 0.593_746, 0.574_935, 0.173_265,
            0.621_538, 0.929_860, 0.564_449,
        ];
        let mut out = [0.0; 30];
        rotate(&image(), SHAPE, 30.0, Fill::Edge, &mut out);
        assert_close(&out, &reference);
    }

    proptest! {
        #[test]
        fn turned_squares_are_those_of_exact_turns(side in 1..9_usize, quarters in 0..4_u32) {
            let source: Vec<f32> = (0..side * side).map(|i| (i as f32).sin().abs()).collect();
            let (mut ours, mut exact) = (source.clone(), source.clone());
            rotate(&source, Shape::new(1, side, side), 90.0 * quarters as f32, Fill::Edge, &mut ours);
            crate::ops::turn(&source, side, side, quarters, &mut exact);
            for (ours, exact) in ours.iter().zip(exact) {
                prop_assert!((ours - exact).abs() < 2e-5);
            }
        }
    }
}
