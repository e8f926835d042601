//! What the label stage gives.

use foretask_models::Classifier;
use foretask_pretext::Auto;
use serde::{Deserialize, Serialize};

use super::recipe::FinetuneRecipe;
use crate::health::HealthLine;
use crate::probe::HeldOut;

/// Which answer was kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Retained {
    /// The linear probe on the frozen encoder.
    Probe,
    /// The network trained as a whole.
    Finetuned,
    /// The same network trained from random weights, since the encoder's did harm.
    Scratch,
}

impl Retained {
    /// `probe`, `finetuned` or `scratch`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Probe => "probe",
            Self::Finetuned => "finetuned",
            Self::Scratch => "scratch",
        }
    }
}

/// A classifier and how it came about.
#[derive(Clone, Debug)]
pub struct Finetuned {
    /// The answer that was kept.
    pub classifier: Classifier,
    /// The linear probe on the encoder as it came. From scratch: on the random encoder, a baseline of its own.
    pub probe: Classifier,
    /// What classifiers made in the same way say of labeled images that they were not shown: what a temperature is fitted
    /// to. None where it was not asked for or there are fewer than [`LEAST_HELD_OUT`](super::LEAST_HELD_OUT) labels.
    pub held_out: Option<HeldOut>,
    /// Which of the two ways the classifier came.
    pub kept: Retained,
    /// Why.
    pub kept_reason: String,
    /// Health lines of the training; empty where only the probe was fitted.
    pub history: Vec<HealthLine>,
    /// From scratch: whether at least 99 % of the labeled images are recognized. For a probe: whether its gradient
    /// vanished. From an encoder there is nothing to wait for, and it is true once all steps are done.
    pub converged: bool,
    /// Mean cross-entropy (without label smoothing) on the labeled images in the evaluation view.
    pub final_training_loss: f64,
    /// Share of the labeled images that are recognized in the evaluation view.
    pub training_accuracy: f64,
    /// Updates of the whole network in all rounds; 0 for a probe.
    pub steps: u64,
    /// Seconds of training.
    pub seconds: f64,
    /// Every number that decided it.
    pub recipe: FinetuneRecipe,
    /// What was left to the library, with reasons.
    pub autos: Vec<Auto>,
}
