//! The operations out of burn's own: right on every backend.

use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, TensorMetadata};
use burn::tensor::ops::{ConvOptions, InterpolateMode, InterpolateOptions};
use burn::tensor::{DType, Shape};

use super::{Kernels, NormGradients, NormOptions, NormState, Step};

fn options(step: Step) -> ConvOptions<2> {
    ConvOptions::new([step.stride; 2], [step.padding; 2], [1, 1], 1)
}

/// The same values as another type, where they are of another one.
pub(crate) fn of_type<B: Backend>(x: FloatTensor<B>, dtype: DType) -> FloatTensor<B> {
    if x.dtype() == dtype { x } else { B::float_cast(x, dtype.into()) }
}

pub(super) fn conv2d<B: Backend>(x: FloatTensor<B>, weight: FloatTensor<B>, step: Step) -> FloatTensor<B> {
    let weight = of_type::<B>(weight, x.dtype());
    B::conv2d(x, weight, None, options(step))
}

pub(super) fn conv2d_backward<B: Backend>(
    x: FloatTensor<B>,
    weight: FloatTensor<B>,
    grad: FloatTensor<B>,
    step: Step,
    wanted: [bool; 2],
) -> [Option<FloatTensor<B>>; 2] {
    let trained = weight.dtype();
    let weight = of_type::<B>(weight, x.dtype());
    let of_x = wanted[0].then(|| B::conv2d_x_backward(x.clone(), weight.clone(), grad.clone(), options(step)));
    let of_weight = wanted[1].then(|| B::conv2d_weight_backward(x, weight, grad, options(step)));
    [of_x, of_weight.map(|gradient| of_type::<B>(gradient, trained))]
}

pub(super) fn norm<B: Backend>(
    x: FloatTensor<B>,
    scale: FloatTensor<B>,
    shift: FloatTensor<B>,
    shortcut: Option<FloatTensor<B>>,
    options: NormOptions,
) -> (FloatTensor<B>, FloatTensor<B>, FloatTensor<B>) {
    let (given, exact) = (x.dtype(), scale.dtype());
    let out = B::batch_norm_train(of_type::<B>(x, exact), scale, shift, options.epsilon);
    let shortcut = shortcut.map(|shortcut| of_type::<B>(shortcut, exact));
    (of_type::<B>(after::<B>(out.output, shortcut, options.relu), given), out.mean, out.variance)
}

fn after<B: Backend>(x: FloatTensor<B>, shortcut: Option<FloatTensor<B>>, relu: bool) -> FloatTensor<B> {
    let x = match shortcut {
        Some(shortcut) => B::float_add(x, shortcut),
        None => x,
    };
    if relu { B::relu(x) } else { x }
}

/// By the statistics that were taken the first time.
pub(super) fn norm_again<B: Backend>(state: NormState<B>) -> FloatTensor<B> {
    let deviation = B::float_sqrt(B::float_add_scalar(state.variance, state.options.epsilon.into()));
    let factor = B::float_div(state.scale, deviation);
    let offset = B::float_sub(state.shift, B::float_mul(state.mean, factor.clone()));
    affine::<B>(state.x, factor, offset, None, state.options.relu)
}

pub(super) fn norm_backward<B: Kernels>(state: NormState<B>, grad: FloatTensor<B>, shortcut: bool) -> NormGradients<B> {
    let grad = match state.result.clone() {
        _ if !state.options.relu => grad,
        Some(result) => B::relu_backward(result, grad),
        None => B::relu_backward(B::norm_again(state.clone()), grad),
    };
    let behind = shortcut.then(|| grad.clone());
    let (given, exact) = (state.x.dtype(), state.scale.dtype());
    let (x, grad) = (of_type::<B>(state.x, exact), of_type::<B>(grad, exact));
    let back = B::batch_norm_train_backward(x, state.scale, state.mean, state.variance, state.options.epsilon, grad);
    let of_x = of_type::<B>(back.x_grad, given);
    NormGradients { x: of_x, scale: back.gamma_grad, shift: back.beta_grad, shortcut: behind }
}

pub(super) fn affine<B: Backend>(
    x: FloatTensor<B>,
    scale: FloatTensor<B>,
    shift: FloatTensor<B>,
    shortcut: Option<FloatTensor<B>>,
    relu: bool,
) -> FloatTensor<B> {
    let mut dims = vec![1; x.shape().num_dims()];
    dims[1] = x.shape()[1];
    let shape = Shape::from(dims);
    let (given, exact) = (x.dtype(), scale.dtype());
    let x = B::float_mul(of_type::<B>(x, exact), B::float_reshape(scale, shape.clone()));
    let shortcut = shortcut.map(|shortcut| of_type::<B>(shortcut, exact));
    of_type::<B>(after::<B>(B::float_add(x, B::float_reshape(shift, shape)), shortcut, relu), given)
}

pub(super) fn sum<B: Backend>(first: FloatTensor<B>, second: FloatTensor<B>) -> FloatTensor<B> {
    B::float_add(first, second)
}

/// A result of half precision is of `f32`: what follows it is small and wants to be exact.
pub(super) fn mean<B: Backend>(x: FloatTensor<B>) -> FloatTensor<B> {
    let [b, c, h, w] = x.shape().dims();
    let exact = if x.dtype() == DType::BF16 { DType::F32 } else { x.dtype() };
    let x = of_type::<B>(x, exact);
    let x = B::float_mean_dim(B::float_reshape(x, Shape::new([b, c, h * w])), 2);
    B::float_reshape(x, Shape::new([b, c]))
}

pub(super) fn mean_backward<B: Backend>(grad: FloatTensor<B>, [h, w]: [usize; 2], dtype: DType) -> FloatTensor<B> {
    let [b, c] = grad.shape().dims();
    let grad = of_type::<B>(B::float_div_scalar(grad, ((h * w) as f64).into()), dtype);
    B::float_expand(B::float_reshape(grad, Shape::new([b, c, 1, 1])), Shape::new([b, c, h, w]))
}

fn nearest(size: [usize; 2]) -> InterpolateOptions {
    InterpolateOptions::new(InterpolateMode::Nearest).with_align_corners(false).with_output_size(size)
}

pub(super) fn enlarge<B: Backend>(x: FloatTensor<B>, size: [usize; 2]) -> FloatTensor<B> {
    B::interpolate(x, size, nearest(size))
}

pub(super) fn enlarge_backward<B: Backend>(
    x: FloatTensor<B>,
    grad: FloatTensor<B>,
    size: [usize; 2],
) -> FloatTensor<B> {
    B::interpolate_backward(x, grad, size, nearest(size))
}
