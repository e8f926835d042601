//! What a training learns, apart from how its loop runs.

use burn::module::Module;
use burn::tensor::Tensor;
use foretask_backend::StateDict;

use crate::error::TrainError;
use crate::health::Diagnostics;

/// Where a training stands.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StepInfo {
    /// Updates made so far; the one that is being made has this number, counted from 0.
    pub step: u64,
    /// Updates in all.
    pub steps: u64,
    /// Updates in a pass over the images; at least 1.
    pub steps_per_epoch: u64,
    /// The learning rate of this update as a share of its peak.
    pub rate: f64,
    /// Whether diagnostics are wanted.
    pub measure: bool,
}

impl StepInfo {
    /// Passes over the images so far, with the fraction of the current one.
    pub fn epoch(&self) -> f64 {
        self.step as f64 / self.steps_per_epoch.max(1) as f64
    }

    /// Share of the training that is done, 0 to 1.
    pub fn progress(&self) -> f64 {
        self.step as f64 / self.steps.max(1) as f64
    }
}

/// What a forward pass gives.
#[derive(Debug)]
pub struct Forward {
    /// Mean losses of the batch, each one number with its graph, and what each counts. Most objectives have one.
    pub losses: Vec<(f64, Tensor<1>)>,
    /// Asked for on the steps that end in a health line.
    pub diagnostics: Option<Diagnostics>,
    /// What the user should read.
    pub warnings: Vec<String>,
}

impl Forward {
    /// One loss.
    pub fn of(loss: Tensor<1>, diagnostics: Option<Diagnostics>) -> Self {
        Self { losses: vec![(1.0, loss)], diagnostics, warnings: Vec::new() }
    }
}

/// What is learned in a step and remembered from one step to the next: a queue, a momentum teacher, a center.
///
/// Everything that a later step depends on must be in [`Objective::state`], or an interrupted training would not end in the
/// same bits.
pub trait Objective<M: Module, B> {
    /// The losses of a batch.
    ///
    /// # Errors
    /// A batch or a head that does not fit, and what the device reports.
    fn losses(&mut self, model: &M, batch: B, info: StepInfo) -> Result<Forward, TrainError>;

    /// Factors of the learning rate in this update for parts of the model, by path; 0 freezes a part.
    fn lr_factors(&self, _info: StepInfo) -> Vec<(String, f64)> {
        Vec::new()
    }

    /// Called after each update with the new model, which it may change.
    ///
    /// # Errors
    /// What the device reports.
    fn after_step(&mut self, model: M, _info: StepInfo) -> Result<M, TrainError> {
        Ok(model)
    }

    /// Whether enough has been learned: no further update follows. What it depends on must be in [`Objective::state`].
    fn stops(&self) -> bool {
        false
    }

    /// Everything remembered, by name.
    fn state(&mut self) -> StateDict {
        StateDict::new()
    }

    /// Takes back what [`Objective::state`] gave.
    ///
    /// # Errors
    /// Tensors that are missing or do not fit.
    fn load_state(&mut self, _state: &StateDict) -> Result<(), TrainError> {
        Ok(())
    }
}

/// An objective that remembers nothing: its loss is a function of model and batch.
#[derive(Debug)]
pub struct Stateless<F>(
    /// Gets the model, the batch, and whether diagnostics are wanted.
    pub F,
);

impl<M, B, F> Objective<M, B> for Stateless<F>
where
    M: Module,
    F: FnMut(&M, B, bool) -> Result<Forward, TrainError>,
{
    fn losses(&mut self, model: &M, batch: B, info: StepInfo) -> Result<Forward, TrainError> {
        self.0(model, batch, info.measure)
    }
}
