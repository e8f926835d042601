//! LARS (You, Gitman and Ginsburg 2017, "Large batch training of convolutional networks").

use burn::tensor::Tensor;
use foretask_backend::update::square_sum;
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
    /// What gradient and decay are multiplied by in the update of a weight (`scales` come from clipping), for
    /// [`Sgd`](super::Sgd)'s momentum. Never waits for the device.
    pub(crate) fn scales<const D: usize>(
        &self,
        value: &Tensor<D>,
        gradient: &Tensor<D>,
        scales: Option<Tensor<1>>,
        learning_rate: f64,
        weight_decay: f64,
    ) -> Option<Tensor<1>> {
        if D < 2 {
            return scales;
        }
        let clip = scales.map(|scales| scales.narrow(0, 0, 1));
        let of_value = square_sum(value.clone()).sqrt();
        let mut of_gradient = square_sum(gradient.clone()).sqrt();
        if let Some(clip) = &clip {
            of_gradient = of_gradient.mul(clip.clone());
        }
        let denominator = of_gradient.clone().add(of_value.clone().mul_scalar(weight_decay)).add_scalar(EPSILON);
        let mut ratio = of_value.clone().div(denominator).mul_scalar(self.trust);
        if self.clip {
            ratio = ratio.div_scalar(learning_rate).clamp_max(1.0);
        }
        // Where either is all 0: the bare gradient.
        let whole = of_value.mul(of_gradient).greater_scalar(0.0);
        let of_decay = whole.clone().float().mul(ratio.clone());
        let ratio = ratio.ones_like().mask_where(whole, ratio);
        let of_gradient = match clip {
            Some(clip) => ratio.mul(clip),
            None => ratio,
        };
        Some(Tensor::cat(vec![of_gradient, of_decay], 0))
    }
}
