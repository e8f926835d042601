//! Residual blocks.

use burn::module::Module;
use burn::tensor::Tensor;
use foretask_backend::Scope;
use foretask_backend::layers::{Activation, BatchNorm, Conv2d, fork, mean_pool};

use super::config::ResNetConfig;

/// The shortcut's projection where shapes change.
// There are four in a network.
#[allow(clippy::large_enum_variant)]
#[derive(Module, Debug)]
pub enum Downsample {
    /// 1x1 with the stride; PyTorch names its parts `0` and `1`.
    Strided(Strided),
    /// The mean of 2x2 pixels where there is a stride, then 1x1; timm names the latter's parts `1` and `2`.
    Mean(Mean),
}

/// The parts of [`Downsample::Strided`].
type Strided = (Conv2d, BatchNorm);
/// The parts of [`Downsample::Mean`]; the first says whether means are taken.
type Mean = (bool, Conv2d, BatchNorm);

/// A residual block.
// The blocks of a network are all of one kind: the smaller one never pays for the larger.
#[allow(clippy::large_enum_variant)]
#[derive(Module, Debug)]
pub enum Block {
    /// Two 3x3 convolutions.
    Basic(BasicBlock),
    /// 1x1, 3x3, 1x1.
    Bottleneck(Bottleneck),
}

impl Block {
    /// A block from `input` channels in a stage of this width.
    pub(crate) fn new(config: &ResNetConfig, scope: &Scope, input: usize, inner: usize, stride: usize) -> Self {
        if config.arch.is_bottleneck() {
            Self::Bottleneck(Bottleneck::new(config, scope, input, inner, stride))
        } else {
            Self::Basic(BasicBlock::new(config, scope, input, inner, stride))
        }
    }

    /// `[b, in, h, w]` to `[b, out, h / stride, w / stride]`.
    pub fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        match self {
            Self::Basic(block) => block.forward(x),
            Self::Bottleneck(block) => block.forward(x),
        }
    }
}

/// Two 3x3 convolutions and a shortcut.
#[derive(Module, Debug)]
pub struct BasicBlock {
    /// Carries the stride.
    pub conv1: Conv2d,
    /// After `conv1`.
    pub bn1: BatchNorm,
    /// Second convolution.
    pub conv2: Conv2d,
    /// After `conv2`.
    pub bn2: BatchNorm,
    /// Present where shapes change.
    pub downsample: Option<Downsample>,
}

impl BasicBlock {
    fn new(config: &ResNetConfig, scope: &Scope, input: usize, inner: usize, stride: usize) -> Self {
        Self {
            conv1: Conv2d::new(&scope.at("conv1"), [input, inner], 3, stride, 1),
            bn1: BatchNorm::new(&scope.at("bn1"), inner),
            conv2: Conv2d::new(&scope.at("conv2"), [inner, inner], 3, 1, 1),
            bn2: last_norm(config, &scope.at("bn2"), inner),
            downsample: downsample(config, scope, [input, inner], stride),
        }
    }

    fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let (x, aside) = fork(x);
        let y = self.bn1.forward_after(&self.conv1, x, None, Activation::Relu);
        self.bn2.forward_after(&self.conv2, y, Some(shortcut(self.downsample.as_ref(), aside)), Activation::Relu)
    }
}

/// A 1x1 convolution to the inner width, a 3x3 that carries the stride, a 1x1 to four times the stage's width.
#[derive(Module, Debug)]
pub struct Bottleneck {
    /// 1x1, to the inner width.
    pub conv1: Conv2d,
    /// After `conv1`.
    pub bn1: BatchNorm,
    /// 3x3, carries the stride.
    pub conv2: Conv2d,
    /// After `conv2`.
    pub bn2: BatchNorm,
    /// 1x1, to four times the stage's width.
    pub conv3: Conv2d,
    /// After `conv3`.
    pub bn3: BatchNorm,
    /// Present where shapes change.
    pub downsample: Option<Downsample>,
}

impl Bottleneck {
    fn new(config: &ResNetConfig, scope: &Scope, input: usize, inner: usize, stride: usize) -> Self {
        let output = inner * config.arch.expansion();
        let inner = inner * config.arch.widening();
        Self {
            conv1: Conv2d::new(&scope.at("conv1"), [input, inner], 1, 1, 0),
            bn1: BatchNorm::new(&scope.at("bn1"), inner),
            conv2: Conv2d::new(&scope.at("conv2"), [inner, inner], 3, stride, 1),
            bn2: BatchNorm::new(&scope.at("bn2"), inner),
            conv3: Conv2d::new(&scope.at("conv3"), [inner, output], 1, 1, 0),
            bn3: last_norm(config, &scope.at("bn3"), output),
            downsample: downsample(config, scope, [input, output], stride),
        }
    }

    fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let (x, aside) = fork(x);
        let y = self.bn1.forward_after(&self.conv1, x, None, Activation::Relu);
        let y = self.bn2.forward_after(&self.conv2, y, None, Activation::Relu);
        self.bn3.forward_after(&self.conv3, y, Some(shortcut(self.downsample.as_ref(), aside)), Activation::Relu)
    }
}

fn last_norm(config: &ResNetConfig, scope: &Scope, channels: usize) -> BatchNorm {
    if config.zero_init_residual { BatchNorm::zero(scope, channels) } else { BatchNorm::new(scope, channels) }
}

fn downsample(config: &ResNetConfig, scope: &Scope, channels: [usize; 2], stride: usize) -> Option<Downsample> {
    let scope = scope.at("downsample");
    let [input, output] = channels;
    if stride == 1 && input == output {
        return None;
    }
    Some(if config.arch.is_deep() {
        let conv = Conv2d::new(&scope.at(1), channels, 1, 1, 0);
        Downsample::Mean((stride > 1, conv, BatchNorm::new(&scope.at(2), output)))
    } else {
        Downsample::Strided((Conv2d::new(&scope.at(0), channels, 1, stride, 0), BatchNorm::new(&scope.at(1), output)))
    })
}

fn shortcut(downsample: Option<&Downsample>, x: Tensor<4>) -> Tensor<4> {
    match downsample {
        Some(Downsample::Strided((conv, norm))) => norm.forward_after(conv, x, None, Activation::None),
        Some(Downsample::Mean((means, conv, norm))) => {
            let x = if *means { mean_pool(x) } else { x };
            norm.forward_after(conv, x, None, Activation::None)
        }
        None => x,
    }
}
