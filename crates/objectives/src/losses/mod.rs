//! Losses: tensors in, the mean loss out.

mod cross_entropy;
mod nt_xent;
mod reconstruction;

use burn::tensor::Tensor;

pub use cross_entropy::cross_entropy;
pub use nt_xent::nt_xent;
pub use reconstruction::{l1_loss, l2_loss};

/// Least length that [`l2_normalize`] divides by, as in `torch.nn.functional.normalize`.
const LEAST_LENGTH: f64 = 1e-12;

/// Rows of `x` (`[n, d]`) at length 1. A row of zeros stays zero.
pub fn l2_normalize(x: Tensor<2>) -> Tensor<2> {
    let length = x.clone().mul(x.clone()).sum_dim(1).clamp_min(LEAST_LENGTH * LEAST_LENGTH).sqrt();
    x.div(length)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reference::{assert_gradient, numbers, plain};

    #[test]
    fn rows_have_length_one_and_zeros_stay_zero() {
        let x = Tensor::<2>::from_floats([[3.0, -4.0], [0.0, 0.0], [1e-6, 0.0]], &plain());
        assert_eq!(l2_normalize(x).try_into_vec_as::<f32>().unwrap(), [0.6, -0.8, 0.0, 0.0, 1.0, 0.0]);
    }

    #[test]
    fn the_gradient_is_that_of_the_formula() {
        let weight = Tensor::<2>::from_data(burn::tensor::TensorData::new(numbers(12, 1.7), [3, 4]), &plain());
        assert_gradient(&numbers(12, 0.2), [3, 4], |x| l2_normalize(x).mul(weight.clone()).sum());
    }

    #[test]
    fn a_row_of_zeros_has_a_finite_gradient() {
        let x = Tensor::<2>::zeros([1, 3], &plain()).autodiff().require_grad();
        let gradient = x.grad(&l2_normalize(x.clone()).sum().backward()).unwrap();
        assert!(gradient.try_into_vec_as::<f32>().unwrap().iter().all(|g| g.is_finite()));
    }
}
