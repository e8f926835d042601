//! What `pick_task` gives.

use std::sync::Arc;

use serde::Serialize;

use super::{Pretrained, Task};

/// The outcome of a race of tasks.
#[derive(Debug, Clone)]
pub(crate) struct Picked {
    /// The winner.
    pub(crate) task: Task,
    /// Its name in the race.
    pub(crate) name: String,
    /// Its pretraining in the last rung.
    pub(crate) pretrained: Pretrained,
    /// Every task in every rung it was in.
    pub(crate) table: Arc<[Contestant]>,
    /// Which task, and why, in words.
    pub(crate) verdict: String,
}

/// One task in one rung. In a planning pass without its numbers.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct Contestant {
    /// Its name in the race.
    pub(crate) task: String,
    /// From 1.
    pub(crate) rung: usize,
    /// Updates of the weights.
    pub(crate) steps: u64,
    /// Seconds of pretraining.
    pub(crate) seconds: f64,
    /// Share of the labelled images that were named rightly while they were held out.
    pub(crate) accuracy: f64,
    /// Lower end of its 95 % interval.
    pub(crate) low: f64,
    /// Upper end.
    pub(crate) high: f64,
    /// Whether it went on into the next rung, or won.
    pub(crate) stays: bool,
}
