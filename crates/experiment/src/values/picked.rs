//! What `pick_task` gives.

use std::sync::Arc;

use serde::Serialize;

use super::{Encoder, Pretrained, Task};

/// The outcome of a race of tasks.
#[derive(Debug, Clone)]
pub struct Picked {
    /// The winner.
    pub task: Task,
    /// Its name in the race.
    pub name: String,
    /// Its pretraining in the last rung.
    pub pretrained: Pretrained,
    /// Every task in every rung it was in.
    pub table: Arc<[Contestant]>,
    /// Which task, and why, in words.
    pub verdict: String,
}

/// One task in one rung. In a planning pass without its numbers.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Contestant {
    /// Its name in the race.
    pub task: String,
    /// From 1.
    pub rung: usize,
    /// Updates of the weights.
    pub steps: u64,
    /// Seconds of pretraining.
    pub seconds: f64,
    /// Share of the labeled images that were named rightly while they were held out.
    pub accuracy: f64,
    /// Lower end of its 95 % interval.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// Whether it went on into the next rung, or won.
    pub stays: bool,
}

/// The outcome of a race of encoders.
#[derive(Debug, Clone)]
pub struct PickedEncoder {
    /// The one that names held-out images best.
    pub encoder: Encoder,
    /// Its name in the race.
    pub name: String,
    /// Every encoder, the best first.
    pub table: Arc<[Entrant]>,
    /// Which encoder, and why, in words.
    pub verdict: String,
}

/// One encoder in a race.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Entrant {
    /// Its name in the race.
    pub encoder: String,
    /// Share of the labeled images that were named rightly while they were held out.
    pub accuracy: f64,
    /// Lower end of its 95 % interval.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// How much better the winner is, image by image.
    pub behind: f64,
    /// Whether the labels cannot tell it from the winner.
    pub close: bool,
    /// Seconds that the features of an image took on this machine.
    pub seconds: f64,
    /// Multiplications of an image, in thousand millions.
    pub giga_macs: f64,
}
