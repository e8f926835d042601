//! The network that learns, with the moving average of its weights.

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::{Device, Tensor};
use foretask_backend::layers::Statistic;
use foretask_models::Network;

/// A network and what follows it. Average and marginal are statistics of the module, so that checkpoints hold them and
/// nothing trains them.
#[derive(Module, Debug)]
pub(super) struct Student {
    pub(super) network: Network,
    /// Moving average of all parameters and running statistics, strung together in the module's order.
    pub(super) average: Statistic,
    /// Moving average of the teacher's answers, `[classes]`.
    pub(super) marginal: Statistic,
}

impl Student {
    /// A student that is its own average, and a marginal of equal shares.
    pub(super) fn new(network: Network, classes: usize, plain: &Device) -> Self {
        let average = Statistic::new(strung(&network));
        let marginal = Statistic::new(Tensor::full([classes], 1.0 / classes as f64, plain));
        Self { network, average, marginal }
    }

    /// Moves the average towards the newest weights, keeping `momentum` of itself.
    pub(super) fn average(&self, momentum: f64) {
        let newest = strung(&self.network);
        self.average.update(|old| old.mul_scalar(momentum) + newest.mul_scalar(1.0 - momentum));
    }

    /// Writes the average into a network of the same shapes on a device without gradient graph.
    pub(super) fn fill(&self, teacher: &mut Network) {
        let mut cut = Cut { from: self.average.value(), at: 0 };
        *teacher = teacher.clone().map(&mut cut);
    }
}

/// All numbers of a module as one vector without gradient graph.
fn strung(module: &impl Module) -> Tensor<1> {
    struct Collect(Vec<Tensor<1>>);
    impl ModuleVisitor for Collect {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            let value = param.val().without_autodiff();
            let count = value.shape().num_elements();
            self.0.push(value.reshape([count]));
        }
    }
    let mut collect = Collect(Vec::new());
    module.visit(&mut collect);
    Tensor::cat(collect.0, 0)
}

/// Deals a vector out to the parameters of a module, in the order of [`strung`].
struct Cut {
    from: Tensor<1>,
    at: usize,
}

impl ModuleMapper for Cut {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        param.map(|old| {
            let shape = old.shape();
            let count = shape.num_elements();
            let part = self.from.clone().narrow(0, self.at, count);
            self.at += count;
            part.reshape(shape)
        })
    }
}
