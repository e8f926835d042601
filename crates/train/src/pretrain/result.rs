//! What pretraining gives.

use std::path::Path;
use std::sync::Arc;

use foretask_backend::StateDict;
use foretask_models::{BackboneConfig, Encoder, InputSpec};
use foretask_pretext::Resolved;
use serde::{Deserialize, Serialize};

use super::learner::HeadConfig;
use crate::checkpoint;
use crate::error::TrainError;
use crate::health::HealthLine;

/// A pretrained encoder and how it came about: plain data, independent of any device.
#[derive(Clone, Debug, PartialEq)]
pub struct Pretrained {
    /// The encoder.
    pub encoder: Encoder,
    /// The head it was trained with.
    pub head: HeadConfig,
    /// The head's weights and statistics.
    pub head_state: Arc<StateDict>,
    /// The task with every option, and the input shape.
    pub task: Resolved,
    /// The health lines.
    pub history: Vec<HealthLine>,
    /// Updates made.
    pub steps: u64,
    /// Source images seen.
    pub images_seen: u64,
    /// Seconds of training, over all sittings.
    pub seconds: f64,
}

/// All but the tensors.
#[derive(Serialize, Deserialize)]
struct About {
    config: BackboneConfig,
    input: InputSpec,
    origin: String,
    head: HeadConfig,
    task: Resolved,
    history: Vec<HealthLine>,
    steps: u64,
    images_seen: u64,
    seconds: f64,
}

impl Pretrained {
    /// Writes everything into one file, whole or not at all.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn save(&self, path: &Path) -> Result<(), TrainError> {
        let about = About {
            config: self.encoder.config.clone(),
            input: self.encoder.input.clone(),
            origin: self.encoder.origin.clone(),
            head: self.head.clone(),
            task: self.task.clone(),
            history: self.history.clone(),
            steps: self.steps,
            images_seen: self.images_seen,
            seconds: self.seconds,
        };
        let mut tensors = StateDict::new();
        checkpoint::put_under("encoder", (*self.encoder.state).clone(), &mut tensors);
        checkpoint::put_under("head", (*self.head_state).clone(), &mut tensors);
        checkpoint::save(path, &about, &tensors)
    }

    /// Reads what [`Pretrained::save`] wrote; `None` where there is no file.
    ///
    /// # Errors
    /// A file that is damaged or holds something else.
    pub fn load(path: &Path) -> Result<Option<Self>, TrainError> {
        let Some((about, mut tensors)) = checkpoint::load::<About>(path)? else { return Ok(None) };
        let state = Arc::new(checkpoint::take_under("encoder", &mut tensors));
        let head_state = Arc::new(checkpoint::take_under("head", &mut tensors));
        let About { config, input, origin, head, task, history, steps, images_seen, seconds } = about;
        let encoder = Encoder { config, input, state, origin };
        Ok(Some(Self { encoder, head, head_state, task, history, steps, images_seen, seconds }))
    }
}
