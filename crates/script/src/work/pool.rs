//! Statistics of an encoder's features over the images it was pretrained on: what probes standardize with. A hundred
//! labelled images tell them less well.

use std::path::Path;

use foretask_data::Images;
use foretask_train::Standardization;
use serde_json::{Value, json};

use crate::errors::Fault;
use crate::host::Host;
use crate::stage::{StageKey, Work, planned, read_json, write_json};
use crate::values::{Dataset, Encoder, EncoderSource};

/// Features of so many images settle means and deviations to a percent.
const MOST_IMAGES: usize = 8192;
const RESULT: &str = "statistics.json";

/// Images that nobody labelled.
pub(crate) type Pool = Dataset;

/// The images an encoder was pretrained on in this script.
pub(crate) fn of(encoder: &Encoder) -> Option<Pool> {
    match &encoder.source {
        EncoderSource::Pretrained(stage) => Some(stage.data().clone()),
        EncoderSource::File { .. } | EncoderSource::Random { .. } => None,
    }
}

/// What of a pool decides results.
pub(crate) fn identity(pool: Option<&Pool>) -> Result<Value, Fault> {
    pool.map_or(Ok(Value::Null), |pool| pool.identity(&pool.views[0]))
}

/// Mean and deviation of the features of `weights` over the pool; kept, because every label draw asks for them.
pub(crate) fn statistics(
    host: &Host,
    pool: Option<&Pool>,
    weights: &foretask_models::Encoder,
    encoder: Option<&Encoder>,
) -> Result<Option<Standardization>, Fault> {
    let (Some(pool), Some(encoder)) = (pool, encoder) else { return Ok(None) };
    let fingerprint = foretask_train::state_fingerprint(&weights.state);
    let key = StageKey::new(
        "pool statistics",
        &host.device_kind()?,
        [("encoder", json!(fingerprint)), ("pool", pool.identity(&pool.views[0])?)],
    );
    let mut make = |_: &Path| -> Result<Standardization, Fault> {
        host.note(format!("features of the unlabelled images, to standardize those of {}", encoder.describe()));
        let images = some(&*pool.images(host, &pool.views[0])?);
        let features = super::features(host, weights, &images)?;
        Ok(Standardization::of(&features.data, features.dim))
    };
    let outcome = host.quick_stage(
        planned("pool statistics", 0),
        &key,
        Work {
            make: &mut make,
            save: &|statistics: &Standardization, folder: &Path| {
                write_json(&folder.join(RESULT), statistics)?;
                Ok(json!({}))
            },
            load: &|folder: &Path, _| read_json(&folder.join(RESULT)),
        },
    )?;
    Ok(outcome.map(|outcome| outcome.value))
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
