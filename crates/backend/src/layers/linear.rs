//! Fully connected layers.

use burn::module::{Module, Param};
use burn::tensor::Tensor;

use crate::precision::as_type_of;
use crate::{Init, Scope};

/// `y = x W^T + b` with PyTorch's parameter names and layout.
#[derive(Module, Debug)]
pub struct Linear {
    /// `[out, in]`.
    pub weight: Param<Tensor<2>>,
    /// `[out]`, where there is one.
    pub bias: Option<Param<Tensor<1>>>,
}

impl Linear {
    /// Weights and bias uniform in `±1 / sqrt(in)`, as PyTorch's `nn.Linear` starts.
    pub fn new(scope: &Scope, input: usize, output: usize) -> Self {
        let bound = 1.0 / (input.max(1) as f32).sqrt();
        let weight = scope.param("weight", [output, input], Init::Uniform { bound });
        let bias = Some(scope.param("bias", [output], Init::Uniform { bound }));
        Self { weight, bias }
    }

    /// Weights normal with this deviation, and no bias to begin with, as transformers start.
    pub fn normal(scope: &Scope, input: usize, output: usize, std: f32) -> Self {
        let weight = scope.param("weight", [output, input], Init::Normal { std });
        let bias = Some(scope.param("bias", [output], Init::Zeros));
        Self { weight, bias }
    }

    /// The same without a bias, as before a batch norm.
    #[must_use]
    pub fn without_bias(mut self) -> Self {
        self.bias = None;
        self
    }

    /// `[b, in]` to `[b, out]`.
    pub fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        let y = x.clone().matmul(as_type_of(self.weight.val(), &x).transpose());
        match &self.bias {
            Some(bias) => y + as_type_of(bias.val(), &x).unsqueeze(),
            None => y,
        }
    }
}

impl Linear {
    /// Tokens `[b, n, in]` to `[b, n, out]`.
    pub fn forward_tokens(&self, x: Tensor<3>) -> Tensor<3> {
        let [b, n, input] = x.dims();
        let [output, _] = self.weight.dims();
        self.forward(x.reshape([b * n, input])).reshape([b, n, output])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_case_worked_by_hand() {
        let device = crate::device("flex").unwrap().plain();
        let mut linear = Linear::new(&Scope::new(1, &device), 2, 3);
        linear.weight = Param::from_tensor(Tensor::from_floats([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], &device));
        linear.bias = Some(Param::from_tensor(Tensor::from_floats([0.5, 0.0, -0.5], &device)));
        let y = linear.forward(Tensor::from_floats([[1.0, -1.0], [0.5, 2.0]], &device));
        assert_eq!(y.into_data().try_to_vec::<f32>().unwrap(), [-0.5, -1.0, -1.5, 5.0, 9.5, 14.0]);
    }

    #[test]
    fn first_values_keep_to_pytorchs_bound() {
        let device = crate::device("flex").unwrap().plain();
        let linear = Linear::new(&Scope::new(1, &device), 16, 200);
        let values = linear.weight.val().into_data().try_to_vec::<f32>().unwrap();
        assert!(values.iter().all(|v| v.abs() <= 0.25) && values.iter().any(|v| v.abs() > 0.24));
    }
}
