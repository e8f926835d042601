//! What stands on a backbone while it is trained.

mod class;
mod decoder;
mod projection;

pub use class::ClassHead;
pub use decoder::{DecoderConfig, DecoderHead};
pub use projection::{ProjectionConfig, ProjectionHead};

use burn::module::Module;

/// A head of any kind.
#[derive(Module, Debug)]
#[non_exhaustive]
pub enum Head {
    /// Embeddings that are compared with each other.
    Projection(ProjectionHead),
    /// An image out of the last feature map.
    Decoder(DecoderHead),
    /// Class scores.
    Class(ClassHead),
}
