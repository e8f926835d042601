//! Which tensors of a file belong to what.

use crate::BackboneConfig;

/// Whether a tensor of a file of ours belongs to the encoder.
pub(crate) fn is_encoders(config: &BackboneConfig, name: &str) -> bool {
    let classifiers = name.strip_prefix(config.classifier()).is_some_and(|rest| rest.starts_with('.'));
    !classifiers && name != crate::familiar::TENSOR
}
