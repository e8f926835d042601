//! The operations on libtorch, in its own channels-last format on CPUs.
//!
//! burn writes a convolution's weight gradient as another convolution and composes batch norm; libtorch has better. What
//! tch leaves out (functions with a mask of wanted results) is reached through libtorch's C interface for compiled models,
//! which CPUs have; elsewhere burn's operations do.

use burn::backend::LibTorch;
use burn::backend::libtorch::TchTensor;
use tch::{Device, Kind, Tensor};

use super::{Kernels, NormGradients, NormOptions, NormState, Step, composed};

/// Whether it is worth another arrangement of memory, and the C interface is there.
fn on_cpu(x: &TchTensor) -> bool {
    x.tensor.device() == Device::Cpu && x.tensor.kind() == Kind::Float
}

/// The same values with channels last in memory, copied only where they lie otherwise.
fn channels_last(x: &Tensor) -> Tensor {
    if x.dim() == 4 { x.permute([0, 2, 3, 1]).contiguous().permute([0, 3, 1, 2]) } else { x.contiguous() }
}

/// A vector a channel, seen as `[1, c, 1, …]`.
fn wide(values: &Tensor, like: &Tensor) -> Tensor {
    let mut shape = vec![1; like.dim()];
    shape[1] = -1;
    values.view(shape.as_slice())
}

/// All axes but the channels'.
fn others(x: &Tensor) -> Vec<i64> {
    (0..x.dim() as i64).filter(|axis| *axis != 1).collect()
}

fn convolution(x: &Tensor, weight: &Tensor, bias: Option<&Tensor>, step: Step) -> Tensor {
    let (stride, padding) = ([step.stride as i64; 2], [step.padding as i64; 2]);
    channels_last(x).conv2d(&channels_last(weight), bias, stride, padding, [1, 1], 1)
}

/// What follows a norm, in place.
fn after(mut y: Tensor, shortcut: Option<&Tensor>, relu: bool) -> Tensor {
    if let Some(shortcut) = shortcut {
        y = y.g_add_(shortcut);
    }
    if relu { y.relu_() } else { y }
}

impl Kernels for LibTorch {
    fn conv2d_forward(x: TchTensor, weight: TchTensor, step: Step) -> TchTensor {
        if !on_cpu(&x) {
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
        if !on_cpu(&x) {
            return composed::conv2d_backward::<Self>(x, weight, grad, step, wanted);
        }
        let inputs = [&grad, &x, &weight].map(|tensor| channels_last(&tensor.tensor));
        let [of_x, of_weight] = c_interface::convolution_backward(&inputs, step, wanted);
        // Weights and their moments lie in PyTorch's usual order.
        [of_x.map(TchTensor::new), of_weight.map(|gradient| TchTensor::new(gradient.contiguous()))]
    }

    fn norm_forward(
        x: TchTensor,
        scale: TchTensor,
        shift: TchTensor,
        shortcut: Option<TchTensor>,
        options: NormOptions,
    ) -> (TchTensor, TchTensor, TchTensor) {
        if !on_cpu(&x) {
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

    fn norm_backward(state: NormState<Self>, grad: TchTensor, shortcut: bool) -> NormGradients<Self> {
        if !on_cpu(&state.x) {
            return composed::norm_backward::<Self>(state, grad, shortcut);
        }
        let x = channels_last(&state.x.tensor);
        let incoming = channels_last(&grad.tensor);
        let (grad, behind) = match &state.result {
            // The result, not the gradient, is the receiver of tch's function.
            Some(result) if state.options.relu => {
                let passed = result.tensor.threshold_backward(&incoming, 0.0);
                (passed.shallow_clone(), TchTensor::new(passed))
            }
            // burn's own handle is handed on: it knows who else holds this memory.
            _ => (incoming, grad),
        };
        // With d = x - mean: dx = scale / sd * (g - mean(g) - d * mean(g d) / sd^2); three passes over the activations.
        let (mean, axes) = (&state.mean.tensor, others(&x));
        let count = (x.numel() / mean.numel().max(1)).max(1) as f64;
        let inverse = (&state.variance.tensor + state.options.epsilon).rsqrt();
        let sum = grad.sum_dim_intlist(axes.as_slice(), false, Kind::Float);
        let distance = &x - wide(mean, &x);
        let product = (&grad * &distance).sum_dim_intlist(axes.as_slice(), false, Kind::Float);
        let factor = &state.scale.tensor * &inverse;
        let slope = &factor * &inverse * &inverse * &product / -count;
        let constant = &factor * &sum / -count;
        let dx = (&grad * wide(&factor, &x)).addcmul_(&distance, &wide(&slope, &x)).g_add_(&wide(&constant, &x));
        NormGradients {
            x: TchTensor::new(dx),
            scale: TchTensor::new(product * inverse),
            shift: TchTensor::new(sum),
            shortcut: shortcut.then_some(behind),
        }
    }

    fn affine_forward(
        x: TchTensor,
        scale: TchTensor,
        shift: TchTensor,
        shortcut: Option<TchTensor>,
        relu: bool,
    ) -> TchTensor {
        if !on_cpu(&x) {
            return composed::affine::<Self>(x, scale, shift, shortcut, relu);
        }
        let y = (&x.tensor * wide(&scale.tensor, &x.tensor)).g_add_(&wide(&shift.tensor, &x.tensor));
        TchTensor::new(after(y, shortcut.as_ref().map(|shortcut| &shortcut.tensor), relu))
    }

    fn conv2d_affine_forward(
        x: TchTensor,
        weight: TchTensor,
        [scale, shift]: [TchTensor; 2],
        shortcut: Option<TchTensor>,
        step: Step,
        relu: bool,
    ) -> TchTensor {
        let weight = &weight.tensor * scale.tensor.view([-1, 1, 1, 1]);
        let y = convolution(&x.tensor, &weight, Some(&shift.tensor), step);
        TchTensor::new(after(y, shortcut.as_ref().map(|shortcut| &shortcut.tensor), relu))
    }

    fn mean_forward(x: TchTensor) -> TchTensor {
        TchTensor::new(x.tensor.mean_dim(&[2_i64, 3][..], false, x.tensor.kind()))
    }
}

/// libtorch's C interface for compiled models ("AOT Inductor"): a stable ABI over the same tensors that tch holds.
mod c_interface {
    use std::ptr::null;

    use tch::Tensor;
    use torch_sys::C_tensor;

    use super::Step;

    unsafe extern "C" {
        fn aoti_torch_cpu_convolution_backward(
            grad: *const C_tensor,
            input: *const C_tensor,
            weight: *const C_tensor,
            bias_sizes: *const *const i64,
            bias_sizes_len: i64,
            stride: *const i64,
            stride_len: i64,
            padding: *const i64,
            padding_len: i64,
            dilation: *const i64,
            dilation_len: i64,
            transposed: i32,
            output_padding: *const i64,
            output_padding_len: i64,
            groups: i64,
            output_mask: *const i32,
            output_mask_len: i64,
            of_input: *mut *mut C_tensor,
            of_weight: *mut *mut C_tensor,
            of_bias: *mut *mut C_tensor,
        ) -> i32;
    }

    /// The gradients of input and weight, as wanted, from gradient, input and weight.
    ///
    /// # Panics
    /// Where libtorch refuses; it has then said why on standard error.
    pub(super) fn convolution_backward(inputs: &[Tensor; 3], step: Step, wanted: [bool; 2]) -> [Option<Tensor>; 2] {
        let (stride, padding) = ([step.stride as i64; 2], [step.padding as i64; 2]);
        let mask = [i32::from(wanted[0]), i32::from(wanted[1]), 0];
        let [grad, input, weight] = inputs.each_ref().map(Tensor::as_ptr);
        let mut found = [std::ptr::null_mut::<C_tensor>(); 3];
        let [of_input, of_weight, of_bias] = found.each_mut();
        // SAFETY: the tensors live through the call, lists have the lengths told, and the results are new tensors of ours.
        let failed = unsafe {
            aoti_torch_cpu_convolution_backward(
                grad,
                input,
                weight,
                null(),
                0,
                stride.as_ptr(),
                2,
                padding.as_ptr(),
                2,
                [1_i64, 1].as_ptr(),
                2,
                0,
                [0_i64, 0].as_ptr(),
                2,
                1,
                mask.as_ptr(),
                3,
                of_input,
                of_weight,
                of_bias,
            )
        };
        assert_eq!(failed, 0, "libtorch could not compute a convolution's gradients");
        // SAFETY: tensors on the heap as tch holds them, one owner each; those not asked for are there but undefined.
        let [input, weight, bias] =
            found.map(|pointer| (!pointer.is_null()).then(|| unsafe { Tensor::from_ptr(pointer) }));
        drop(bias);
        [input.filter(|_| wanted[0]), weight.filter(|_| wanted[1])]
    }
}
