//! What the labeled few say of one encoder, kept as a stage.

use std::path::Path;
use std::time::Instant;

use foretask_eval::{FoldOptions, cross_validate};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::error::Error;
use crate::experiment::Experiment;
use crate::plan::{PlannedStage, planned};
use crate::runner::Stage;
use crate::stage::{Done, StageKey, read_json, write_json};
use crate::stages::{frozen_features, pool};
use crate::values::{Dataset, Encoder, EncoderSource, Pretrained};

const RESULT: &str = "score.json";

/// How a task has done in one rung.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(in crate::stages) struct Score {
    /// For each labeled image the share of repetitions in which it was named rightly while it was held out.
    pub(in crate::stages) right: Vec<f64>,
    /// Mean cross-entropy of the held-out images.
    pub(in crate::stages) loss: f64,
    /// Parts of the cross-validation.
    pub(in crate::stages) folds: usize,
    /// Updates of the pretraining.
    pub(in crate::stages) steps: u64,
    /// Seconds of it.
    pub(in crate::stages) seconds: f64,
    /// Seconds that the features of an image took; earlier versions did not look.
    #[serde(default)]
    pub(in crate::stages) image_seconds: Option<f64>,
}

/// How the images are dealt: parts, how often anew, and the seed.
pub(in crate::stages) type Dealing = (usize, usize, u64);

/// A cross-validated probe on the encoder's features of the few. In a planning pass what an earlier run has found, if one has.
pub(in crate::stages) fn score(
    experiment: &Experiment,
    encoder: &Encoder,
    few: &Dataset,
    (folds, repeats, seed): Dealing,
) -> Result<Option<Score>, Error> {
    let view = &few.views[0];
    let key = StageKey::new(
        "cross-validated probe",
        &experiment.device_kind()?,
        [
            ("encoder", encoder.identity()),
            ("data", few.identity(view)?),
            ("pool", pool::identity(pool::of(encoder).as_ref())?),
            ("options", json!([folds, repeats, seed])),
        ],
    );
    let stage = CrossValidation { key, encoder, few, dealing: (folds, repeats, seed) };
    if experiment.planning() {
        return Ok(experiment.stored_before(&stage));
    }
    Ok(experiment.run(&stage)?.map(|outcome| outcome.value))
}

/// Finding it out.
struct CrossValidation<'a> {
    key: StageKey,
    encoder: &'a Encoder,
    few: &'a Dataset,
    dealing: Dealing,
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
        let Self { encoder, dealing: (folds, repeats, seed), .. } = *self;
        let images = experiment.images_of(self.few, &self.few.views[0])?;
        let weights = encoder.weights(&images, 0)?;
        let statistics = pool::statistics(experiment, pool::of(encoder).as_ref(), &weights, Some(encoder))?;
        let labels = foretask_train::labels_of(&images)?;
        let pretraining = match &encoder.source {
            EncoderSource::Pretrained(stage) => Some(stage),
            EncoderSource::File { .. } | EncoderSource::Random { .. } => None,
        };
        let begin = Instant::now();
        let seen = frozen_features(experiment, &weights, &images)?;
        let image_seconds = begin.elapsed().as_secs_f64() / images.len().max(1) as f64;
        let how = FoldOptions { folds, repeats, seed };
        let found = cross_validate(&seen, &labels, images.classes().len(), statistics.as_ref(), how)?;
        Ok(Score {
            right: found.right,
            loss: found.loss,
            folds: found.folds,
            steps: pretraining.and_then(Pretrained::result).map_or(0, |result| result.steps),
            seconds: pretraining.map_or(0.0, Pretrained::seconds),
            image_seconds: Some(image_seconds),
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
