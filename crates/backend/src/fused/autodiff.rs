//! The operations in the gradient graph.

use std::sync::{Arc, Mutex, PoisonError};

use burn::backend::Autodiff;
use burn::backend::autodiff::NodeId;
use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::retro_forward::RetroForward;
use burn::backend::autodiff::checkpoint::state::BackwardStates;
use burn::backend::autodiff::checkpoint::strategy::{BalancedCheckpointing, CheckpointStrategy};
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{AutodiffBackend, Backend, TensorMetadata};
use burn::tensor::DType;

/// A tensor in the graph over `B`.
type AutodiffTensor<B> = FloatTensor<Autodiff<B>>;

use super::{Activation, Epilogue, Fused, Kernels, NormOptions, NormState, Step, composed, ranks};
use crate::optional::Optional;

#[derive(Debug)]
struct Conv2d;

impl<B: Kernels> Backward<B, 2> for Conv2d {
    /// The input is asked for by its node: where it is a norm's result, it is computed once more.
    type State = (NodeId, FloatTensor<B>, Step);

    fn backward(self, ops: Ops<Self::State, 2>, grads: &mut Gradients, kept: &mut Checkpointer) {
        let grad = grads.consume::<B>(&ops.node);
        let (x, weight, step) = ops.state;
        let x: FloatTensor<B> = kept.retrieve_node_output(x);
        let wanted = ops.parents.each_ref().map(Option::is_some);
        let gradients = B::conv2d_backward(x, weight, grad, step, wanted);
        for (parent, gradient) in ops.parents.into_iter().zip(gradients) {
            if let (Some(parent), Some(gradient)) = (parent, gradient) {
                grads.register::<B>(parent.id, gradient);
            }
        }
    }
}

/// A batch norm with parents x, scale, shift.
#[derive(Debug)]
struct Norm;

impl<B: Kernels> Backward<B, 3> for Norm {
    type State = NormState<B>;

    fn backward(self, ops: Ops<Self::State, 3>, grads: &mut Gradients, _: &mut Checkpointer) {
        let grad = grads.consume::<B>(&ops.node);
        let gradients = ranks::norm_backward::<B>(ops.state, grad, false);
        for (parent, gradient) in ops.parents.into_iter().zip([gradients.x, gradients.scale, gradients.shift]) {
            if let Some(parent) = parent {
                grads.register::<B>(parent.id, gradient);
            }
        }
    }
}

/// A batch norm with parents x, scale, shift, shortcut.
#[derive(Debug)]
struct NormAdd;

impl<B: Kernels> Backward<B, 4> for NormAdd {
    type State = NormState<B>;

    fn backward(self, ops: Ops<Self::State, 4>, grads: &mut Gradients, _: &mut Checkpointer) {
        let grad = grads.consume::<B>(&ops.node);
        let [x, scale, shift, shortcut] = ops.parents;
        let gradients = ranks::norm_backward::<B>(ops.state, grad, shortcut.is_some());
        let parents = [x, scale, shift, shortcut];
        let gradients = [Some(gradients.x), Some(gradients.scale), Some(gradients.shift), gradients.shortcut];
        for (parent, gradient) in parents.into_iter().zip(gradients) {
            if let (Some(parent), Some(gradient)) = (parent, gradient) {
                grads.register::<B>(parent.id, gradient);
            }
        }
    }
}

/// One of the two uses of a tensor. The gradient that comes first waits for the other one, so that their sum is ours to
/// make: burn's own knows nothing of channels-last memory.
#[derive(Debug)]
struct Use;

impl<B: Kernels> Backward<B, 1> for Use {
    /// The gradient that waits, shared by both uses.
    type State = Arc<Mutex<Option<FloatTensor<B>>>>;

    fn backward(self, ops: Ops<Self::State, 1>, grads: &mut Gradients, _: &mut Checkpointer) {
        let grad = grads.consume::<B>(&ops.node);
        let mut waiting = ops.state.lock().unwrap_or_else(PoisonError::into_inner);
        match (waiting.take(), ops.parents) {
            (Some(first), [Some(parent)]) => grads.register::<B>(parent.id, B::gradient_sum(first, grad)),
            (None, [Some(_)]) => *waiting = Some(grad),
            (_, [None]) => {}
        }
    }
}

#[derive(Debug)]
struct Mean;

impl<B: Kernels> Backward<B, 1> for Mean {
    type State = ([usize; 2], DType);

    fn backward(self, ops: Ops<Self::State, 1>, grads: &mut Gradients, _: &mut Checkpointer) {
        let grad = grads.consume::<B>(&ops.node);
        if let [Some(parent)] = ops.parents {
            let (size, dtype) = ops.state;
            grads.register::<B>(parent.id, B::mean_backward(grad, size, dtype));
        }
    }
}

#[derive(Debug)]
struct Enlarge;

impl<B: Kernels> Backward<B, 1> for Enlarge {
    type State = (FloatTensor<B>, [usize; 2]);

    fn backward(self, ops: Ops<Self::State, 1>, grads: &mut Gradients, _: &mut Checkpointer) {
        let grad = grads.consume::<B>(&ops.node);
        if let [Some(parent)] = ops.parents {
            let (x, size) = ops.state;
            grads.register::<B>(parent.id, B::enlarge_backward(x, grad, size));
        }
    }
}

/// Computes a norm's result once more for whoever needs it in the backward pass, so that it is not kept: a third of a
/// residual network's memory for one more pass over these activations.
#[derive(Debug)]
struct NormAgain<B: Backend> {
    x: NodeId,
    scale: NodeId,
    shift: NodeId,
    mean: FloatTensor<B>,
    variance: FloatTensor<B>,
    options: NormOptions,
}

impl<B: Kernels> RetroForward for NormAgain<B> {
    fn forward(&self, states: &mut BackwardStates, out_node: NodeId) {
        let [x, scale, shift] = [self.x, self.scale, self.shift].map(|node| states.get_state::<FloatTensor<B>>(&node));
        let state = NormState {
            x,
            scale,
            shift,
            mean: self.mean.clone(),
            variance: self.variance.clone(),
            result: None,
            options: self.options,
        };
        states.save(out_node, B::norm_again(state));
    }
}

/// A batch norm's forward pass: result, mean, variance, and what its backward pass needs.
fn norm<B: Kernels>(
    inputs: [&AutodiffTensor<B>; 3],
    shortcut: Option<AutodiffTensor<B>>,
    options: NormOptions,
) -> (FloatTensor<B>, NormState<B>) {
    let [x, scale, shift] = inputs.map(|tensor| tensor.primitive().clone());
    let shortcut = shortcut.map(AutodiffTensor::into_primitive);
    let kept = options.activation != Activation::None && shortcut.is_some();
    let (result, mean, variance) = ranks::norm_forward::<B>(x.clone(), scale.clone(), shift.clone(), shortcut, options);
    let state = NormState { x, scale, shift, mean, variance, result: kept.then(|| result.clone()), options };
    (result, state)
}

/// A batch norm of x, scale and shift with a shortcut; its result is kept.
fn norm_add<B: Kernels, C: CheckpointStrategy>(
    [x, scale, shift]: [AutodiffTensor<B>; 3],
    shortcut: AutodiffTensor<B>,
    options: NormOptions,
) -> (AutodiffTensor<B>, AutodiffTensor<B>, AutodiffTensor<B>) {
    let nodes = [x.node(), scale.node(), shift.node(), shortcut.node()];
    let (result, state) = norm::<B>([&x, &scale, &shift], Some(shortcut), options);
    let (mean, variance) = (state.mean.clone(), state.variance.clone());
    let result = match NormAdd.prepare::<C>(nodes).compute_bound().stateful() {
        OpsKind::Tracked(prep) => prep.finish(state, result),
        OpsKind::UnTracked(prep) => prep.finish(result),
    };
    (result, Autodiff::<B, C>::from_inner(mean), Autodiff::<B, C>::from_inner(variance))
}

impl<B: Kernels, C: CheckpointStrategy> Fused for Autodiff<B, C> {
    fn fused_conv2d(x: FloatTensor<Self>, weight: FloatTensor<Self>, step: Step) -> FloatTensor<Self> {
        let prepared = Conv2d.prepare::<C>([x.node(), weight.node()]).compute_bound().stateful();
        let (input, weight) = (x.primitive().clone(), weight.into_primitive());
        match prepared {
            OpsKind::Tracked(mut prep) => {
                let state = (prep.checkpoint(&x), weight.clone(), step);
                prep.finish(state, B::conv2d_forward(input, weight, step))
            }
            OpsKind::UnTracked(prep) => prep.finish(B::conv2d_forward(input, weight, step)),
        }
    }

    fn fused_norm(
        x: FloatTensor<Self>,
        scale: FloatTensor<Self>,
        shift: FloatTensor<Self>,
        shortcut: Optional<Self>,
        options: NormOptions,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        if let Optional::Present(shortcut) = shortcut {
            return norm_add::<B, C>([x, scale, shift], shortcut, options);
        }
        let inputs = [&x, &scale, &shift];
        let (result, state) = norm::<B>(inputs, None, options);
        let (mean, variance) = (state.mean.clone(), state.variance.clone());
        let [x, scale, shift] = inputs.map(AutodiffTensor::<B>::id);
        let again = NormAgain::<B> { x, scale, shift, mean: mean.clone(), variance: variance.clone(), options };
        let prepared = Norm
            .prepare::<BalancedCheckpointing>(inputs.map(AutodiffTensor::<B>::node))
            .memory_bound()
            .retro_forward(again)
            .parents(inputs);
        let result = match prepared.stateful() {
            OpsKind::Tracked(prep) => prep.finish(state, result),
            OpsKind::UnTracked(prep) => prep.finish(result),
        };
        (result, Self::from_inner(mean), Self::from_inner(variance))
    }

    fn fused_affine(x: FloatTensor<Self>, epilogue: Epilogue<Self>) -> FloatTensor<Self> {
        // Frozen norms are rare in training: differentiated through burn's operations.
        composed::affine::<Self>(x, epilogue)
    }

    fn fused_conv2d_affine(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        epilogue: Epilogue<Self>,
        step: Step,
    ) -> FloatTensor<Self> {
        Self::fused_affine(Self::fused_conv2d(x, weight, step), epilogue)
    }

    fn fused_fork(x: FloatTensor<Self>) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let nodes = [x.node(), x.node()];
        let x = x.into_primitive();
        let waiting = Arc::default();
        let [first, second] = nodes.map(|node| match Use.prepare::<C>([node]).compute_bound().stateful() {
            OpsKind::Tracked(prep) => prep.finish(Arc::clone(&waiting), x.clone()),
            OpsKind::UnTracked(prep) => prep.finish(x.clone()),
        });
        (first, second)
    }

    fn fused_mean(x: FloatTensor<Self>) -> FloatTensor<Self> {
        let [_, _, h, w] = x.shape().dims();
        let (x, node) = x.into_parts();
        match Mean.prepare::<C>([node]).compute_bound().stateful() {
            OpsKind::Tracked(prep) => prep.finish(([h, w], x.dtype()), B::mean_forward(x)),
            OpsKind::UnTracked(prep) => prep.finish(B::mean_forward(x)),
        }
    }

    fn fused_enlarge(x: FloatTensor<Self>, size: [usize; 2]) -> FloatTensor<Self> {
        let (x, node) = x.into_parts();
        match Enlarge.prepare::<C>([node]).compute_bound().stateful() {
            OpsKind::Tracked(prep) => prep.finish((x.clone(), size), B::enlarge_forward(x, size)),
            OpsKind::UnTracked(prep) => prep.finish(B::enlarge_forward(x, size)),
        }
    }
}
