//! Stochastic gradient descent.

use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

/// Stochastic gradient descent as `torch.optim.SGD` with zero dampening; weight decay is part of the gradient.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Sgd {
    /// Share of the last step's direction that is kept; 0 for plain gradient descent.
    pub momentum: f64,
    /// Looks ahead along the momentum (Sutskever et al. 2013, in PyTorch's form).
    pub nesterov: bool,
}

impl Default for Sgd {
    fn default() -> Self {
        Self { momentum: 0.9, nesterov: false }
    }
}

impl Sgd {
    /// The new value and momentum buffer; the first buffer is the first gradient, as in PyTorch.
    pub(crate) fn update<const D: usize>(
        &self,
        value: Tensor<D>,
        gradient: Tensor<D>,
        buffer: Option<Tensor<D>>,
        learning_rate: f64,
        weight_decay: f64,
    ) -> (Tensor<D>, Option<Tensor<D>>) {
        let gradient =
            if weight_decay == 0.0 { gradient } else { value.clone().mul_scalar(weight_decay).add(gradient) };
        if self.momentum == 0.0 {
            return (value.sub(gradient.mul_scalar(learning_rate)), None);
        }
        let buffer = match buffer {
            Some(buffer) => buffer.mul_scalar(self.momentum).add(gradient.clone()),
            None => gradient.clone(),
        };
        let direction =
            if self.nesterov { gradient.add(buffer.clone().mul_scalar(self.momentum)) } else { buffer.clone() };
        (value.sub(direction.mul_scalar(learning_rate)), Some(buffer))
    }
}
