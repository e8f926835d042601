//! One answer from several tiles of an image.

use burn::module::Module;
use burn::tensor::Tensor;
use foretask_backend::Scope;
use foretask_backend::layers::{Linear, relu};
use serde::{Deserialize, Serialize};

use super::mlp::Mlp;

/// Sizes of a [`TileHead`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TileConfig {
    /// Length of the features of a tile.
    pub input: usize,
    /// Tiles of an image.
    pub tiles: usize,
    /// Length that each tile's features are brought to before they are joined, by a layer that all tiles share; 0 joins the
    /// features as they are.
    pub embedding: usize,
    /// Width of the hidden layer.
    pub hidden: usize,
    /// Classes.
    pub classes: usize,
}

impl TileConfig {
    /// Permutations of tiles: 1000 numbers a tile and 4096 hidden at `ImageNet`'s scale (Kolesnikov, Zhai and Beyer 2019,
    /// <https://arxiv.org/abs/1901.09005>); here half of the features a tile, and the features' length hidden.
    pub fn jigsaw(input: usize, tiles: usize, classes: usize) -> Self {
        Self { input, tiles, embedding: input.div_ceil(2), hidden: input, classes }
    }

    /// A pair of tiles whose features are joined as they are: relative position.
    pub fn pair(input: usize, classes: usize) -> Self {
        Self { input, tiles: 2, embedding: 0, hidden: input, classes }
    }
}

/// The features of an image's tiles, each through one shared layer with `ReLU`, joined in their order, then linear, batch
/// norm, `ReLU`, linear (Noroozi and Favaro 2016, <https://arxiv.org/abs/1603.09246>).
///
/// The shared layer has no batch norm: statistics over the tiles of an image would tell which belong together.
#[derive(Module, Debug)]
pub struct TileHead {
    /// Shared by all tiles.
    pub embedding: Option<Linear>,
    /// On the joined tiles.
    pub classifier: Mlp,
    /// Tiles of an image.
    #[module(skip)]
    tiles: usize,
}

impl TileHead {
    /// A new head.
    pub fn new(scope: &Scope, config: &TileConfig) -> Self {
        let TileConfig { input, tiles, embedding, hidden, classes } = *config;
        let shared = (embedding > 0).then(|| Linear::new(&scope.at("embedding"), input, embedding));
        let joined = tiles * if embedding > 0 { embedding } else { input };
        Self { embedding: shared, classifier: Mlp::new(&scope.at("classifier"), joined, hidden, classes), tiles }
    }

    /// Tiles of an image that one answer is about.
    pub fn tiles(&self) -> usize {
        self.tiles
    }

    /// Features `[n * tiles, d]`, the tiles of an image after each other, to logits `[n, classes]`. For relative position the
    /// neighbor comes first, then the center.
    ///
    /// # Panics
    /// Where the rows are no multiple of the tiles.
    pub fn forward(&self, features: Tensor<2>) -> Tensor<2> {
        let x = match &self.embedding {
            Some(embedding) => relu(embedding.forward(features)),
            None => features,
        };
        let [rows, d] = x.dims();
        self.classifier.forward(x.reshape([rows / self.tiles, self.tiles * d]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::heads::tests::{names, training, wave};

    #[test]
    fn tiles_are_joined_image_by_image() {
        let head = TileHead::new(&training(), &TileConfig::jigsaw(6, 3, 5)).valid();
        let x = wave([12, 6]).inner();
        let all = head.forward(x.clone());
        assert_eq!(all.dims(), [4, 5]);
        // Inference looks at one image at a time: the second image alone gives the second row.
        let second = head.forward(x.clone().slice([3..6, 0..6])).try_into_vec_as::<f32>().unwrap();
        assert_eq!(all.slice([1..2, 0..5]).try_into_vec_as::<f32>().unwrap(), second);
        // The order of tiles matters.
        let turned = Tensor::cat(vec![x.clone().slice([4..6, 0..6]), x.slice([3..4, 0..6])], 0);
        assert_ne!(head.forward(turned).try_into_vec_as::<f32>().unwrap(), second);
    }

    #[test]
    fn a_pair_has_no_shared_layer() {
        let head = TileHead::new(&training(), &TileConfig::pair(6, 8));
        assert_eq!(head.forward(wave([8, 6])).dims(), [4, 8]);
        assert_eq!(head.classifier.linear1.weight.val().dims(), [6, 12]);
        assert!(!names(&head).iter().any(|name| name.starts_with("embedding")));
    }
}
