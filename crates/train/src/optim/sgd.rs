//! Stochastic gradient descent.

use foretask_backend::update::DescentStep;
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
    /// The numbers of an update.
    pub(crate) fn step(&self, learning_rate: f64, weight_decay: f64) -> DescentStep {
        DescentStep { learning_rate, momentum: self.momentum, nesterov: self.nesterov, weight_decay }
    }
}
