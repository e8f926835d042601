//! What stands on the encoder during pretraining.

use burn::module::Module;
use burn::tensor::Device;
use foretask_backend::Scope;
use foretask_models::{
    ClassHead, DecoderConfig, DecoderHead, DinoConfig, DinoHead, Head, ImitationConfig, ImitationHead, PixelsConfig,
    PixelsHead, PredictionConfig, PredictionHead, ProjectionConfig, ProjectionHead, PrototypesConfig, PrototypesHead,
    RestorerConfig, RestorerHead, TileConfig, TileHead, VectorConfig, VectorHead,
};
use serde::{Deserialize, Serialize};

/// What stands on the backbone, as plain data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum HeadConfig {
    /// To embeddings that are compared.
    Projection(ProjectionConfig),
    /// To embeddings, and predictions of others from them.
    Prediction(PredictionConfig),
    /// To embeddings that are held against prototypes.
    Prototypes(PrototypesConfig),
    /// To DINO's answers.
    Dino(DinoConfig),
    /// To an image.
    Decoder(DecoderConfig),
    /// To class scores.
    Class {
        /// Length of the features.
        input: usize,
        /// Number of classes.
        classes: usize,
    },
    /// From several tiles to class scores.
    Tiles(TileConfig),
    /// To numbers.
    Vector(VectorConfig),
    /// To features of teachers.
    Imitation(ImitationConfig),
    /// From the tokens of some patches to an image.
    Restorer(RestorerConfig),
    /// From the tokens of all patches to an image.
    Pixels(PixelsConfig),
}

impl HeadConfig {
    /// A head with first values drawn from the scope.
    pub fn build(&self, scope: &Scope) -> Head {
        match self {
            Self::Projection(config) => Head::Projection(ProjectionHead::new(scope, config)),
            Self::Prediction(config) => Head::Prediction(PredictionHead::new(scope, config)),
            Self::Prototypes(config) => Head::Prototypes(PrototypesHead::new(scope, config)),
            Self::Dino(config) => Head::Dino(DinoHead::new(scope, config)),
            Self::Decoder(config) => Head::Decoder(DecoderHead::new(scope, config)),
            Self::Class { input, classes } => Head::Class(ClassHead::new(scope, *input, *classes)),
            Self::Tiles(config) => Head::Tiles(TileHead::new(scope, config)),
            Self::Vector(config) => Head::Vector(VectorHead::new(scope, config)),
            Self::Imitation(config) => Head::Imitation(ImitationHead::new(scope, config)),
            Self::Restorer(config) => Head::Restorer(RestorerHead::new(scope, config)),
            Self::Pixels(config) => Head::Pixels(PixelsHead::new(scope, config)),
        }
    }

    /// Numbers that are trained.
    pub(super) fn parameters(&self) -> u64 {
        // Counted on the module itself, without drawing anything.
        self.build(&Scope::unfilled(&Device::flex())).num_params() as u64
    }

    /// Bytes kept between forward and backward pass for so many inputs, roughly.
    pub(super) fn activation_bytes(&self, inputs: usize) -> u64 {
        // Similarities of all inputs with all, a few times over, beside the embeddings.
        let compared = |config: &ProjectionConfig| {
            inputs * (if config.deep { 6 } else { 3 } * config.hidden + 4 * config.output) + 5 * inputs * inputs
        };
        let numbers = match self {
            Self::Projection(config) => compared(config),
            Self::Prediction(config) => compared(&config.projection) + inputs * 3 * config.hidden,
            Self::Prototypes(config) => compared(&config.projection) + 6 * inputs * config.count,
            Self::Dino(config) => inputs * (8 * config.hidden + 2 * config.bottleneck + 6 * config.output),
            Self::Decoder(config) => {
                let [channels, height, width] = config.output;
                inputs * height * width * (3 * config.hidden / 4 + 6 * channels)
            }
            Self::Class { classes, .. } => 4 * inputs * classes,
            Self::Tiles(config) => {
                inputs * (2 * config.embedding.max(config.input) + 3 * config.hidden + config.classes)
            }
            Self::Vector(config) => inputs * (3 * config.hidden + 4 * config.output),
            Self::Imitation(config) => {
                config.teachers.iter().map(|teacher| 6 * inputs * teacher.features).sum::<usize>()
            }
            // A block keeps its input, two norms, queries, keys and values, attention's result, both hidden layers, and two sums.
            Self::Restorer(config) => {
                let token = (9 + 8) * config.width * config.depth + 4 * config.width + 6 * config.image.numbers();
                inputs * (config.image.count() + 1) * token
            }
            Self::Pixels(config) => inputs * config.image.count() * (2 * config.input + 6 * config.image.numbers()),
        };
        4 * numbers as u64
    }
}
