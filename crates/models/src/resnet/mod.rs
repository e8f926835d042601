//! Residual networks with torchvision's topology and state-dict names.

mod block;
mod config;
mod cost;
#[cfg(test)]
mod tests;

use burn::module::Module;
use burn::tensor::Tensor;
use foretask_backend::Scope;
use foretask_backend::layers::{Activation, BatchNorm, Conv2d, global_avg_pool, max_pool};

pub use block::{BasicBlock, Block, Bottleneck, Downsample};
pub use config::{Arch, ResNetConfig, Stem};

/// A residual network without its classifier: `conv1`, `bn1`, `layer1` to `layer4`.
#[derive(Module, Debug)]
pub struct ResNet {
    /// The stem's convolution.
    pub conv1: Conv2d,
    /// The stem's norm.
    pub bn1: BatchNorm,
    /// First stage, full resolution of the stem's output.
    pub layer1: Vec<Block>,
    /// Second stage, half of it.
    pub layer2: Vec<Block>,
    /// Third stage, a quarter.
    pub layer3: Vec<Block>,
    /// Fourth stage, an eighth.
    pub layer4: Vec<Block>,
    /// Whether the stem ends in a 3x3 max-pool of stride 2.
    max_pool: bool,
}

impl ResNet {
    /// A network for images of `channels` channels.
    pub(crate) fn new(config: &ResNetConfig, channels: usize, scope: &Scope) -> Self {
        let (kernel, stride, padding) = config.stem.convolution();
        let mut input = config.width;
        let mut stage = |number: usize| {
            let scope = scope.at(format!("layer{number}"));
            let inner = config.width << (number - 1);
            let blocks = (0..config.arch.blocks()[number - 1]).map(|i| {
                let stride = if i == 0 && number > 1 { 2 } else { 1 };
                let block = Block::new(config, &scope.at(i), input, inner, stride);
                input = inner * config.arch.expansion();
                block
            });
            blocks.collect()
        };
        let (layer1, layer2, layer3, layer4) = (stage(1), stage(2), stage(3), stage(4));
        Self {
            conv1: Conv2d::new(&scope.at("conv1"), [channels, config.width], kernel, stride, padding),
            bn1: BatchNorm::new(&scope.at("bn1"), config.width),
            layer1,
            layer2,
            layer3,
            layer4,
            max_pool: config.stem == Stem::Imagenet,
        }
    }

    /// `[b, c, h, w]` to the last feature map `[b, d, h', w']`.
    pub fn forward_map(&self, x: Tensor<4>) -> Tensor<4> {
        let mut x = self.bn1.forward_after(&self.conv1, x, None, Activation::Relu);
        if self.max_pool {
            x = max_pool(x, 3, 2, 1);
        }
        [&self.layer1, &self.layer2, &self.layer3, &self.layer4]
            .into_iter()
            .flatten()
            .fold(x, |x, block| block.forward(x))
    }

    /// `[b, c, h, w]` to features `[b, d]`, the mean of the last map.
    pub fn forward(&self, x: Tensor<4>) -> Tensor<2> {
        global_avg_pool(self.forward_map(x))
    }
}
