//! The operations in the gradient graph.

use burn::backend::Autodiff;
use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;

use super::{Attended, RowNorm, TokenKernels, Tokens};

/// Hands each parent that wants one its gradient.
macro_rules! hand_out {
    ($backend:ty, $grads:expr, $parents:expr, $gradients:expr) => {
        for (parent, gradient) in $parents.into_iter().zip($gradients) {
            if let Some(parent) = parent {
                $grads.register::<$backend>(parent.id, gradient);
            }
        }
    };
}

/// A layer norm with parents x, scale, shift.
#[derive(Debug)]
struct Norm;

impl<B: TokenKernels> Backward<B, 3> for Norm {
    type State = RowNorm<B>;

    fn backward(self, ops: Ops<Self::State, 3>, grads: &mut Gradients, _: &mut Checkpointer) {
        let grad = grads.consume::<B>(&ops.node);
        hand_out!(B, grads, ops.parents, B::layer_norm_backward(ops.state, grad));
    }
}

#[derive(Debug)]
struct Gelu;

impl<B: TokenKernels> Backward<B, 1> for Gelu {
    type State = FloatTensor<B>;

    fn backward(self, ops: Ops<Self::State, 1>, grads: &mut Gradients, _: &mut Checkpointer) {
        let grad = grads.consume::<B>(&ops.node);
        hand_out!(B, grads, ops.parents, [B::gelu_gradient(ops.state, grad)]);
    }
}

/// Attention with parents queries, keys, values.
#[derive(Debug)]
struct Attention;

impl<B: TokenKernels> Backward<B, 3> for Attention {
    type State = Attended<B>;

    fn backward(self, ops: Ops<Self::State, 3>, grads: &mut Gradients, _: &mut Checkpointer) {
        let grad = grads.consume::<B>(&ops.node);
        hand_out!(B, grads, ops.parents, B::attention_backward(ops.state, grad));
    }
}

impl<B: TokenKernels, C: CheckpointStrategy> Tokens for Autodiff<B, C> {
    fn row_norm(
        x: FloatTensor<Self>,
        scale: FloatTensor<Self>,
        shift: FloatTensor<Self>,
        epsilon: f64,
    ) -> FloatTensor<Self> {
        let nodes = [x.node(), scale.node(), shift.node()];
        let [x, scale, shift] = [x, scale, shift].map(FloatTensor::<Self>::into_primitive);
        let [y, mean, inverse] = B::layer_norm_forward(x.clone(), scale.clone(), shift, epsilon);
        match Norm.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(prep) => prep.finish(RowNorm { x, mean, inverse, scale }, y),
            OpsKind::UnTracked(prep) => prep.finish(y),
        }
    }

    fn gaussian_unit(x: FloatTensor<Self>) -> FloatTensor<Self> {
        let (x, node) = x.into_parts();
        match Gelu.prepare::<C>([node]).compute_bound().stateful() {
            OpsKind::Tracked(prep) => prep.finish(x.clone(), B::gelu_forward(x)),
            OpsKind::UnTracked(prep) => prep.finish(B::gelu_forward(x)),
        }
    }

    fn attend(
        queries: FloatTensor<Self>,
        keys: FloatTensor<Self>,
        values: FloatTensor<Self>,
        scale: f64,
    ) -> FloatTensor<Self> {
        let nodes = [queries.node(), keys.node(), values.node()];
        let inputs = [queries, keys, values].map(FloatTensor::<Self>::into_primitive);
        let (result, sums) = B::attention_forward(&inputs, scale);
        match Attention.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(prep) => prep.finish(Attended { inputs, result: result.clone(), sums, scale }, result),
            OpsKind::UnTracked(prep) => prep.finish(result),
        }
    }
}
