//! The numbers that decide how a stage trains.

use serde::{Deserialize, Serialize};

use super::objective::StepInfo;
use crate::balance::Balance;
use crate::loader::Sampling;
use crate::schedule::Schedule;

/// All numbers that decide how a stage trains.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrainingPlan {
    /// "pretrain", "finetune", …
    pub stage: String,
    /// What is learned, as the listener hears it.
    pub name: String,
    /// Updates in all.
    pub steps: u64,
    /// Which images make up which batch.
    pub sampling: Sampling,
    /// Batches whose gradients are averaged for one update; at least 1.
    pub accumulate: u64,
    /// Learning rate over the updates.
    pub schedule: Schedule,
    /// Bound of the global gradient norm.
    pub clip_norm: Option<f64>,
    /// How several losses are weighed against each other.
    pub balance: Balance,
    /// Steps from one health line to the next; at least 1.
    pub health_every: u64,
    /// Tells this training from any other: a hash of model, data and options. A checkpoint of another identity is
    /// set aside.
    pub identity: String,
}

impl TrainingPlan {
    /// Passes over the images after so many steps.
    pub fn epochs_after(&self, steps: u64) -> f64 {
        self.sampling.epochs_after(steps * self.accumulate)
    }

    /// Source images seen after so many steps.
    pub fn images_after(&self, steps: u64) -> u64 {
        self.sampling.images_after(steps * self.accumulate)
    }

    pub(super) fn step_info(&self, step: u64, measure: bool) -> StepInfo {
        let steps_per_epoch = self.sampling.batches_per_epoch().div_ceil(self.accumulate.max(1)).max(1);
        let rate = self.schedule.at(step) / self.schedule.peak.max(f64::MIN_POSITIVE);
        StepInfo { step, steps: self.steps, steps_per_epoch, rate, measure }
    }

    /// A health line every epoch, but at least ten and at most two hundred in a run.
    pub fn health_interval(steps: u64, steps_per_epoch: u64) -> u64 {
        steps_per_epoch.min(steps / 10).max(steps.div_ceil(200)).max(1)
    }

    /// Whether a health line follows after so many updates.
    pub(super) fn is_health_step(&self, step: u64) -> bool {
        step.is_multiple_of(self.health_every) || step == self.steps
    }
}
