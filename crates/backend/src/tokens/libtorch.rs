//! The operations on libtorch: its own layer norm, and its flash attention on CPUs.

use burn::backend::LibTorch;
use burn::backend::libtorch::TchTensor;
use tch::{Device, Kind, Tensor};

use super::{Attended, RowNorm, TokenKernels, composed};
use crate::libtorch::shim;

fn fits(x: &TchTensor) -> bool {
    matches!(x.tensor.kind(), Kind::Float | Kind::BFloat16)
}

/// Whether libtorch's flash attention for CPUs takes it.
fn flashes(queries: &TchTensor) -> bool {
    fits(queries) && queries.tensor.device() == Device::Cpu
}

impl TokenKernels for LibTorch {
    fn layer_norm_forward(x: TchTensor, scale: TchTensor, shift: TchTensor, epsilon: f64) -> [TchTensor; 3] {
        if !fits(&x) {
            return composed::layer_norm::<Self>(x, scale, shift, epsilon);
        }
        let width = scale.tensor.size();
        let (y, mean, inverse) = x.tensor.contiguous().native_layer_norm(
            width.as_slice(),
            Some(&scale.tensor),
            Some(&shift.tensor),
            epsilon,
        );
        [y, mean, inverse].map(TchTensor::new)
    }

    fn layer_norm_backward(state: RowNorm<Self>, grad: TchTensor) -> [TchTensor; 3] {
        if !fits(&state.x) {
            return composed::layer_norm_backward::<Self>(state, grad);
        }
        let x = state.x.tensor.contiguous();
        let grad = grad.tensor.to_kind(x.kind()).contiguous();
        shim::layer_norm_backward(
            [&grad, &x],
            [&state.mean.tensor, &state.inverse.tensor],
            // The shift's gradient takes nothing of the shift but its shape.
            [&state.scale.tensor, &state.scale.tensor],
        )
        .map(TchTensor::new)
    }

    fn attention_forward(inputs: &[TchTensor; 3], scale: f64) -> (TchTensor, TchTensor) {
        let [queries, keys, values] = inputs;
        if !flashes(queries) {
            return composed::attention::<Self>(inputs, scale);
        }
        let (result, sums) = Tensor::internal_scaled_dot_product_flash_attention_for_cpu(
            &queries.tensor,
            &keys.tensor,
            &values.tensor,
            0.0,
            false,
            None::<&Tensor>,
            scale,
        );
        (TchTensor::new(result), TchTensor::new(sums))
    }

    fn attention_backward(state: Attended<Self>, grad: TchTensor) -> [TchTensor; 3] {
        if !flashes(&state.inputs[0]) {
            return composed::attention_backward::<Self>(state, grad);
        }
        let [queries, keys, values] = state.inputs.each_ref().map(|tensor| &tensor.tensor);
        let (of_queries, of_keys, of_values) = Tensor::internal_scaled_dot_product_flash_attention_for_cpu_backward(
            &grad.tensor.to_kind(queries.kind()),
            queries,
            keys,
            values,
            &state.result.tensor,
            &state.sums.tensor,
            0.0,
            false,
            None::<&Tensor>,
            state.scale,
        );
        [of_queries, of_keys, of_values].map(TchTensor::new)
    }
}
