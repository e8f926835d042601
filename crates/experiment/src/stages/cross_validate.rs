//! How good a classifier will be, told by the labeled few alone: each is held out in turn and asked of a probe that learned from
//! the others.

use foretask_eval::wilson;
use serde::{Deserialize, Serialize};

use super::pick_task::labels;
use super::pick_task::score::score;
use crate::error::Error;
use crate::experiment::Experiment;
use crate::plan::{PlannedStage, planned};
use crate::values::{ClassEstimate, Dataset, Encoder, Estimate};

/// How labeled images are held out in turn: options of `cross_validate` and `pick_encoder`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CrossValidationOptions {
    /// Parts of the cross-validation.
    pub folds: usize,
    /// How often they are dealt anew.
    pub repeats: usize,
    /// Deals the parts.
    pub seed: u64,
}

impl Default for CrossValidationOptions {
    fn default() -> Self {
        Self { folds: 5, repeats: 5, seed: 0 }
    }
}

impl CrossValidationOptions {
    /// The option at fault and what is wrong with it, where one cannot work.
    ///
    /// # Errors
    /// The option and what is wrong with it.
    pub fn check(&self) -> Result<(), (&'static str, String)> {
        match self {
            Self { folds: 0 | 1, .. } => Err(("folds", "`folds` must be a whole number from 2".into())),
            Self { repeats: 0, .. } => Err(("repeats", "`repeats` must be a whole number from 1".into())),
            Self { repeats, .. } if *repeats > 100 => Err(("repeats", "`repeats` must be at most 100".into())),
            _ => Ok(()),
        }
    }
}

/// An estimate without a test set.
#[derive(Debug, Clone)]
pub struct CrossValidate {
    /// Whose features the probes see.
    pub encoder: Encoder,
    /// The labeled images.
    pub few: Dataset,
    /// How they are held out.
    pub options: CrossValidationOptions,
}

impl CrossValidate {
    /// Finds it out; in a planning pass what an earlier run has found, else an estimate that knows nothing.
    ///
    /// # Errors
    /// When the labels do not allow it, or the work fails or is interrupted.
    pub fn run(&self, experiment: &Experiment) -> Result<Estimate, Error> {
        let Self { encoder, few, options: CrossValidationOptions { folds, repeats, seed } } = self;
        let fewest = labels::check("cross_validate", few)?;
        let samples = few.views[0].samples()?;
        experiment.used_data(few.steps(), &samples);
        let parts = *folds.min(&fewest);
        let mut notes = Vec::new();
        if *folds > parts {
            notes.push(format!(
                "{parts} parts instead of {folds}: a class has {fewest} labeled images, one for each part"
            ));
        }
        let survey = experiment.survey(few, &few.views[0])?;
        notes.extend(encoder.enlarging(&survey)?);
        let stage = PlannedStage {
            line: experiment.line(),
            images: samples.len(),
            length: format!("probes in {parts} parts, dealt {repeats} times"),
            notes,
            ..planned(format!("cross_validate: {}", encoder.describe()))
        };
        experiment.with_plan(|plan| plan.stages.push(stage));
        let found = score(experiment, encoder, few, (*folds, *repeats, *seed))?;
        let labels: Vec<u32> = samples.labels.iter().copied().flatten().collect();
        let Some(found) = found else {
            let chance = 1.0 / samples.classes.len().max(1) as f64;
            return Ok(Estimate { classes: ClassEstimate::unknown(&samples, chance), ..Estimate::default() });
        };
        Ok(estimate(&found.right, &labels, &samples.classes, found.folds))
    }
}

/// From how often each image was named rightly.
fn estimate(right: &[f64], labels: &[u32], classes: &[String], parts: usize) -> Estimate {
    let of = |chosen: Vec<f64>| {
        let share = chosen.iter().sum::<f64>() / chosen.len().max(1) as f64;
        let (low, high) = wilson(share, chosen.len() as u64);
        (chosen.len(), share, low, high)
    };
    let classes = classes.iter().zip(0..).filter_map(|(class, number)| {
        let own = labels.iter().zip(right).filter(|(label, _)| **label == number).map(|(_, right)| *right);
        let (count, recall, low, high) = of(own.collect());
        (count > 0).then(|| ClassEstimate { class: class.clone(), count, recall, low, high })
    });
    let classes = classes.collect();
    let (count, mean, low, high) = of(right.to_vec());
    Estimate { count, parts, mean, low, high, classes }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_estimate_has_intervals_and_names_the_weakest_class() {
        let classes = ["a", "b", "unused"].map(str::to_owned);
        let right = [1.0, 1.0, 1.0, 0.6, 0.4];
        let found = estimate(&right, &[0, 0, 0, 1, 1], &classes, 2);
        assert!((found.mean - 0.8).abs() < 1e-12 && found.count == 5);
        // Wilson's interval of 4 of 5, as statsmodels' proportion_confint(4, 5, method="wilson") gives it.
        assert!((found.low - 0.375_535_0).abs() < 1e-6 && (found.high - 0.963_776_6).abs() < 1e-6, "{found:?}");
        // All right is no certainty: 3 of 3 is 0.438 to 1.
        assert!((found.classes[0].low - 0.438_503).abs() < 1e-6 && found.classes[0].high == 1.0, "{found:?}");
        assert_eq!(found.classes.len(), 2);
        let words = found.to_string();
        assert!(words.starts_with("about 80.0 %") && words.contains("b 50.0 % of 2"), "{words}");
        assert!(!words.contains("unused"), "{words}");
    }
}
