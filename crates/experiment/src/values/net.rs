//! The plan of a network, without weights.

use foretask_models::{BackboneConfig, Stem};
use serde_json::json;

/// A network; `stem: "auto"` is resolved where images are known.
#[derive(Debug, Clone, PartialEq)]
pub struct Net(pub BackboneConfig);

impl Net {
    /// Whether two plans mean the same network; an encoder has its stem settled where the script's net says `auto`.
    pub(crate) fn alike(&self, other: &Self) -> bool {
        let open = |net: &Self| json!({ "arch": net.0.arch, "width": net.0.width, "zero": net.0.zero_init_residual });
        open(self) == open(other)
            && (self.0.stem == other.0.stem || self.0.stem == Stem::Auto || other.0.stem == Stem::Auto)
    }
}
