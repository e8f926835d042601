//! What the heads are made of.

use burn::module::{Module, Param};
use burn::tensor::Tensor;
use foretask_backend::Scope;
use foretask_backend::layers::{BatchNorm, Linear};
use serde::{Deserialize, Serialize};

/// The norm on the last layer of a [`ProjectionHead`](super::ProjectionHead).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LastNorm {
    /// None: `SimCLR`, BYOL, Barlow Twins, `VICReg`.
    #[default]
    None,
    /// Batch norm with scale and shift: NNCLR.
    Affine,
    /// Batch norm without: `SimSiam`, `MoCo` v3. Scale 1 and shift 0 are part of the saved weights, but not trained.
    Plain,
}

impl LastNorm {
    /// Whether this is none.
    #[allow(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
    pub(super) fn is_none(&self) -> bool {
        *self == Self::None
    }

    /// The norm, where there is one.
    pub(super) fn build(self, scope: &Scope, width: usize) -> Option<BatchNorm> {
        let norm = || BatchNorm::new(scope, width);
        match self {
            Self::None => None,
            Self::Affine => Some(norm()),
            Self::Plain => {
                let norm = norm();
                let (weight, bias) = (fixed(norm.weight), fixed(norm.bias));
                Some(BatchNorm { weight, bias, ..norm })
            }
        }
    }
}

/// A parameter that keeps its value.
fn fixed(param: Param<Tensor<1>>) -> Param<Tensor<1>> {
    param.set_require_grad(false)
}

/// Linear, batch norm, `ReLU`, linear: predictors, classifiers on tiles, vectors.
#[derive(Module, Debug)]
pub struct Mlp {
    /// To the hidden layer, without bias (the norm has one).
    pub linear1: Linear,
    /// On the hidden layer.
    pub bn1: BatchNorm,
    /// To the output.
    pub linear2: Linear,
}

impl Mlp {
    /// Two layers: to `hidden`, then to `output`.
    pub(super) fn new(scope: &Scope, input: usize, hidden: usize, output: usize) -> Self {
        Self {
            linear1: Linear::new(&scope.at("linear1"), input, hidden).without_bias(),
            bn1: BatchNorm::new(&scope.at("bn1"), hidden),
            linear2: Linear::new(&scope.at("linear2"), hidden, output),
        }
    }

    /// `[b, input]` to `[b, output]`.
    pub fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        self.linear2.forward(self.bn1.forward_relu(self.linear1.forward(x)))
    }
}

/// Rows at length 1, as PyTorch's `normalize`; a row of zeros stays zero.
pub(super) fn unit_rows(x: Tensor<2>) -> Tensor<2> {
    let length = x.clone().mul(x.clone()).sum_dim(1).clamp_min(1e-24).sqrt();
    x.div(length)
}
