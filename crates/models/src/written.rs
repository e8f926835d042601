//! How a configuration stands in a file: one flat object for all networks.

use serde::{Deserialize, Deserializer, Serialize};

use crate::resnet::Stem;

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
}

/// A field may be left out, but `null` is no value of it.
pub(crate) fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}
