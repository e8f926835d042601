//! The head of DINO.

use burn::module::{Module, Param};
use burn::tensor::Tensor;
use burn::tensor::activation::gelu;
use foretask_backend::layers::{BatchNorm, Linear};
use foretask_backend::{Init, Scope};
use serde::{Deserialize, Serialize};

use super::mlp::unit_rows;

/// Spread of the first weights of the hidden layers, as in the authors' code (which cuts the normal distribution off at 100
/// times that).
const FIRST_STD: f32 = 0.02;

/// Sizes of a [`DinoHead`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DinoConfig {
    /// Length of the features that come in.
    pub input: usize,
    /// Width of the two hidden layers; 2048 in the paper.
    pub hidden: usize,
    /// Length of the vector that is normalized before the last layer; 256 in the paper.
    pub bottleneck: usize,
    /// Number of outputs; 65536 in the paper, about 1000 for small data.
    pub output: usize,
    /// Batch norm in the hidden layers: off in the paper, of use under a small residual network.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub norm: bool,
}

/// Three linear layers with GELU between them, a vector at length 1, and a last layer whose rows have length 1 (Caron et al.
/// 2021, <https://arxiv.org/abs/2104.14294>; weight norm with its scale fixed at 1, the authors' `norm_last_layer`).
#[derive(Module, Debug)]
pub struct DinoHead {
    /// To the first hidden layer.
    pub linear1: Linear,
    /// On the first hidden layer.
    pub bn1: Option<BatchNorm>,
    /// To the second hidden layer.
    pub linear2: Linear,
    /// On the second hidden layer.
    pub bn2: Option<BatchNorm>,
    /// To the bottleneck.
    pub linear3: Linear,
    /// Directions of the outputs, `[output, bottleneck]`; their lengths do not matter.
    pub last: Param<Tensor<2>>,
}

impl DinoHead {
    /// A new head.
    pub fn new(scope: &Scope, config: &DinoConfig) -> Self {
        let DinoConfig { input, hidden, bottleneck, output, norm } = *config;
        let linear = |name: &str, input: usize, output: usize, bare: bool| {
            let scope = scope.at(name);
            Linear {
                weight: scope.param("weight", [output, input], Init::Normal { std: FIRST_STD }),
                bias: bare.then(|| scope.param("bias", [output], Init::Zeros)),
            }
        };
        let bn = |name: &str| norm.then(|| BatchNorm::new(&scope.at(name), hidden));
        let bound = 1.0 / (bottleneck.max(1) as f32).sqrt();
        Self {
            linear1: linear("linear1", input, hidden, !norm),
            bn1: bn("bn1"),
            linear2: linear("linear2", hidden, hidden, !norm),
            bn2: bn("bn2"),
            linear3: linear("linear3", hidden, bottleneck, true),
            last: scope.param("last", [output, bottleneck], Init::Uniform { bound }),
        }
    }

    /// Features `[b, d]` to logits `[b, output]`, between -1 and 1. `frozen` stops the gradient at the last layer, which an
    /// optimizer then leaves alone: for the first epoch.
    pub fn forward(&self, features: Tensor<2>, frozen: bool) -> Tensor<2> {
        let x = activated(self.bn1.as_ref(), self.linear1.forward(features));
        let x = activated(self.bn2.as_ref(), self.linear2.forward(x));
        let z = unit_rows(self.linear3.forward(x));
        let last = if frozen { self.last.val().inner() } else { self.last.val() };
        z.matmul(unit_rows(last).transpose())
    }
}

fn activated(norm: Option<&BatchNorm>, x: Tensor<2>) -> Tensor<2> {
    gelu(match norm {
        Some(norm) => norm.forward(x),
        None => x,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::heads::tests::{gradients, names, training, wave};

    fn config(norm: bool) -> DinoConfig {
        DinoConfig { input: 6, hidden: 10, bottleneck: 4, output: 12, norm }
    }

    #[test]
    fn logits_are_cosines_and_the_length_of_the_last_layer_does_not_matter() {
        let mut head = DinoHead::new(&training(), &config(false));
        let x = wave([5, 6]) * 10.0;
        let logits = head.forward(x.clone(), false).try_into_vec_as::<f32>().unwrap();
        assert_eq!(logits.len(), 60);
        assert!(logits.iter().all(|s| s.abs() <= 1.0 + 1e-6) && logits.iter().any(|s| s.abs() > 0.3));
        head.last = head.last.map(|w| w * 7.0);
        let again = head.forward(x, false).try_into_vec_as::<f32>().unwrap();
        assert!(logits.iter().zip(again).all(|(a, b)| (a - b).abs() < 1e-6));
    }

    #[test]
    fn a_frozen_last_layer_gets_no_gradient() {
        for norm in [false, true] {
            let head = DinoHead::new(&training(), &config(norm));
            for frozen in [false, true] {
                let trained = gradients(&head, head.forward(wave([5, 6]), frozen).powi_scalar(2).sum());
                assert_eq!(trained.contains(&"last".to_owned()), !frozen);
                assert!(trained.contains(&"linear1.weight".to_owned()));
            }
            assert_eq!(names(&head).contains(&"bn1.weight".to_owned()), norm);
            assert_eq!(names(&head).contains(&"linear1.bias".to_owned()), !norm);
        }
    }
}
