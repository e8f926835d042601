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

/// The convolutions of a stem.
// There is one in a network.
#[allow(clippy::large_enum_variant)]
#[derive(Module, Debug)]
pub enum First {
    /// One.
    Single(Conv2d),
    /// Three, with norms and relus between them: timm names the parts `0` to `6`, relus among them.
    Deep(Deep),
}

/// The parts of [`First::Deep`]; relus have no values.
type Deep = (Conv2d, BatchNorm, bool, Conv2d, BatchNorm, bool, Conv2d);

impl First {
    fn new(config: &ResNetConfig, channels: usize, scope: &Scope) -> Self {
        let (kernel, stride, padding) = config.stem.convolution();
        if !config.arch.is_deep() {
            return Self::Single(Conv2d::new(scope, [channels, config.width], kernel, stride, padding));
        }
        let inner = config.stem_width();
        let conv = |name: usize, channels: [usize; 2], stride| Conv2d::new(&scope.at(name), channels, 3, stride, 1);
        let norm = |name: usize| BatchNorm::new(&scope.at(name), inner);
        Self::Deep((
            conv(0, [channels, inner], stride),
            norm(1),
            true,
            conv(3, [inner, inner], 1),
            norm(4),
            true,
            conv(6, [inner, config.width], 1),
        ))
    }

    /// With the norm behind it.
    fn forward(&self, norm: &BatchNorm, x: Tensor<4>) -> Tensor<4> {
        match self {
            Self::Single(conv) => norm.forward_after(conv, x, None, Activation::Relu),
            Self::Deep((first, norm1, _, second, norm2, _, third)) => {
                let x = norm1.forward_after(first, x, None, Activation::Relu);
                let x = norm2.forward_after(second, x, None, Activation::Relu);
                norm.forward_after(third, x, None, Activation::Relu)
            }
        }
    }
}

/// A residual network without its classifier: `conv1`, `bn1`, `layer1` to `layer4`.
#[derive(Module, Debug)]
pub struct ResNet {
    /// The stem's convolutions.
    pub conv1: First,
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
            conv1: First::new(config, channels, &scope.at("conv1")),
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
        let mut x = self.conv1.forward(&self.bn1, x);
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
