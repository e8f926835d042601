//! Which backbone: plain data that decides every shape.

use foretask_backend::Scope;
use serde::{Deserialize, Serialize};

use crate::backbone::Backbone;
use crate::convnext::{ConvNext, ConvNextConfig};
use crate::efficientnet::{self, EfficientNetLite};
use crate::error::{ModelError, Result};
use crate::resnet::{Arch, ResNet, ResNetConfig, Stem};
use crate::sum::Sum;
use crate::vit::{Pool, Vit, VitConfig};
use crate::written::Written;

/// Everything that decides a backbone's shapes but the number of input channels.
///
/// In JSON it is one object, whose `arch` says which network it is: `{"arch": "resnet18", "width": 16, …}`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub enum BackboneConfig {
    /// A residual network.
    ResNet(ResNetConfig),
    /// EfficientNet-Lite0, which has no choices.
    EfficientNetLite0,
    /// A vision transformer.
    Vit(VitConfig),
    /// A `ConvNeXt`.
    ConvNext(ConvNextConfig),
}

impl Default for BackboneConfig {
    fn default() -> Self {
        ResNetConfig::default().into()
    }
}

impl From<ResNetConfig> for BackboneConfig {
    fn from(config: ResNetConfig) -> Self {
        Self::ResNet(config)
    }
}

impl From<VitConfig> for BackboneConfig {
    fn from(config: VitConfig) -> Self {
        Self::Vit(config)
    }
}

impl From<ConvNextConfig> for BackboneConfig {
    fn from(config: ConvNextConfig) -> Self {
        Self::ConvNext(config)
    }
}

impl BackboneConfig {
    /// A residual network of the given kind and width with the stem chosen by image size.
    pub fn resnet(arch: Arch, width: usize) -> Self {
        ResNetConfig { arch, width, ..ResNetConfig::default() }.into()
    }

    /// The same with a fixed stem; only residual networks have a choice of stems.
    #[must_use]
    pub fn with_stem(self, stem: Stem) -> Self {
        match self {
            Self::ResNet(config) => ResNetConfig { stem, ..config }.into(),
            Self::EfficientNetLite0 | Self::Vit(_) | Self::ConvNext(_) => self,
        }
    }

    /// Settles what is left to the size of the images, `height x width` pixels; also says why, in words, one line a choice:
    /// "stem = strided (3x3 stride 2: images are 28x28 …)".
    ///
    /// # Errors
    /// [`ModelError::Option`] for options out of range, or an image too small to be seen.
    pub fn resolve(&self, height: usize, width: usize) -> Result<(Self, Vec<String>)> {
        match self {
            Self::ResNet(config) => {
                let (config, reasons) = config.resolve(height, width)?;
                Ok((config.into(), reasons))
            }
            Self::EfficientNetLite0 => {
                efficientnet::require_size(height, width)?;
                Ok((self.clone(), Vec::new()))
            }
            Self::Vit(config) => {
                let (config, reasons) = config.resolve(height, width)?;
                Ok((config.into(), reasons))
            }
            Self::ConvNext(config) => {
                let (config, reasons) = config.resolve(height, width)?;
                Ok((config.into(), reasons))
            }
        }
    }

    /// The first field that is left to the size of the images.
    pub(crate) fn unsettled(&self) -> Option<&'static str> {
        match self {
            Self::ResNet(config) => (config.stem == Stem::Auto).then_some("stem"),
            Self::EfficientNetLite0 => None,
            Self::Vit(VitConfig { patch: None, .. }) => Some("patch"),
            Self::Vit(config) => config.grid.is_none().then_some("grid"),
            Self::ConvNext(config) => config.patch.is_none().then_some("patch"),
        }
    }

    /// Whether the two may be the same network: all that both of them have settled is the same.
    pub fn may_be(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::ResNet(one), Self::ResNet(two)) => {
                let open = |config: &ResNetConfig| ResNetConfig { stem: Stem::Auto, ..config.clone() };
                open(one) == open(two) && (one.stem == two.stem || one.stem == Stem::Auto || two.stem == Stem::Auto)
            }
            (Self::EfficientNetLite0, Self::EfficientNetLite0) => true,
            (Self::Vit(one), Self::Vit(two)) => {
                let open = |config: &VitConfig| VitConfig { patch: None, grid: None, ..config.clone() };
                let patch = one.patch == two.patch || one.patch.is_none() || two.patch.is_none();
                let grid = one.grid == two.grid || one.grid.is_none() || two.grid.is_none();
                open(one) == open(two) && patch && grid
            }
            (Self::ConvNext(one), Self::ConvNext(two)) => {
                let open = |config: &ConvNextConfig| ConvNextConfig { patch: None, ..config.clone() };
                open(one) == open(two) && (one.patch == two.patch || one.patch.is_none() || two.patch.is_none())
            }
            (Self::ResNet(_) | Self::EfficientNetLite0 | Self::Vit(_) | Self::ConvNext(_), _) => false,
        }
    }

    /// Checks what does not depend on the images.
    ///
    /// # Errors
    /// [`ModelError::Option`] for options out of range.
    pub fn check(&self) -> Result<()> {
        match self {
            Self::ResNet(config) => config.check(),
            Self::EfficientNetLite0 => Ok(()),
            Self::Vit(config) => config.check(),
            Self::ConvNext(config) => config.check(),
        }
    }

    /// A new backbone for images of `channels` channels, its parameters drawn from `seed`: the same values on every
    /// device. What is left to the images' size is taken as for small ones; [`resolve`](Self::resolve) chooses by size.
    pub fn init(&self, channels: usize, seed: u64, device: &burn::tensor::Device) -> Backbone {
        self.build(channels, &Scope::new(seed, device))
    }

    /// A backbone whose parameters come from `scope`.
    pub fn build(&self, channels: usize, scope: &Scope) -> Backbone {
        match self {
            Self::ResNet(config) => Backbone::ResNet(ResNet::new(config, channels, scope)),
            Self::EfficientNetLite0 => Backbone::EfficientNetLite(EfficientNetLite::new(channels, scope)),
            Self::Vit(config) => Backbone::Vit(Vit::new(config, channels, scope)),
            Self::ConvNext(config) => Backbone::ConvNext(ConvNext::new(config, channels, scope)),
        }
    }

    /// Length of the feature vector.
    pub fn feature_dim(&self) -> usize {
        match self {
            Self::ResNet(config) => config.feature_dim(),
            Self::EfficientNetLite0 => efficientnet::FEATURES,
            Self::Vit(config) => config.feature_dim(),
            Self::ConvNext(config) => config.feature_dim(),
        }
    }

    /// Channels of the last feature map, or numbers of a token.
    pub fn map_dim(&self) -> usize {
        match self {
            Self::Vit(config) => config.size.width(),
            Self::ResNet(_) | Self::EfficientNetLite0 | Self::ConvNext(_) => self.feature_dim(),
        }
    }

    /// Takes features of a transformer by another rule.
    ///
    /// # Errors
    /// [`ModelError::Option`] where the network has no tokens, or no class token.
    pub fn with_pool(self, pool: Pool) -> Result<Self> {
        let Self::Vit(config) = self else {
            let reason =
                format!("only vision transformers have tokens to sum up, and this is {}; leave it out", self.network());
            return Err(ModelError::Option { option: "pool", value: pool.name().to_owned(), reason });
        };
        let config = VitConfig { pool, ..config };
        config.check()?;
        Ok(config.into())
    }

    /// Side of the patches in pixels that the network sees as tokens; `None` for networks that see no such patches, and where
    /// the size of the images has yet to decide.
    pub fn patch(&self) -> Option<usize> {
        match self {
            Self::Vit(config) => config.patch,
            Self::ResNet(_) | Self::EfficientNetLite0 | Self::ConvNext(_) => None,
        }
    }

    /// The network in one word, as scripts have it: `resnet10`.
    pub fn network(&self) -> &'static str {
        match self {
            Self::ResNet(config) => config.arch.name(),
            Self::EfficientNetLite0 => "efficientnet_lite0",
            Self::Vit(config) => config.size.network(),
            Self::ConvNext(config) => config.size.network(),
        }
    }

    /// The network and its choices: `resnet10-w16-strided`.
    pub fn name(&self) -> String {
        match self {
            Self::ResNet(config) => config.name(),
            Self::EfficientNetLite0 => self.network().to_owned(),
            Self::Vit(config) => config.name(),
            Self::ConvNext(config) => config.name(),
        }
    }

    /// What the layer that tells classes is called where the network comes from.
    pub fn classifier(&self) -> &'static str {
        match self {
            Self::ResNet(_) => "fc",
            Self::EfficientNetLite0 => "classifier",
            Self::Vit(_) => "head",
            Self::ConvNext(_) => "head.fc",
        }
    }

    /// The first convolution's weight, and which fields its first sizes follow from: outputs, inputs, side of the kernel.
    pub(crate) fn first_layer(&self, channels: usize) -> (&'static str, [(&'static str, usize); 3]) {
        let inputs = ("input.channels", channels);
        match self {
            Self::ResNet(config) => {
                if config.arch.is_deep() {
                    let inner = config.stem_width();
                    return ("conv1.0.weight", [("config.width", inner), inputs, ("config.arch", 3)]);
                }
                let kernel = config.stem.convolution().0;
                ("conv1.weight", [("config.width", config.width), inputs, ("config.stem", kernel)])
            }
            Self::EfficientNetLite0 => {
                ("conv_stem.weight", [("config.arch", efficientnet::STEM), inputs, ("config.arch", 3)])
            }
            Self::Vit(config) => {
                let (width, patch) = (config.size.width(), config.patch_side());
                ("patch_embed.proj.weight", [("config.size", width), inputs, ("config.patch", patch)])
            }
            Self::ConvNext(config) => {
                let (width, patch) = (config.size.widths()[0], config.patch_side());
                ("stem.0.weight", [("config.size", width), inputs, ("config.patch", patch)])
            }
        }
    }

    /// Layers' costs on images of `channels x height x width`, and the size of the last feature map.
    pub(crate) fn sum(&self, channels: usize, height: usize, width: usize) -> (Sum, [usize; 2]) {
        match self {
            Self::ResNet(config) => config.sum(channels, height, width),
            Self::EfficientNetLite0 => efficientnet::sum(channels, height, width),
            Self::Vit(config) => config.sum(channels, height, width),
            Self::ConvNext(config) => config.sum(channels, height, width),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stem(config: &BackboneConfig) -> Stem {
        let BackboneConfig::ResNet(config) = config else { panic!("{config:?}") };
        config.stem
    }

    fn auto(height: usize, width: usize) -> Stem {
        let (config, _) = BackboneConfig::resnet(Arch::ResNet10, 16).resolve(height, width).unwrap();
        stem(&config)
    }

    #[test]
    fn the_stem_follows_the_image_size() {
        assert_eq!(auto(12, 12), Stem::Small);
        assert_eq!(auto(28, 28), Stem::Strided);
        assert_eq!(auto(96, 96), Stem::Strided);
        assert_eq!(auto(128, 128), Stem::Imagenet);
        assert_eq!(auto(32, 200), Stem::Imagenet);
        let fixed = BackboneConfig::default().with_stem(Stem::Small).resolve(224, 224).unwrap();
        assert_eq!((stem(&fixed.0), fixed.1.len()), (Stem::Small, 0));
        let (_, reasons) = BackboneConfig::default().resolve(28, 28).unwrap();
        assert!(reasons[0].starts_with("stem = strided (3x3 stride 2: images are 28x28"), "{reasons:?}");
    }

    #[test]
    fn what_cannot_work_is_refused_with_a_way_out() {
        let error = BackboneConfig::resnet(Arch::ResNet10, 0).resolve(28, 28).unwrap_err().to_string();
        assert!(error.starts_with("width = 0 cannot work") && error.contains("16"), "{error}");
        let error = BackboneConfig::default().resolve(4, 4).unwrap_err().to_string();
        assert!(error.contains("image_size"), "{error}");
    }

    #[test]
    fn configs_are_strict_json() {
        let config: BackboneConfig = serde_json::from_str(r#"{"arch": "resnet18", "stem": "strided"}"#).unwrap();
        assert_eq!(config, BackboneConfig::resnet(Arch::ResNet18, 64).with_stem(Stem::Strided));
        for wrong in [
            r#"{"depth": 18}"#,
            r#"{"arch": "efficientnet_lite0", "width": 64}"#,
            r#"{"arch": "resnet18", "width": null}"#,
            r#"{"arch": "resnet19"}"#,
            r#"{"arch": "vit", "stem": "small"}"#,
            r#"{"arch": "vit", "size": "enormous"}"#,
            r#"{"arch": "vit", "size": "atto"}"#,
            r#"{"arch": "convnext", "size": "giant"}"#,
            r#"{"arch": "convnext", "grid": [1, 1]}"#,
            r#"{"arch": "convnext", "drop_path": 2}"#,
        ] {
            assert!(serde_json::from_str::<BackboneConfig>(wrong).is_err(), "{wrong}");
        }
        let settled = VitConfig { patch: Some(8), grid: Some([4, 5]), registers: 4, ..VitConfig::default() };
        // What files of before say, and the stages' names hang on, to the byte.
        let written = r#"{"arch":"resnet18","width":64,"stem":"strided","zero_init_residual":false}"#;
        assert_eq!(serde_json::to_string(&config).unwrap(), written);
        let plain = serde_json::to_string(&BackboneConfig::from(VitConfig::default())).unwrap();
        let written =
            r#"{"arch":"vit","size":"tiny","registers":0,"layer_scale":false,"positions":"learned","pool":"cls"}"#;
        assert_eq!(plain, written);
        let next = ConvNextConfig { patch: Some(2), ..ConvNextConfig::default() };
        let other = VitConfig {
            mlp: crate::VitMlp::Swiglu,
            class_token: false,
            drop_path: 0.25.try_into().unwrap(),
            ..VitConfig::default()
        };
        let wide = BackboneConfig::resnet(Arch::WideResNet50, 64);
        for config in [
            config.clone(),
            BackboneConfig::EfficientNetLite0,
            VitConfig::default().into(),
            settled.into(),
            ConvNextConfig::default().into(),
            next.into(),
            other.into(),
            wide,
        ] {
            let again: BackboneConfig = serde_json::from_str(&serde_json::to_string(&config).unwrap()).unwrap();
            assert_eq!(again, config);
        }
        assert_eq!(config.name(), "resnet18-w64-strided");
    }
}
