//! Projection with a predictor on top.

use burn::module::Module;
use burn::tensor::Tensor;
use foretask_backend::Scope;
use serde::{Deserialize, Serialize};

use super::mlp::Mlp;
use super::{ProjectionConfig, ProjectionHead};

/// Sizes of a [`PredictionHead`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PredictionConfig {
    /// The projection.
    pub projection: ProjectionConfig,
    /// Width of the predictor's hidden layer: 512 of 2048 in `SimSiam` (a bottleneck), 4096 over 256 in BYOL, NNCLR and
    /// `MoCo` v3.
    pub hidden: usize,
}

/// A projection, and a predictor of the other view's projection: BYOL (Grill et al. 2020,
/// <https://arxiv.org/abs/2006.07733>), `SimSiam`, NNCLR, `MoCo` v3 on residual networks.
///
/// The predictor is linear, batch norm, `ReLU`, linear; its output has the length of the projection.
#[derive(Module, Debug)]
pub struct PredictionHead {
    /// Features to projections; what a momentum teacher has of this head.
    pub projection: ProjectionHead,
    /// Projections to predictions.
    pub prediction: Mlp,
}

impl PredictionHead {
    /// A new head.
    pub fn new(scope: &Scope, config: &PredictionConfig) -> Self {
        let output = config.projection.output;
        Self {
            projection: ProjectionHead::new(&scope.at("projection"), &config.projection),
            prediction: Mlp::new(&scope.at("prediction"), output, config.hidden, output),
        }
    }

    /// Features `[b, d]` to projections and predictions, both `[b, output]`, not normalized.
    pub fn forward(&self, features: Tensor<2>) -> (Tensor<2>, Tensor<2>) {
        let projection = self.projection.forward(features);
        (projection.clone(), self.prediction.forward(projection))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::heads::tests::{gradients, names, training, wave};

    #[test]
    fn projections_and_predictions_have_one_length() {
        let config = PredictionConfig { projection: ProjectionConfig::new(6, 10, 4), hidden: 3 };
        let head = PredictionHead::new(&training(), &config);
        let (z, p) = head.forward(wave([5, 6]));
        assert_eq!((z.dims(), p.dims()), ([5, 4], [5, 4]));
        let found = names(&head);
        for name in [
            "projection.linear1.weight",
            "prediction.linear1.weight",
            "prediction.bn1.weight",
            "prediction.linear2.bias",
        ] {
            assert!(found.contains(&name.to_owned()), "{found:?}");
        }
        assert!(!found.contains(&"prediction.linear1.bias".to_owned()));
        // What reaches the predictor reaches the projection.
        assert!(gradients(&head, p.powi_scalar(2).sum()).contains(&"projection.linear1.weight".to_owned()));
    }
}
