//! How a configuration stands in a file: one flat object for all networks.

use serde::{Deserialize, Deserializer, Serialize};

use crate::rate::DropPath;
use crate::resnet::Stem;
use crate::vit::{Pool, Positions, VitMlp};

/// The networks by the word that a file has for them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Network {
    #[default]
    ResNet10,
    ResNet18,
    ResNet34,
    ResNet50,
    ResNet101,
    ResNet152,
    #[serde(rename = "wide_resnet50_2")]
    WideResNet50,
    #[serde(rename = "wide_resnet101_2")]
    WideResNet101,
    ResNet50d,
    #[serde(rename = "efficientnet_lite0")]
    EfficientNetLite0,
    Vit,
    ConvNext,
}

/// Every field of every network's configuration; those of other networks are not there.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Written {
    pub(crate) arch: Network,
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub(crate) width: Option<usize>,
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub(crate) stem: Option<Stem>,
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub(crate) zero_init_residual: Option<bool>,
    /// Of transformers and `ConvNeXt`s, which have names of their own.
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub(crate) size: Option<String>,
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub(crate) patch: Option<usize>,
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub(crate) grid: Option<[usize; 2]>,
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub(crate) registers: Option<usize>,
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub(crate) layer_scale: Option<bool>,
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub(crate) positions: Option<Positions>,
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub(crate) pool: Option<Pool>,
    // What follows is written only where it is not what every file of before had.
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub(crate) mlp: Option<VitMlp>,
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub(crate) class_token: Option<bool>,
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub(crate) drop_path: Option<DropPath>,
}

impl Written {
    /// The first field that is there, and that this network does not have.
    pub(crate) fn beyond(&self) -> Option<&'static str> {
        const RESNET: &[&str] = &["width", "stem", "zero_init_residual"];
        const CONVNEXT: &[&str] = &["size", "patch", "drop_path"];
        const VIT: &[&str] = &[
            "size",
            "patch",
            "grid",
            "registers",
            "layer_scale",
            "positions",
            "pool",
            "mlp",
            "class_token",
            "drop_path",
        ];
        let own = match self.arch {
            Network::EfficientNetLite0 => &[],
            Network::Vit => VIT,
            Network::ConvNext => CONVNEXT,
            _ => RESNET,
        };
        let fields = [
            ("width", self.width.is_some()),
            ("stem", self.stem.is_some()),
            ("zero_init_residual", self.zero_init_residual.is_some()),
            ("size", self.size.is_some()),
            ("patch", self.patch.is_some()),
            ("grid", self.grid.is_some()),
            ("registers", self.registers.is_some()),
            ("layer_scale", self.layer_scale.is_some()),
            ("positions", self.positions.is_some()),
            ("pool", self.pool.is_some()),
            ("mlp", self.mlp.is_some()),
            ("class_token", self.class_token.is_some()),
            ("drop_path", self.drop_path.is_some()),
        ];
        fields.into_iter().find(|(name, here)| *here && !own.contains(name)).map(|(name, _)| name)
    }
}

/// A field may be left out, but `null` is no value of it.
pub(crate) fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}
