//! The network that is trained: an encoder and a head for each of its tasks.

use burn::module::Module;
use burn::tensor::{Device, Tensor, TensorData};
use foretask_backend::{Precision, Scope, host_tensor, in_f32, upload};
use foretask_models::{Backbone, Head, InputSpec};
use foretask_pretext::Inputs;

use super::batches::Block;
use super::heads::HeadConfig;

/// An encoder and the heads of all tasks, in their order.
#[derive(Module, Debug)]
pub(super) struct Learner {
    pub(super) encoder: Backbone,
    pub(super) heads: Vec<Head>,
}

impl Learner {
    /// Heads with first values drawn from the seed.
    pub(super) fn new<'a>(encoder: Backbone, heads: impl Iterator<Item = &'a HeadConfig>, scope: &Scope) -> Self {
        // The first head draws what it would draw alone, so that a further task does not change it.
        let place = |index: usize| if index == 0 { scope.at("head") } else { scope.at("heads").at(index) };
        let heads = heads.enumerate().map(|(index, head)| head.build(&place(index))).collect();
        Self { encoder, heads }
    }
}

/// What one task sees of the learner.
#[derive(Clone, Copy, Debug)]
pub(super) struct TaskView<'a> {
    pub(super) encoder: &'a Backbone,
    pub(super) head: &'a Head,
    pub(super) normalizer: &'a Normalizer,
}

impl<'a> TaskView<'a> {
    /// The task with this number.
    pub(super) fn of(learner: &'a Learner, task: usize, normalizer: &'a Normalizer) -> Self {
        Self { encoder: &learner.encoder, head: &learner.heads[task], normalizer }
    }
}

/// Brings inputs from 0..1 to mean 0 and standard deviation 1 a channel, on the device.
#[derive(Clone, Debug)]
pub(super) struct Normalizer {
    mean: Tensor<4>,
    std: Tensor<4>,
    precision: Precision,
    pub(super) device: Device,
}

impl Normalizer {
    /// `device` without gradient graph: inputs have none.
    pub(super) fn new(input: &InputSpec, precision: Precision, device: &Device) -> Self {
        let shape = [1, input.channels, 1, 1];
        let tensor = |values: &[f32]| Tensor::from_data(TensorData::new(values.to_vec(), shape), device);
        Self { mean: tensor(&input.mean), std: tensor(&input.std), precision, device: device.clone() }
    }

    /// Inputs as the network takes them.
    pub(super) fn block(&self, inputs: Inputs) -> Block {
        let Inputs { data, shape, per_image } = inputs;
        self.normalized(self.images(data, shape), per_image)
    }

    /// The same for inputs that are on the device already.
    pub(super) fn normalized(&self, x: Tensor<4>, per_image: usize) -> Block {
        Block { x: self.precision.input(x.sub(self.mean.clone()).div(self.std.clone())), per_image }
    }

    /// Back to 0..1, on the host.
    pub(super) fn pixels(&self, block: &Block) -> Vec<f32> {
        host_tensor(in_f32(block.x.clone()).mul(self.std.clone()).add(self.mean.clone())).data
    }

    /// Numbers as they are.
    pub(super) fn images(&self, data: Vec<f32>, shape: foretask_pretext::Shape) -> Tensor<4> {
        let n = data.len() / shape.len().max(1);
        upload(data, [n, shape.channels, shape.height, shape.width], &self.device)
    }
}
