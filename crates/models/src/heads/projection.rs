//! Projection to the space where views are compared.

use burn::module::Module;
use burn::tensor::Tensor;
use foretask_backend::Scope;
use foretask_backend::layers::{BatchNorm, Linear};
use serde::{Deserialize, Serialize};

/// Sizes of a [`ProjectionHead`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProjectionConfig {
    /// Length of the features that come in.
    pub input: usize,
    /// Width of the hidden layer.
    pub hidden: usize,
    /// Length of the embedding that goes out.
    pub output: usize,
}

impl ProjectionConfig {
    /// As wide as the features, 128 out (64 where the features are shorter): `SimCLR`'s proportions.
    pub fn for_features(input: usize) -> Self {
        Self { input, hidden: input, output: if input < 128 { 64 } else { 128 } }
    }
}

/// Linear, batch norm, `ReLU`, linear (Chen et al. 2020, <https://arxiv.org/abs/2002.05709>).
#[derive(Module, Debug)]
pub struct ProjectionHead {
    /// To the hidden layer, without bias (the norm has one).
    pub linear1: Linear,
    /// On the hidden layer.
    pub bn1: BatchNorm,
    /// To the embedding.
    pub linear2: Linear,
}

impl ProjectionHead {
    /// A new head.
    pub fn new(scope: &Scope, config: &ProjectionConfig) -> Self {
        Self {
            linear1: Linear::new(&scope.at("linear1"), config.input, config.hidden).without_bias(),
            bn1: BatchNorm::new(&scope.at("bn1"), config.hidden),
            linear2: Linear::new(&scope.at("linear2"), config.hidden, config.output),
        }
    }

    /// Features `[b, d]` to embeddings `[b, output]`, not normalised.
    pub fn forward(&self, features: Tensor<2>) -> Tensor<2> {
        self.linear2.forward(self.bn1.forward_relu(self.linear1.forward(features)))
    }
}
