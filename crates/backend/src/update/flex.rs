//! The updates on flex: one pass each, by this crate's own kernels.

use burn::backend::Flex;
use burn::backend::flex::FlexTensor;
use burn::tensor::Shape;

use super::{AdamStep, DescentStep, UpdateKernels, composed};
use crate::flex::{all_f32 as fits, dense, made, owned, slice};
use crate::kernels::simd::Level;
use crate::kernels::update;

/// The two scales.
fn numbers(scales: Option<FlexTensor>) -> [f32; 2] {
    scales.map_or([1.0; 2], |scales| {
        let scales = dense(scales);
        match slice(&scales) {
            [gradient, decay] => [*gradient, *decay],
            other => panic!("an update takes 2 scales, not {}", other.len()),
        }
    })
}

impl UpdateKernels for Flex {
    fn sum_of_squares(x: FlexTensor) -> FlexTensor {
        if !fits(&[&x]) {
            return composed::square_sum::<Self>(x);
        }
        let sum = update::square_sum(slice(&dense(x)), Level::best());
        made(vec![sum as f32], Shape::new([1]))
    }

    fn moving_mean(old: FlexTensor, new: FlexTensor, keep: f64) -> FlexTensor {
        if !fits(&[&old, &new]) {
            return composed::follow::<Self>(old, new, keep);
        }
        let shape = old.layout().shape().clone();
        made(update::follow(slice(&dense(old)), slice(&dense(new)), keep, Level::best()), shape)
    }

    fn adamw_update(
        value: FlexTensor,
        gradient: FlexTensor,
        [first, second]: [FlexTensor; 2],
        scales: Option<FlexTensor>,
        step: AdamStep,
    ) -> (FlexTensor, FlexTensor, FlexTensor) {
        if !fits(&[&value, &gradient, &first, &second]) {
            return composed::adamw::<Self>(value, gradient, [first, second], scales, step);
        }
        let AdamStep { count, learning_rate, betas: [beta1, beta2], epsilon, weight_decay } = step;
        let count = count as f64;
        let shares = |beta: f64| [beta as f32, (1.0 - beta) as f32];
        let numbers = update::Adam {
            scale: numbers(scales)[0],
            first: shares(beta1),
            second: shares(beta2),
            root: (1.0 - beta2.powf(count)).sqrt() as f32,
            epsilon: epsilon as f32,
            rate: (learning_rate / (1.0 - beta1.powf(count))) as f32,
            keep: (1.0 - learning_rate * weight_decay) as f32,
        };
        let (mut value, mut first, mut second) = (owned(value), owned(first), owned(second));
        let gradient = dense(gradient);
        update::adamw(
            value.storage_mut(),
            slice(&gradient),
            [first.storage_mut(), second.storage_mut()],
            numbers,
            Level::best(),
        );
        (value, first, second)
    }

    fn descent_update(
        value: FlexTensor,
        gradient: FlexTensor,
        buffer: FlexTensor,
        scales: Option<FlexTensor>,
        step: DescentStep,
    ) -> (FlexTensor, FlexTensor) {
        if !fits(&[&value, &gradient, &buffer]) {
            return composed::descend::<Self>(value, gradient, buffer, scales, step);
        }
        let [scale, of_decay] = numbers(scales);
        let numbers = update::Descent {
            scale,
            decay: step.weight_decay as f32 * of_decay,
            momentum: step.momentum as f32,
            nesterov: step.nesterov,
            rate: step.learning_rate as f32,
        };
        let (mut value, mut buffer) = (owned(value), owned(buffer));
        let gradient = dense(gradient);
        update::descend(value.storage_mut(), slice(&gradient), buffer.storage_mut(), numbers, Level::best());
        (value, buffer)
    }
}
