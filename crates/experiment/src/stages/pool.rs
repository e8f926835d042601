//! Statistics of an encoder's features over the images it was pretrained on: what probes standardize with. A hundred
//! labeled images tell them less well.

use std::path::Path;

use foretask_data::Images;
use foretask_train::Standardization;
use serde_json::{Value, json};

use crate::error::Error;
use crate::experiment::Experiment;
use crate::plan::{PlannedStage, planned};
use crate::runner::Stage;
use crate::stage::{Done, StageKey, read_json, write_json};
use crate::values::{Dataset, Encoder, EncoderSource};

/// Features of so many images settle means and deviations to a percent.
const MOST_IMAGES: usize = 8192;
const RESULT: &str = "statistics.json";

/// Images that nobody labeled.
pub type Pool = Dataset;

/// The images an encoder was pretrained on in this script.
pub fn of(encoder: &Encoder) -> Option<Pool> {
    match &encoder.source {
        EncoderSource::Pretrained(stage) => Some(stage.data().clone()),
        EncoderSource::File { .. } | EncoderSource::Random { .. } => None,
    }
}

/// What of a pool decides results.
pub(crate) fn identity(pool: Option<&Pool>) -> Result<Value, Error> {
    pool.map_or(Ok(Value::Null), |pool| pool.identity(&pool.views[0]))
}

/// Mean and deviation of the features of `weights` over the pool; kept, because every label draw asks for them.
pub(crate) fn statistics(
    experiment: &Experiment,
    pool: Option<&Pool>,
    weights: &foretask_models::Encoder,
    encoder: Option<&Encoder>,
) -> Result<Option<Standardization>, Error> {
    let (Some(pool), Some(encoder)) = (pool, encoder) else { return Ok(None) };
    let fingerprint = foretask_train::state_fingerprint(&weights.state);
    let key = StageKey::new(
        "pool statistics",
        &experiment.device_kind()?,
        [("encoder", json!(fingerprint)), ("pool", pool.identity(&pool.views[0])?)],
    );
    let outcome = experiment.run(&Statistics { key, pool, weights, encoder })?;
    Ok(outcome.map(|outcome| outcome.value))
}

/// Computing them.
struct Statistics<'a> {
    key: StageKey,
    pool: &'a Pool,
    weights: &'a foretask_models::Encoder,
    encoder: &'a Encoder,
}

impl Stage for Statistics<'_> {
    type Output = Standardization;

    const QUICK: bool = true;

    fn key(&self) -> &StageKey {
        &self.key
    }

    fn plan(&self) -> PlannedStage {
        planned("pool statistics")
    }

    fn make(&self, experiment: &Experiment, _: &Path) -> Result<Standardization, Error> {
        let whose = self.encoder.describe();
        experiment.note(format!("features of the unlabeled images, to standardize those of {whose}"));
        let images = some(&*experiment.images_of(self.pool, &self.pool.views[0])?);
        let features = super::frozen_features(experiment, self.weights, &images)?;
        Ok(Standardization::of(&features.data, features.dim))
    }

    fn save(&self, statistics: &Standardization, folder: &Path) -> Result<Value, Error> {
        write_json(&folder.join(RESULT), statistics)?;
        Ok(json!({}))
    }

    fn load(&self, folder: &Path, _: &Done) -> Result<Standardization, Error> {
        read_json(&folder.join(RESULT))
    }
}

/// At most [`MOST_IMAGES`], evenly spread.
fn some(images: &Images) -> Images {
    let step = images.len().div_ceil(MOST_IMAGES).max(1);
    if step == 1 {
        return images.clone();
    }
    let indices: Vec<u32> = (0..images.len() as u32).step_by(step).collect();
    images.select(&indices)
}
