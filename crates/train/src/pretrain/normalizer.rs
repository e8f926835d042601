//! Inputs as the network takes them.

use burn::tensor::{Device, Tensor, TensorData};
use foretask_backend::{Precision, host_tensor, in_f32, upload};
use foretask_models::InputSpec;
use foretask_pretext::{Inputs, Shape};

use super::ready::Block;

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

    /// The same inputs as another network takes them, which normalizes by `mean` and `std`, `[1, c, 1, 1]`.
    pub(super) fn renormalized(&self, x: Tensor<4>, mean: &Tensor<4>, std: &Tensor<4>) -> Tensor<4> {
        let pixels = in_f32(x).mul(self.std.clone()).add(self.mean.clone());
        self.precision.input(pixels.sub(mean.clone()).div(std.clone()))
    }

    /// Back to 0..1, on the host.
    pub(super) fn pixels(&self, block: &Block) -> Vec<f32> {
        host_tensor(in_f32(block.x.clone()).mul(self.std.clone()).add(self.mean.clone())).data
    }

    /// Numbers as they are.
    pub(super) fn images(&self, data: Vec<f32>, shape: Shape) -> Tensor<4> {
        let n = data.len() / shape.len().max(1);
        upload(data, [n, shape.channels, shape.height, shape.width], &self.device)
    }
}
