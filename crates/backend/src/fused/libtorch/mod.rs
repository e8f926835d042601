//! The operations on libtorch, in its own channels-last format.
//!
//! burn writes a convolution's weight gradient as another convolution and composes batch norm; libtorch has better. Half
//! precision activations meet `f32` parameters here: convolutions are computed in the former's type, norms take both.

mod host;

use burn::backend::LibTorch;
use burn::backend::libtorch::TchTensor;
use tch::{Kind, Tensor};

use super::{Activation, Epilogue, Kernels, NormGradients, NormOptions, NormState, Step, composed};
use crate::libtorch::shim;
use crate::optional::Optional;

/// Whether these are activations as networks have them; what is computed in double precision goes through burn.
fn fits(x: &TchTensor) -> bool {
    matches!(x.tensor.kind(), Kind::Float | Kind::BFloat16)
}

/// Whether this crate's kernels can take the shortcut, where there is one.
fn added_fits_host(epilogue: &Epilogue<LibTorch>) -> bool {
    match &epilogue.shortcut {
        Optional::Absent => true,
        Optional::Present(shortcut) => host::fits(&[shortcut]),
    }
}

/// The same values with channels last in memory, copied only where they lie otherwise.
fn channels_last(x: &Tensor) -> Tensor {
    if x.dim() == 4 { shim::channels_last(x) } else { x.contiguous() }
}

/// A vector a channel, seen as `[1, c, 1, …]`.
fn wide(values: &Tensor, like: &Tensor) -> Tensor {
    let mut shape = vec![1; like.dim()];
    shape[1] = -1;
    values.view(shape.as_slice())
}

fn convolution(x: &Tensor, weight: &Tensor, bias: Option<&Tensor>, step: Step) -> Tensor {
    let bias = bias.map(|bias| bias.to_kind(x.kind()));
    let padded = Padded::new(x, weight, step);
    let (stride, padding) = ([step.stride as i64; 2], padded.padding);
    let weight = channels_last(&weight.to_kind(x.kind()));
    channels_last(&padded.x).conv2d(&weight, bias.as_ref(), stride, padding, [1, 1], padded.groups)
}

/// A convolution's input as libtorch takes it: with zeros of its own where those on both sides are not as many.
struct Padded {
    x: Tensor,
    padding: [i64; 2],
    /// In front of height and width, and their sizes without the zeros, where `x` has them.
    inside: Option<[[i64; 2]; 2]>,
    groups: i64,
}

impl Padded {
    fn new(x: &Tensor, weight: &Tensor, step: Step) -> Self {
        let sizes = |x: &Tensor| -> [usize; 4] {
            let sizes = x.size();
            std::array::from_fn(|axis| sizes[axis] as usize)
        };
        let of_x = sizes(x);
        let [height, width] = step.around(of_x, sizes(weight)).map(|zeros| zeros.map(|zeros| zeros as i64));
        let groups = if step.depthwise { of_x[1] as i64 } else { 1 };
        if height[0] == height[1] && width[0] == width[1] {
            return Self { x: x.shallow_clone(), padding: [height[0], width[0]], inside: None, groups };
        }
        let zeros = [width[0], width[1], height[0], height[1]];
        let inside = [[height[0], of_x[2] as i64], [width[0], of_x[3] as i64]];
        Self { x: x.constant_pad_nd(zeros), padding: [0; 2], inside: Some(inside), groups }
    }

    /// The part of a gradient that is not padding's.
    fn unpadded(&self, gradient: Tensor) -> Tensor {
        let Some([height, width]) = self.inside else { return gradient };
        channels_last(&gradient.narrow(2, height[0], height[1]).narrow(3, width[0], width[1]))
    }
}

/// What follows a norm, in place.
fn after(mut y: Tensor, shortcut: Option<&Tensor>, activation: Activation) -> Tensor {
    if let Some(shortcut) = shortcut {
        y = y.g_add_(shortcut);
    }
    match activation {
        Activation::None => y,
        Activation::Relu => y.relu_(),
        Activation::Relu6 => y.clamp_(0.0, 6.0),
    }
}

/// A gradient through the relu that gave `result`: in the gradient's own memory where nobody else has it, because here a
/// step's memory is at its peak.
fn through_relu(result: &Tensor, mut grad: TchTensor, activation: Activation) -> TchTensor {
    if activation == Activation::Relu6 {
        return TchTensor::new(result.hardtanh_backward(&channels_last(&grad.tensor.to_kind(result.kind())), 0.0, 6.0));
    }
    // The result, not the gradient, is the receiver of tch's functions.
    if grad.tensor.kind() == result.kind() && grad.tensor.stride() == result.stride() {
        let in_place = grad.mut_ops(|grad| result.threshold_backward_grad_input(grad, grad, 0.0));
        if let Some(passed) = in_place {
            return passed;
        }
    }
    TchTensor::new(result.threshold_backward(&channels_last(&grad.tensor.to_kind(result.kind())), 0.0))
}

impl Kernels for LibTorch {
    fn conv2d_forward(x: TchTensor, weight: TchTensor, step: Step) -> TchTensor {
        if host::wins(&x, &weight, step) {
            return host::conv2d(&x, &weight, step);
        }
        if !fits(&x) {
            return composed::conv2d::<Self>(x, weight, step);
        }
        TchTensor::new(convolution(&x.tensor, &weight.tensor, None, step))
    }

    fn conv2d_backward(
        x: TchTensor,
        weight: TchTensor,
        grad: TchTensor,
        step: Step,
        wanted: [bool; 2],
    ) -> [Option<TchTensor>; 2] {
        if host::wins(&x, &weight, step) && host::fits(&[&grad]) {
            return host::conv2d_backward(&x, &weight, &grad, step, wanted);
        }
        if !fits(&x) {
            return composed::conv2d_backward::<Self>(x, weight, grad, step, wanted);
        }
        let kind = x.tensor.kind();
        let padded = Padded::new(&x.tensor, &weight.tensor, step);
        let inputs = [&grad.tensor, &padded.x, &weight.tensor].map(|tensor| channels_last(&tensor.to_kind(kind)));
        let sizes = shim::Sizes { stride: step.stride as i64, padding: padded.padding, groups: padded.groups };
        let [of_x, of_weight] = shim::convolution_backward(inputs.each_ref(), sizes, wanted);
        let of_x = of_x.map(|gradient| padded.unpadded(gradient));
        // Weights and their moments lie in PyTorch's usual order.
        let of_weight = of_weight.map(|gradient| gradient.to_kind(weight.tensor.kind()).contiguous());
        [of_x.map(TchTensor::new), of_weight.map(TchTensor::new)]
    }

    fn norm_forward(
        x: TchTensor,
        scale: TchTensor,
        shift: TchTensor,
        shortcut: Option<TchTensor>,
        options: NormOptions,
    ) -> (TchTensor, TchTensor, TchTensor) {
        if host::fits(&[&x, &scale, &shift]) && shortcut.as_ref().is_none_or(|shortcut| host::fits(&[shortcut])) {
            return host::norm(&x, [&scale, &shift], shortcut.as_ref(), options);
        }
        if !fits(&x) {
            return composed::norm::<Self>(x, scale, shift, shortcut, options);
        }
        let none = None::<&Tensor>;
        let (y, mean, inverse) = channels_last(&x.tensor).native_batch_norm(
            Some(&scale.tensor),
            Some(&shift.tensor),
            none,
            none,
            true,
            0.0,
            options.epsilon,
        );
        let variance = (inverse.pow_tensor_scalar(-2) - options.epsilon).clamp_min(0.0);
        let y = after(y, shortcut.as_ref().map(|shortcut| &shortcut.tensor), options.activation);
        (TchTensor::new(y), TchTensor::new(mean), TchTensor::new(variance))
    }

    fn norm_again(state: NormState<Self>) -> TchTensor {
        if host::fits(&[&state.x, &state.scale]) {
            host::norm_again(&state)
        } else {
            composed::norm_again::<Self>(state)
        }
    }

    fn norm_backward(mut state: NormState<Self>, grad: TchTensor, shortcut: bool) -> NormGradients<Self> {
        if host::fits(&[&state.x, &state.scale, &grad]) {
            return host::norm_backward(&state, &grad, shortcut);
        }
        if !fits(&state.x) {
            return composed::norm_backward::<Self>(state, grad, shortcut);
        }
        let x = channels_last(&state.x.tensor);
        let grad = match state.result.take() {
            _ if state.options.activation == Activation::None => grad,
            Some(result) => through_relu(&result.tensor, grad, state.options.activation),
            None => through_relu(&Self::norm_again(state.clone()).tensor, grad, state.options.activation),
        };
        let inverse = (&state.variance.tensor + state.options.epsilon).rsqrt();
        let [of_x, of_scale, of_shift] = shim::batch_norm_backward(
            [&channels_last(&grad.tensor.to_kind(x.kind())), &x, &state.scale.tensor],
            [&state.mean.tensor, &inverse],
            state.options.epsilon,
        );
        NormGradients {
            x: TchTensor::new(of_x),
            scale: TchTensor::new(of_scale),
            shift: TchTensor::new(of_shift),
            // burn's own handle is handed on: it knows who else holds this memory.
            shortcut: shortcut.then_some(grad),
        }
    }

    fn affine_forward(x: TchTensor, epilogue: Epilogue<Self>) -> TchTensor {
        if host::fits(&[&x, &epilogue.scale, &epilogue.shift]) && added_fits_host(&epilogue) {
            return host::affine(&x, epilogue);
        }
        if !fits(&x) {
            return composed::affine::<Self>(x, epilogue);
        }
        let Epilogue { scale, shift, shortcut, activation } = epilogue;
        let shortcut = shortcut.into_option();
        // Parameters of `f32` make the result `f32`, until its end.
        let y = (&x.tensor * wide(&scale.tensor, &x.tensor)).g_add_(&wide(&shift.tensor, &x.tensor));
        TchTensor::new(after(
            y.to_kind(x.tensor.kind()),
            shortcut.as_ref().map(|shortcut| &shortcut.tensor),
            activation,
        ))
    }

    fn conv2d_affine_forward(x: TchTensor, weight: TchTensor, epilogue: Epilogue<Self>, step: Step) -> TchTensor {
        if host::wins(&x, &weight, step) && added_fits_host(&epilogue) {
            return host::conv2d_affine(&x, &weight, epilogue, step);
        }
        let Epilogue { scale, shift, shortcut, activation } = epilogue;
        let shortcut = shortcut.into_option();
        let weight = &weight.tensor * scale.tensor.view([-1, 1, 1, 1]);
        let y = convolution(&x.tensor, &weight, Some(&shift.tensor), step);
        TchTensor::new(after(y, shortcut.as_ref().map(|shortcut| &shortcut.tensor), activation))
    }

    fn mean_forward(x: TchTensor) -> TchTensor {
        let exact = if x.tensor.kind() == Kind::BFloat16 { Kind::Float } else { x.tensor.kind() };
        TchTensor::new(x.tensor.mean_dim(&[2_i64, 3][..], false, exact))
    }
}
