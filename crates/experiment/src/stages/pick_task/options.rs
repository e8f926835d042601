//! Options of `pick_task`.

use foretask_train::{Budget, PretrainOptions};
use serde::{Deserialize, Serialize};

/// Options of `pick_task`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PickOptions {
    /// Time of pretraining in the whole race.
    pub budget: Option<Budget>,
    /// Updates in the last rung.
    pub steps: Option<u64>,
    /// Parts of the cross-validation.
    pub folds: usize,
    /// How often they are dealt anew.
    pub repeats: usize,
    /// Deals the parts of the cross-validation.
    pub seed: u64,
    /// What all tasks have in common.
    pub pretrain: PretrainOptions,
}

impl Default for PickOptions {
    fn default() -> Self {
        Self { budget: None, steps: None, folds: 5, repeats: 5, seed: 0, pretrain: PretrainOptions::default() }
    }
}

impl PickOptions {
    /// The option at fault and what is wrong with it, where one cannot work.
    ///
    /// # Errors
    /// The option and what is wrong with it.
    pub fn check(&self) -> Result<(), (&'static str, String)> {
        match self {
            Self { budget: Some(_), steps: Some(_), .. } => {
                Err(("steps", "give one length only: `budget` or `steps`".into()))
            }
            Self { steps: Some(0), .. } => Err(("steps", "`steps` must be a whole number from 1".into())),
            Self { folds: 0 | 1, .. } => Err(("folds", "`folds` must be a whole number from 2".into())),
            Self { repeats: 0, .. } => Err(("repeats", "`repeats` must be a whole number from 1".into())),
            Self { repeats, .. } if *repeats > 100 => Err(("repeats", "`repeats` must be at most 100".into())),
            _ => Ok(()),
        }
    }
}
