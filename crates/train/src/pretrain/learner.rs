//! The network that is trained: an encoder with a head, and its loss on a batch.

use burn::module::Module;
use burn::tensor::{Device, Int, Tensor, TensorData};
use foretask_backend::layers::global_avg_pool;
use foretask_backend::{HostTensor, Scope, host_tensor};
use foretask_models::{
    Backbone, ClassHead, DecoderConfig, DecoderHead, Head, InputSpec, ProjectionConfig, ProjectionHead,
};
use foretask_objectives::{cross_entropy, l1_loss, l2_loss, nt_xent};
use foretask_pretext::{Batch, PixelLoss, Targets, Task};
use serde::{Deserialize, Serialize};

use super::gauges;
use crate::error::TrainError;
use crate::training::Forward;

/// What stands on the backbone, as plain data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum HeadConfig {
    /// To embeddings that are compared.
    Projection(ProjectionConfig),
    /// To an image.
    Decoder(DecoderConfig),
    /// To class scores.
    Class {
        /// Length of the features.
        input: usize,
        /// Number of classes.
        classes: usize,
    },
}

impl HeadConfig {
    /// A head with first values drawn from the scope.
    pub fn build(&self, scope: &Scope) -> Head {
        match self {
            Self::Projection(config) => Head::Projection(ProjectionHead::new(scope, config)),
            Self::Decoder(config) => Head::Decoder(DecoderHead::new(scope, config)),
            Self::Class { input, classes } => Head::Class(ClassHead::new(scope, *input, *classes)),
        }
    }

    /// Numbers that are trained.
    pub(super) fn parameters(&self) -> u64 {
        // Counted on the module itself, without drawing anything.
        self.build(&Scope::unfilled(&Device::flex())).num_params() as u64
    }

    /// Bytes kept between forward and backward pass for so many inputs, roughly.
    pub(super) fn activation_bytes(&self, inputs: usize) -> u64 {
        let numbers = match self {
            // Similarities of all inputs with all, a few times over, beside the embeddings.
            Self::Projection(config) => inputs * (3 * config.hidden + 4 * config.output) + 5 * inputs * inputs,
            Self::Decoder(config) => {
                let [channels, height, width] = config.output;
                inputs * height * width * (3 * config.hidden / 4 + 6 * channels)
            }
            Self::Class { classes, .. } => 4 * inputs * classes,
        };
        4 * numbers as u64
    }
}

/// An encoder and its head.
#[derive(Module, Debug)]
pub(super) struct Learner {
    pub(super) encoder: Backbone,
    pub(super) head: Head,
}

/// Brings inputs from 0..1 to mean 0 and standard deviation 1 a channel, on the device.
#[derive(Clone, Debug)]
pub(super) struct Normalizer {
    mean: Tensor<4>,
    std: Tensor<4>,
    device: Device,
}

impl Normalizer {
    /// `device` without gradient graph: inputs have none.
    pub(super) fn new(input: &InputSpec, device: &Device) -> Self {
        let shape = [1, input.channels, 1, 1];
        let tensor = |values: &[f32]| Tensor::from_data(TensorData::new(values.to_vec(), shape), device);
        Self { mean: tensor(&input.mean), std: tensor(&input.std), device: device.clone() }
    }

    /// `[n, channels, height, width]` of `data`.
    pub(super) fn inputs(&self, data: Vec<f32>, shape: foretask_pretext::Shape) -> Tensor<4> {
        images(data, shape, &self.device).sub(self.mean.clone()).div(self.std.clone())
    }
}

fn images(data: Vec<f32>, shape: foretask_pretext::Shape, device: &Device) -> Tensor<4> {
    let n = data.len() / shape.len().max(1);
    Tensor::from_data(TensorData::new(data, [n, shape.channels, shape.height, shape.width]), device)
}

/// What a head answered.
pub(super) enum Answer {
    Embeddings(Tensor<2>),
    Images(Tensor<4>),
    Logits(Tensor<2>),
}

impl Learner {
    /// Features `[n, d]` (asked for, they are computed for every task) and the head's answer.
    pub(super) fn answer(
        &self,
        x: Tensor<4>,
        features_wanted: bool,
    ) -> Result<(Option<Tensor<2>>, Answer), TrainError> {
        match &self.head {
            Head::Decoder(head) => {
                let map = self.encoder.forward_map(x);
                let features = features_wanted.then(|| global_avg_pool(map.clone()));
                Ok((features, Answer::Images(head.forward(map))))
            }
            Head::Projection(head) => {
                let features = self.encoder.forward(x);
                Ok((features_wanted.then(|| features.clone()), Answer::Embeddings(head.forward(features))))
            }
            Head::Class(head) => {
                let features = self.encoder.forward(x);
                Ok((features_wanted.then(|| features.clone()), Answer::Logits(head.forward(features))))
            }
            // `Head` may grow kinds that `HeadConfig` does not build.
            _ => Err(TrainError::NoHead { task: "this head" }),
        }
    }

    /// The loss of a batch, and its gauges where they are wanted.
    pub(super) fn forward(
        &self,
        task: &Task,
        batch: Batch,
        normalizer: &Normalizer,
        measure: bool,
    ) -> Result<Forward, TrainError> {
        let Batch { inputs, targets, shape, count, inputs_per_image } = batch;
        let seen = measure.then(|| inputs.clone());
        let (features, answer) = self.answer(normalizer.inputs(inputs, shape), measure)?;
        let features = features.map(to_host);
        match (task, answer, targets) {
            (Task::SimClr(task), Answer::Embeddings(z), Targets::Views) => {
                let (first, second) = two_views(z, count);
                let gauges = features.map(|features| gauges::of_views(&features, &first, &second));
                let loss = nt_xent(first, second, task.temperature.unwrap_or(0.2));
                Ok(Forward { loss, gauges })
            }
            (Task::SuperResolution(task), Answer::Images(restored), Targets::Images(target)) => {
                let gauges = features.zip(seen).map(|(features, seen)| {
                    gauges::of_images(&features, &to_host(restored.clone()).data, &target, &seen, shape)
                });
                let target = images(target, shape, &normalizer.device);
                let loss = match task.loss {
                    PixelLoss::L1 => l1_loss(restored, target),
                    PixelLoss::L2 => l2_loss(restored, target),
                };
                Ok(Forward { loss, gauges })
            }
            (_, Answer::Logits(logits), Targets::Classes(classes)) => {
                let gauges = features.map(|features| gauges::of_classes(&features, &to_host(logits.clone()), &classes));
                let classes: Vec<i64> = classes.into_iter().map(i64::from).collect();
                let inputs = count * inputs_per_image;
                let classes = Tensor::<1, Int>::from_data(TensorData::new(classes, [inputs]), &normalizer.device);
                Ok(Forward { loss: cross_entropy(logits, classes, 0.0), gauges })
            }
            (task, ..) => Err(TrainError::NoHead { task: task.name() }),
        }
    }
}

/// Rows 0, 2, 4, … and rows 1, 3, 5, …: batches are image-major.
fn two_views(z: Tensor<2>, count: usize) -> (Tensor<2>, Tensor<2>) {
    let [_, d] = z.dims();
    let pairs = z.reshape([count, 2, d]);
    let view = |k: usize| pairs.clone().narrow(1, k, 1).reshape([count, d]);
    (view(0), view(1))
}

fn to_host<const D: usize>(tensor: Tensor<D>) -> HostTensor {
    host_tensor(tensor.inner())
}
