//! Blocks of a vision transformer, normalized before each branch.

use burn::module::{Module, Param};
use burn::tensor::{FloatDType, Tensor};
use foretask_backend::layers::{LayerNorm, Linear, attention, gelu};
use foretask_backend::{Init, Scope};

use super::VitConfig;

/// Added to variances.
pub(super) const EPSILON: f64 = 1e-6;
/// The spread of first weights.
pub(super) const STD: f32 = 0.02;
/// Hidden numbers over a token's.
pub(super) const EXPANSION: usize = 4;
/// What a branch is scaled by at first, where it is.
const FIRST_SCALE: f32 = 1e-5;

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
}

impl Block {
    pub(super) fn new(config: &VitConfig, scope: &Scope) -> Self {
        let width = config.size.width();
        let scale = |name: &str| config.layer_scale.then(|| LayerScale::new(&scope.at(name), width));
        Self {
            norm1: LayerNorm::new(&scope.at("norm1"), width, EPSILON),
            attn: Attention::new(&scope.at("attn"), width, config.size.heads()),
            ls1: scale("ls1"),
            norm2: LayerNorm::new(&scope.at("norm2"), width, EPSILON),
            mlp: Mlp::new(&scope.at("mlp"), width),
            ls2: scale("ls2"),
        }
    }

    /// `[b, n, d]` to the same.
    pub fn forward(&self, x: Tensor<3>) -> Tensor<3> {
        let y = self.attn.forward(self.norm1.forward(x.clone()));
        let x = x + scaled(self.ls1.as_ref(), y);
        let y = self.mlp.forward(self.norm2.forward(x.clone()));
        x + scaled(self.ls2.as_ref(), y)
    }
}

fn scaled(scale: Option<&LayerScale>, y: Tensor<3>) -> Tensor<3> {
    match scale {
        Some(scale) => y.clone() * like(scale.gamma.val(), &y).unsqueeze(),
        None => y,
    }
}

/// `x` in the type of `y`.
pub(super) fn like<const D: usize, const E: usize>(x: Tensor<D>, y: &Tensor<E>) -> Tensor<D> {
    let dtype = y.dtype();
    if x.dtype() == dtype { x } else { x.cast(FloatDType::from(dtype)) }
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
}

impl Attention {
    fn new(scope: &Scope, width: usize, heads: usize) -> Self {
        Self {
            qkv: Linear::normal(&scope.at("qkv"), width, 3 * width, STD),
            proj: Linear::normal(&scope.at("proj"), width, width, STD),
            heads,
        }
    }

    fn forward(&self, x: Tensor<3>) -> Tensor<3> {
        let [b, n, d] = x.dims();
        let each = d / self.heads.max(1);
        let all = self.qkv.forward_tokens(x).reshape([b, n, 3, self.heads, each]);
        let [queries, keys, values] = [0, 1, 2].map(|part| {
            let part: Tensor<4> =
                all.clone().slice([0..b, 0..n, part..part + 1, 0..self.heads, 0..each]).squeeze_dim(2);
            part.swap_dims(1, 2)
        });
        let y = attention(queries, keys, values).swap_dims(1, 2).reshape([b, n, d]);
        self.proj.forward_tokens(y)
    }
}

/// Linear, GELU, linear.
#[derive(Module, Debug)]
pub struct Mlp {
    /// To four times as many numbers.
    pub fc1: Linear,
    /// And back.
    pub fc2: Linear,
}

impl Mlp {
    fn new(scope: &Scope, width: usize) -> Self {
        let hidden = EXPANSION * width;
        Self {
            fc1: Linear::normal(&scope.at("fc1"), width, hidden, STD),
            fc2: Linear::normal(&scope.at("fc2"), hidden, width, STD),
        }
    }

    fn forward(&self, x: Tensor<3>) -> Tensor<3> {
        self.fc2.forward_tokens(gelu(self.fc1.forward_tokens(x)))
    }
}
