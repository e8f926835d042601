//! How pictures are compared.

use serde::{Deserialize, Serialize};

/// How pictures are compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PixelLoss {
    /// Mean absolute difference: sharper results.
    #[default]
    L1,
    /// Mean squared difference: what PSNR measures.
    L2,
}
