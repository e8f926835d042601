//! Blocks of depthwise convolutions (Sandler et al. 2018, <https://arxiv.org/abs/1801.04381>).

use burn::module::Module;
use burn::tensor::Tensor;
use foretask_backend::Scope;
use foretask_backend::layers::{Activation, BatchNorm, Conv2d, fork};

use super::norm;

/// A block.
// The blocks of a network are nearly all of the larger kind.
#[allow(clippy::large_enum_variant)]
#[derive(Module, Debug)]
pub enum Block {
    /// Depthwise, then 1x1.
    Separable(DepthwiseSeparable),
    /// 1x1 to many channels, depthwise, 1x1 to few.
    Inverted(InvertedResidual),
}

impl Block {
    /// A block from `input` to `output` channels.
    pub(super) fn new(
        scope: &Scope,
        [input, output]: [usize; 2],
        expansion: usize,
        kernel: usize,
        stride: usize,
    ) -> Self {
        let residual = stride == 1 && input == output;
        let inner = input * expansion;
        let depthwise =
            || Conv2d::depthwise(&scope.at("conv_dw"), inner, kernel, stride, kernel / 2).with_same_padding();
        if expansion == 1 {
            return Self::Separable(DepthwiseSeparable {
                conv_dw: depthwise(),
                bn1: norm(&scope.at("bn1"), inner),
                conv_pw: Conv2d::new(&scope.at("conv_pw"), [inner, output], 1, 1, 0),
                bn2: norm(&scope.at("bn2"), output),
                residual,
            });
        }
        Self::Inverted(InvertedResidual {
            conv_pw: Conv2d::new(&scope.at("conv_pw"), [input, inner], 1, 1, 0),
            bn1: norm(&scope.at("bn1"), inner),
            conv_dw: depthwise(),
            bn2: norm(&scope.at("bn2"), inner),
            conv_pwl: Conv2d::new(&scope.at("conv_pwl"), [inner, output], 1, 1, 0),
            bn3: norm(&scope.at("bn3"), output),
            residual,
        })
    }

    /// `[b, in, h, w]` to `[b, out, h / stride, w / stride]`, sides rounded up.
    pub fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        match self {
            Self::Separable(block) => around(block.residual, x, |x, shortcut| {
                let y = block.bn1.forward_after(&block.conv_dw, x, None, Activation::Relu6);
                block.bn2.forward_after(&block.conv_pw, y, shortcut, Activation::None)
            }),
            Self::Inverted(block) => around(block.residual, x, |x, shortcut| {
                let y = block.bn1.forward_after(&block.conv_pw, x, None, Activation::Relu6);
                let y = block.bn2.forward_after(&block.conv_dw, y, None, Activation::Relu6);
                block.bn3.forward_after(&block.conv_pwl, y, shortcut, Activation::None)
            }),
        }
    }
}

/// A body with its input as the shortcut around it, where it has one.
fn around(residual: bool, x: Tensor<4>, body: impl FnOnce(Tensor<4>, Option<Tensor<4>>) -> Tensor<4>) -> Tensor<4> {
    if !residual {
        return body(x, None);
    }
    let (x, aside) = fork(x);
    body(x, Some(aside))
}

/// A depthwise convolution and a 1x1.
#[derive(Module, Debug)]
pub struct DepthwiseSeparable {
    /// Every channel by itself.
    pub conv_dw: Conv2d,
    /// After `conv_dw`.
    pub bn1: BatchNorm,
    /// 1x1.
    pub conv_pw: Conv2d,
    /// After `conv_pw`.
    pub bn2: BatchNorm,
    /// Whether its input is added to its result.
    residual: bool,
}

/// A 1x1 convolution to the inner channels, a depthwise one that carries the stride, a 1x1 back.
#[derive(Module, Debug)]
pub struct InvertedResidual {
    /// 1x1, to the inner channels.
    pub conv_pw: Conv2d,
    /// After `conv_pw`.
    pub bn1: BatchNorm,
    /// Every channel by itself, carries the stride.
    pub conv_dw: Conv2d,
    /// After `conv_dw`.
    pub bn2: BatchNorm,
    /// 1x1, to the output's channels; nothing behind its norm.
    pub conv_pwl: Conv2d,
    /// After `conv_pwl`.
    pub bn3: BatchNorm,
    /// Whether its input is added to its result.
    residual: bool,
}
