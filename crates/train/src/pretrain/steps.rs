//! A time budget as a fixed number of steps.

use std::path::Path;
use std::time::Duration;

use foretask_backend::StateDict;
use serde::{Deserialize, Serialize};

use crate::checkpoint;
use crate::error::TrainError;
use crate::length::Budget;
use crate::ranks;

/// Share of a budget that calibration may take.
const CALIBRATION_SHARE: f64 = 0.04;
const LONGEST_CALIBRATION: Duration = Duration::from_secs(5);
/// Share of the rest that goes into steps; checkpoints and health lines take the remainder.
const STEPS_SHARE: f64 = 0.98;

/// A calibrated length, kept in the stage's folder so that a rerun repeats it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Calibration {
    identity: String,
    budget: Budget,
    seconds_per_step: f64,
    steps: u64,
}

/// How long to measure steps for.
pub(super) fn calibration_time(budget: Budget) -> Duration {
    budget.0.mul_f64(CALIBRATION_SHARE).min(LONGEST_CALIBRATION)
}

/// The steps that an earlier session settled on; of several ranks, those that the first one finds.
pub(super) fn known(folder: &Path, identity: &str) -> Result<Option<u64>, TrainError> {
    let here = || {
        let (calibration, _) = checkpoint::load::<Calibration>(&checkpoint::length_in(folder)).ok()??;
        (calibration.identity == identity).then_some(calibration.steps)
    };
    // There are never none, so that 0 can say so.
    Ok(Some(ranks::of_first(here().unwrap_or_default())?).filter(|steps| *steps > 0))
}

/// Turns what is left of the budget into steps, and keeps the answer. Of several ranks, the first one's clock counts.
pub(super) fn fix_steps(
    folder: &Path,
    identity: &str,
    budget: Budget,
    spent: Duration,
    seconds_per_step: f64,
) -> Result<u64, TrainError> {
    if !ranks::is_first() {
        return ranks::of_first(0);
    }
    let left = budget.0.saturating_sub(spent).as_secs_f64() * STEPS_SHARE;
    let steps = ((left / seconds_per_step.max(1e-9)) as u64).max(1);
    let calibration = Calibration { identity: identity.to_owned(), budget, seconds_per_step, steps };
    // A checkpoint without tensors, for its checksum: another number of steps would be another training.
    checkpoint::save(&checkpoint::length_in(folder), &calibration, &StateDict::new())?;
    ranks::of_first(steps)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_is_settled_once_for_each_identity() {
        let folder = tempfile::tempdir().unwrap();
        let budget = Budget::parse("2m").unwrap();
        assert_eq!(known(folder.path(), "a").unwrap(), None);
        let steps = fix_steps(folder.path(), "a", budget, Duration::from_secs(20), 0.5).unwrap();
        assert_eq!(steps, 196);
        assert_eq!(known(folder.path(), "a").unwrap(), Some(196));
        assert_eq!(known(folder.path(), "b").unwrap(), None);
        let mut bytes = std::fs::read(checkpoint::length_in(folder.path())).unwrap();
        let digit = bytes.windows(3).position(|three| three == b"196").unwrap();
        bytes[digit] = b'2';
        std::fs::write(checkpoint::length_in(folder.path()), bytes).unwrap();
        assert_eq!(known(folder.path(), "a").unwrap(), None, "296 steps are no one's choice");
    }

    #[test]
    fn even_a_spent_budget_is_one_step() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(
            fix_steps(folder.path(), "a", Budget::parse("1s").unwrap(), Duration::from_secs(9), 0.5).unwrap(),
            1
        );
        assert_eq!(calibration_time(Budget::parse("1h").unwrap()), LONGEST_CALIBRATION);
        assert_eq!(calibration_time(Budget::parse("10s").unwrap()), Duration::from_millis(400));
    }
}
