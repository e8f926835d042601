//! What the labelled few say of one encoder, kept as a stage.

use std::path::Path;

use foretask_eval::cross_validate;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::PickOptions;
use crate::errors::Fault;
use crate::host::Host;
use crate::stage::{StageKey, Work, planned, read_json, write_json};
use crate::values::{Dataset, Encoder, Pretrained};
use crate::work::{features, pool};

const RESULT: &str = "score.json";

/// How a task has done in one rung.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Score {
    /// For each labelled image the share of repetitions in which it was named rightly while it was held out.
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
    host: &Host,
    stage: &Pretrained,
    few: &Dataset,
    options: &PickOptions,
) -> Result<Option<Score>, Fault> {
    let view = &few.views[0];
    let encoder = Encoder::pretrained(stage.clone());
    let key = StageKey::new(
        "cross-validated probe",
        &host.device_kind()?,
        [
            ("encoder", encoder.identity()),
            ("data", few.identity(view)?),
            ("pool", pool::identity(Some(stage.data()))?),
            ("options", json!([options.folds, options.repeats, options.seed])),
        ],
    );
    let load = |folder: &Path| read_json::<Score>(&folder.join(RESULT));
    if host.planning() {
        return Ok(host.stages.done(&key).and_then(|_| load(&host.stages.folder(&key)).ok()));
    }
    let mut make = |_: &Path| -> Result<Score, Fault> {
        let images = few.images(host, view)?;
        let weights = encoder.weights(&images, 0)?;
        let statistics = pool::statistics(host, Some(stage.data()), &weights, Some(&encoder))?;
        let labels = foretask_train::labels_of(&images)?;
        let found = cross_validate(
            &features(host, &weights, &images)?,
            &labels,
            images.classes().len(),
            statistics.as_ref(),
            (options.folds, options.repeats),
            options.seed,
        )?;
        Ok(Score {
            right: found.right,
            loss: found.loss,
            folds: found.folds,
            steps: stage.result().map_or(0, |result| result.steps),
            seconds: stage.seconds(),
        })
    };
    let outcome = host.quick_stage(
        planned("cross-validated probe", 0),
        &key,
        Work {
            make: &mut make,
            save: &|score: &Score, folder: &Path| {
                write_json(&folder.join(RESULT), score)?;
                Ok(json!({}))
            },
            load: &|folder: &Path, _| load(folder),
        },
    )?;
    Ok(outcome.map(|outcome| outcome.value))
}
