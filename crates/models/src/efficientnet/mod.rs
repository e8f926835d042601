//! EfficientNet-Lite0 (Tan and Le 2019, <https://arxiv.org/abs/1905.11946>, without squeeze and excitation and with `ReLU6`, as
//! TensorFlow published it for small devices): topology and state-dict names of timm's `tf_efficientnet_lite0`.

mod block;
#[cfg(test)]
mod tests;

use burn::module::Module;
use burn::tensor::Tensor;
use foretask_backend::Scope;
use foretask_backend::layers::{Activation, BatchNorm, Conv2d, global_avg_pool};

pub use self::block::{Block, DepthwiseSeparable, InvertedResidual};
use crate::error::Result;
use crate::sides::{MIN_SIDE, require_side};
use crate::sum::Sum;

/// Length of the feature vector.
pub(crate) const FEATURES: usize = 1280;
/// Channels behind the stem.
pub(crate) const STEM: usize = 32;
/// Added to variances: TensorFlow's.
pub(crate) const EPSILON: f64 = 1e-3;

/// Blocks of one width.
pub(crate) struct Stage {
    pub(crate) blocks: usize,
    pub(crate) kernel: usize,
    /// Of the first block.
    pub(crate) stride: usize,
    /// Inner channels over input channels.
    pub(crate) expansion: usize,
    pub(crate) output: usize,
}

const fn stage(blocks: usize, kernel: usize, stride: usize, expansion: usize, output: usize) -> Stage {
    Stage { blocks, kernel, stride, expansion, output }
}

/// Every stage.
pub(crate) const STAGES: [Stage; 7] = [
    stage(1, 3, 1, 1, 16),
    stage(2, 3, 2, 6, 24),
    stage(2, 5, 2, 6, 40),
    stage(3, 3, 2, 6, 80),
    stage(3, 5, 1, 6, 112),
    stage(4, 5, 2, 6, 192),
    stage(1, 3, 1, 6, 320),
];

/// The network without its classifier.
#[derive(Module, Debug)]
pub struct EfficientNetLite {
    /// 3x3, stride 2.
    pub conv_stem: Conv2d,
    /// After `conv_stem`.
    pub bn1: BatchNorm,
    /// Blocks of each stage.
    pub blocks: Vec<Vec<Block>>,
    /// 1x1, to the features.
    pub conv_head: Conv2d,
    /// After `conv_head`.
    pub bn2: BatchNorm,
}

impl EfficientNetLite {
    /// A network for images of `channels` channels.
    pub(crate) fn new(channels: usize, scope: &Scope) -> Self {
        let mut input = STEM;
        let mut blocks = Vec::new();
        for (number, stage) in STAGES.iter().enumerate() {
            let scope = scope.at("blocks").at(number);
            let block = |i: usize| {
                let stride = if i == 0 { stage.stride } else { 1 };
                let input = if i == 0 { input } else { stage.output };
                Block::new(&scope.at(i), [input, stage.output], stage.expansion, stage.kernel, stride)
            };
            blocks.push((0..stage.blocks).map(block).collect());
            input = stage.output;
        }
        Self {
            conv_stem: Conv2d::new(&scope.at("conv_stem"), [channels, STEM], 3, 2, 1).with_same_padding(),
            bn1: norm(&scope.at("bn1"), STEM),
            blocks,
            conv_head: Conv2d::new(&scope.at("conv_head"), [input, FEATURES], 1, 1, 0),
            bn2: norm(&scope.at("bn2"), FEATURES),
        }
    }

    /// `[b, c, h, w]` to the last feature map `[b, 1280, h / 32, w / 32]`, sides rounded up.
    pub fn forward_map(&self, x: Tensor<4>) -> Tensor<4> {
        let x = self.bn1.forward_after(&self.conv_stem, x, None, Activation::Relu6);
        let x = self.blocks.iter().flatten().fold(x, |x, block| block.forward(x));
        self.bn2.forward_after(&self.conv_head, x, None, Activation::Relu6)
    }

    /// `[b, c, h, w]` to features `[b, 1280]`, the mean of the last map.
    pub fn forward(&self, x: Tensor<4>) -> Tensor<2> {
        global_avg_pool(self.forward_map(x))
    }
}

fn norm(scope: &Scope, channels: usize) -> BatchNorm {
    BatchNorm::new(scope, channels).with_epsilon(EPSILON)
}

/// Blocks of each stage.
pub(crate) fn block_counts() -> [usize; 7] {
    STAGES.map(|stage| stage.blocks)
}

/// Refuses images too small to be seen.
pub(crate) fn require_size(height: usize, width: usize) -> Result<()> {
    require_side("EfficientNet-Lite0", height, width, MIN_SIDE)
}

/// Layers' costs, and the size of the last feature map.
pub(crate) fn sum(channels: usize, height: usize, width: usize) -> (Sum, [usize; 2]) {
    let mut sum = Sum::default();
    let mut map = sum.convolution([channels, STEM], 3, 2, [height, width]);
    let mut input = STEM;
    for stage in &STAGES {
        for block in 0..stage.blocks {
            let inner = input * stage.expansion;
            if stage.expansion > 1 {
                sum.convolution([input, inner], 1, 1, map);
            }
            map = sum.depthwise(inner, stage.kernel, if block == 0 { stage.stride } else { 1 }, map);
            sum.convolution([inner, stage.output], 1, 1, map);
            input = stage.output;
        }
    }
    sum.convolution([input, FEATURES], 1, 1, map);
    (sum, map)
}
