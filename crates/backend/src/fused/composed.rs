//! The operations out of burn's own: right on every backend.

use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, TensorMetadata};
use burn::tensor::ops::{ConvOptions, InterpolateMode, InterpolateOptions, PadMode};
use burn::tensor::{DType, Shape, Slice};

use super::{Activation, Epilogue, Kernels, NormGradients, NormOptions, NormState, Step};
use crate::optional::Optional;

/// A convolution as burn writes it: padding of equal sides in its options, other padding around the input.
struct Plain<B: Backend> {
    x: FloatTensor<B>,
    options: ConvOptions<2>,
    /// In front of and behind height and width, where `x` has it.
    around: Option<[[usize; 2]; 2]>,
}

impl<B: Backend> Plain<B> {
    fn new(x: FloatTensor<B>, weight: &FloatTensor<B>, step: Step) -> Self {
        let (sizes, weight): ([usize; 4], [usize; 4]) = (x.shape().dims(), weight.shape().dims());
        let around = step.around(sizes, weight);
        let groups = if step.depthwise { sizes[1] } else { 1 };
        let options = |padding| ConvOptions::new([step.stride; 2], padding, [1, 1], groups);
        if around.iter().all(|[before, behind]| before == behind) {
            return Self { x, options: options(around.map(|[before, _]| before)), around: None };
        }
        let [height, width] = around.map(|[before, behind]| (before, behind));
        let x = B::float_pad(x, &[(0, 0), (0, 0), height, width], PadMode::Constant(0.0));
        Self { x, options: options([0; 2]), around: Some(around) }
    }

    /// The part of a gradient that is not padding's.
    fn inside(&self, gradient: FloatTensor<B>) -> FloatTensor<B> {
        let Some([height, width]) = self.around else { return gradient };
        let [n, c, h, w]: [usize; 4] = gradient.shape().dims();
        let part = |[before, behind]: [usize; 2], size: usize| Slice::from(before..size - behind);
        let parts = [Slice::from(0..n), Slice::from(0..c), part(height, h), part(width, w)];
        B::float_slice(gradient, &parts)
    }
}

/// The same values as another type, where they are of another one.
pub(crate) fn of_type<B: Backend>(x: FloatTensor<B>, dtype: DType) -> FloatTensor<B> {
    if x.dtype() == dtype { x } else { B::float_cast(x, dtype.into()) }
}

pub(super) fn conv2d<B: Backend>(x: FloatTensor<B>, weight: FloatTensor<B>, step: Step) -> FloatTensor<B> {
    let weight = of_type::<B>(weight, x.dtype());
    let Plain { x, options, .. } = Plain::<B>::new(x, &weight, step);
    B::conv2d(x, weight, None, options)
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
    let plain = Plain::<B>::new(x, &weight, step);
    let (x, options) = (plain.x.clone(), &plain.options);
    let of_x = wanted[0].then(|| {
        let gradient = B::conv2d_x_backward(x.clone(), weight.clone(), grad.clone(), options.clone());
        plain.inside(gradient)
    });
    let of_weight = wanted[1].then(|| B::conv2d_weight_backward(x, weight, grad, options.clone()));
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
    (of_type::<B>(after::<B>(out.output, shortcut, options.activation), given), out.mean, out.variance)
}

fn after<B: Backend>(x: FloatTensor<B>, shortcut: Option<FloatTensor<B>>, activation: Activation) -> FloatTensor<B> {
    let x = match shortcut {
        Some(shortcut) => B::float_add(x, shortcut),
        None => x,
    };
    match activation {
        Activation::None => x,
        Activation::Relu => B::relu(x),
        Activation::Relu6 => B::float_clamp(x, 0.0.into(), 6.0.into()),
    }
}

/// A gradient through the activation that gave `result`.
fn through<B: Backend>(result: FloatTensor<B>, grad: FloatTensor<B>, activation: Activation) -> FloatTensor<B> {
    let (_, ceiling) = activation.bounds();
    let grad = if ceiling.is_finite() {
        let room = B::float_add_scalar(B::float_neg(result.clone()), ceiling.into());
        B::relu_backward(room, grad)
    } else {
        grad
    };
    B::relu_backward(result, grad)
}

/// By the statistics that were taken the first time.
pub(super) fn norm_again<B: Backend>(state: NormState<B>) -> FloatTensor<B> {
    let deviation = B::float_sqrt(B::float_add_scalar(state.variance, state.options.epsilon.into()));
    let factor = B::float_div(state.scale, deviation);
    let offset = B::float_sub(state.shift, B::float_mul(state.mean, factor.clone()));
    let activation = state.options.activation;
    affine::<B>(state.x, Epilogue { scale: factor, shift: offset, shortcut: Optional::Absent, activation })
}

pub(super) fn norm_backward<B: Kernels>(state: NormState<B>, grad: FloatTensor<B>, shortcut: bool) -> NormGradients<B> {
    let grad = match state.result.clone() {
        _ if state.options.activation == Activation::None => grad,
        Some(result) => through::<B>(result, grad, state.options.activation),
        None => through::<B>(B::norm_again(state.clone()), grad, state.options.activation),
    };
    let behind = shortcut.then(|| grad.clone());
    let (given, exact) = (state.x.dtype(), state.scale.dtype());
    let (x, grad) = (of_type::<B>(state.x, exact), of_type::<B>(grad, exact));
    let back = B::batch_norm_train_backward(x, state.scale, state.mean, state.variance, state.options.epsilon, grad);
    let of_x = of_type::<B>(back.x_grad, given);
    NormGradients { x: of_x, scale: back.gamma_grad, shift: back.beta_grad, shortcut: behind }
}

pub(super) fn affine<B: Backend>(x: FloatTensor<B>, epilogue: Epilogue<B>) -> FloatTensor<B> {
    let Epilogue { scale, shift, shortcut, activation } = epilogue;
    let shortcut = shortcut.into_option();
    let mut dims = vec![1; x.shape().num_dims()];
    dims[1] = x.shape()[1];
    let shape = Shape::from(dims);
    let (given, exact) = (x.dtype(), scale.dtype());
    let x = B::float_mul(of_type::<B>(x, exact), B::float_reshape(scale, shape.clone()));
    let shortcut = shortcut.map(|shortcut| of_type::<B>(shortcut, exact));
    of_type::<B>(after::<B>(B::float_add(x, B::float_reshape(shift, shape)), shortcut, activation), given)
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
