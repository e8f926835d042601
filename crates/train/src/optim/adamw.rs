//! AdamW (Loshchilov and Hutter 2019, "Decoupled weight decay regularization").

use foretask_backend::update::AdamStep;
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
    /// The numbers of a parameter's update `count`, from 1.
    pub(crate) fn step(&self, count: u64, learning_rate: f64, weight_decay: f64) -> AdamStep {
        let betas = [self.beta1, self.beta2];
        AdamStep { count, learning_rate, betas, epsilon: self.epsilon, weight_decay }
    }
}
