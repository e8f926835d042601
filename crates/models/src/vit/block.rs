//! Blocks of a vision transformer, normalized before each branch.

use burn::module::{Module, Param};
use burn::tensor::{Tensor, activation};
use foretask_backend::layers::{LayerNorm, Linear, attention, drop_path, gelu};
use foretask_backend::{Init, Scope};

use super::positions::Turn;
use super::{Positions, VitConfig, VitMlp};
use crate::like::like;

/// The spread of first weights.
pub(crate) const STD: f32 = 0.02;
/// What a branch is scaled by at first, where it is.
const FIRST_SCALE: f32 = 1e-5;

/// The sizes of a block, and what is done in it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BlockSizes {
    /// Length of a token.
    pub(crate) width: usize,
    /// Heads of attention.
    pub(crate) heads: usize,
    /// Numbers between the perceptron's layers.
    pub(crate) hidden: usize,
    /// Added to variances.
    pub(crate) epsilon: f64,
    /// Whether branches are scaled.
    pub(crate) layer_scale: bool,
    /// Whether the perceptron has gates.
    pub(crate) gated: bool,
    /// Whether queries and keys are turned by their places.
    pub(crate) turns: bool,
    /// How often a branch is left out while training.
    pub(crate) drop: f32,
}

impl BlockSizes {
    /// Those of block `number` of a network.
    fn of(config: &VitConfig, number: usize) -> Self {
        Self {
            width: config.size.width(),
            heads: config.size.heads(),
            hidden: config.hidden(),
            epsilon: config.epsilon(),
            layer_scale: config.layer_scale,
            gated: config.mlp == VitMlp::Swiglu,
            turns: config.positions == Positions::Rope,
            drop: config.drop_path.of_block(number, config.size.depth()),
        }
    }

    /// Those of a plain block: four times as many hidden numbers, GELU.
    pub(crate) fn plain(width: usize, heads: usize) -> Self {
        let (hidden, epsilon) = (4 * width, 1e-6);
        Self { width, heads, hidden, epsilon, layer_scale: false, gated: false, turns: false, drop: 0.0 }
    }
}

/// Attention, then a perceptron for each token.
#[derive(Module, Debug)]
pub struct Block {
    /// Before attention.
    pub norm1: LayerNorm,
    /// Between tokens.
    pub attn: Attention,
    /// Scales attention's result.
    pub ls1: Option<LayerScale>,
    /// Before the perceptron.
    pub norm2: LayerNorm,
    /// For each token.
    pub mlp: Mlp,
    /// Scales the perceptron's result.
    pub ls2: Option<LayerScale>,
    /// How often a branch is left out while training.
    drop: f32,
}

impl Block {
    /// Block `number` of a network.
    pub(super) fn new(config: &VitConfig, scope: &Scope, number: usize) -> Self {
        Self::of(BlockSizes::of(config, number), scope)
    }

    /// A block of these sizes.
    pub(crate) fn of(sizes: BlockSizes, scope: &Scope) -> Self {
        let BlockSizes { width, epsilon, .. } = sizes;
        let scale = |name: &str| sizes.layer_scale.then(|| LayerScale::new(&scope.at(name), width));
        Self {
            norm1: LayerNorm::new(&scope.at("norm1"), width, epsilon),
            attn: Attention::new(sizes, &scope.at("attn")),
            ls1: scale("ls1"),
            norm2: LayerNorm::new(&scope.at("norm2"), width, epsilon),
            mlp: Mlp::new(sizes, &scope.at("mlp")),
            ls2: scale("ls2"),
            drop: sizes.drop,
        }
    }

    /// `[b, n, d]` to the same. `turn` turns queries and keys, in networks that have it so.
    pub fn forward(&self, x: Tensor<3>, turn: Option<&Turn>) -> Tensor<3> {
        let y = self.attn.forward(self.norm1.forward(x.clone()), turn);
        let x = x + drop_path(scaled(self.ls1.as_ref(), y), self.drop);
        let y = self.mlp.forward(self.norm2.forward(x.clone()));
        x + drop_path(scaled(self.ls2.as_ref(), y), self.drop)
    }
}

fn scaled(scale: Option<&LayerScale>, y: Tensor<3>) -> Tensor<3> {
    match scale {
        Some(scale) => y.clone() * like(scale.gamma.val(), &y).unsqueeze(),
        None => y,
    }
}

/// A learned factor a channel.
#[derive(Module, Debug)]
pub struct LayerScale {
    /// `[d]`.
    pub gamma: Param<Tensor<1>>,
}

impl LayerScale {
    fn new(scope: &Scope, width: usize) -> Self {
        Self { gamma: scope.param("gamma", [width], Init::Constant { value: FIRST_SCALE }) }
    }
}

/// Attention of several heads between all tokens.
#[derive(Module, Debug)]
pub struct Attention {
    /// Queries, keys and values at once: `[3 d, d]`.
    pub qkv: Linear,
    /// After the heads: `[d, d]`.
    pub proj: Linear,
    heads: usize,
    /// Keys are turned by their places, and their bias counts for nothing.
    turns: bool,
}

impl Attention {
    fn new(BlockSizes { width, heads, turns, .. }: BlockSizes, scope: &Scope) -> Self {
        Self {
            qkv: Linear::normal(&scope.at("qkv"), width, 3 * width, STD),
            proj: Linear::normal(&scope.at("proj"), width, width, STD),
            heads,
            turns,
        }
    }

    /// Queries, keys and values, `[b, n, 3 d]`.
    fn all(&self, x: Tensor<3>) -> Tensor<3> {
        let [_, _, d] = x.dims();
        match &self.qkv.bias {
            Some(bias) if self.turns => {
                let bias = bias.val();
                let nothing = Tensor::zeros([d], &bias.device());
                let bias = Tensor::cat(vec![bias.clone().narrow(0, 0, d), nothing, bias.narrow(0, 2 * d, d)], 0);
                let plain = Linear { weight: self.qkv.weight.clone(), bias: None };
                let y = plain.forward_tokens(x);
                y.clone() + like(bias, &y).unsqueeze()
            }
            _ => self.qkv.forward_tokens(x),
        }
    }

    fn forward(&self, x: Tensor<3>, turn: Option<&Turn>) -> Tensor<3> {
        let [b, n, d] = x.dims();
        let each = d / self.heads.max(1);
        let all = self.all(x).reshape([b, n, 3, self.heads, each]);
        let [queries, keys, values] = [0, 1, 2].map(|part| {
            let part: Tensor<4> =
                all.clone().slice([0..b, 0..n, part..part + 1, 0..self.heads, 0..each]).squeeze_dim(2);
            part.swap_dims(1, 2)
        });
        let [queries, keys] = match turn {
            Some(turn) => [turn.of(queries), turn.of(keys)],
            None => [queries, keys],
        };
        let y = attention(queries, keys, values).swap_dims(1, 2).reshape([b, n, d]);
        self.proj.forward_tokens(y)
    }
}

/// Linear, GELU or a gate, linear.
#[derive(Module, Debug)]
pub struct Mlp {
    /// To the hidden numbers; to gates and hidden numbers where there are gates.
    pub fc1: Linear,
    /// And back.
    pub fc2: Linear,
    gated: bool,
}

impl Mlp {
    fn new(BlockSizes { width, hidden, gated, .. }: BlockSizes, scope: &Scope) -> Self {
        Self {
            fc1: Linear::normal(&scope.at("fc1"), width, if gated { 2 * hidden } else { hidden }, STD),
            fc2: Linear::normal(&scope.at("fc2"), hidden, width, STD),
            gated,
        }
    }

    fn forward(&self, x: Tensor<3>) -> Tensor<3> {
        let x = self.fc1.forward_tokens(x);
        if !self.gated {
            return self.fc2.forward_tokens(gelu(x));
        }
        let hidden = x.dims()[2] / 2;
        let gates = activation::silu(x.clone().narrow(2, 0, hidden));
        self.fc2.forward_tokens(gates * x.narrow(2, hidden, hidden))
    }
}
