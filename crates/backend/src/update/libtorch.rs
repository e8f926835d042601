//! The updates on libtorch: its own fused functions, on CPUs and GPUs.

use burn::backend::LibTorch;
use burn::backend::libtorch::TchTensor;
use tch::{Kind, Tensor};

use super::{AdamStep, DescentStep, UpdateKernels, composed};
use crate::libtorch::shim;

fn fits(tensors: &[&TchTensor]) -> bool {
    tensors.iter().all(|tensor| tensor.tensor.kind() == Kind::Float)
}

/// The same values in a row in memory that nobody else holds.
fn owned(tensor: TchTensor) -> Tensor {
    if tensor.can_mut() && tensor.tensor.is_contiguous() {
        return tensor.tensor;
    }
    // `copy` keeps the strides.
    tensor.tensor.contiguous().copy()
}

/// What libtorch divides the gradient by.
fn divisor(scales: &TchTensor) -> Tensor {
    scales.tensor.narrow(0, 0, 1).reciprocal()
}

impl UpdateKernels for LibTorch {
    fn sum_of_squares(x: TchTensor) -> TchTensor {
        let values = x.tensor.reshape([-1]);
        TchTensor::new(values.dot(&values).reshape([1]))
    }

    fn moving_mean(old: TchTensor, new: TchTensor, keep: f64) -> TchTensor {
        if old.can_mut() {
            let mut old = old.tensor;
            let _ = old.lerp_(&new.tensor, 1.0 - keep);
            return TchTensor::new(old);
        }
        TchTensor::new(old.tensor.lerp(&new.tensor, 1.0 - keep))
    }

    fn adamw_update(
        value: TchTensor,
        gradient: TchTensor,
        [first, second]: [TchTensor; 2],
        scales: Option<TchTensor>,
        step: AdamStep,
    ) -> (TchTensor, TchTensor, TchTensor) {
        if !fits(&[&value, &gradient, &first, &second]) {
            return composed::adamw::<Self>(value, gradient, [first, second], scales, step);
        }
        let numbers = shim::AdamW {
            count: step.count as f64,
            rate: step.learning_rate,
            betas: step.betas,
            decay: step.weight_decay,
            epsilon: step.epsilon,
        };
        let divisor = scales.as_ref().map(divisor);
        // Where it is divided, it is changed in place.
        let mut gradient = if divisor.is_some() { owned(gradient) } else { gradient.tensor.contiguous() };
        let (mut value, mut first, mut second) = (owned(value), owned(first), owned(second));
        shim::adamw([&mut value, &mut gradient, &mut first, &mut second], divisor.as_ref(), numbers);
        (TchTensor::new(value), TchTensor::new(first), TchTensor::new(second))
    }

    fn descent_update(
        value: TchTensor,
        gradient: TchTensor,
        buffer: TchTensor,
        scales: Option<TchTensor>,
        step: DescentStep,
    ) -> (TchTensor, TchTensor) {
        // libtorch's function wants a momentum.
        if step.momentum == 0.0 || !fits(&[&value, &gradient, &buffer]) {
            return composed::descend::<Self>(value, gradient, buffer, scales, step);
        }
        let (mut value, mut buffer) = (owned(value), owned(buffer));
        let mut decay = step.weight_decay;
        let gradient = match scales {
            // A scaled decay is no number that libtorch's function takes.
            Some(scales) => {
                let decay_scale = scales.tensor.narrow(0, 1, 1) * std::mem::take(&mut decay);
                let mut scaled = gradient.tensor.contiguous() * scales.tensor.narrow(0, 0, 1);
                scaled.addcmul_(&value, &decay_scale)
            }
            None => gradient.tensor.contiguous(),
        };
        let numbers = [decay, step.momentum, step.learning_rate];
        shim::sgd([&mut value, &mut buffer], &gradient, numbers, step.nesterov);
        (TchTensor::new(value), TchTensor::new(buffer))
    }
}
