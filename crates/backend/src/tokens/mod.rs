//! What transformers are made of, with derivatives of their own: layer norm, attention, GELU.
//!
//! Built like [`fused`](crate::fused): [`Tokens`] is the door from tensors, [`TokenKernels`] what a backend does better
//! than by burn's operations. Layer norms see rows, `[rows, width]`, and may have parameters of `f32` beside activations of
//! half precision.
// Naming libtorch is declared deprecated by burn.
#![allow(deprecated)]

mod autodiff;
mod composed;
mod flex;
#[cfg(feature = "libtorch")]
mod libtorch;

#[cfg(feature = "libtorch")]
use burn::backend::LibTorch;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, Dispatch, Flex, backend_extension};
use burn::tensor::Tensor;

/// What the backward pass of a layer norm starts from.
#[derive(Clone, Debug)]
pub(crate) struct RowNorm<B: Backend> {
    pub(crate) x: FloatTensor<B>,
    /// A row each.
    pub(crate) mean: FloatTensor<B>,
    /// Inverse standard deviations, a row each.
    pub(crate) inverse: FloatTensor<B>,
    pub(crate) scale: FloatTensor<B>,
}

/// What the backward pass of attention starts from.
#[derive(Clone, Debug)]
pub(crate) struct Attended<B: Backend> {
    pub(crate) inputs: [FloatTensor<B>; 3],
    pub(crate) result: FloatTensor<B>,
    /// Logarithms of the sums of exponentials, a query each.
    pub(crate) sums: FloatTensor<B>,
    pub(crate) scale: f64,
}

/// Forward and backward passes on a concrete backend.
pub(crate) trait TokenKernels: Backend {
    /// Result, mean, inverse standard deviation.
    fn layer_norm_forward(
        x: FloatTensor<Self>,
        scale: FloatTensor<Self>,
        shift: FloatTensor<Self>,
        epsilon: f64,
    ) -> [FloatTensor<Self>; 3] {
        composed::layer_norm::<Self>(x, scale, shift, epsilon)
    }

    /// The gradients of input, scale and shift.
    fn layer_norm_backward(state: RowNorm<Self>, grad: FloatTensor<Self>) -> [FloatTensor<Self>; 3] {
        composed::layer_norm_backward::<Self>(state, grad)
    }

    /// `x` times the share of a normal distribution below it.
    fn gelu_forward(x: FloatTensor<Self>) -> FloatTensor<Self> {
        Self::gelu(x)
    }

    /// The gradient of [`gelu_forward`](Self::gelu_forward)'s input.
    fn gelu_gradient(x: FloatTensor<Self>, grad: FloatTensor<Self>) -> FloatTensor<Self> {
        Self::gelu_backward(x, grad)
    }

    /// The result, and logarithms of the sums of exponentials: the shares themselves are not kept.
    fn attention_forward(inputs: &[FloatTensor<Self>; 3], scale: f64) -> (FloatTensor<Self>, FloatTensor<Self>) {
        composed::attention::<Self>(inputs, scale)
    }

    /// The gradients of queries, keys and values.
    fn attention_backward(state: Attended<Self>, grad: FloatTensor<Self>) -> [FloatTensor<Self>; 3] {
        composed::attention_backward::<Self>(state, grad)
    }
}

/// The operations as burn's dispatch sees them.
#[backend_extension(Flex, LibTorch: cfg(feature = "libtorch"), Autodiff)]
pub(crate) trait Tokens: Backend {
    /// Rows normalized by themselves.
    fn row_norm(
        x: FloatTensor<Self>,
        scale: FloatTensor<Self>,
        shift: FloatTensor<Self>,
        epsilon: f64,
    ) -> FloatTensor<Self>;

    /// GELU.
    fn gaussian_unit(x: FloatTensor<Self>) -> FloatTensor<Self>;

    /// `softmax(q k^T * scale) v`.
    fn attend(
        queries: FloatTensor<Self>,
        keys: FloatTensor<Self>,
        values: FloatTensor<Self>,
        scale: f64,
    ) -> FloatTensor<Self>;
}

/// A concrete backend goes straight to its kernels.
macro_rules! straight {
    ($backend:ty) => {
        impl Tokens for $backend {
            fn row_norm(
                x: FloatTensor<Self>,
                scale: FloatTensor<Self>,
                shift: FloatTensor<Self>,
                epsilon: f64,
            ) -> FloatTensor<Self> {
                let [y, ..] = Self::layer_norm_forward(x, scale, shift, epsilon);
                y
            }

            fn gaussian_unit(x: FloatTensor<Self>) -> FloatTensor<Self> {
                Self::gelu_forward(x)
            }

            fn attend(
                queries: FloatTensor<Self>,
                keys: FloatTensor<Self>,
                values: FloatTensor<Self>,
                scale: f64,
            ) -> FloatTensor<Self> {
                Self::attention_forward(&[queries, keys, values], scale).0
            }
        }
    };
}

straight!(Flex);
#[cfg(feature = "libtorch")]
straight!(LibTorch);

/// The last axis normalized by itself, then scaled and shifted.
pub(crate) fn layer_norm<const D: usize>(x: Tensor<D>, scale: Tensor<1>, shift: Tensor<1>, epsilon: f64) -> Tensor<D> {
    let dims = x.dims();
    let [width] = scale.dims();
    let rows = x.reshape([-1, width as i32]);
    let y: Tensor<2> = Tensor::from_dispatch(Dispatch::row_norm(
        rows.into_dispatch(),
        scale.into_dispatch(),
        shift.into_dispatch(),
        epsilon,
    ));
    y.reshape(dims)
}

/// GELU, exact (not the tanh approximation).
pub(crate) fn gelu<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    Tensor::from_dispatch(Dispatch::gaussian_unit(x.into_dispatch()))
}

/// `softmax(q k^T * scale) v`, `[b, heads, n, d]` each.
pub(crate) fn attention(queries: Tensor<4>, keys: Tensor<4>, values: Tensor<4>, scale: f64) -> Tensor<4> {
    Tensor::from_dispatch(Dispatch::attend(
        queries.into_dispatch(),
        keys.into_dispatch(),
        values.into_dispatch(),
        scale,
    ))
}

#[cfg(test)]
mod tests;
