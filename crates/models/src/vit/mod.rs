//! Vision transformers (Dosovitskiy et al. 2020, <https://arxiv.org/abs/2010.11929>) with timm's topology and state-dict names:
//! those of `DINO`, `DINOv2` with and without registers, `DINOv3`, `MAE`, `MoCo v3`, `I-JEPA` and supervised training are all
//! this one.

mod block;
mod config;
mod places;
mod positions;
#[cfg(test)]
mod tests;

use burn::module::{Module, Param};
use burn::tensor::Tensor;
use foretask_backend::layers::{Conv2d, LayerNorm, upsample_bilinear};
use foretask_backend::{Init, Scope, in_f32};

pub use self::block::{Attention, Block, LayerScale, Mlp};
pub(crate) use self::block::{BlockSizes, STD};
pub use self::config::{Pool, Positions, VitConfig, VitMlp, VitSize};
pub use self::places::Places;
pub use self::positions::Turn;
pub(crate) use self::positions::{Resize, resized, sincos, sines, turned};
use crate::like::like;
use crate::sum::{Sum, product};

/// The tokens that a vision transformer makes of images, normalized.
#[derive(Clone, Debug)]
pub struct Tokens {
    /// The class token, `[b, d]`; none where there is none.
    pub class: Option<Tensor<2>>,
    /// Registers, `[b, r, d]`; none where there are none.
    pub registers: Option<Tensor<3>>,
    /// A token a patch, row by row, `[b, rows * columns, d]`; those that were seen where not all of them were.
    pub patches: Tensor<3>,
    /// Rows and columns of patches, seen or not.
    pub grid: [usize; 2],
}

/// How patches become tokens.
#[derive(Module, Debug)]
pub struct PatchEmbed {
    /// A convolution whose kernel and stride are the patch.
    pub proj: Conv2d,
}

/// A vision transformer without its classifier.
#[derive(Module, Debug)]
pub struct Vit {
    /// `[1, 1, d]`, where there is one.
    pub cls_token: Option<Param<Tensor<3>>>,
    /// Registers, `[1, r, d]`, where there are some.
    pub reg_token: Option<Param<Tensor<3>>>,
    /// Learned positions: the class token's where there is one, then the patches' row by row, `[1, 1 + rows * columns, d]`.
    pub pos_embed: Option<Param<Tensor<3>>>,
    /// From pixels to tokens.
    pub patch_embed: PatchEmbed,
    /// The blocks.
    pub blocks: Vec<Block>,
    /// After the last block.
    pub norm: LayerNorm,
    /// Rows of the learned positions.
    rows: usize,
    /// Columns of the learned positions.
    columns: usize,
    patch: usize,
    /// Whether features have the class token, where there is one.
    class: bool,
    /// Whether features have the mean of the patches' tokens.
    mean: bool,
    /// Numbers of a head whose queries and keys are turned; 0 where they are not.
    turned: usize,
}

impl Vit {
    /// A network for images of `channels` channels.
    pub(crate) fn new(config: &VitConfig, channels: usize, scope: &Scope) -> Self {
        let (width, patch) = (config.size.width(), config.patch_side());
        let [rows, columns] = config.grid_sides();
        let normal = Init::Normal { std: STD };
        let learned = config.positions == Positions::Learned;
        let tokens = |name: &str, count: usize| scope.param(name, [1, count, width], normal);
        let at = scope.at("patch_embed").at("proj");
        Self {
            cls_token: config.class_token.then(|| tokens("cls_token", 1)),
            reg_token: (config.registers > 0).then(|| tokens("reg_token", config.registers)),
            pos_embed: learned.then(|| tokens("pos_embed", usize::from(config.class_token) + rows * columns)),
            patch_embed: PatchEmbed { proj: Conv2d::new(&at, [channels, width], patch, patch, 0).with_bias(&at) },
            blocks: (0..config.size.depth()).map(|i| Block::new(config, &scope.at("blocks").at(i), i)).collect(),
            norm: LayerNorm::new(&scope.at("norm"), width, config.epsilon()),
            rows,
            columns,
            patch,
            class: config.pool != Pool::Mean,
            mean: config.pool != Pool::Cls,
            turned: if config.positions == Positions::Rope { width / config.size.heads().max(1) } else { 0 },
        }
    }

    /// `[b, c, h, w]` to tokens. Where sides are no multiples of the patch (tiles and crops of some tasks), zeros, the mean color,
    /// fill up the last patches; on another grid than that of the learned positions, those are interpolated.
    pub fn forward_tokens(&self, x: Tensor<4>) -> Tokens {
        let (patches, grid) = self.embedded(x);
        self.through(self.placed(patches, grid), grid, None)
    }

    /// The same for an encoder that sees the patches at these places only, as `MAE`'s does: the tokens of patches are `[b, seen, d]`,
    /// in the order of the places.
    ///
    /// # Panics
    /// Where `places` are of another number of images or patches.
    pub fn forward_seen(&self, x: Tensor<4>, places: &Places) -> Tokens {
        let (patches, grid) = self.embedded(x);
        let (class, patches) = self.placed(patches, grid);
        self.through((class, places.seen(patches)), grid, Some(places))
    }

    /// The same with the patches that `hidden` (`[b, rows * columns, 1]`, 1 where something is hidden, 0 elsewhere) names replaced
    /// by a token `[1, 1, d]`, as `SimMIM` does: the encoder sees where they are, not what.
    pub fn forward_hidden(&self, x: Tensor<4>, hidden: Tensor<3>, token: Tensor<3>) -> Tokens {
        let (patches, grid) = self.embedded(x);
        let (hidden, token) = (like(hidden, &patches), like(token, &patches));
        let shown = hidden.clone().neg().add_scalar(1.0);
        self.through(self.placed(patches * shown + token * hidden, grid), grid, None)
    }

    /// Patches without their places, `[b, rows * columns, d]`, and rows and columns.
    fn embedded(&self, x: Tensor<4>) -> (Tensor<3>, [usize; 2]) {
        let [b, _, h, w] = x.dims();
        let missing = |side: usize| side.next_multiple_of(self.patch) - side;
        let x = match (missing(h), missing(w)) {
            (0, 0) => x,
            (below, beside) => x.pad([(0, 0), (0, 0), (0, below), (0, beside)], 0.0),
        };
        let map = self.patch_embed.proj.forward(x);
        let [_, d, rows, columns] = map.dims();
        (map.permute([0, 2, 3, 1]).reshape([b, rows * columns, d]), [rows, columns])
    }

    /// The class token `[1, 1, d]`, where there is one, and patches, both with their positions.
    fn placed(&self, patches: Tensor<3>, grid: [usize; 2]) -> (Option<Tensor<3>>, Tensor<3>) {
        let [_, _, d] = patches.dims();
        let class = self.cls_token.as_ref().map(|class| like(class.val(), &patches));
        if let Some(learned) = &self.pos_embed {
            let learned = like(learned.val(), &patches);
            let class = class.map(|class| class + learned.clone().narrow(1, 0, 1));
            (class, patches + self.learned(learned, grid))
        } else if self.turned == 0 {
            let fixed = like(sines(grid, d, &patches.device()), &patches);
            (class, patches + fixed)
        } else {
            (class, patches)
        }
    }

    /// Class token and patches, those of `places` where some are named, through the blocks.
    fn through(
        &self,
        (class, patches): (Option<Tensor<3>>, Tensor<3>),
        grid: [usize; 2],
        places: Option<&Places>,
    ) -> Tokens {
        let [b, count, _] = patches.dims();
        let registers = self.reg_token.as_ref().map(|registers| like(registers.val(), &patches));
        let [c, r] = [&class, &registers].map(|tokens| tokens.as_ref().map_or(0, |tokens| tokens.dims()[1]));
        let turn = (self.turned > 0).then(|| {
            let turn = Turn::new(grid, c + r, self.turned, &patches);
            match places {
                Some(places) => turn.at(places, c + r),
                None => turn,
            }
        });
        let leading = [class, registers].into_iter().flatten().map(|tokens| tokens.repeat_dim(0, b));
        let all = leading.chain([patches]).collect();
        let x = self.blocks.iter().fold(Tensor::cat(all, 1), |x, block| block.forward(x, turn.as_ref()));
        let x = self.norm.forward(x);
        Tokens {
            class: (c > 0).then(|| x.clone().narrow(1, 0, 1).squeeze_dim(1)),
            registers: (r > 0).then(|| x.clone().narrow(1, c, r)),
            patches: x.narrow(1, c + r, count),
            grid,
        }
    }

    /// The patches' positions for this grid, `[1, rows * columns, d]`.
    fn learned(&self, all: Tensor<3>, [rows, columns]: [usize; 2]) -> Tensor<3> {
        let [_, count, d] = all.dims();
        let class = usize::from(self.cls_token.is_some());
        let own = all.narrow(1, class, count - class);
        if [rows, columns] == [self.rows, self.columns] {
            return own;
        }
        let map = own.reshape([1, self.rows, self.columns, d]).permute([0, 3, 1, 2]);
        let map = upsample_bilinear(map, [rows, columns]);
        map.permute([0, 2, 3, 1]).reshape([1, rows * columns, d])
    }

    /// `[b, c, h, w]` to the patches' tokens as a map `[b, d, h / patch, w / patch]`, sides rounded up.
    pub fn forward_map(&self, x: Tensor<4>) -> Tensor<4> {
        as_map(self.forward_tokens(x))
    }

    /// `[b, c, h, w]` to features `[b, d]`: the class token, or the mean of the patches; or both, `[b, 2 d]`.
    pub fn forward(&self, x: Tensor<4>) -> Tensor<2> {
        self.summed_up(self.forward_tokens(x))
    }

    /// `[b, c, h, w]` to the map and the features of one pass.
    pub(crate) fn forward_both(&self, x: Tensor<4>) -> (Tensor<4>, Tensor<2>) {
        let tokens = self.forward_tokens(x);
        (as_map(tokens.clone()), self.summed_up(tokens))
    }

    /// Tokens to features `[b, d]` or `[b, 2 d]`, as [`forward`](Self::forward) has them.
    pub fn summed_up(&self, tokens: Tokens) -> Tensor<2> {
        let mean = |patches: Tensor<3>| in_f32(patches).mean_dim(1).squeeze_dim(1);
        match tokens.class.filter(|_| self.class) {
            Some(class) if self.mean => Tensor::cat(vec![in_f32(class), mean(tokens.patches)], 1),
            Some(class) => in_f32(class),
            None => mean(tokens.patches),
        }
    }
}

/// Patches `[b, rows * columns, d]` as a map `[b, d, rows, columns]`.
fn as_map(tokens: Tokens) -> Tensor<4> {
    let Tokens { patches, grid: [rows, columns], .. } = tokens;
    let [b, _, d] = patches.dims();
    patches.reshape([b, rows, columns, d]).permute([0, 3, 1, 2])
}

impl VitConfig {
    /// Layers' costs, and rows and columns of patches.
    pub(crate) fn sum(&self, channels: usize, height: usize, width: usize) -> (Sum, [usize; 2]) {
        let (d, patch) = (self.size.width(), self.patch_side());
        let map = self.map(height, width);
        let patches = product(&map);
        let leading = self.leading() as u64;
        let tokens = patches.saturating_add(leading);
        let pixels = product(&[channels, patch, patch]);
        let d64 = d as u64;
        let class = u64::from(self.class_token);
        let learned = if self.positions == Positions::Learned { class + product(&self.grid_sides()) } else { 0 };
        let singles = leading.saturating_add(learned).saturating_mul(d64);
        let hidden = self.hidden() as u64;
        let first = if self.mlp == VitMlp::Swiglu { 2 * hidden } else { hidden };
        let linear = 4 * d64 * d64 + (first + hidden) * d64;
        let scales = if self.layer_scale { 2 * d64 } else { 0 };
        let block = linear + 4 * d64 + first + d64 + 4 * d64 + scales;
        let depth = self.size.depth() as u64;
        let parameters = pixels.saturating_mul(d64).saturating_add(d64 + singles + depth * block + 2 * d64);
        let of_patches = patches.saturating_mul(pixels).saturating_mul(d64);
        let between = tokens.saturating_mul(tokens).saturating_mul(2 * d64);
        let blocks = depth.saturating_mul(tokens.saturating_mul(linear).saturating_add(between));
        // A block keeps its input, two norms, queries, keys and values, attention's result, both hidden layers, and two sums.
        let kept = tokens.saturating_mul(depth * (9 * d64 + first + hidden));
        let scores = product(&[self.size.heads()]).saturating_mul(tokens).saturating_mul(tokens);
        let most = tokens
            .saturating_mul(2 * d64 + first + hidden)
            .max(scores.saturating_mul(2).saturating_add(tokens * 4 * d64));
        let macs = of_patches.saturating_add(blocks);
        (Sum { parameters, statistics: 0, macs, kept, most }, map)
    }
}
