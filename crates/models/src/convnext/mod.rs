//! `ConvNeXt` (Liu et al. 2022, <https://arxiv.org/abs/2201.03545>) with timm's topology and state-dict names.

mod block;
mod config;
mod first;
#[cfg(test)]
mod tests;

use burn::module::Module;
use burn::tensor::Tensor;
use foretask_backend::layers::{Conv2d, LayerNorm, global_avg_pool};
use foretask_backend::{Scope, in_f32};

pub use self::block::{Block, Mlp};
use self::block::{EXPANSION, KERNEL};
pub use self::config::{ConvNextConfig, ConvNextSize};
use self::first::{EPSILON, filled};
use crate::sum::{Sum, product};

/// A `ConvNeXt` without its classifier.
#[derive(Module, Debug)]
pub struct ConvNext {
    /// Patches to places, and their norm.
    pub stem: (Conv2d, LayerNorm),
    /// Four stages.
    pub stages: Vec<Stage>,
    /// What follows the mean over places.
    pub head: Last,
}

/// Blocks of one width.
#[derive(Module, Debug)]
pub struct Stage {
    /// A norm of each place, then 2x2 places to one of the next width; all stages but the first have it.
    pub downsample: Option<(LayerNorm, Conv2d)>,
    /// The blocks.
    pub blocks: Vec<Block>,
}

/// The norm of the features.
#[derive(Module, Debug)]
pub struct Last {
    /// Of the mean over places.
    pub norm: LayerNorm,
}

impl ConvNext {
    /// A network for images of `channels` channels.
    pub(crate) fn new(config: &ConvNextConfig, channels: usize, scope: &Scope) -> Self {
        let (widths, depths) = (config.size.widths(), config.size.depths());
        let all: usize = depths.iter().sum();
        let norm = |scope: &Scope, width: usize| LayerNorm::new(scope, width, EPSILON);
        let patches = |scope: &Scope, channels: [usize; 2], side: usize| {
            filled(Conv2d::new(scope, channels, side, side, 0), scope)
        };
        let stem = scope.at("stem");
        let stage = |number: usize| {
            let scope = scope.at("stages").at(number);
            let before: usize = depths[..number].iter().sum();
            let down = scope.at("downsample");
            let block = |i: usize| {
                Block::new(&scope.at("blocks").at(i), widths[number], config.drop_path.of_block(before + i, all))
            };
            Stage {
                downsample: (number > 0).then(|| {
                    let [from, to] = [widths[number - 1], widths[number]];
                    (norm(&down.at(0), from), patches(&down.at(1), [from, to], 2))
                }),
                blocks: (0..depths[number]).map(block).collect(),
            }
        };
        Self {
            stem: (patches(&stem.at(0), [channels, widths[0]], config.patch_side()), norm(&stem.at(1), widths[0])),
            stages: (0..4).map(stage).collect(),
            head: Last { norm: norm(&scope.at("head").at("norm"), widths[3]) },
        }
    }

    /// `[b, c, h, w]` to the last map, channels last and not yet normalized, `[b, h', w', d]`.
    fn places(&self, x: Tensor<4>) -> Tensor<4> {
        let (conv, norm) = &self.stem;
        let mut x = norm.forward(divided(conv, x));
        for stage in &self.stages {
            if let Some((norm, conv)) = &stage.downsample {
                x = divided(conv, norm.forward(x).permute([0, 3, 1, 2]));
            }
            x = stage.blocks.iter().fold(x, |x, block| block.forward(x));
        }
        x
    }

    /// `[b, c, h, w]` to the last feature map `[b, d, h', w']`, each place normalized as the features are.
    pub fn forward_map(&self, x: Tensor<4>) -> Tensor<4> {
        self.as_map(self.places(x))
    }

    /// `[b, c, h, w]` to features `[b, d]`: the mean of the last map, normalized.
    pub fn forward(&self, x: Tensor<4>) -> Tensor<2> {
        self.summed_up(self.places(x))
    }

    /// `[b, c, h, w]` to the map and the features of one pass.
    pub(crate) fn forward_both(&self, x: Tensor<4>) -> (Tensor<4>, Tensor<2>) {
        let places = self.places(x);
        (self.as_map(places.clone()), self.summed_up(places))
    }

    fn as_map(&self, places: Tensor<4>) -> Tensor<4> {
        self.head.norm.forward(places).permute([0, 3, 1, 2])
    }

    fn summed_up(&self, places: Tensor<4>) -> Tensor<2> {
        in_f32(self.head.norm.forward(global_avg_pool(places.permute([0, 3, 1, 2]))))
    }
}

/// Patches of an image, `[b, c, h, w]`, to places, `[b, h', w', d]`; what fills no patch at the right and below is left out, and a side
/// shorter than one patch (tiles of some tasks) is filled up with zeros.
fn divided(conv: &Conv2d, x: Tensor<4>) -> Tensor<4> {
    let [_, _, h, w] = x.dims();
    let [_, _, side, _] = conv.weight.dims();
    let missing = |length: usize| side.saturating_sub(length);
    let x = match (missing(h), missing(w)) {
        (0, 0) => x,
        (below, beside) => x.pad([(0, 0), (0, 0), (0, below), (0, beside)], 0.0),
    };
    conv.forward(x).permute([0, 2, 3, 1])
}

impl ConvNextConfig {
    /// Layers' costs, and the size of the last feature map.
    pub(crate) fn sum(&self, channels: usize, height: usize, width: usize) -> (Sum, [usize; 2]) {
        let (widths, depths, patch) = (self.size.widths(), self.size.depths(), self.patch_side());
        let mut sum = Sum::default();
        let mut map = sum.patches([channels, widths[0]], patch, [height, width]);
        sum.parameters = sum.parameters.saturating_add(2 * widths[0] as u64);
        for (stage, (&d, depth)) in widths.iter().zip(depths).enumerate() {
            if stage > 0 {
                sum.parameters = sum.parameters.saturating_add(2 * widths[stage - 1] as u64);
                map = sum.patches([widths[stage - 1], d], 2, map);
            }
            let d = d as u64;
            let (around, hidden) = ((KERNEL * KERNEL) as u64 * d, EXPANSION as u64 * d);
            let linear = 2 * d * hidden;
            let (places, depth) = (product(&map), depth as u64);
            // Weights; biases of the convolution and both linear layers; norm and factor.
            let block = around + linear + d + hidden + d + 3 * d;
            sum.parameters = sum.parameters.saturating_add(depth * block);
            sum.macs = sum.macs.saturating_add(places.saturating_mul(depth * (around + linear)));
            // The block's input, the convolution's result, its norm, both hidden layers, the branch.
            sum.kept = sum.kept.saturating_add(places.saturating_mul(depth * (4 * d + 2 * hidden)));
            sum.most = sum.most.max(places.saturating_mul(2 * d + 2 * hidden));
        }
        sum.parameters = sum.parameters.saturating_add(2 * widths[3] as u64);
        (sum, map)
    }
}
