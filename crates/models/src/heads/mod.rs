//! What stands on a backbone while it is trained.

mod class;
mod decoder;
mod dino;
mod imitation;
mod mlp;
mod prediction;
mod projection;
mod prototypes;
mod restorer;
#[cfg(test)]
mod tests;
mod tiles;
mod vector;

pub use class::ClassHead;
pub use decoder::{DecoderConfig, DecoderHead};
pub use dino::{DinoConfig, DinoHead};
pub use imitation::{Imitated, ImitationConfig, ImitationHead, places_of};
pub use mlp::{LastNorm, Mlp};
pub use prediction::{PredictionConfig, PredictionHead};
pub use projection::{ProjectionConfig, ProjectionHead};
pub use prototypes::{Prototypes, PrototypesConfig, PrototypesHead};
pub use restorer::{PatchGrid, PixelsConfig, PixelsHead, RestorerConfig, RestorerHead};
pub use tiles::{TileConfig, TileHead};
pub use vector::{VectorConfig, VectorHead};

use burn::module::Module;

/// A head of any kind.
#[derive(Module, Debug)]
#[non_exhaustive]
#[allow(clippy::large_enum_variant, reason = "a run has one head")]
pub enum Head {
    /// Embeddings that are compared with each other.
    Projection(ProjectionHead),
    /// Embeddings that are predicted from each other.
    Prediction(PredictionHead),
    /// Embeddings that are compared with prototypes.
    Prototypes(PrototypesHead),
    /// Outputs that a teacher names.
    Dino(DinoHead),
    /// An image out of the last feature map.
    Decoder(DecoderHead),
    /// Class scores.
    Class(ClassHead),
    /// Class scores from several tiles.
    Tiles(TileHead),
    /// Numbers, or counts.
    Vector(VectorHead),
    /// Features of teachers.
    Imitation(ImitationHead),
    /// Images out of the tokens of some patches, by blocks of a transformer.
    Restorer(RestorerHead),
    /// Images out of the tokens of all patches, by one linear layer.
    Pixels(PixelsHead),
}
