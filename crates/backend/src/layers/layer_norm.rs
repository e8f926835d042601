//! Layer normalization.

use burn::module::{Module, Param};
use burn::tensor::Tensor;

use crate::{Init, Scope, tokens};

/// Layer normalization (Ba et al. 2016, <https://arxiv.org/abs/1607.06450>) over the last axis, with PyTorch's parameter
/// names. Parameters and statistics are `f32` where activations are of half precision.
#[derive(Module, Debug)]
pub struct LayerNorm {
    /// Scale, `[c]`.
    pub weight: Param<Tensor<1>>,
    /// Shift, `[c]`.
    pub bias: Param<Tensor<1>>,
    /// Added to the variance: 1e-5 in PyTorch, 1e-6 in vision transformers.
    epsilon: f64,
}

impl LayerNorm {
    /// Scale 1, shift 0.
    pub fn new(scope: &Scope, channels: usize, epsilon: f64) -> Self {
        Self {
            weight: scope.param("weight", [channels], Init::Ones),
            bias: scope.param("bias", [channels], Init::Zeros),
            epsilon,
        }
    }

    /// `[…, c]` to the same shape.
    pub fn forward<const D: usize>(&self, x: Tensor<D>) -> Tensor<D> {
        tokens::layer_norm(x, self.weight.val(), self.bias.val(), self.epsilon)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state_dict;

    #[test]
    fn a_row_is_normalized_as_worked_by_hand() {
        // Row 0: mean 3, variance (4 + 1 + 0 + 9) / 4 = 3.5.
        let device = crate::device("flex").unwrap().training();
        let norm = LayerNorm::new(&Scope::new(1, &device), 4, 1e-6);
        let x = Tensor::<3>::from_floats([[[1.0, 2.0, 3.0, 6.0], [5.0, 5.0, 5.0, 5.0]]], &device);
        let y = norm.forward(x).into_data().try_to_vec::<f32>().unwrap();
        for (i, value) in [1.0, 2.0, 3.0, 6.0].into_iter().enumerate() {
            assert!((y[i] - (value - 3.0) / (3.5_f32 + 1e-6).sqrt()).abs() < 1e-6, "{y:?}");
        }
        assert_eq!(y[4..], [0.0; 4]);
        assert_eq!(state_dict(&norm).keys().collect::<Vec<_>>(), ["bias", "weight"]);
    }
}
