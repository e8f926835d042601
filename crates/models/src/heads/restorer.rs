//! Images out of a vision transformer's tokens.

use burn::module::{Module, Param};
use burn::tensor::Tensor;
use foretask_backend::layers::{LayerNorm, Linear};
use foretask_backend::{Init, Scope, in_f32};
use serde::{Deserialize, Serialize};

use crate::like::like;
use crate::vit::{Block, BlockSizes, Places, STD, Tokens, sines};

/// Numbers of a head of attention, as in MAE's decoder.
const HEAD: usize = 32;

/// The patches of which an image is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PatchGrid {
    /// Pixels along a patch's side.
    pub patch: usize,
    /// Rows and columns of patches.
    pub grid: [usize; 2],
    /// Channels of the image.
    pub channels: usize,
}

impl PatchGrid {
    /// Numbers of a patch.
    pub fn numbers(&self) -> usize {
        self.channels * self.patch * self.patch
    }

    /// Patches of an image.
    pub fn count(&self) -> usize {
        self.grid[0] * self.grid[1]
    }

    /// Patches `[b, rows * columns, channels * patch * patch]`, row by row, as images `[b, channels, h, w]`.
    fn image(&self, patches: Tensor<3>) -> Tensor<4> {
        let ([b, ..], [rows, columns], side) = (patches.dims(), self.grid, self.patch);
        let x: Tensor<6> = patches.reshape([b, rows, columns, self.channels, side, side]);
        x.permute([0, 3, 1, 4, 2, 5]).reshape([b, self.channels, rows * side, columns * side])
    }
}

/// Sizes of a [`RestorerHead`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RestorerConfig {
    /// Length of the encoder's tokens.
    pub input: usize,
    /// Length of the decoder's tokens: a multiple of 32, for each of which there is a head of attention.
    pub width: usize,
    /// Blocks.
    pub depth: usize,
    /// What is restored.
    pub image: PatchGrid,
}

/// The decoder of masked autoencoders (He et al. 2021, <https://arxiv.org/abs/2111.06377>): the tokens of seen patches, a learned one
/// for each hidden patch, sines and cosines of their places, blocks, and a linear layer to pixels.
#[derive(Module, Debug)]
pub struct RestorerHead {
    /// To the decoder's width.
    pub embed: Linear,
    /// Stands for what is hidden, `[1, 1, width]`.
    pub mask_token: Param<Tensor<3>>,
    /// The blocks.
    pub blocks: Vec<Block>,
    /// After the last block.
    pub norm: LayerNorm,
    /// To the pixels of a patch.
    pub pred: Linear,
    /// What is restored.
    #[module(skip)]
    image: PatchGrid,
}

impl RestorerHead {
    /// A new decoder.
    pub fn new(scope: &Scope, config: &RestorerConfig) -> Self {
        let RestorerConfig { input, width, depth, image } = *config;
        let sizes = BlockSizes::plain(width, (width / HEAD).max(1));
        Self {
            embed: Linear::normal(&scope.at("embed"), input, width, STD),
            mask_token: scope.param("mask_token", [1, 1, width], Init::Normal { std: STD }),
            blocks: (0..depth).map(|i| Block::of(sizes, &scope.at("blocks").at(i))).collect(),
            norm: LayerNorm::new(&scope.at("norm"), width, sizes.epsilon),
            pred: Linear::normal(&scope.at("pred"), width, image.numbers(), STD),
            image,
        }
    }

    /// What is restored.
    pub fn image(&self) -> PatchGrid {
        self.image
    }

    /// The tokens of what was seen at `places` to whole images `[b, channels, h, w]`: what was seen, too.
    ///
    /// # Panics
    /// Where the places are of other images than the tokens.
    pub fn forward(&self, tokens: Tokens, places: &Places) -> Tensor<4> {
        let seen = self.embed.forward_tokens(tokens.patches);
        let all = places.filled(seen.clone(), like(self.mask_token.val(), &seen));
        let [_, count, width] = all.dims();
        let all = all.clone() + like(sines(self.image.grid, width, &all.device()), &all);
        let (leading, all) = match tokens.class {
            // It belongs to no place.
            Some(class) => (1, Tensor::cat(vec![self.embed.forward_tokens(class.unsqueeze_dim(1)), all], 1)),
            None => (0, all),
        };
        let x = self.blocks.iter().fold(all, |x, block| block.forward(x, None));
        let x = self.norm.forward(x.narrow(1, leading, count));
        self.image.image(in_f32(self.pred.forward_tokens(x)))
    }
}

/// Sizes of a [`PixelsHead`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PixelsConfig {
    /// Length of the encoder's tokens.
    pub input: usize,
    /// What is restored.
    pub image: PatchGrid,
}

/// What `SimMIM` (Xie et al. 2022, <https://arxiv.org/abs/2111.09886>) has besides the encoder: a learned token that hides a patch from
/// it, and one linear layer from tokens to pixels.
#[derive(Module, Debug)]
pub struct PixelsHead {
    /// Stands for what is hidden, `[1, 1, input]`.
    pub mask_token: Param<Tensor<3>>,
    /// To the pixels of a patch.
    pub pred: Linear,
    /// What is restored.
    #[module(skip)]
    image: PatchGrid,
}

impl PixelsHead {
    /// A new head.
    pub fn new(scope: &Scope, config: &PixelsConfig) -> Self {
        let PixelsConfig { input, image } = *config;
        Self {
            mask_token: scope.param("mask_token", [1, 1, input], Init::Normal { std: STD }),
            pred: Linear::normal(&scope.at("pred"), input, image.numbers(), STD),
            image,
        }
    }

    /// What is restored.
    pub fn image(&self) -> PatchGrid {
        self.image
    }

    /// A token for each patch to images `[b, channels, h, w]`.
    pub fn forward(&self, tokens: Tokens) -> Tensor<4> {
        self.image.image(in_f32(self.pred.forward_tokens(tokens.patches)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::heads::tests::training;

    #[test]
    fn patches_lie_row_by_row_and_their_numbers_channel_by_channel() {
        let grid = PatchGrid { patch: 2, grid: [1, 2], channels: 2 };
        assert_eq!((grid.numbers(), grid.count()), (8, 2));
        let patches = Tensor::<1, burn::tensor::Int>::arange(0..16, training().device()).float().reshape([1, 2, 8]);
        let image = grid.image(patches);
        assert_eq!(image.dims(), [1, 2, 2, 4]);
        let values = image.into_data().try_to_vec::<f32>().unwrap();
        // By hand: each channel has the first patch's four numbers left, the second's right.
        let first = [0.0, 1.0, 8.0, 9.0, 2.0, 3.0, 10.0, 11.0];
        assert_eq!(values[..8], first);
        assert_eq!(values[8..], first.map(|value| value + 4.0));
    }
}
