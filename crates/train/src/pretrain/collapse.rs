//! Collapse: features that are the same for every image, found while there is still time to stop.

use foretask_objectives::{Collapse, CollapseEvidence, CollapseRisk, collapsed};
use serde::{Deserialize, Serialize};

use crate::error::TrainError;
use crate::health::Diagnostics;
use crate::training::StepInfo;

/// What happens when the representation has collapsed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnCollapse {
    /// The stage stops with a remedy: more steps would be wasted.
    #[default]
    Stop,
    /// It is said, and training goes on.
    Warn,
}

/// Part of the training in which anything may happen: networks start out with all features alike.
const GRACE: f64 = 0.2;
/// Health lines in a row that must show it.
const PATIENCE: u32 = 2;

/// Looks for collapse in one task's health lines.
#[derive(Debug)]
pub(super) struct CollapseMonitor {
    task: &'static str,
    risk: CollapseRisk,
    reaction: OnCollapse,
    in_a_row: u32,
    reported: bool,
}

impl CollapseMonitor {
    pub(super) fn new(task: &'static str, risk: CollapseRisk, reaction: OnCollapse) -> Self {
        Self { task, risk, reaction, in_a_row: 0, reported: false }
    }

    /// What to say to the user after this health line, if anything.
    ///
    /// # Errors
    /// [`TrainError::Collapsed`] where the option says so.
    pub(super) fn check(&mut self, diagnostics: &Diagnostics, info: StepInfo) -> Result<Option<String>, TrainError> {
        let found = (info.progress() >= GRACE).then(|| collapsed(self.risk, &evidence(diagnostics))).flatten();
        let Some(Collapse { sign, remedy }) = found else {
            self.in_a_row = 0;
            return Ok(None);
        };
        self.in_a_row += 1;
        if self.in_a_row < PATIENCE || self.reported {
            return Ok(None);
        }
        let (task, step) = (self.task, info.step + 1);
        match self.reaction {
            OnCollapse::Stop => Err(TrainError::Collapsed { task, step, sign, remedy }),
            OnCollapse::Warn => {
                self.reported = true;
                Ok(Some(format!("`{task}` has collapsed at step {step}: {sign}; {remedy}")))
            }
        }
    }
}

fn evidence(diagnostics: &Diagnostics) -> CollapseEvidence {
    let metric = |name: &str| diagnostics.metrics.iter().find(|metric| metric.name == name);
    let reference = |name: &str| metric(name).and_then(|metric| metric.reference.as_ref()).map(|r| r.value);
    let dimensions = diagnostics.embedding_std_even.map_or(0, |even| (1.0 / (even * even)).round() as usize);
    let outputs = reference("teacher_entropy").map(f64::exp).or(reference("prototype_perplexity")).unwrap_or(0.0);
    CollapseEvidence {
        embedding_std: diagnostics.embedding_std,
        dimensions,
        effective_rank: diagnostics.effective_rank,
        effective_rank_limit: diagnostics.effective_rank_limit.unwrap_or(0.0),
        teacher_entropy: metric("teacher_entropy").map(|metric| metric.value),
        prototype_perplexity: metric("prototype_perplexity").map(|metric| metric.value),
        prototypes: outputs.round() as usize,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn info(step: u64) -> StepInfo {
        StepInfo { step, steps: 100, steps_per_epoch: 10, rate: 1.0, measure: true }
    }

    fn diagnostics(std: f64) -> Diagnostics {
        Diagnostics { embedding_std: Some(std), embedding_std_even: Some(0.125), ..Diagnostics::default() }
    }

    #[test]
    fn two_bad_lines_after_the_beginning_stop_a_stage() {
        let mut monitor = CollapseMonitor::new("simsiam", CollapseRisk::Prediction, OnCollapse::Stop);
        for (step, std, stops) in
            [(5, 0.0, false), (30, 0.0, false), (40, 0.1, false), (50, 0.0, false), (60, 0.0, true)]
        {
            let found = monitor.check(&diagnostics(std), info(step));
            assert_eq!(found.is_err(), stops, "step {step}: {found:?}");
            if let Err(error) = found {
                let text = error.to_string();
                assert!(text.contains("simsiam") && text.contains("step 61") && text.contains("on_collapse"), "{text}");
            }
        }
    }

    #[test]
    fn a_warning_is_given_once() {
        let mut monitor = CollapseMonitor::new("byol", CollapseRisk::Prediction, OnCollapse::Warn);
        let mut warning = |step| monitor.check(&diagnostics(0.0), info(step)).unwrap();
        assert_eq!(warning(30), None);
        assert!(warning(40).unwrap().contains("predictor"));
        assert_eq!(warning(50), None);
    }
}
