//! Class scores.

use burn::module::{Module, Param};
use burn::tensor::{Tensor, TensorData};
use foretask_backend::Scope;
use foretask_backend::layers::Linear;

/// A linear classifier on features; torchvision calls it `fc`.
#[derive(Module, Debug)]
pub struct ClassHead {
    /// `[classes, d]` and `[classes]`.
    pub fc: Linear,
}

impl ClassHead {
    /// A head with PyTorch's first values.
    pub fn new(scope: &Scope, features: usize, classes: usize) -> Self {
        Self { fc: Linear::new(&scope.at("fc"), features, classes) }
    }

    /// A head with given values, such as a probe's: `weight` is `[classes, d]` row-major.
    pub fn from_values(weight: &[f32], bias: &[f32], device: &burn::tensor::Device) -> Self {
        let shape = [bias.len(), weight.len() / bias.len().max(1)];
        let weight = Param::from_tensor(Tensor::from_data(TensorData::new(weight.to_vec(), shape), device));
        let bias = Param::from_tensor(Tensor::from_data(TensorData::new(bias.to_vec(), [bias.len()]), device));
        Self { fc: Linear { weight, bias: Some(bias) } }
    }

    /// Features `[b, d]` to logits `[b, classes]`.
    pub fn forward(&self, features: Tensor<2>) -> Tensor<2> {
        self.fc.forward(features)
    }
}
