//! Pooling.

use burn::tensor::Tensor;
use burn::tensor::module::max_pool2d;
use burn::tensor::ops::MaxPoolOptions;

use crate::fused;

/// The mean over height and width: `[b, c, h, w]` to `[b, c]`.
pub fn global_avg_pool(x: Tensor<4>) -> Tensor<2> {
    fused::mean(x)
}

/// The largest value of each `kernel x kernel` window: `[b, c, h, w]` to `[b, c, (h + 2 padding - k) / stride + 1, …]`.
pub fn max_pool(x: Tensor<4>, kernel: usize, stride: usize, padding: usize) -> Tensor<4> {
    max_pool2d(x, MaxPoolOptions::new([kernel; 2]).with_stride([stride; 2]).with_padding([padding; 2]))
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
    }
}
