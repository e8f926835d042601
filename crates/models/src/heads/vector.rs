//! A vector out of the features.

use burn::module::Module;
use burn::tensor::Tensor;
use foretask_backend::Scope;
use foretask_backend::layers::relu;
use serde::{Deserialize, Serialize};

use super::mlp::Mlp;

/// Sizes of a [`VectorHead`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VectorConfig {
    /// Length of the features that come in.
    pub input: usize,
    /// Width of the hidden layer.
    pub hidden: usize,
    /// Length of the vector that goes out.
    pub output: usize,
    /// Whether the numbers are counts: 0 and more, by a last `ReLU`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub counts: bool,
}

impl VectorConfig {
    /// Any numbers, with a hidden layer as wide as the features.
    pub fn new(input: usize, output: usize) -> Self {
        Self { input, hidden: input, output, counts: false }
    }

    /// Counts (Noroozi, Pirsiavash and Favaro 2017, <https://arxiv.org/abs/1708.06734>, who have 4096 hidden, 1000 out).
    pub fn counts(input: usize, output: usize) -> Self {
        Self { counts: true, ..Self::new(input, output) }
    }
}

/// Linear, batch norm, `ReLU`, linear, and for counts another `ReLU`.
#[derive(Module, Debug)]
pub struct VectorHead {
    /// Features to numbers.
    pub mlp: Mlp,
    /// Whether there is a last `ReLU`.
    #[module(skip)]
    counts: bool,
}

impl VectorHead {
    /// A new head.
    pub fn new(scope: &Scope, config: &VectorConfig) -> Self {
        let VectorConfig { input, hidden, output, counts } = *config;
        Self { mlp: Mlp::new(&scope.at("mlp"), input, hidden, output), counts }
    }

    /// Features `[b, d]` to vectors `[b, output]`.
    pub fn forward(&self, features: Tensor<2>) -> Tensor<2> {
        let x = self.mlp.forward(features);
        if self.counts { relu(x) } else { x }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::heads::tests::{training, wave};

    #[test]
    fn counts_are_never_negative_and_other_numbers_may_be() {
        let values = |config: &VectorConfig| {
            let y = VectorHead::new(&training(), config).forward(wave([9, 6]));
            assert_eq!(y.dims(), [9, 11]);
            y.try_into_vec_as::<f32>().unwrap()
        };
        assert!(values(&VectorConfig::new(6, 11)).iter().any(|x| *x < 0.0));
        let counts = values(&VectorConfig::counts(6, 11));
        assert!(counts.iter().all(|x| *x >= 0.0) && counts.iter().any(|x| *x > 0.0));
    }
}
