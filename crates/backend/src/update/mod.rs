//! What an optimizer does to a parameter, in as few passes over it as the backend can: no gradients flow through here.
//!
//! Tensors with a gradient graph are taken without it. Nothing waits for the device: factors that follow from gradients
//! (clipping, trust ratios) stay tensors. Memory is changed in place only where nobody else holds it.
// Naming libtorch is declared deprecated by burn.
#![allow(deprecated)]

mod composed;
mod flex;
#[cfg(feature = "libtorch")]
mod libtorch;

#[cfg(feature = "libtorch")]
use burn::backend::LibTorch;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, Dispatch, ExtensionType, Flex, backend_extension};
use burn::tensor::Tensor;

use crate::optional::Optional;

/// Numbers of one update by `AdamW`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AdamStep {
    /// The number of this update of the parameter, from 1.
    pub count: u64,
    /// Learning rate.
    pub learning_rate: f64,
    /// Decay rates of the mean gradient and the mean squared gradient.
    pub betas: [f64; 2],
    /// Added to the root of the mean squared gradient.
    pub epsilon: f64,
    /// Decoupled weight decay.
    pub weight_decay: f64,
}

/// Numbers of one update by stochastic gradient descent with momentum.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DescentStep {
    /// Learning rate.
    pub learning_rate: f64,
    /// Share of the last direction that is kept.
    pub momentum: f64,
    /// Looks ahead along the momentum, in PyTorch's form.
    pub nesterov: bool,
    /// Share of the value that is added to the gradient.
    pub weight_decay: f64,
}

/// The updates on a concrete backend.
pub(crate) trait UpdateKernels: Backend {
    /// The sum of squares, `[1]`.
    fn sum_of_squares(x: FloatTensor<Self>) -> FloatTensor<Self>;

    /// `old * keep + new * (1 - keep)`.
    fn moving_mean(old: FloatTensor<Self>, new: FloatTensor<Self>, keep: f64) -> FloatTensor<Self>;

    /// New value, mean and mean square.
    fn adamw_update(
        value: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        moments: [FloatTensor<Self>; 2],
        scales: Option<FloatTensor<Self>>,
        step: AdamStep,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>);

    /// New value and momentum.
    fn descent_update(
        value: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        buffer: FloatTensor<Self>,
        scales: Option<FloatTensor<Self>>,
        step: DescentStep,
    ) -> (FloatTensor<Self>, FloatTensor<Self>);
}

/// Means of a parameter's gradients and of their squares.
#[derive(Clone, Debug, ExtensionType)]
pub(crate) struct Moments<B: Backend> {
    pub(crate) first: FloatTensor<B>,
    pub(crate) second: FloatTensor<B>,
}

/// The updates as burn's dispatch sees them.
#[backend_extension(Flex, LibTorch: cfg(feature = "libtorch"))]
pub(crate) trait Updates: Backend {
    /// The sum of squares, `[1]`.
    fn square_sum(x: FloatTensor<Self>) -> FloatTensor<Self>;

    /// `old * keep + new * (1 - keep)`.
    fn follow(old: FloatTensor<Self>, new: FloatTensor<Self>, keep: f64) -> FloatTensor<Self>;

    /// New value, mean and mean square.
    fn adamw(
        value: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        #[extension_type] moments: Moments<Self>,
        #[extension_type] scales: Optional<Self>,
        step: AdamStep,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>);

    /// New value and momentum.
    fn descend(
        value: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        buffer: FloatTensor<Self>,
        #[extension_type] scales: Optional<Self>,
        step: DescentStep,
    ) -> (FloatTensor<Self>, FloatTensor<Self>);
}

/// A concrete backend goes straight to its kernels.
macro_rules! straight {
    ($backend:ty) => {
        impl Updates for $backend {
            fn square_sum(x: FloatTensor<Self>) -> FloatTensor<Self> {
                Self::sum_of_squares(x)
            }

            fn follow(old: FloatTensor<Self>, new: FloatTensor<Self>, keep: f64) -> FloatTensor<Self> {
                Self::moving_mean(old, new, keep)
            }

            fn adamw(
                value: FloatTensor<Self>,
                gradient: FloatTensor<Self>,
                moments: Moments<Self>,
                scales: Optional<Self>,
                step: AdamStep,
            ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
                let Moments { first, second } = moments;
                Self::adamw_update(value, gradient, [first, second], scales.into_option(), step)
            }

            fn descend(
                value: FloatTensor<Self>,
                gradient: FloatTensor<Self>,
                buffer: FloatTensor<Self>,
                scales: Optional<Self>,
                step: DescentStep,
            ) -> (FloatTensor<Self>, FloatTensor<Self>) {
                Self::descent_update(value, gradient, buffer, scales.into_option(), step)
            }
        }
    };
}

straight!(Flex);
#[cfg(feature = "libtorch")]
straight!(LibTorch);

/// The sum of squares of all values, shape `[1]`.
pub fn square_sum<const D: usize>(x: Tensor<D>) -> Tensor<1> {
    Tensor::from_dispatch(Dispatch::square_sum(x.inner().into_dispatch()))
}

/// `old * keep + new * (1 - keep)`, any shape: a moving mean.
pub fn follow<const D: usize>(old: Tensor<D>, new: Tensor<D>, keep: f64) -> Tensor<D> {
    Tensor::from_dispatch(Dispatch::follow(old.inner().into_dispatch(), new.inner().into_dispatch(), keep))
}

/// One update by `torch.optim.AdamW`'s rule: the new value and moments (mean and mean square of the gradients; none
/// before the first update), all of the value's shape. The gradient is first multiplied by the first of `scales`.
pub fn adamw<const D: usize>(
    value: Tensor<D>,
    gradient: Tensor<D>,
    moments: Option<[Tensor<D>; 2]>,
    scales: Option<Tensor<1>>,
    step: AdamStep,
) -> (Tensor<D>, [Tensor<D>; 2]) {
    let value = value.inner();
    let [first, second] = moments.unwrap_or_else(|| [value.zeros_like(), value.zeros_like()]);
    let (value, gradient) = (value.into_dispatch(), gradient.inner().into_dispatch());
    let moments = Moments { first: first.into_dispatch(), second: second.into_dispatch() };
    let scales = Optional::of(scales.map(Tensor::into_dispatch));
    let (value, first, second) = Dispatch::adamw(value, gradient, moments, scales, step);
    (Tensor::from_dispatch(value), [Tensor::from_dispatch(first), Tensor::from_dispatch(second)])
}

/// One update by `torch.optim.SGD`'s rule with zero dampening: the new value and momentum (none before the first update,
/// nor where `step.momentum` is 0), of the value's shape. The gradient and `step.weight_decay` are first multiplied by
/// the two `scales`.
pub fn descend<const D: usize>(
    value: Tensor<D>,
    gradient: Tensor<D>,
    buffer: Option<Tensor<D>>,
    scales: Option<Tensor<1>>,
    step: DescentStep,
) -> (Tensor<D>, Option<Tensor<D>>) {
    let value = value.inner();
    let buffer = buffer.unwrap_or_else(|| value.zeros_like());
    let (value, gradient) = (value.into_dispatch(), gradient.inner().into_dispatch());
    let scales = Optional::of(scales.map(Tensor::into_dispatch));
    let (value, buffer) = Dispatch::descend(value, gradient, buffer.into_dispatch(), scales, step);
    (Tensor::from_dispatch(value), (step.momentum != 0.0).then(|| Tensor::from_dispatch(buffer)))
}

#[cfg(test)]
mod tests;
