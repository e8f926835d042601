//! The plan of a network, without weights.

use foretask_models::BackboneConfig;

/// A network of the script; `stem: "auto"` is resolved where images are known.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Net(pub(crate) BackboneConfig);
