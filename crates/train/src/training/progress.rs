//! What a checkpoint holds besides tensors.

use serde::{Deserialize, Serialize};

use super::plan::TrainingPlan;
use crate::health::HealthLine;

/// Counters of a run. Random numbers need none: they are functions of seed, epoch and image.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Progress {
    pub(super) identity: String,
    /// Updates made; also the position in the data, in the schedule and in the random numbers.
    pub(super) step: u64,
    /// All health lines so far; `metrics.jsonl` is cut back to them on resume.
    pub(super) history: Vec<HealthLine>,
    pub(super) seconds: f64,
    /// Seconds of them in which the step waited for its batch.
    #[serde(default)]
    pub(super) waited: f64,
    pub(super) last_loss: f64,
    /// Sums since the last health line, as bits: JSON would round them.
    loss_sum: u64,
    norm_sum: u64,
    count: u64,
}

impl Progress {
    pub(super) fn new(plan: &TrainingPlan) -> Self {
        Self {
            identity: plan.identity.clone(),
            step: 0,
            history: Vec::new(),
            seconds: 0.0,
            waited: 0.0,
            last_loss: 0.0,
            loss_sum: 0.0_f64.to_bits(),
            norm_sum: 0.0_f64.to_bits(),
            count: 0,
        }
    }

    pub(super) fn add(&mut self, loss: f64, norm: f64) {
        self.last_loss = loss;
        self.loss_sum = (f64::from_bits(self.loss_sum) + loss).to_bits();
        self.norm_sum = (f64::from_bits(self.norm_sum) + norm).to_bits();
        self.count += 1;
    }

    /// Mean loss and gradient norm since this was last asked.
    pub(super) fn means(&mut self) -> (f64, f64) {
        let count = self.count.max(1) as f64;
        let means = (f64::from_bits(self.loss_sum) / count, f64::from_bits(self.norm_sum) / count);
        (self.loss_sum, self.norm_sum, self.count) = (0.0_f64.to_bits(), 0.0_f64.to_bits(), 0);
        means
    }
}
