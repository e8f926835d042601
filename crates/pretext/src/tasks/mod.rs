//! One file a task: options, label generator, words.

pub(crate) mod rotation;
pub(crate) mod simclr;
pub(crate) mod super_resolution;

pub use rotation::Rotation;
pub use simclr::{Projector, SimClr};
pub use super_resolution::{PixelLoss, SuperResolution};
