//! How small an image a network takes.

use crate::error::{ModelError, Result};

/// The smallest image side that leaves every stage of a convolutional network something to see.
pub(crate) const MIN_SIDE: usize = 8;

/// Refuses images of fewer pixels a side than a network needs.
pub(crate) fn require_side(network: &str, height: usize, width: usize, least: usize) -> Result<()> {
    if height.min(width) >= least {
        return Ok(());
    }
    Err(ModelError::Option {
        option: "image_size",
        value: format!("{width}x{height}"),
        reason: format!("{network} needs at least {least} pixels a side; enlarge the images with image_size: 32"),
    })
}
