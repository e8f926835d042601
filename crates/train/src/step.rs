//! The one place that all gradients pass through.

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::optim::{GradientsAccumulator, GradientsParams};
use burn::tensor::{Device, Tensor};
use foretask_backend::Path;
use foretask_backend::update::square_sum;

use crate::optim::Optimizer;

/// How one update is made.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Update {
    /// Learning rate before the optimizer's factors for parts.
    pub learning_rate: f64,
    /// Gradients are scaled down together so that their global L2 norm is at most this.
    pub clip_norm: Option<f64>,
}

/// The gradients of a scalar loss with respect to the module's parameters. Consumes the loss's graph.
pub fn gradients<M: Module>(loss: &Tensor<1>, module: &M) -> GradientsParams {
    GradientsParams::from_grads(loss.backward(), module)
}

/// Sums the gradients of several batches; divide each batch's loss by their number for a mean.
pub fn accumulate<M: Module>(sum: Option<GradientsParams>, more: GradientsParams, module: &M) -> GradientsParams {
    let Some(sum) = sum else { return more };
    let mut accumulator = GradientsAccumulator::new();
    accumulator.accumulate(module, sum);
    accumulator.accumulate(module, more);
    accumulator.grads()
}

/// Updates every parameter that has a gradient, and returns the module with the gradients' global L2 norm (before
/// clipping) as a tensor of one number, which is not read here: a step never waits for the device.
///
/// Every gradient of every kind of training passes through this function, summed over ranks where there are several. Clipping follows `torch.nn.utils.clip_grad_norm_`: the factor is
/// `min(1, clip / (norm + 1e-6))`.
pub fn step<M: Module>(
    module: M,
    gradients: GradientsParams,
    optimizer: &mut Optimizer,
    update: &Update,
) -> (M, Tensor<1>) {
    let mut squares = Squares { gradients: &gradients, sums: Vec::new() };
    module.visit(&mut squares);
    let norm = match squares.sums.len() {
        // A module without a single gradient: nothing moves, and the norm is zero.
        0 => Tensor::zeros([1], &Device::flex()),
        _ => Tensor::cat(squares.sums, 0).sum().sqrt(),
    };
    let scales = update.clip_norm.map(|clip| {
        let factor = norm.clone().add_scalar(1e-6).recip().mul_scalar(clip).clamp_max(1.0);
        // Clipping is of gradients, not of weight decay.
        Tensor::cat(vec![factor.clone(), factor.ones_like()], 0)
    });
    let mut updates =
        Updates { gradients, optimizer, scales, learning_rate: update.learning_rate, path: Path::default() };
    (module.map(&mut updates), norm)
}

struct Squares<'a> {
    gradients: &'a GradientsParams,
    sums: Vec<Tensor<1>>,
}

impl ModuleVisitor for Squares<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if let Some(gradient) = self.gradients.get::<D>(param.id) {
            self.sums.push(square_sum(gradient));
        }
    }
}

struct Updates<'a> {
    gradients: GradientsParams,
    optimizer: &'a mut Optimizer,
    scales: Option<Tensor<1>>,
    learning_rate: f64,
    path: Path,
}

impl ModuleMapper for Updates<'_> {
    fn enter_module(&mut self, name: &str, container: &str) {
        self.path.enter(name, container);
    }

    fn exit_module(&mut self, _name: &str, container: &str) {
        self.path.exit(container);
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let Some(gradient) = self.gradients.remove::<D>(param.id) else { return param };
        let path = self.path.name();
        let scales = self.scales.clone();
        param.map(|value| {
            let value = self.optimizer.update(&path, value.inner(), gradient, scales, self.learning_rate);
            Tensor::from_inner(value).require_grad()
        })
    }
}
