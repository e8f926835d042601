//! What a backbone costs: parameters, operations, memory. Plain arithmetic, for the planner.

use serde::Serialize;

use crate::{BackboneConfig, DecoderConfig, Stem};

/// Parameters, operations and memory of one backbone on images of one size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Cost {
    /// Trained numbers.
    pub parameters: u64,
    /// Floating-point operations of one image's forward pass (a multiply-add counts two).
    pub forward_flops: u64,
    /// Floating-point operations of one image's training step: forward, gradients of inputs and of weights.
    pub training_flops: u64,
    /// Bytes kept for one image between the forward and the backward pass (f32).
    pub activation_bytes: u64,
    /// Bytes that one image's forward pass holds at once where nothing is kept for a backward pass (f32).
    pub forward_bytes: u64,
    /// Height and width of the last feature map.
    pub map: [usize; 2],
}

impl Cost {
    /// Bytes that training a batch needs, roughly: activations, weights, gradients, two moments and working copies.
    pub fn training_bytes(&self, batch: usize) -> u64 {
        self.kept_bytes(batch).saturating_add(self.parameters.saturating_mul(6 * 4))
    }

    /// Bytes of a batch's activations between forward and backward pass.
    pub fn kept_bytes(&self, batch: usize) -> u64 {
        // Gradients of the two largest neighboring activations live beside the kept ones.
        let activations = self.activation_bytes.saturating_mul(batch as u64);
        activations.saturating_add(activations / 3)
    }

    /// Bytes that answering for a batch needs, roughly: weights, and what the forward pass holds at once.
    pub fn evaluation_bytes(&self, batch: usize) -> u64 {
        self.forward_bytes.saturating_mul(batch as u64).saturating_add(self.parameters.saturating_mul(2 * 4))
    }
}

/// Sums over the convolutions of a network. What is asked may be absurd: sums stay at the largest number then.
#[derive(Default)]
struct Sum {
    parameters: u64,
    /// Running statistics of the norms.
    statistics: u64,
    macs: u64,
    kept: u64,
    /// The most numbers that one convolution and its surroundings hold at once.
    most: u64,
}

fn product(factors: &[usize]) -> u64 {
    factors.iter().fold(1, |product, &factor| product.saturating_mul(factor as u64))
}

impl Sum {
    /// A convolution with batch norm; keeps its output for the norm and the normalised output for what follows.
    fn convolution(
        &mut self,
        [input, output]: [usize; 2],
        kernel: usize,
        stride: usize,
        map: [usize; 2],
    ) -> [usize; 2] {
        let before = product(&[input, map[0], map[1]]);
        let map = map.map(|side| side.div_ceil(stride));
        let weights = product(&[input, output, kernel, kernel]);
        let norm = 2 * output as u64;
        self.parameters = self.parameters.saturating_add(weights).saturating_add(norm);
        self.statistics = self.statistics.saturating_add(norm);
        self.macs = self.macs.saturating_add(weights.saturating_mul(product(&map)));
        let after = product(&[output, map[0], map[1]]);
        self.kept = self.kept.saturating_add(after.saturating_mul(2));
        // The shortcut waits beside input and output, and the norm has an output of its own.
        self.most = self.most.max(before.saturating_mul(2).saturating_add(after.saturating_mul(2)));
        map
    }
}

impl BackboneConfig {
    /// How many numbers are trained, for images of `channels` channels.
    pub fn parameters(&self, channels: usize) -> u64 {
        self.sum(channels, 32, 32).0.parameters
    }

    /// How many numbers a file of weights holds: parameters and running statistics.
    pub(crate) fn stored_numbers(&self, channels: usize) -> u64 {
        let (sum, _) = self.sum(channels, 32, 32);
        sum.parameters.saturating_add(sum.statistics)
    }

    /// The cost on images of `channels x height x width`. `stem: auto` counts as strided.
    pub fn cost(&self, channels: usize, height: usize, width: usize) -> Cost {
        let (sum, map) = self.sum(channels, height, width);
        let forward_flops = sum.macs.saturating_mul(2);
        Cost {
            parameters: sum.parameters,
            forward_flops,
            training_flops: forward_flops.saturating_mul(3),
            activation_bytes: sum.kept.saturating_mul(4),
            forward_bytes: sum.most.saturating_mul(4),
            map,
        }
    }

    fn sum(&self, channels: usize, height: usize, width: usize) -> (Sum, [usize; 2]) {
        let mut sum = Sum::default();
        let (kernel, stride, _) = self.stem.convolution();
        let mut map = sum.convolution([channels, self.width], kernel, stride, [height, width]);
        if self.stem == Stem::Imagenet {
            map = map.map(|side| side.div_ceil(2));
            sum.kept = sum.kept.saturating_add(product(&[self.width, map[0], map[1]]));
        }
        let mut input = self.width;
        for (stage, blocks) in self.arch.blocks().into_iter().enumerate() {
            let inner = self.width << stage;
            let output = inner * self.arch.expansion();
            for block in 0..blocks {
                let stride = if block == 0 && stage > 0 { 2 } else { 1 };
                if stride != 1 || input != output {
                    sum.convolution([input, output], 1, stride, map);
                }
                if self.arch.is_bottleneck() {
                    sum.convolution([input, inner], 1, 1, map);
                    map = sum.convolution([inner, inner], 3, stride, map);
                    sum.convolution([inner, output], 1, 1, map);
                } else {
                    map = sum.convolution([input, inner], 3, stride, map);
                    sum.convolution([inner, inner], 3, 1, map);
                }
                input = output;
            }
        }
        (sum, map)
    }

    /// Height and width of the last feature map on images of `height x width`.
    pub fn map_size(&self, height: usize, width: usize) -> [usize; 2] {
        self.sum(1, height, width).1
    }
}

impl DecoderConfig {
    /// Floating-point operations of one image's forward pass.
    pub fn forward_flops(&self) -> u64 {
        2 * self.macs()
    }
}

#[cfg(test)]
mod tests {
    use burn::module::Module;

    use super::*;
    use crate::Arch;

    #[test]
    fn torchvisions_published_counts() {
        // torchvision: resnet18 11,689,512, resnet34 21,797,672, resnet50 25,557,032 parameters with the 1000-class
        // layer; 1.814, 3.664 and 4.089 GFLOPs (multiply-adds) at 224, the classifier's 0.5 or 2 million included.
        for (arch, parameters, gmacs, features) in [
            (Arch::ResNet18, 11_689_512, 1.814, 512),
            (Arch::ResNet34, 21_797_672, 3.664, 512),
            (Arch::ResNet50, 25_557_032, 4.089, 2048),
        ] {
            let config = BackboneConfig::new(arch, 64).with_stem(Stem::Imagenet);
            let cost = config.cost(3, 224, 224);
            assert_eq!(config.feature_dim(), features);
            assert_eq!(cost.parameters + 1000 * features as u64 + 1000, parameters);
            assert_eq!(cost.map, [7, 7]);
            let total = cost.forward_flops as f64 / 2.0 + 1000.0 * features as f64;
            assert!((total / 1e9 - gmacs).abs() < 0.001, "{arch:?} {total}");
        }
    }

    #[test]
    fn counts_equal_the_built_module() {
        let device = foretask_backend::device("flex").unwrap().plain();
        for (arch, stem, channels) in [(Arch::ResNet10, Stem::Small, 1), (Arch::ResNet50, Stem::Strided, 4)] {
            let config = BackboneConfig::new(arch, 8).with_stem(stem);
            let net = config.init(channels, 1, &device);
            let state = foretask_backend::state_dict(&net);
            let trained: usize = state
                .iter()
                .filter(|(name, _)| !foretask_backend::is_statistic(name))
                .map(|(_, tensor)| tensor.data.len())
                .sum();
            assert_eq!(config.parameters(channels), trained as u64);
            let all: usize = state.values().map(|tensor| tensor.data.len()).sum();
            assert_eq!(config.stored_numbers(channels), all as u64);
            assert!(net.num_params() > trained);
        }
        // The encoder of research: resnet10-w16 has 307,248 parameters.
        assert_eq!(BackboneConfig::new(Arch::ResNet10, 16).parameters(1), 307_248);
    }
}
