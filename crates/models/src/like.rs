//! Activations may be of half precision while parameters are not.

use burn::tensor::{FloatDType, Tensor};

/// `x` in the type of `y`.
pub(crate) fn like<const D: usize, const E: usize>(x: Tensor<D>, y: &Tensor<E>) -> Tensor<D> {
    let dtype = y.dtype();
    if x.dtype() == dtype { x } else { x.cast(FloatDType::from(dtype)) }
}
