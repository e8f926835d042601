//! A task as it runs in the race.

use super::score::Score;
use crate::values::{Pretrained, Task};

/// One task in the race.
pub(super) struct Runner {
    pub(super) name: String,
    pub(super) task: Task,
    pub(super) pretrained: Pretrained,
    pub(super) score: Option<Score>,
    /// Updates of the first rung.
    pub(super) first_steps: u64,
}
