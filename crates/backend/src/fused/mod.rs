//! Operations with a derivative of their own, one place each.
//!
//! [`Fused`] is the door from tensors: burn's dispatch sends each call to the backend that the tensor lives on, or to the
//! gradient graph. [`Kernels`] is what a backend may do better than by burn's operations, forward and backward; its
//! default bodies compose burn's operations, so a backend that overrides nothing is still right.
//!
//! Activations may be of half precision while parameters are of `f32`: convolutions then compute in the activations'
//! type and norms in `f32`; results are of the activations' type, means over pixels and gradients of parameters `f32`.
// Naming libtorch is declared deprecated by burn; this module and `libtorch` are the places that do.
#![allow(deprecated)]

mod autodiff;
mod composed;
mod flex;
#[cfg(feature = "libtorch")]
mod libtorch;
mod ranks;
mod step;

#[cfg(feature = "libtorch")]
use burn::backend::LibTorch;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, Dispatch, ExtensionType, Flex, backend_extension};
use burn::tensor::{DType, Tensor};
pub(crate) use composed::of_type;
pub(crate) use step::Step;

pub(crate) use crate::kernels::geometry::Padding;
pub(crate) use crate::kernels::relu::Activation;
use crate::optional::Optional;

/// What a batch norm does beside normalizing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct NormOptions {
    /// Added to the variance.
    pub(crate) epsilon: f64,
    /// Done with the result at last.
    pub(crate) activation: Activation,
}

/// What is done with a result before it is written: `· * scale + shift + shortcut`, a channel each, then the activation.
#[derive(Clone, Debug, ExtensionType)]
pub(crate) struct Epilogue<B: Backend> {
    pub(crate) scale: FloatTensor<B>,
    pub(crate) shift: FloatTensor<B>,
    #[extension_type]
    pub(crate) shortcut: Optional<B>,
    pub(crate) activation: Activation,
}

/// What the backward pass of a batch norm starts from.
#[derive(Clone, Debug)]
pub(crate) struct NormState<B: Backend> {
    pub(crate) x: FloatTensor<B>,
    pub(crate) scale: FloatTensor<B>,
    pub(crate) shift: FloatTensor<B>,
    pub(crate) mean: FloatTensor<B>,
    pub(crate) variance: FloatTensor<B>,
    /// The result, kept where there is a shortcut and a relu; without a shortcut `x` tells what the relu let through.
    pub(crate) result: Option<FloatTensor<B>>,
    pub(crate) options: NormOptions,
}

/// Gradients of a batch norm.
pub(crate) struct NormGradients<B: Backend> {
    pub(crate) x: FloatTensor<B>,
    pub(crate) scale: FloatTensor<B>,
    pub(crate) shift: FloatTensor<B>,
    /// Where it was asked for.
    pub(crate) shortcut: Option<FloatTensor<B>>,
}

/// Forward and backward passes on a concrete backend.
pub(crate) trait Kernels: Backend {
    /// `[b, in, h, w]` and `[out, in, k, k]` to `[b, out, …]`.
    fn conv2d_forward(x: FloatTensor<Self>, weight: FloatTensor<Self>, step: Step) -> FloatTensor<Self> {
        composed::conv2d::<Self>(x, weight, step)
    }

    /// The gradients of input and weight, as wanted.
    fn conv2d_backward(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        grad: FloatTensor<Self>,
        step: Step,
        wanted: [bool; 2],
    ) -> [Option<FloatTensor<Self>>; 2] {
        composed::conv2d_backward::<Self>(x, weight, grad, step, wanted)
    }

    /// Result, batch mean, biased batch variance.
    fn norm_forward(
        x: FloatTensor<Self>,
        scale: FloatTensor<Self>,
        shift: FloatTensor<Self>,
        shortcut: Option<FloatTensor<Self>>,
        options: NormOptions,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        composed::norm::<Self>(x, scale, shift, shortcut, options)
    }

    /// The result of a batch norm once more, out of its state and not counting a shortcut.
    fn norm_again(state: NormState<Self>) -> FloatTensor<Self> {
        composed::norm_again::<Self>(state)
    }

    /// The gradients of a batch norm; of the shortcut where asked.
    fn norm_backward(state: NormState<Self>, grad: FloatTensor<Self>, shortcut: bool) -> NormGradients<Self> {
        composed::norm_backward::<Self>(state, grad, shortcut)
    }

    /// The epilogue alone; no gradients.
    fn affine_forward(x: FloatTensor<Self>, epilogue: Epilogue<Self>) -> FloatTensor<Self> {
        composed::affine::<Self>(x, epilogue)
    }

    /// [`conv2d_forward`](Self::conv2d_forward), then [`affine_forward`](Self::affine_forward); no gradients.
    fn conv2d_affine_forward(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        epilogue: Epilogue<Self>,
        step: Step,
    ) -> FloatTensor<Self> {
        Self::affine_forward(Self::conv2d_forward(x, weight, step), epilogue)
    }

    /// The sum of the two gradients of a tensor that was used twice.
    fn gradient_sum(first: FloatTensor<Self>, second: FloatTensor<Self>) -> FloatTensor<Self> {
        composed::sum::<Self>(first, second)
    }

    /// `[b, c, h, w]` to `[b, c]`.
    fn mean_forward(x: FloatTensor<Self>) -> FloatTensor<Self> {
        composed::mean::<Self>(x)
    }

    /// The gradient of the mean over `size` pixels of this type.
    fn mean_backward(grad: FloatTensor<Self>, size: [usize; 2], dtype: DType) -> FloatTensor<Self> {
        composed::mean_backward::<Self>(grad, size, dtype)
    }

    /// Every pixel from its nearest.
    fn enlarge_forward(x: FloatTensor<Self>, size: [usize; 2]) -> FloatTensor<Self> {
        composed::enlarge::<Self>(x, size)
    }

    /// The gradient of an enlargement of `x`.
    fn enlarge_backward(x: FloatTensor<Self>, grad: FloatTensor<Self>, size: [usize; 2]) -> FloatTensor<Self> {
        composed::enlarge_backward::<Self>(x, grad, size)
    }
}

/// The operations as burn's dispatch sees them.
#[backend_extension(Flex, LibTorch: cfg(feature = "libtorch"), Autodiff)]
pub(crate) trait Fused: Backend {
    /// A convolution.
    fn fused_conv2d(x: FloatTensor<Self>, weight: FloatTensor<Self>, step: Step) -> FloatTensor<Self>;

    /// A batch norm by the batch's own statistics, with a shortcut added before the activation: result, mean, biased variance.
    fn fused_norm(
        x: FloatTensor<Self>,
        scale: FloatTensor<Self>,
        shift: FloatTensor<Self>,
        #[extension_type] shortcut: Optional<Self>,
        options: NormOptions,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>);

    /// An epilogue alone.
    fn fused_affine(x: FloatTensor<Self>, #[extension_type] epilogue: Epilogue<Self>) -> FloatTensor<Self>;

    /// A convolution and an epilogue.
    fn fused_conv2d_affine(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        #[extension_type] epilogue: Epilogue<Self>,
        step: Step,
    ) -> FloatTensor<Self>;

    /// A tensor for two uses, whose gradients are summed.
    fn fused_fork(x: FloatTensor<Self>) -> (FloatTensor<Self>, FloatTensor<Self>);

    /// The mean over pixels.
    fn fused_mean(x: FloatTensor<Self>) -> FloatTensor<Self>;

    /// Every pixel from its nearest.
    fn fused_enlarge(x: FloatTensor<Self>, size: [usize; 2]) -> FloatTensor<Self>;
}

/// A concrete backend goes straight to its kernels.
macro_rules! straight {
    ($backend:ty) => {
        impl Fused for $backend {
            fn fused_conv2d(x: FloatTensor<Self>, weight: FloatTensor<Self>, step: Step) -> FloatTensor<Self> {
                Self::conv2d_forward(x, weight, step)
            }

            fn fused_norm(
                x: FloatTensor<Self>,
                scale: FloatTensor<Self>,
                shift: FloatTensor<Self>,
                shortcut: Optional<Self>,
                options: NormOptions,
            ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
                ranks::norm_forward::<Self>(x, scale, shift, shortcut.into_option(), options)
            }

            fn fused_affine(x: FloatTensor<Self>, epilogue: Epilogue<Self>) -> FloatTensor<Self> {
                Self::affine_forward(x, epilogue)
            }

            fn fused_conv2d_affine(
                x: FloatTensor<Self>,
                weight: FloatTensor<Self>,
                epilogue: Epilogue<Self>,
                step: Step,
            ) -> FloatTensor<Self> {
                Self::conv2d_affine_forward(x, weight, epilogue, step)
            }

            fn fused_fork(x: FloatTensor<Self>) -> (FloatTensor<Self>, FloatTensor<Self>) {
                (x.clone(), x)
            }

            fn fused_mean(x: FloatTensor<Self>) -> FloatTensor<Self> {
                Self::mean_forward(x)
            }

            fn fused_enlarge(x: FloatTensor<Self>, size: [usize; 2]) -> FloatTensor<Self> {
                Self::enlarge_forward(x, size)
            }
        }
    };
}

straight!(Flex);
#[cfg(feature = "libtorch")]
straight!(LibTorch);

/// A convolution without bias.
pub(crate) fn conv2d(x: Tensor<4>, weight: Tensor<4>, step: Step) -> Tensor<4> {
    Tensor::from_dispatch(Dispatch::fused_conv2d(x.into_dispatch(), weight.into_dispatch(), step))
}

/// A batch norm by the batch's own statistics: result, mean, biased variance.
pub(crate) fn norm<const D: usize>(
    x: Tensor<D>,
    scale: Tensor<1>,
    shift: Tensor<1>,
    shortcut: Option<Tensor<D>>,
    options: NormOptions,
) -> (Tensor<D>, Tensor<1>, Tensor<1>) {
    let (x, scale, shift) = (x.into_dispatch(), scale.into_dispatch(), shift.into_dispatch());
    let shortcut = Optional::of(shortcut.map(Tensor::into_dispatch));
    let (result, mean, variance) = Dispatch::fused_norm(x, scale, shift, shortcut, options);
    (Tensor::from_dispatch(result), Tensor::from_dispatch(mean), Tensor::from_dispatch(variance))
}

/// `x * scale + shift + shortcut`, then the activation.
pub(crate) fn affine<const D: usize>(
    x: Tensor<D>,
    scale: Tensor<1>,
    shift: Tensor<1>,
    shortcut: Option<Tensor<D>>,
    activation: Activation,
) -> Tensor<D> {
    let epilogue = epilogue([scale, shift], shortcut, activation);
    Tensor::from_dispatch(Dispatch::fused_affine(x.into_dispatch(), epilogue))
}

/// `· * scale + shift + shortcut`, then the activation, for [`conv2d_affine`].
pub(crate) fn epilogue<const D: usize>(
    [scale, shift]: [Tensor<1>; 2],
    shortcut: Option<Tensor<D>>,
    activation: Activation,
) -> Epilogue<Dispatch> {
    let shortcut = Optional::of(shortcut.map(Tensor::into_dispatch));
    Epilogue { scale: scale.into_dispatch(), shift: shift.into_dispatch(), shortcut, activation }
}

/// A convolution without bias, and what is done with its result.
pub(crate) fn conv2d_affine(x: Tensor<4>, weight: Tensor<4>, epilogue: Epilogue<Dispatch>, step: Step) -> Tensor<4> {
    Tensor::from_dispatch(Dispatch::fused_conv2d_affine(x.into_dispatch(), weight.into_dispatch(), epilogue, step))
}

/// A tensor for two uses, both of which go into the loss.
pub(crate) fn fork(x: Tensor<4>) -> (Tensor<4>, Tensor<4>) {
    let (first, second) = Dispatch::fused_fork(x.into_dispatch());
    (Tensor::from_dispatch(first), Tensor::from_dispatch(second))
}

/// The mean over pixels.
pub(crate) fn mean(x: Tensor<4>) -> Tensor<2> {
    Tensor::from_dispatch(Dispatch::fused_mean(x.into_dispatch()))
}

/// Every pixel from its nearest.
pub(crate) fn enlarge(x: Tensor<4>, size: [usize; 2]) -> Tensor<4> {
    Tensor::from_dispatch(Dispatch::fused_enlarge(x.into_dispatch(), size))
}

#[cfg(test)]
mod tests;
