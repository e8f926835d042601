//! The updates out of burn's operations: right on every backend and for every type.

use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, TensorMetadata};
use burn::tensor::{Shape, Slice};

use super::{AdamStep, DescentStep};

pub(super) fn square_sum<B: Backend>(x: FloatTensor<B>) -> FloatTensor<B> {
    B::float_reshape(B::float_sum(B::float_mul(x.clone(), x)), Shape::new([1]))
}

pub(super) fn follow<B: Backend>(old: FloatTensor<B>, new: FloatTensor<B>, keep: f64) -> FloatTensor<B> {
    B::float_add(B::float_mul_scalar(old, keep.into()), B::float_mul_scalar(new, (1.0 - keep).into()))
}

/// One of the scales, in a shape that fits `like`.
fn scale<B: Backend>(scales: &FloatTensor<B>, at: usize, like: &FloatTensor<B>) -> FloatTensor<B> {
    let one = B::float_slice(scales.clone(), &[Slice::from(at..=at)]);
    B::float_reshape(one, Shape::from(vec![1; like.shape().num_dims()]))
}

pub(super) fn adamw<B: Backend>(
    value: FloatTensor<B>,
    gradient: FloatTensor<B>,
    [first, second]: [FloatTensor<B>; 2],
    scales: Option<FloatTensor<B>>,
    step: AdamStep,
) -> (FloatTensor<B>, FloatTensor<B>, FloatTensor<B>) {
    let gradient = match scales {
        Some(scales) => B::float_mul(gradient.clone(), scale::<B>(&scales, 0, &gradient)),
        None => gradient,
    };
    let [beta1, beta2] = step.betas;
    let square = B::float_mul(gradient.clone(), gradient.clone());
    let first = follow::<B>(first, gradient, beta1);
    let second = follow::<B>(second, square, beta2);
    let count = step.count as f64;
    let (correction1, correction2) = (1.0 - beta1.powf(count), 1.0 - beta2.powf(count));
    let root = B::float_div_scalar(B::float_sqrt(second.clone()), correction2.sqrt().into());
    let change = B::float_div(first.clone(), B::float_add_scalar(root, step.epsilon.into()));
    let change = B::float_mul_scalar(change, (step.learning_rate / correction1).into());
    let value = B::float_mul_scalar(value, (1.0 - step.learning_rate * step.weight_decay).into());
    (B::float_sub(value, change), first, second)
}

pub(super) fn descend<B: Backend>(
    value: FloatTensor<B>,
    gradient: FloatTensor<B>,
    buffer: FloatTensor<B>,
    scales: Option<FloatTensor<B>>,
    step: DescentStep,
) -> (FloatTensor<B>, FloatTensor<B>) {
    let mut decay = B::float_mul_scalar(value.clone(), step.weight_decay.into());
    let mut gradient = gradient;
    if let Some(scales) = scales {
        gradient = B::float_mul(gradient.clone(), scale::<B>(&scales, 0, &gradient));
        decay = B::float_mul(decay.clone(), scale::<B>(&scales, 1, &decay));
    }
    let gradient = B::float_add(gradient, decay);
    let buffer = B::float_add(B::float_mul_scalar(buffer, step.momentum.into()), gradient.clone());
    let direction = if step.nesterov {
        B::float_add(gradient, B::float_mul_scalar(buffer.clone(), step.momentum.into()))
    } else {
        buffer.clone()
    };
    (B::float_sub(value, B::float_mul_scalar(direction, step.learning_rate.into())), buffer)
}
