//! What is pretrained on: one pretext task, or several on one encoder; and the networks that teach some of them.

use foretask_models::Encoder;
use foretask_pretext::{Shape, Task, TeacherInfo};
use serde::{Deserialize, Serialize};

use crate::balance::Balance;

/// One pretext task, or several that share an encoder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TaskMix {
    /// The tasks and what each counts.
    pub tasks: Vec<(Task, f64)>,
    /// How their losses are weighed against each other.
    pub balance: Balance,
    /// Those whom some tasks are taught by; needed from the first step on. The tasks themselves say what decides their weights.
    #[serde(skip)]
    pub teachers: Vec<Teacher>,
}

impl TaskMix {
    /// "rotation", or "rotation + simclr".
    pub fn name(&self) -> String {
        self.tasks.iter().map(|(task, _)| task.name()).collect::<Vec<_>>().join(" + ")
    }
}

impl From<Task> for TaskMix {
    fn from(task: Task) -> Self {
        Self { tasks: vec![(task, 1.0)], balance: Balance::Weights, teachers: Vec::new() }
    }
}

/// A trained network that a task is taught by.
#[derive(Clone, Debug, PartialEq)]
pub struct Teacher {
    /// The `identity` of its [`TeacherInfo`].
    pub identity: String,
    /// Its weights, and what it takes in.
    pub encoder: Encoder,
}

impl Teacher {
    /// What a task must know of it. Of the encoder everything but the weights is used, so that a sketch will do.
    pub fn info(name: &str, identity: &str, encoder: &Encoder) -> TeacherInfo {
        let (channels, height, width) = (encoder.input.channels, encoder.input.height, encoder.input.width);
        TeacherInfo {
            name: name.to_owned(),
            identity: identity.to_owned(),
            input: Shape::new(channels, height, width),
            features: encoder.config.feature_dim(),
            map: encoder.config.cost(channels, height, width).map,
        }
    }
}
