//! Rectified linear units.

use burn::tensor::{Tensor, activation};

/// `max(x, 0)`, any shape.
pub fn relu<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    activation::relu(x)
}

/// `max(x + y, 0)`: the end of a residual block. Both of one shape.
pub fn add_relu<const D: usize>(x: Tensor<D>, y: Tensor<D>) -> Tensor<D> {
    activation::relu(x + y)
}
