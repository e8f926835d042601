//! What a probe can be told.

use serde::{Deserialize, Serialize};

use crate::{ClassWeights, TrainError};

/// Penalty of a probe on learned features: at 10 labels a class on `SimCLR` features it is within noise of the best.
pub const DEFAULT_STRENGTH: f64 = 0.01;

/// Options of [`linear_probe`](crate::linear_probe) and [`pixel_probe`](crate::pixel_probe).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ProbeOptions {
    /// Penalty `0.5 * strength * ||W||²` on the mean loss, at least 0. `None` (auto): 0.01 on the features of an encoder;
    /// on raw pixels chosen by cross-validation on the labeled images.
    #[serde(with = "foretask_pretext::auto_option")]
    pub strength: Option<f64>,
    /// The search ends when no component of the gradient exceeds this. The weaker the penalty, the farther from the minimum that can
    /// be: with a strength of 1.7e-4 probabilities are off by up to 0.04 at 1e-5; ask for 1e-8 there.
    pub tolerance: f64,
    /// Most iterations of L-BFGS.
    pub max_iterations: usize,
    /// What an image counts by its class.
    #[serde(skip_serializing_if = "ClassWeights::is_even")]
    pub class_weights: ClassWeights,
    /// Parts of the cross-validation, at least 2.
    pub folds: usize,
    /// Decides which images fall into which part.
    pub seed: u64,
}

impl Default for ProbeOptions {
    fn default() -> Self {
        let class_weights = ClassWeights::Even;
        Self { strength: None, tolerance: 1e-5, max_iterations: 1000, class_weights, folds: 5, seed: 0 }
    }
}

impl ProbeOptions {
    /// Refuses values that cannot work.
    ///
    /// # Errors
    /// [`TrainError::Option`] names the value at fault and the range it must lie in.
    pub fn validate(&self) -> Result<(), TrainError> {
        let require = |ok: bool, option, value: &dyn std::fmt::Display, range: &str| {
            if ok {
                Ok(())
            } else {
                Err(TrainError::Option { option, reason: format!("is {value}, but must be {range}") })
            }
        };
        if let Some(strength) = self.strength {
            require(strength >= 0.0 && strength.is_finite(), "strength", &strength, "a number from 0, usually 0.01")?;
        }
        let positive = self.tolerance > 0.0 && self.tolerance.is_finite();
        require(positive, "tolerance", &self.tolerance, "a number above 0, usually 1e-5")?;
        require(self.max_iterations > 0, "max_iterations", &self.max_iterations, "a whole number from 1")?;
        require(self.folds >= 2, "folds", &self.folds, "a whole number from 2")
    }
}
