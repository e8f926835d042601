//! The plan of a network, without weights.

use foretask_models::BackboneConfig;

/// A network; `stem: "auto"` is resolved where images are known.
#[derive(Debug, Clone, PartialEq)]
pub struct Network(pub BackboneConfig);

impl Network {
    /// Whether two plans mean the same network; an encoder has its stem settled where the script's net says `auto`.
    pub(crate) fn alike(&self, other: &Self) -> bool {
        self.0.may_be(&other.0)
    }
}
