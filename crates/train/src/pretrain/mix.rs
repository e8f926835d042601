//! What is pretrained on: one pretext task, or several on one encoder.

use foretask_pretext::Task;
use serde::{Deserialize, Serialize};

use crate::balance::Balance;

/// One pretext task, or several that share an encoder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TaskMix {
    /// The tasks and what each counts.
    pub tasks: Vec<(Task, f64)>,
    /// How their losses are weighed against each other.
    pub balance: Balance,
}

impl TaskMix {
    /// "rotation", or "rotation + simclr".
    pub fn name(&self) -> String {
        self.tasks.iter().map(|(task, _)| task.name()).collect::<Vec<_>>().join(" + ")
    }
}

impl From<Task> for TaskMix {
    fn from(task: Task) -> Self {
        Self { tasks: vec![(task, 1.0)], balance: Balance::Weights }
    }
}
