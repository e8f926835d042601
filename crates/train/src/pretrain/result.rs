//! What pretraining gives.

use std::path::Path;
use std::sync::Arc;

use foretask_backend::StateDict;
use foretask_models::{BackboneConfig, Encoder, InputSpec, Seen};
use foretask_pretext::Task;
use serde::{Deserialize, Serialize};

use super::guard::Continued;
use super::mix::TaskMix;
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
    /// How a trained encoder that went on learning was held against what it was at first; `None` where nobody looked.
    pub continued: Option<Continued>,
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
    /// Files of earlier versions do not say.
    #[serde(default)]
    seen: Seen,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    license: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    continued: Option<Continued>,
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
            seen: self.encoder.seen.clone(),
            license: self.encoder.license.clone(),
            continued: self.continued.clone(),
        };
        let mut tensors = StateDict::new();
        checkpoint::put_under("encoder", (*self.encoder.state).clone(), &mut tensors);
        checkpoint::put_under("heads", (*self.heads).clone(), &mut tensors);
        checkpoint::save(path, &about, &tensors)
    }

    /// Reads what [`Pretrained::save`] wrote; `None` where there is no file. A file cannot hold the function of a custom task:
    /// that of `mix`, by which the encoder was pretrained, takes its place.
    ///
    /// # Errors
    /// A file that is damaged, of other tasks, or holds something else.
    pub fn load(path: &Path, mix: &TaskMix) -> Result<Option<Self>, TrainError> {
        let Some((mut about, mut tensors)) = checkpoint::load::<About>(path)? else { return Ok(None) };
        if !lend_functions(&mut about.tasks, mix) {
            let reason = format!("belongs to other tasks than {}", mix.name());
            return Err(TrainError::Checkpoint { path: path.to_owned(), reason });
        }
        let state = Arc::new(checkpoint::take_under("encoder", &mut tensors));
        let heads = Arc::new(checkpoint::take_under("heads", &mut tensors));
        let About {
            config,
            input,
            origin,
            tasks,
            history,
            steps,
            images_seen,
            seconds,
            waited,
            seen,
            license,
            continued,
        } = about;
        let encoder = Encoder { config, input, state, origin, seen, license };
        Ok(Some(Self { encoder, tasks, heads, history, steps, continued, images_seen, seconds, waited }))
    }
}

/// Gives the custom tasks of `stored` the functions of `mix`; false where the two do not name the same tasks.
fn lend_functions(stored: &mut [PlannedTask], mix: &TaskMix) -> bool {
    let same = stored.len() == mix.tasks.len();
    same && stored.iter_mut().zip(&mix.tasks).all(|(stored, (given, _))| {
        if let (Task::Custom(stored), Task::Custom(given)) = (&mut stored.task.task, given) {
            stored.generator.clone_from(&given.generator);
            return stored.identity == given.identity;
        }
        stored.task.task.name() == given.name()
    })
}
