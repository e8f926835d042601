//! What the labeled few say of one encoder, kept as a stage.

use std::path::Path;

use foretask_eval::{FoldOptions, cross_validate};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::options::PickOptions;
use crate::error::Error;
use crate::experiment::Experiment;
use crate::plan::{PlannedStage, planned};
use crate::runner::Stage;
use crate::stage::{Done, StageKey, read_json, write_json};
use crate::stages::{features, pool};
use crate::values::{Dataset, Encoder, Pretrained};

const RESULT: &str = "score.json";

/// How a task has done in one rung.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Score {
    /// For each labeled image the share of repetitions in which it was named rightly while it was held out.
    pub(super) right: Vec<f64>,
    /// Mean cross-entropy of the held-out images.
    pub(super) loss: f64,
    /// Parts of the cross-validation.
    pub(super) folds: usize,
    /// Updates of the pretraining.
    pub(super) steps: u64,
    /// Seconds of it.
    pub(super) seconds: f64,
}

/// A cross-validated probe on the encoder's features of the few. In a planning pass what an earlier run has found, if one has.
pub(super) fn score(
    experiment: &Experiment,
    stage: &Pretrained,
    few: &Dataset,
    options: &PickOptions,
) -> Result<Option<Score>, Error> {
    let view = &few.views[0];
    let encoder = Encoder::pretrained(stage.clone());
    let key = StageKey::new(
        "cross-validated probe",
        &experiment.device_kind()?,
        [
            ("encoder", encoder.identity()),
            ("data", few.identity(view)?),
            ("pool", pool::identity(Some(stage.data()))?),
            ("options", json!([options.folds, options.repeats, options.seed])),
        ],
    );
    let stage = CrossValidation { key, stage, encoder: &encoder, few, options };
    if experiment.planning() {
        return Ok(experiment.stored_before(&stage));
    }
    Ok(experiment.run(&stage)?.map(|outcome| outcome.value))
}

/// Finding it out.
struct CrossValidation<'a> {
    key: StageKey,
    stage: &'a Pretrained,
    encoder: &'a Encoder,
    few: &'a Dataset,
    options: &'a PickOptions,
}

impl Stage for CrossValidation<'_> {
    type Output = Score;

    const QUICK: bool = true;

    fn key(&self) -> &StageKey {
        &self.key
    }

    fn plan(&self) -> PlannedStage {
        planned("cross-validated probe")
    }

    fn make(&self, experiment: &Experiment, _: &Path) -> Result<Score, Error> {
        let Self { stage, encoder, options, .. } = self;
        let images = experiment.images_of(self.few, &self.few.views[0])?;
        let weights = encoder.weights(&images, 0)?;
        let statistics = pool::statistics(experiment, Some(stage.data()), &weights, Some(encoder))?;
        let labels = foretask_train::labels_of(&images)?;
        let found = cross_validate(
            &features(experiment, &weights, &images)?,
            &labels,
            images.classes().len(),
            statistics.as_ref(),
            FoldOptions { folds: options.folds, repeats: options.repeats, seed: options.seed },
        )?;
        Ok(Score {
            right: found.right,
            loss: found.loss,
            folds: found.folds,
            steps: stage.result().map_or(0, |result| result.steps),
            seconds: stage.seconds(),
        })
    }

    fn save(&self, score: &Score, folder: &Path) -> Result<Value, Error> {
        write_json(&folder.join(RESULT), score)?;
        Ok(json!({}))
    }

    fn load(&self, folder: &Path, _: &Done) -> Result<Score, Error> {
        read_json(&folder.join(RESULT))
    }
}
