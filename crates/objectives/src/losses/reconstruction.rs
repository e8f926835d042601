//! Distances between a restored image and the original.

use burn::tensor::Tensor;

/// Mean absolute difference over all elements, shape `[1]`.
///
/// # Panics
/// Where the shapes differ.
pub fn l1_loss<const D: usize>(output: Tensor<D>, target: Tensor<D>) -> Tensor<1> {
    assert_eq!(output.dims(), target.dims(), "l1_loss needs equal shapes");
    output.sub(target).abs().mean()
}

/// Mean squared difference over all elements, shape `[1]`.
///
/// # Panics
/// Where the shapes differ.
pub fn l2_loss<const D: usize>(output: Tensor<D>, target: Tensor<D>) -> Tensor<1> {
    assert_eq!(output.dims(), target.dims(), "l2_loss needs equal shapes");
    let difference = output.sub(target);
    difference.clone().mul(difference).mean()
}

#[cfg(test)]
mod tests {
    use burn::tensor::TensorData;

    use super::*;
    use crate::reference::{assert_gradient, number, numbers, plain};

    #[test]
    fn values_by_hand() {
        let a = Tensor::<2>::from_floats([[1.0, -2.0], [0.5, 3.0]], &plain());
        let b = Tensor::<2>::from_floats([[0.0, 2.0], [0.5, 1.0]], &plain());
        assert!((number(l1_loss(a.clone(), b.clone())) - 7.0 / 4.0).abs() < 1e-6);
        assert!((number(l2_loss(a, b)) - 21.0 / 4.0).abs() < 1e-6);
    }

    #[test]
    fn the_gradient_is_that_of_the_formula() {
        let target = Tensor::<2>::from_data(TensorData::new(numbers(12, 0.9), [3, 4]), &plain());
        assert_gradient(&numbers(12, 0.3), [3, 4], |x| l1_loss(x, target.clone()));
        assert_gradient(&numbers(12, 0.3), [3, 4], |x| l2_loss(x, target.clone()));
    }
}
