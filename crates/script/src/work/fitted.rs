//! Classifiers on features, kept as stages: what `linear_probe`, `spread_labels` and `self_train` have in common.

use std::path::Path;
use std::sync::Arc;

use foretask_models::Classifier;
use foretask_train::HealthLine;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::errors::Fault;
use crate::host::Host;
use crate::plan::PlannedStage;
use crate::stage::{Outcome, StageKey, Work, read_json, write_json};
use crate::values::{Member, Trained, View};

const CLASSIFIER: &str = "classifier.safetensors";
const TRAINING: &str = "training.json";
const METRICS: &str = "metrics.jsonl";

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

/// One draw's classifier: planned, loaded or made.
pub(super) fn fitted_stage(
    host: &Host,
    stage: PlannedStage,
    key: StageKey,
    view: &View,
    make: &mut dyn FnMut(&Path) -> Result<Fitted, Fault>,
) -> Result<Member, Fault> {
    let outcome = host.stage(
        stage,
        &key,
        Work {
            make,
            save: &|found: &Fitted, folder: &Path| {
                found.classifier.save(folder.join(CLASSIFIER))?;
                if found.training.steps > 0 {
                    write_json(&folder.join(TRAINING), &found.training)?;
                    // The run gathers these lines from all its stages.
                    let lines = found.training.history.iter().map(|line| crate::stage::json(line).to_string() + "\n");
                    foretask_data::write_atomically(folder.join(METRICS), lines.collect::<String>().as_bytes())?;
                }
                Ok(json!({ "converged": found.converged, "steps": found.training.steps }))
            },
            load: &|folder: &Path, done| {
                let trained = done.facts["steps"].as_u64().unwrap_or(0) > 0;
                Ok(Fitted {
                    classifier: Classifier::load(folder.join(CLASSIFIER))?,
                    converged: done.facts["converged"].as_bool().unwrap_or(true),
                    training: if trained { read_json(&folder.join(TRAINING))? } else { Training::default() },
                })
            },
        },
    )?;
    Ok(member(key, view, outcome))
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
