//! How a configuration stands in a file: one flat object for all networks.

use serde::{Deserialize, Deserializer, Serialize};

use crate::resnet::Stem;
use crate::vit::{Pool, Positions, VitSize};

/// The networks by the word that a file has for them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Network {
    #[default]
    ResNet10,
    ResNet18,
    ResNet34,
    ResNet50,
    #[serde(rename = "efficientnet_lite0")]
    EfficientNetLite0,
    Vit,
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
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub(crate) size: Option<VitSize>,
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
}

impl Written {
    /// The first field that is there, and is not in `all`.
    pub(crate) fn beyond(&self, all: &Self) -> Option<&'static str> {
        let fields = |written: &Self| {
            [
                ("width", written.width.is_some()),
                ("stem", written.stem.is_some()),
                ("zero_init_residual", written.zero_init_residual.is_some()),
                ("size", written.size.is_some()),
                ("patch", written.patch.is_some()),
                ("grid", written.grid.is_some()),
                ("registers", written.registers.is_some()),
                ("layer_scale", written.layer_scale.is_some()),
                ("positions", written.positions.is_some()),
                ("pool", written.pool.is_some()),
            ]
        };
        let found = fields(self).into_iter().zip(fields(all)).find(|((_, here), (_, there))| *here && !*there);
        found.map(|((name, _), _)| name)
    }
}

/// A field may be left out, but `null` is no value of it.
pub(crate) fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}
