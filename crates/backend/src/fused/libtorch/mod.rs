//! The operations on libtorch, in its own channels-last format.
//!
//! burn writes a convolution's weight gradient as another convolution and composes batch norm; libtorch has better. Half
//! precision activations meet `f32` parameters here: convolutions are computed in the former's type, norms take both.

mod host;

use burn::backend::LibTorch;
use burn::backend::libtorch::TchTensor;
use tch::{Kind, Tensor};

use super::{Kernels, NormGradients, NormOptions, NormState, Step, composed};
use crate::libtorch::shim;

/// Whether these are activations as networks have them; what is computed in double precision goes through burn.
fn fits(x: &TchTensor) -> bool {
    matches!(x.tensor.kind(), Kind::Float | Kind::BFloat16)
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
    let (stride, padding) = ([step.stride as i64; 2], [step.padding as i64; 2]);
    let bias = bias.map(|bias| bias.to_kind(x.kind()));
    channels_last(x).conv2d(&channels_last(&weight.to_kind(x.kind())), bias.as_ref(), stride, padding, [1, 1], 1)
}

/// What follows a norm, in place.
fn after(mut y: Tensor, shortcut: Option<&Tensor>, relu: bool) -> Tensor {
    if let Some(shortcut) = shortcut {
        y = y.g_add_(shortcut);
    }
    if relu { y.relu_() } else { y }
}

/// A gradient through the relu that gave `result`: in the gradient's own memory where nobody else has it, because here a
/// step's memory is at its peak.
fn through_relu(result: &Tensor, mut grad: TchTensor) -> TchTensor {
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
        if host::wins(&x, &weight) {
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
        if host::wins(&x, &weight) && host::fits(&[&grad]) {
            return host::conv2d_backward(&x, &weight, &grad, step, wanted);
        }
        if !fits(&x) {
            return composed::conv2d_backward::<Self>(x, weight, grad, step, wanted);
        }
        let kind = x.tensor.kind();
        let inputs = [&grad, &x, &weight].map(|tensor| channels_last(&tensor.tensor.to_kind(kind)));
        let [of_x, of_weight] = shim::convolution_backward(inputs.each_ref(), step.stride, step.padding, wanted);
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
        let y = after(y, shortcut.as_ref().map(|shortcut| &shortcut.tensor), options.relu);
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
            _ if !state.options.relu => grad,
            Some(result) => through_relu(&result.tensor, grad),
            None => through_relu(&Self::norm_again(state.clone()).tensor, grad),
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

    fn affine_forward(
        x: TchTensor,
        scale: TchTensor,
        shift: TchTensor,
        shortcut: Option<TchTensor>,
        relu: bool,
    ) -> TchTensor {
        if host::fits(&[&x, &scale, &shift]) && shortcut.as_ref().is_none_or(|shortcut| host::fits(&[shortcut])) {
            return host::affine(&x, [&scale, &shift], shortcut.as_ref(), relu);
        }
        if !fits(&x) {
            return composed::affine::<Self>(x, scale, shift, shortcut, relu);
        }
        // Parameters of `f32` make the result `f32`, until its end.
        let y = (&x.tensor * wide(&scale.tensor, &x.tensor)).g_add_(&wide(&shift.tensor, &x.tensor));
        TchTensor::new(after(y.to_kind(x.tensor.kind()), shortcut.as_ref().map(|shortcut| &shortcut.tensor), relu))
    }

    fn conv2d_affine_forward(
        x: TchTensor,
        weight: TchTensor,
        [scale, shift]: [TchTensor; 2],
        shortcut: Option<TchTensor>,
        step: Step,
        relu: bool,
    ) -> TchTensor {
        if host::wins(&x, &weight) && shortcut.as_ref().is_none_or(|shortcut| host::fits(&[shortcut])) {
            return host::conv2d_affine(&x, &weight, [&scale, &shift], shortcut.as_ref(), step, relu);
        }
        let weight = &weight.tensor * scale.tensor.view([-1, 1, 1, 1]);
        let y = convolution(&x.tensor, &weight, Some(&shift.tensor), step);
        TchTensor::new(after(y, shortcut.as_ref().map(|shortcut| &shortcut.tensor), relu))
    }

    fn mean_forward(x: TchTensor) -> TchTensor {
        let exact = if x.tensor.kind() == Kind::BFloat16 { Kind::Float } else { x.tensor.kind() };
        TchTensor::new(x.tensor.mean_dim(&[2_i64, 3][..], false, exact))
    }
}
