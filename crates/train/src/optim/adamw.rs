//! AdamW (Loshchilov and Hutter 2019, "Decoupled weight decay regularization").

use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

/// Adam with decoupled weight decay, as `torch.optim.AdamW`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AdamW {
    /// Decay rate of the mean gradient.
    pub beta1: f64,
    /// Decay rate of the mean squared gradient.
    pub beta2: f64,
    /// Added to the root of the mean squared gradient.
    pub epsilon: f64,
}

impl Default for AdamW {
    fn default() -> Self {
        Self { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 }
    }
}

impl AdamW {
    /// The new value and moments; `count` is the number of this update, from 1.
    pub(crate) fn update<const D: usize>(
        &self,
        value: Tensor<D>,
        gradient: Tensor<D>,
        moments: Option<(Tensor<D>, Tensor<D>)>,
        count: u64,
        learning_rate: f64,
        weight_decay: f64,
    ) -> (Tensor<D>, Tensor<D>, Tensor<D>) {
        let square = gradient.clone().mul(gradient.clone()).mul_scalar(1.0 - self.beta2);
        let scaled = gradient.mul_scalar(1.0 - self.beta1);
        let (first, second) = match moments {
            Some((first, second)) => {
                (first.mul_scalar(self.beta1).add(scaled), second.mul_scalar(self.beta2).add(square))
            }
            None => (scaled, square),
        };
        let count = count as f64;
        let correction1 = 1.0 - self.beta1.powf(count);
        let correction2 = 1.0 - self.beta2.powf(count);
        let denominator = second.clone().sqrt().div_scalar(correction2.sqrt()).add_scalar(self.epsilon);
        let change = first.clone().div(denominator).mul_scalar(learning_rate / correction1);
        let value = if weight_decay == 0.0 { value } else { value.mul_scalar(1.0 - learning_rate * weight_decay) };
        (value.sub(change), first, second)
    }
}
