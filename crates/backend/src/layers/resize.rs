//! Up-sampling of feature maps.

use burn::tensor::Tensor;
use burn::tensor::module::interpolate;
use burn::tensor::ops::{InterpolateMode, InterpolateOptions};

use crate::fused;

/// Every pixel repeated: `[b, c, h, w]` to `[b, c, size[0], size[1]]`; pixel `i` comes from `floor(i * h / size)`.
pub fn upsample_nearest(x: Tensor<4>, size: [usize; 2]) -> Tensor<4> {
    if same_size(&x, size) { x } else { fused::enlarge(x, size) }
}

/// Linear interpolation between pixel centers, PyTorch's `align_corners=False`: `[b, c, h, w]` to `[b, c, size…]`.
pub fn upsample_bilinear(x: Tensor<4>, size: [usize; 2]) -> Tensor<4> {
    if same_size(&x, size) {
        return x;
    }
    interpolate(x, InterpolateOptions::new(InterpolateMode::Bilinear).with_align_corners(false).with_output_size(size))
}

fn same_size(x: &Tensor<4>, size: [usize; 2]) -> bool {
    let [_, _, h, w] = x.dims();
    [h, w] == size
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways_worked_by_hand() {
        let device = crate::device("flex").unwrap().plain();
        let x = Tensor::<4>::from_floats([[[[1.0, 5.0]]]], &device);
        let nearest = upsample_nearest(x.clone(), [2, 4]).into_data().try_to_vec::<f32>().unwrap();
        assert_eq!(nearest, [1.0, 1.0, 5.0, 5.0, 1.0, 1.0, 5.0, 5.0]);
        // Centers of the four pixels lie at -0.25, 0.25, 0.75, 1.25 of the input's pixel grid; the ends are held.
        let linear = upsample_bilinear(x, [1, 4]).into_data().try_to_vec::<f32>().unwrap();
        assert_eq!(linear, [1.0, 2.0, 4.0, 5.0]);
    }

    #[test]
    fn nearest_of_odd_sizes_follows_pytorch() {
        let device = crate::device("flex").unwrap().plain();
        let x = Tensor::<4>::from_floats([[[[0.0, 1.0, 2.0, 3.0]]]], &device);
        let y = upsample_nearest(x, [1, 7]).into_data().try_to_vec::<f32>().unwrap();
        assert_eq!(y, [0.0, 0.0, 1.0, 1.0, 2.0, 2.0, 3.0]);
    }
}
