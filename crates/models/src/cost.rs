//! What a backbone costs: parameters, operations, memory. Plain arithmetic, for the planner.

use serde::Serialize;

use crate::{BackboneConfig, DecoderConfig};

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

impl BackboneConfig {
    /// How many numbers are trained, for images of `channels` channels.
    pub fn parameters(&self, channels: usize) -> u64 {
        self.sum(channels, 32, 32).0.parameters
    }

    /// Whether it has running statistics, which depend on the images that it was trained on.
    pub fn has_statistics(&self) -> bool {
        self.sum(1, 32, 32).0.statistics > 0
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
    use crate::{Arch, ConvNextConfig, ConvNextSize, Pool, Positions, Stem, VitConfig, VitMlp, VitSize};

    #[test]
    fn torchvisions_published_counts() {
        // torchvision: resnet18 11,689,512, resnet34 21,797,672, resnet50 25,557,032 parameters with the 1000-class
        // layer; 1.814, 3.664 and 4.089 GFLOPs (multiply-adds) at 224, the classifier's 0.5 or 2 million included.
        for (arch, parameters, gmacs, features) in [
            (Arch::ResNet18, 11_689_512, 1.814, 512),
            (Arch::ResNet34, 21_797_672, 3.664, 512),
            (Arch::ResNet50, 25_557_032, 4.089, 2048),
            (Arch::ResNet101, 44_549_160, 7.801, 2048),
            (Arch::ResNet152, 60_192_808, 11.514, 2048),
            (Arch::WideResNet50, 68_883_240, 11.398, 2048),
            (Arch::WideResNet101, 126_886_696, 22.753, 2048),
        ] {
            let config = BackboneConfig::resnet(arch, 64).with_stem(Stem::Imagenet);
            let cost = config.cost(3, 224, 224);
            assert_eq!(config.feature_dim(), features);
            assert_eq!(cost.parameters + 1000 * features as u64 + 1000, parameters);
            assert_eq!(cost.map, [7, 7]);
            let total = cost.forward_flops as f64 / 2.0 + 1000.0 * features as f64;
            assert!((total / 1e9 - gmacs).abs() < 0.002, "{arch:?} {total}");
        }
    }

    #[test]
    fn transformers_published_counts() {
        // timm: vit_small_patch16_224 has 22,050,664 parameters with the 1000-class layer, vit_base 86,567,656; 4.61 and 17.58
        // GMACs at 224 by its table (attention's products counted).
        for (size, parameters, gmacs) in [(VitSize::Small, 22_050_664, 4.61), (VitSize::Base, 86_567_656, 17.58)] {
            let config: BackboneConfig =
                VitConfig { size, patch: Some(16), grid: Some([14, 14]), ..VitConfig::default() }.into();
            let cost = config.cost(3, 224, 224);
            assert_eq!(cost.parameters + 1000 * size.width() as u64 + 1000, parameters);
            assert_eq!(cost.map, [14, 14]);
            assert!((cost.forward_flops as f64 / 2e9 - gmacs).abs() < 0.02 * gmacs, "{}", cost.forward_flops);
        }
    }

    #[test]
    fn timms_published_counts() {
        // timm's tf_efficientnet_lite0: 4,652,008 parameters with the 1000-class layer; 385 MFLOPs (multiply-adds) at 224.
        let cost = BackboneConfig::EfficientNetLite0.cost(3, 224, 224);
        assert_eq!(cost.parameters + 1280 * 1000 + 1000, 4_652_008);
        assert_eq!(cost.map, [7, 7]);
        let total = cost.forward_flops as f64 / 2.0 + 1000.0 * 1280.0;
        assert!((total / 1e6 - 385.0).abs() < 5.0, "{total}");
        // resnet50d: 25,576,264; convnext_atto, _nano, _tiny, _base with the 1000-class layer; 4.46 and 15.36 GMACs of the latter two.
        let deep = BackboneConfig::resnet(Arch::ResNet50d, 64).with_stem(Stem::Imagenet);
        assert_eq!(deep.parameters(3) + 2048 * 1000 + 1000, 25_576_264);
        for (size, parameters, gmacs) in [
            (ConvNextSize::Atto, 3_695_520, 0.55),
            (ConvNextSize::Nano, 15_593_560, 2.46),
            (ConvNextSize::Tiny, 28_589_128, 4.46),
            (ConvNextSize::Base, 88_591_464, 15.36),
        ] {
            let config = BackboneConfig::from(ConvNextConfig { size, patch: Some(4), ..ConvNextConfig::default() });
            let cost = config.cost(3, 224, 224);
            assert_eq!(cost.parameters + 1000 * config.feature_dim() as u64 + 1000, parameters, "{size:?}");
            assert_eq!(cost.map, [7, 7]);
            assert!((cost.forward_flops as f64 / 2e9 - gmacs).abs() < 0.02 * gmacs, "{size:?} {}", cost.forward_flops);
        }
    }

    #[test]
    fn counts_equal_the_built_module() {
        let device = foretask_backend::device("flex").unwrap().plain();
        for (arch, stem, channels) in [
            (Arch::ResNet10, Stem::Small, 1),
            (Arch::ResNet50, Stem::Strided, 4),
            (Arch::ResNet50d, Stem::Imagenet, 3),
            (Arch::WideResNet50, Stem::Small, 2),
        ] {
            let config = BackboneConfig::resnet(arch, 8).with_stem(stem);
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
        let state = foretask_backend::state_dict(&BackboneConfig::EfficientNetLite0.init(2, 1, &device));
        let all: usize = state.values().map(|tensor| tensor.data.len()).sum();
        assert_eq!(BackboneConfig::EfficientNetLite0.stored_numbers(2), all as u64);
        for config in [
            VitConfig { patch: Some(4), grid: Some([3, 5]), registers: 4, layer_scale: true, ..VitConfig::default() },
            VitConfig { patch: Some(8), grid: Some([2, 2]), positions: Positions::Sincos, ..VitConfig::default() },
            VitConfig { positions: Positions::Rope, mlp: VitMlp::Swiglu, ..VitConfig::default() },
            VitConfig { class_token: false, pool: Pool::Mean, ..VitConfig::default() },
        ]
        .map(BackboneConfig::from)
        .into_iter()
        .chain([ConvNextConfig { patch: Some(2), ..ConvNextConfig::default() }.into()])
        {
            let state = foretask_backend::state_dict(&config.init(2, 1, &device));
            let all: usize = state.values().map(|tensor| tensor.data.len()).sum();
            assert_eq!(config.stored_numbers(2), all as u64);
        }
        // The encoder of research: resnet10-w16 has 307,248 parameters.
        assert_eq!(BackboneConfig::resnet(Arch::ResNet10, 16).parameters(1), 307_248);
    }
}
