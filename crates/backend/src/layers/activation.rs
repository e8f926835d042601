//! What stands between layers.

use burn::tensor::{Tensor, activation};

use crate::tokens;

/// `max(x, 0)`, any shape.
pub fn relu<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    activation::relu(x)
}

/// `max(x + y, 0)`: the end of a residual block. Both of one shape.
pub fn add_relu<const D: usize>(x: Tensor<D>, y: Tensor<D>) -> Tensor<D> {
    activation::relu(x + y)
}

/// `x` times the share of a normal distribution that lies below `x` (Hendrycks and Gimpel 2016,
/// <https://arxiv.org/abs/1606.08415>): PyTorch's default, not the tanh approximation. Any shape.
pub fn gelu<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    tokens::gelu(x)
}
