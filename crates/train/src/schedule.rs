//! Learning rates as plain functions of the step.

use serde::{Deserialize, Serialize};

/// What the learning rate does after the warm-up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decay {
    /// Half a cosine from the peak down to the floor (Loshchilov and Hutter 2017, "SGDR", without restarts).
    #[default]
    Cosine,
    /// Stays at the peak.
    Constant,
}

/// A linear warm-up followed by a decay.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Schedule {
    /// The highest learning rate.
    pub peak: f64,
    /// Updates in all.
    pub steps: u64,
    /// Updates of the warm-up; the first has `peak / warmup`, the last `peak`.
    pub warmup: u64,
    /// What comes after.
    pub decay: Decay,
    /// The learning rate that the decay ends at, as a fraction of the peak.
    pub floor: f64,
}

impl Schedule {
    /// A cosine to zero with a warm-up over `warmup_fraction` (0..1) of the steps.
    pub fn cosine(peak: f64, steps: u64, warmup_fraction: f64) -> Self {
        Self { peak, steps, warmup: fraction_of(steps, warmup_fraction), decay: Decay::Cosine, floor: 0.0 }
    }

    /// Always the same learning rate.
    pub fn constant(peak: f64, steps: u64) -> Self {
        Self { peak, steps, warmup: 0, decay: Decay::Constant, floor: 1.0 }
    }

    /// The learning rate of the update with this number, counted from 0. From `steps` on it stays at the floor.
    pub fn at(&self, step: u64) -> f64 {
        if step < self.warmup {
            return self.peak * (step + 1) as f64 / self.warmup as f64;
        }
        match self.decay {
            Decay::Constant => self.peak,
            Decay::Cosine => {
                let span = self.steps.saturating_sub(self.warmup).max(1);
                let progress = ((step - self.warmup) as f64 / span as f64).min(1.0);
                let cosine = 0.5 * (1.0 + (std::f64::consts::PI * progress).cos());
                self.peak * (self.floor + (1.0 - self.floor) * cosine)
            }
        }
    }
}

/// `fraction` of `steps`, rounded, always leaving a step for the decay.
fn fraction_of(steps: u64, fraction: f64) -> u64 {
    ((steps as f64 * fraction.clamp(0.0, 1.0)).round() as u64).min(steps.saturating_sub(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn warm_up_is_linear_and_reaches_the_peak() {
        let schedule = Schedule::cosine(0.4, 100, 0.1);
        assert_eq!(schedule.warmup, 10);
        assert!((schedule.at(0) - 0.04).abs() < 1e-15);
        assert!((schedule.at(4) - 0.2).abs() < 1e-15);
        assert_eq!(schedule.at(9), 0.4);
        assert_eq!(schedule.at(10), 0.4);
    }

    #[test]
    fn cosine_passes_its_known_points() {
        let schedule = Schedule { peak: 1.0, steps: 110, warmup: 10, decay: Decay::Cosine, floor: 0.1 };
        assert!((schedule.at(60) - 0.55).abs() < 1e-12, "half way: the mean of peak and floor");
        assert!((schedule.at(110) - 0.1).abs() < 1e-12);
        assert!((schedule.at(10_000) - 0.1).abs() < 1e-12);
        let quarter = 0.1 + 0.9 * 0.5 * (1.0 + (std::f64::consts::PI * 0.25).cos());
        assert!((schedule.at(35) - quarter).abs() < 1e-12);
    }

    #[test]
    fn degenerate_lengths_stay_finite() {
        for steps in 0..4 {
            for warmup in [0.0, 0.5, 1.0, 7.0] {
                let schedule = Schedule::cosine(1.0, steps, warmup);
                assert!((0..6).all(|s| (0.0..=1.0).contains(&schedule.at(s))), "{steps} {warmup}");
            }
        }
        assert_eq!(Schedule::constant(0.3, 10).at(7), 0.3);
    }
}
