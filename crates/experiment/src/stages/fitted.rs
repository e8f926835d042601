//! Classifiers on features, kept as stages: what `linear_probe`, `spread_labels` and `self_train` have in common.

use std::path::Path;
use std::sync::Arc;

use foretask_models::Classifier;
use foretask_train::HealthLine;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::error::Error;
use crate::experiment::Experiment;
use crate::plan::PlannedStage;
use crate::runner::{Outcome, Stage};
use crate::stage::{Done, StageKey, read_json, write_history, write_json};
use crate::values::{Member, Trained, View};

const CLASSIFIER: &str = "classifier.safetensors";
const TRAINING: &str = "training.json";

/// A classifier and how it came about.
pub(super) struct Fitted {
    pub(super) classifier: Classifier,
    /// Whether the search for its weights ended.
    pub(super) converged: bool,
    pub(super) training: Training,
}

/// What training there was; none for a probe.
#[derive(Default, Serialize, Deserialize)]
pub(super) struct Training {
    pub(super) steps: u64,
    pub(super) history: Vec<HealthLine>,
}

/// How a classifier on features is made for one label draw.
pub(super) trait Fit {
    /// Makes it; `folder` is that of its stage.
    fn fit(&self, experiment: &Experiment, folder: &Path) -> Result<Fitted, Error>;
}

/// One draw's classifier as a stage.
pub(super) struct FittedStage<F> {
    pub(super) key: StageKey,
    pub(super) plan: PlannedStage,
    pub(super) fit: F,
}

impl<F: Fit> FittedStage<F> {
    /// The classifier of the draw `view`: planned, loaded or made.
    pub(super) fn member(self, experiment: &Experiment, view: &View) -> Result<Member, Error> {
        let outcome = experiment.run(&self)?;
        Ok(member(self.key, view, outcome))
    }
}

impl<F: Fit> Stage for FittedStage<F> {
    type Output = Fitted;

    fn key(&self) -> &StageKey {
        &self.key
    }

    fn plan(&self) -> PlannedStage {
        self.plan.clone()
    }

    fn make(&self, experiment: &Experiment, folder: &Path) -> Result<Fitted, Error> {
        self.fit.fit(experiment, folder)
    }

    fn save(&self, found: &Fitted, folder: &Path) -> Result<Value, Error> {
        found.classifier.save(folder.join(CLASSIFIER))?;
        if found.training.steps > 0 {
            write_json(&folder.join(TRAINING), &found.training)?;
            write_history(folder, &found.training.history)?;
        }
        Ok(json!({ "converged": found.converged, "steps": found.training.steps }))
    }

    fn load(&self, folder: &Path, done: &Done) -> Result<Fitted, Error> {
        let trained = done.facts["steps"].as_u64().unwrap_or(0) > 0;
        Ok(Fitted {
            classifier: Classifier::load(folder.join(CLASSIFIER))?,
            converged: done.facts["converged"].as_bool().unwrap_or(true),
            training: if trained { read_json(&folder.join(TRAINING))? } else { Training::default() },
        })
    }
}

fn member(key: StageKey, view: &View, outcome: Option<Outcome<Fitted>>) -> Member {
    let planned = Member::planned(key, view.seed.unwrap_or(0));
    match outcome {
        None => planned,
        Some(Outcome { value, seconds, reused }) => Member {
            trained: Some(Trained::Network(Arc::new(value.classifier))),
            seconds,
            reused,
            converged: Some(value.converged),
            steps: value.training.steps,
            history: value.training.history.into(),
            ..planned
        },
    }
}
