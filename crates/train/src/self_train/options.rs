//! The numbers that decide a round of consistency training.

use foretask_pretext::Augment;
use serde::{Deserialize, Serialize};

use super::threshold::Threshold;
use crate::error::TrainError;

/// Options of [`consistency_round`](super::consistency_round).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ConsistencyOptions {
    /// Updates.
    pub steps: u64,
    /// Images of the pool a step.
    pub batch_size: usize,
    /// Labeled images a step, besides.
    #[serde(rename = "labelled")] // typos: ignore
    pub labeled: usize,
    /// Peak learning rate of `AdamW`.
    pub lr: f64,
    /// Weight decay; never on biases and norms.
    pub weight_decay: f64,
    /// Share of the updates in which the learning rate rises.
    pub warmup: f64,
    /// Bound of the global gradient norm; 0 for none.
    pub clip_norm: f64,
    /// How much of itself the teacher keeps at each step, once it has warmed up.
    pub momentum: f64,
    /// The teacher's answers are sharpened by this temperature: below 1 its likeliest class gains.
    pub temperature: f64,
    /// How sure the teacher must be for an image to be learned from.
    pub threshold: Threshold,
    /// Share of the steps in which the guide gives way to the teacher.
    pub guided: f64,
    /// The view that the student sees. The teacher sees the preset `weak`.
    pub augment: Augment,
    /// Probability that a square of two to four seventh parts of the side is blanked in the student's view.
    pub erase: f64,
    /// Decides order and every random choice.
    pub seed: u64,
}

impl Default for ConsistencyOptions {
    /// What was chosen on Fashion-MNIST with 100 labels.
    fn default() -> Self {
        Self {
            steps: 150,
            batch_size: 256,
            labeled: 32,
            lr: 1e-3,
            weight_decay: 0.01,
            warmup: 0.05,
            clip_norm: 5.0,
            momentum: 0.99,
            temperature: 0.5,
            threshold: Threshold::Share(0.8),
            guided: 0.1,
            augment: Augment::none().crop([0.4, 1.0]).flip(0.5).brightness(0.5).contrast(0.5).blur(0.2),
            erase: 0.5,
            seed: 0,
        }
    }
}

impl ConsistencyOptions {
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
        require((1..=1 << 32).contains(&self.steps), "steps", &self.steps, "a whole number from 1 to 4294967296")?;
        require(
            (2..=1 << 16).contains(&self.batch_size),
            "batch_size",
            &self.batch_size,
            "a whole number from 2 to 65536",
        )?;
        let labeled = "labelled"; // typos: ignore
        require((1..=1 << 16).contains(&self.labeled), labeled, &self.labeled, "a whole number from 1 to 65536")?;
        require(self.lr > 0.0 && self.lr.is_finite(), "lr", &self.lr, "a number above 0, usually 1e-3")?;
        let decay = &self.weight_decay;
        require((0.0..=10.0).contains(decay), "weight_decay", decay, "from 0 to 10, usually 0.01")?;
        require((0.0..=0.9).contains(&self.warmup), "warmup", &self.warmup, "a share of the steps from 0 to 0.9")?;
        require(self.clip_norm >= 0.0, "clip_norm", &self.clip_norm, "a number above 0, or 0 for no clipping")?;
        require((0.0..1.0).contains(&self.momentum), "momentum", &self.momentum, "from 0 to below 1, usually 0.99")?;
        let positive = self.temperature > 0.0 && self.temperature <= 10.0;
        require(positive, "temperature", &self.temperature, "a number above 0, usually 0.5")?;
        let share = if let Threshold::Share(share) = self.threshold { share } else { 0.0 };
        require((0.0..=1.0).contains(&share), "threshold", &share, "from 0 to 1, usually 0.8")?;
        require((0.0..=1.0).contains(&self.guided), "guided", &self.guided, "a share of the steps from 0 to 1")?;
        require((0.0..=1.0).contains(&self.erase), "erase", &self.erase, "a probability from 0 to 1")
    }

    /// What the teacher keeps of itself after the update with this number, counted from 0: little at first, so that it
    /// follows the student, then [`momentum`](Self::momentum).
    pub(super) fn momentum_at(&self, step: u64) -> f64 {
        let step = step as f64;
        self.momentum.min((step + 1.0) / (step + 10.0))
    }

    /// Weight of the guide at the update with this number: from 1 down to 0.
    pub(super) fn guide_at(&self, step: u64) -> f64 {
        let span = (self.guided * self.steps as f64).max(1e-9);
        (1.0 - step as f64 / span).max(0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_teacher_slows_down_and_the_guide_gives_way() {
        let options = ConsistencyOptions::default();
        assert_eq!(options.momentum_at(0), 0.1);
        assert_eq!(options.momentum_at(8), 0.5);
        assert_eq!(options.momentum_at(5000), 0.99);
        assert_eq!([0, 3, 15, 100].map(|step| options.guide_at(step)), [1.0, 0.8, 0.0, 0.0]);
        assert_eq!(ConsistencyOptions { guided: 0.0, ..options }.guide_at(1), 0.0);
    }

    #[test]
    fn what_cannot_work_names_the_option() {
        let say = |options: ConsistencyOptions| options.validate().unwrap_err().to_string();
        assert!(say(ConsistencyOptions { momentum: 1.0, ..Default::default() }).contains("momentum"));
        assert!(say(ConsistencyOptions { lr: f64::NAN, ..Default::default() }).contains("lr"));
        assert!(say(ConsistencyOptions { batch_size: 1, ..Default::default() }).contains("batch_size"));
        ConsistencyOptions::default().validate().unwrap();
    }
}
