//! LARS (You, Gitman and Ginsburg 2017, "Large batch training of convolutional networks").

use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

/// Added to the length that a weight's length is divided by.
const EPSILON: f64 = 1e-8;

/// Stochastic gradient descent whose step on each weight is in proportion to the weight's own length
/// (<https://arxiv.org/abs/1708.03888>): the optimizer of most published recipes with large batches.
///
/// The gradient with its weight decay is multiplied by the trust ratio `trust * |w| / (|g| + decay * |w|)`, then goes
/// through momentum as in SGD. Rank-1 parameters (biases and norms) have neither ratio nor decay, as in the recipes of
/// `SimCLR`, BYOL and Barlow Twins; nor does a weight or gradient that is all 0 have a ratio. The learning rate is of
/// another size than that of SGD: 0.2 to 4.8 with a trust of 0.001.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Lars {
    /// Share of the last step's direction that is kept.
    pub momentum: f64,
    /// Looks ahead along the momentum.
    pub nesterov: bool,
    /// The trust coefficient, `eta` elsewhere: 0.001 in the papers, 0.02 in solo-learn's recipes for small images.
    pub trust: f64,
    /// Never takes a longer step than SGD would at this learning rate (solo-learn's `clip_lr`).
    pub clip: bool,
}

impl Default for Lars {
    fn default() -> Self {
        Self { momentum: 0.9, nesterov: false, trust: 0.001, clip: false }
    }
}

impl Lars {
    /// The gradient with decay and trust ratio, for the momentum of [`Sgd`](super::Sgd). Never waits for the device.
    pub(crate) fn scaled<const D: usize>(
        &self,
        value: &Tensor<D>,
        gradient: Tensor<D>,
        learning_rate: f64,
        weight_decay: f64,
    ) -> Tensor<D> {
        if D < 2 {
            return gradient;
        }
        let length = |x: Tensor<D>| x.clone().mul(x).sum().sqrt();
        let (of_value, of_gradient) = (length(value.clone()), length(gradient.clone()));
        let denominator = of_gradient.clone().add(of_value.clone().mul_scalar(weight_decay)).add_scalar(EPSILON);
        let mut ratio = of_value.clone().div(denominator).mul_scalar(self.trust);
        if self.clip {
            ratio = ratio.div_scalar(learning_rate).clamp_max(1.0);
        }
        // Where either is all 0: the bare gradient.
        let whole = of_value.mul(of_gradient).greater_scalar(0.0);
        let decay = whole.clone().float().mul_scalar(weight_decay);
        let ratio = ratio.ones_like().mask_where(whole, ratio);
        gradient.add(value.clone().mul(decay.reshape([1; D]))).mul(ratio.reshape([1; D]))
    }
}
