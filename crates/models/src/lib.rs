#![doc = include_str!("../README.md")]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod backbone;
mod classifier;
mod config;
pub mod convnext;
mod cost;
#[cfg(test)]
mod curves;
pub mod efficientnet;
mod encoder;
mod error;
mod familiar;
mod file;
mod foreign;
pub mod heads;
mod input;
mod like;
mod onnx;
mod published;
mod rate;
#[cfg(test)]
mod reference;
pub mod resnet;
mod seen;
mod sides;
#[cfg(test)]
mod small;
mod stored;
mod sum;
mod tensor_names;
mod torch;
pub mod vit;
mod written;

pub use backbone::Backbone;
/// The tensor library of this crate's signatures, in the version whose tensors it takes and gives.
pub use burn;
pub use classifier::{Classifier, Network};
pub use config::BackboneConfig;
pub use convnext::{ConvNextConfig, ConvNextSize};
pub use cost::Cost;
pub use encoder::Encoder;
pub use error::{KNOWN_NETWORKS, ModelError, Result};
pub use familiar::Familiar;
pub use foreign::{ForeignOptions, Imported, load_torch_weights, load_weights};
pub use heads::{
    ClassHead, DecoderConfig, DecoderHead, DinoConfig, DinoHead, Head, Imitated, ImitationConfig, ImitationHead,
    LastNorm, PatchGrid, PixelsConfig, PixelsHead, PredictionConfig, PredictionHead, ProjectionConfig, ProjectionHead,
    Prototypes, PrototypesConfig, PrototypesHead, RestorerConfig, RestorerHead, TileConfig, TileHead, VectorConfig,
    VectorHead, places_of,
};
pub use input::{Fit, InputSpec};
pub use onnx::{OnnxInput, OnnxOptions, Opset};
pub use published::{License, PUBLISHED, Published, Source};
pub use rate::DropPath;
pub use resnet::{Arch, First, ResNetConfig, Stem};
pub use seen::{Overlap, Seen};
pub use torch::only_what;
pub use vit::{Places, Pool, Positions, Tokens, Vit, VitConfig, VitMlp, VitSize};
