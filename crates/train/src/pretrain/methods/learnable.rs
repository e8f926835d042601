//! What training must know of a pretext task. Implemented once for each, in the file of its name.

use burn::tensor::Device;
use foretask_models::{BackboneConfig, PatchGrid, PredictionConfig, ProjectionConfig};
use foretask_objectives::{CollapseRisk, FeatureQueue};
use foretask_pretext::{Auto, PretextError, RunSizes, Shape, TargetKind, Task};
use foretask_random::Key;

use super::objective::{TaskObjective, no_fit};
use super::teacher::Teacher;
use crate::error::TrainError;
use crate::pretrain::heads::HeadConfig;
use crate::pretrain::learner::Learner;
use crate::pretrain::lessons::Teaching;

/// Large views of an image.
pub(super) const GLOBAL_VIEWS: usize = 2;

/// How a pretext task is learned.
pub(in crate::pretrain) trait Learnable {
    /// How its features may become the same for every image, and what helps then.
    fn collapse_risk(&self) -> CollapseRisk;

    /// Whether the loss of an image depends on the other images of its batch.
    fn compares_images(&self) -> bool;

    /// Whether the network is shown images of another look than those to come, so that its norms have to be measured anew on them
    /// before anything else is done with it. Not so tiles: after `jigsaw` and `relative_position` a probe lost 5 points by it
    /// (`scripts/compare_pretext.rhai`, 200 steps), where `super_resolution` gained 7.
    fn alters_images(&self) -> bool {
        false
    }

    /// Whether it learns from the labels of the images.
    fn needs_labels(&self) -> bool {
        false
    }

    /// Fills what was left open and the sizes of the run decide, with reasons. What is forgotten here is an error as soon as
    /// head or objective ask for it.
    fn fill_auto(&mut self, _sizes: &RunSizes) -> Result<Vec<Auto>, TrainError> {
        Ok(Vec::new())
    }

    /// Share of an image that passes through the encoder.
    fn share_seen(&self) -> f64 {
        1.0
    }

    /// A network that it can be looked at with, where none is known.
    fn usual_network(&self) -> BackboneConfig {
        BackboneConfig::default()
    }

    /// Bytes of what it keeps of the images in memory, besides batches.
    fn kept_bytes(&self, _sizes: &RunSizes) -> u64 {
        0
    }

    /// Its head; sizes that were left open about it are filled, with reasons.
    fn head(&mut self, cx: &HeadContext<'_>, notes: &mut Vec<Auto>) -> Result<HeadConfig, TrainError>;

    /// Its objective before the first step.
    fn objective(&self, cx: &ObjectiveContext<'_>) -> Result<Box<dyn TaskObjective>, TrainError>;
}

/// What decides a head.
pub(in crate::pretrain) struct HeadContext<'a> {
    /// The task's word.
    pub(super) word: &'static str,
    pub(super) config: &'a BackboneConfig,
    /// Length of the encoder's features.
    pub(super) features: usize,
    /// The input shape of whole images.
    pub(super) shape: Shape,
    /// Inputs that are made of each image.
    pub(super) inputs_per_image: usize,
    /// What the network is asked for.
    pub(super) target: TargetKind,
    /// Images to learn from.
    pub(super) pool: usize,
}

impl<'a> HeadContext<'a> {
    /// For a task whose options images and run have filled.
    pub(in crate::pretrain) fn of(task: &Task, config: &'a BackboneConfig, shape: Shape, pool: usize) -> Self {
        let layout = task.layout(shape);
        Self {
            word: task.name(),
            config,
            features: config.feature_dim(),
            shape,
            inputs_per_image: layout.inputs.first().map_or(1, |(_, per_image)| *per_image),
            target: layout.target,
            pool,
        }
    }

    /// The value of an option that planning fills.
    pub(super) fn filled<T>(&self, option: &'static str, value: Option<T>) -> Result<T, TrainError> {
        planned(self.word, option, value)
    }

    /// The patches that the network sees, and a task hides whole.
    pub(super) fn patches(&self) -> Result<PatchGrid, TrainError> {
        let patch = self.config.patch().ok_or_else(|| no_fit(self.word, "a network that sees patches"))?;
        let Shape { channels, height, width } = self.shape;
        Ok(PatchGrid { patch, grid: self.config.map_size(height, width), channels })
    }

    /// A projection head of these sizes on the features.
    pub(super) fn projection(&self, width: Option<u32>, out: Option<u32>) -> Result<ProjectionConfig, TrainError> {
        let (width, out) = (self.filled("projector_width", width)?, self.filled("projector_out", out)?);
        Ok(ProjectionConfig::new(self.features, width as usize, out as usize))
    }

    /// A predictor of this width on a projection head.
    pub(super) fn prediction(
        &self,
        projection: ProjectionConfig,
        width: Option<u32>,
    ) -> Result<HeadConfig, TrainError> {
        let hidden = self.filled("predictor_width", width)? as usize;
        Ok(HeadConfig::Prediction(PredictionConfig { projection, hidden }))
    }

    /// How many classes the task asks for.
    pub(super) fn classes(&self) -> Result<usize, TrainError> {
        match &self.target {
            TargetKind::Classes { names, .. } => Ok(names.len()),
            TargetKind::Image { .. } | TargetKind::Vectors { .. } | TargetKind::Views => {
                Err(no_fit(self.word, "classes as its target"))
            }
        }
    }
}

/// What there is to learn from besides the images themselves.
pub(in crate::pretrain) struct Beside<'a> {
    /// The labels of the pool, for the one task that may see them.
    pub(in crate::pretrain) labels: &'a [Option<u32>],
    /// Those who teach each task, in the order of its teachers.
    pub(in crate::pretrain) teachers: &'a [Vec<Teaching<'a>>],
}

/// What an objective may need to know of the run.
pub(in crate::pretrain) struct ObjectiveContext<'a> {
    /// The task's word.
    pub(in crate::pretrain) word: &'static str,
    /// What the network is asked for.
    pub(in crate::pretrain) target: TargetKind,
    /// The input shape of whole images.
    pub(in crate::pretrain) shape: Shape,
    /// Images to learn from.
    pub(in crate::pretrain) pool: usize,
    /// Images in a batch.
    pub(in crate::pretrain) batch: usize,
    /// Names what it draws.
    pub(in crate::pretrain) key: Key,
    /// Encoder and heads as they begin.
    pub(in crate::pretrain) learner: &'a Learner,
    /// The number of its head.
    pub(in crate::pretrain) number: usize,
    /// Where it keeps what it remembers; without gradient graph.
    pub(in crate::pretrain) device: &'a Device,
    /// What there is besides the images.
    pub(in crate::pretrain) beside: &'a Beside<'a>,
}

impl ObjectiveContext<'_> {
    /// The value of an option that planning fills.
    pub(super) fn filled<T>(&self, option: &'static str, value: Option<T>) -> Result<T, TrainError> {
        planned(self.word, option, value)
    }

    /// A copy of encoder and head that follows them slowly.
    pub(super) fn teacher(&self) -> Result<Teacher, TrainError> {
        Teacher::of(self.learner, self.number)
    }

    /// Those who teach this task.
    pub(super) fn teachers(&self) -> &[Teaching<'_>] {
        self.beside.teachers.get(self.number).map_or(&[], Vec::as_slice)
    }

    /// A queue of embeddings, filled with random ones.
    pub(super) fn queue(&self, name: &str, rows: u32, length: u32) -> Result<FeatureQueue, TrainError> {
        let (rows, length) = (rows as usize, length as usize);
        Ok(FeatureQueue::new(rows, length, self.batch, self.key.named(name), self.device)?)
    }
}

/// Takes over a task whose open options were filled.
pub(super) fn filled<T>(task: &mut T, filled: Result<(T, Vec<Auto>), PretextError>) -> Result<Vec<Auto>, TrainError> {
    let (options, notes) = filled?;
    *task = options;
    Ok(notes)
}

/// Fills a size that was left open.
pub(super) fn choose_size(
    size: &mut Option<u32>,
    name: &'static str,
    auto: usize,
    reason: &str,
    notes: &mut Vec<Auto>,
) -> usize {
    let size = *size.get_or_insert_with(|| {
        notes.push(Auto::new(name, auto, reason));
        auto as u32
    });
    size as usize
}

fn planned<T>(word: &'static str, option: &'static str, value: Option<T>) -> Result<T, TrainError> {
    value.ok_or(TrainError::Unplanned { task: word, option })
}
