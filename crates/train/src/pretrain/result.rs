//! What pretraining gives.

use std::path::Path;
use std::sync::Arc;

use foretask_backend::StateDict;
use foretask_models::{BackboneConfig, Encoder, InputSpec};
use serde::{Deserialize, Serialize};

use super::plan::PlannedTask;
use crate::checkpoint;
use crate::error::TrainError;
use crate::health::HealthLine;

/// A pretrained encoder and how it came about: plain data, independent of any device.
#[derive(Clone, Debug, PartialEq)]
pub struct Pretrained {
    /// The encoder.
    pub encoder: Encoder,
    /// The tasks with every option, the input shape, and their heads.
    pub tasks: Vec<PlannedTask>,
    /// Weights and statistics of all heads, in the tasks' order: `0.fc.weight`, …
    pub heads: Arc<StateDict>,
    /// The health lines.
    pub history: Vec<HealthLine>,
    /// Updates made.
    pub steps: u64,
    /// Source images seen.
    pub images_seen: u64,
    /// Seconds of training, over all sittings.
    pub seconds: f64,
    /// Seconds of them in which a step waited for its batch.
    pub waited: f64,
}

/// All but the tensors.
#[derive(Serialize, Deserialize)]
struct About {
    config: BackboneConfig,
    input: InputSpec,
    origin: String,
    tasks: Vec<PlannedTask>,
    history: Vec<HealthLine>,
    steps: u64,
    images_seen: u64,
    seconds: f64,
    waited: f64,
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
            tasks: self.tasks.clone(),
            history: self.history.clone(),
            steps: self.steps,
            images_seen: self.images_seen,
            seconds: self.seconds,
            waited: self.waited,
        };
        let mut tensors = StateDict::new();
        checkpoint::put_under("encoder", (*self.encoder.state).clone(), &mut tensors);
        checkpoint::put_under("heads", (*self.heads).clone(), &mut tensors);
        checkpoint::save(path, &about, &tensors)
    }

    /// Reads what [`Pretrained::save`] wrote; `None` where there is no file.
    ///
    /// # Errors
    /// A file that is damaged or holds something else.
    pub fn load(path: &Path) -> Result<Option<Self>, TrainError> {
        let Some((about, mut tensors)) = checkpoint::load::<About>(path)? else { return Ok(None) };
        let state = Arc::new(checkpoint::take_under("encoder", &mut tensors));
        let heads = Arc::new(checkpoint::take_under("heads", &mut tensors));
        let About { config, input, origin, tasks, history, steps, images_seen, seconds, waited } = about;
        let encoder = Encoder { config, input, state, origin };
        Ok(Some(Self { encoder, tasks, heads, history, steps, images_seen, seconds, waited }))
    }
}
