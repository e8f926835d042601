//! What `pretrain` gives.

use std::sync::Arc;

use foretask_models::BackboneConfig;
use foretask_pretext::Shape;
use foretask_train::PretrainPlan;

use super::{Dataset, Encoder};
use crate::stage::StageKey;

/// The result of a pretraining stage; its training crate's own record.
pub type PretrainedResult = foretask_train::Pretrained;

/// A pretraining stage of the script, planned or done.
#[derive(Debug, Clone)]
pub struct Pretrained(Arc<Stage>);

#[derive(Debug)]
struct Stage {
    key: StageKey,
    plan: PretrainPlan,
    start: Option<Encoder>,
    data: Dataset,
    mark: String,
    done: Option<(Arc<PretrainedResult>, f64, bool)>,
}

impl Pretrained {
    /// A stage from `start`, or from random weights; `mark` tells it apart from others by the same task, `done` holds its
    /// result, the seconds it took and whether it was loaded from an earlier run.
    pub(crate) fn new(
        key: StageKey,
        plan: PretrainPlan,
        start: Option<Encoder>,
        data: Dataset,
        mark: String,
        done: Option<(PretrainedResult, f64, bool)>,
    ) -> Self {
        let done = done.map(|(result, seconds, reused)| (Arc::new(result), seconds, reused));
        Self(Arc::new(Stage { key, plan, start, data, mark, done }))
    }

    pub(crate) fn key(&self) -> &StageKey {
        &self.0.key
    }

    /// The task's word, or those of several, and what tells it apart from others of that name in the script.
    pub fn name(&self) -> String {
        format!("{}{}", self.0.plan.name(), self.0.mark)
    }

    /// The network.
    pub fn config(&self) -> &BackboneConfig {
        &self.0.plan.config
    }

    /// The shape of the network's inputs.
    pub(crate) fn shape(&self) -> Shape {
        self.0.plan.shape()
    }

    /// The encoder it went on training; `None` where it began with random weights.
    pub(crate) fn start(&self) -> Option<&Encoder> {
        self.0.start.as_ref()
    }

    /// The images it learned from.
    pub fn data(&self) -> &Dataset {
        &self.0.data
    }

    /// `None` in a planning pass.
    pub fn result(&self) -> Option<&Arc<PretrainedResult>> {
        self.0.done.as_ref().map(|(result, ..)| result)
    }

    /// Seconds of training.
    pub fn seconds(&self) -> f64 {
        self.0.done.as_ref().map_or(0.0, |(_, seconds, _)| *seconds)
    }

    /// Whether it was loaded from an earlier run.
    pub fn reused(&self) -> bool {
        self.0.done.as_ref().is_some_and(|(.., reused)| *reused)
    }
}
