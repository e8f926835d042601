//! Pooling.

use burn::tensor::Tensor;
use burn::tensor::module::{avg_pool2d, max_pool2d};
use burn::tensor::ops::{AvgPoolOptions, MaxPoolOptions};

use crate::fused;

/// The mean over height and width: `[b, c, h, w]` to `[b, c]`.
pub fn global_avg_pool(x: Tensor<4>) -> Tensor<2> {
    fused::mean(x)
}

/// The largest value of each `kernel x kernel` window: `[b, c, h, w]` to `[b, c, (h + 2 padding - k) / stride + 1, …]`.
pub fn max_pool(x: Tensor<4>, kernel: usize, stride: usize, padding: usize) -> Tensor<4> {
    max_pool2d(x, MaxPoolOptions::new([kernel; 2]).with_stride([stride; 2]).with_padding([padding; 2]))
}

/// The mean of each 2x2 window without overlap, of what there is of it at odd ends: `[b, c, h, w]` to `[b, c, ceil(h / 2), …]`, as
/// PyTorch's `AvgPool2d(2, ceil_mode=True, count_include_pad=False)`.
pub fn mean_pool(x: Tensor<4>) -> Tensor<4> {
    // Sides become even by repeating the last line, whose mean with itself is itself.
    let [_, _, h, w] = x.dims();
    let x = if h % 2 == 0 { x } else { Tensor::cat(vec![x.clone(), x.narrow(2, h - 1, 1)], 2) };
    let x = if w % 2 == 0 { x } else { Tensor::cat(vec![x.clone(), x.narrow(3, w - 1, 1)], 3) };
    avg_pool2d(x, AvgPoolOptions::new([2; 2]).with_stride([2; 2]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pools_worked_by_hand() {
        let device = crate::device("flex").unwrap().plain();
        let x = Tensor::<4>::from_floats([[[[1.0, 2.0, 3.0], [4.0, -5.0, 6.0], [7.0, 8.0, -9.0]]]], &device);
        let mean = global_avg_pool(x.clone()).into_data().try_to_vec::<f32>().unwrap();
        assert!((mean[0] - 17.0 / 9.0).abs() < 1e-6);
        let max = max_pool(x, 3, 2, 1);
        assert_eq!(max.dims(), [1, 1, 2, 2]);
        assert_eq!(max.into_data().try_to_vec::<f32>().unwrap(), [4.0, 6.0, 8.0, 8.0]);
        let x = Tensor::<4>::from_floats([[[[1.0, 2.0, 3.0], [4.0, -5.0, 6.0], [7.0, 8.0, -9.0]]]], &device);
        // Whole windows, then halves of them at the ends: PyTorch's ceil_mode without counting what is not there.
        assert_eq!(mean_pool(x).into_data().try_to_vec::<f32>().unwrap(), [0.5, 4.5, 7.5, -9.0]);
    }
}
