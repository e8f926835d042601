//! Blocks of a `ConvNeXt`: each channel's surroundings, then a perceptron for each place.

use burn::module::{Module, Param};
use burn::tensor::Tensor;
use foretask_backend::layers::{Conv2d, LayerNorm, Linear, drop_path, gelu};
use foretask_backend::{Init, Scope};

use super::first::{EPSILON, STD, filled};
use crate::like::like;

/// Hidden numbers over a place's.
pub(super) const EXPANSION: usize = 4;
/// Pixels along a side of what a block looks at.
pub(super) const KERNEL: usize = 7;
/// What a branch is scaled by at first.
const FIRST_SCALE: f32 = 1e-6;

/// A block.
#[derive(Module, Debug)]
pub struct Block {
    /// Every channel by itself, 7x7.
    pub conv_dw: Conv2d,
    /// Of each place.
    pub norm: LayerNorm,
    /// For each place.
    pub mlp: Mlp,
    /// A learned factor a channel, `[d]`.
    pub gamma: Param<Tensor<1>>,
    /// How often the branch is left out while training.
    drop: f32,
}

/// Linear, GELU, linear.
#[derive(Module, Debug)]
pub struct Mlp {
    /// To four times as many numbers.
    pub fc1: Linear,
    /// And back.
    pub fc2: Linear,
}

impl Block {
    pub(super) fn new(scope: &Scope, width: usize, drop: f32) -> Self {
        let at = scope.at("conv_dw");
        let mlp = scope.at("mlp");
        Self {
            conv_dw: filled(Conv2d::depthwise(&at, width, KERNEL, 1, KERNEL / 2), &at),
            norm: LayerNorm::new(&scope.at("norm"), width, EPSILON),
            mlp: Mlp {
                fc1: Linear::normal(&mlp.at("fc1"), width, EXPANSION * width, STD),
                fc2: Linear::normal(&mlp.at("fc2"), EXPANSION * width, width, STD),
            },
            gamma: scope.param("gamma", [width], Init::Constant { value: FIRST_SCALE }),
            drop,
        }
    }

    /// `[b, h, w, d]` to the same.
    pub fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let dims = x.dims();
        let [b, h, w, d] = dims;
        let around = self.conv_dw.forward(x.clone().permute([0, 3, 1, 2])).permute([0, 2, 3, 1]);
        let y: Tensor<2> = self.norm.forward(around).reshape([b * h * w, d]);
        let y = self.mlp.fc2.forward(gelu(self.mlp.fc1.forward(y)));
        let y = y.clone() * like(self.gamma.val(), &y).unsqueeze();
        x + drop_path(y.reshape(dims), self.drop)
    }
}
