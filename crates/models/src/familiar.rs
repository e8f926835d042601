//! What a classifier has seen labeled: enough to say of a new image that it is like nothing of that.

use serde::{Deserialize, Serialize};

use crate::{ModelError, Result};

/// Features of the labeled images that a classifier learned from, as its own encoder gives them.
#[derive(Clone, Debug, PartialEq)]
pub struct Familiar {
    /// `[images, dim]`, each of length 1.
    pub features: Vec<f32>,
    /// Length of a vector.
    pub dim: usize,
    /// What each image is called: its path as the manifest has it, or "row 17".
    pub names: Vec<String>,
    /// A new image farther than this (1 - cosine) from the nearest of them is unlike anything labeled; none where a single
    /// image was labeled.
    pub threshold: Option<f32>,
}

impl Familiar {
    /// Number of images.
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    pub(crate) fn check(&self, dim: usize) -> Result<()> {
        if self.dim == dim && self.features.len() == self.names.len() * dim {
            return Ok(());
        }
        Err(ModelError::Option {
            option: "familiar",
            value: self.names.len().to_string(),
            reason: format!(
                "{} numbers of {} a vector for {} images; the encoder's vectors have {dim}",
                self.features.len(),
                self.dim,
                self.names.len()
            ),
        })
    }
}

/// Stands in a file's description beside the tensor of the features.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct FamiliarNames {
    pub(crate) names: Vec<String>,
    // Said in so many words, so that one that got lost is not taken for none.
    #[serde(deserialize_with = "Option::deserialize")]
    pub(crate) threshold: Option<f32>,
}

/// The tensor's name; no network of torchvision has one like it.
pub(crate) const TENSOR: &str = "familiar.features";
