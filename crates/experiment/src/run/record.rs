//! What a run remembers of a stage.

use std::path::PathBuf;

use serde::Serialize;
use serde_json::Value;

use crate::plan::PlannedAuto;

/// A stage as this run saw it.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct StageRecord {
    pub title: String,
    /// The later label draws of a word differ from its first in labels and seed alone.
    #[serde(skip)]
    pub later_draw: bool,
    pub line: usize,
    pub key: String,
    pub folder: PathBuf,
    pub seconds: f64,
    pub reused: bool,
    /// Resolved options, seeds and fingerprints: everything that decides the result.
    pub decided_by: Value,
    pub autos: Vec<PlannedAuto>,
    pub notes: Vec<String>,
}
