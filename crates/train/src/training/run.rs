//! What is trained, and one update of it.

use burn::module::Module;
use burn::tensor::Tensor;
use foretask_backend::layers::with_draws;
use foretask_random::Key;

use super::objective::{Objective, StepInfo};
use super::plan::TrainingPlan;
use crate::balance;
use crate::error::TrainError;
use crate::health::Diagnostics;
use crate::loader::Batches;
use crate::optim::Optimizer;
use crate::step::{Update, accumulate, step};

/// What is trained and how.
#[derive(Debug)]
pub struct TrainingRun<'a, M> {
    /// On the training device.
    pub model: M,
    /// Moves the model's parameters.
    pub optimizer: Optimizer,
    /// Steps, batches and learning rate.
    pub plan: &'a TrainingPlan,
}

/// What came of an update.
pub(super) struct StepOutcome {
    /// `[loss, gradient norm]`, still on the device.
    pub(super) reading: Tensor<1>,
    pub(super) diagnostics: Option<Diagnostics>,
    pub(super) warnings: Vec<String>,
}

impl<M: Module> TrainingRun<'_, M> {
    /// One update.
    pub(super) fn one_step<B>(
        mut self,
        learning_rate: f64,
        batches: &mut Batches<B>,
        objective: &mut impl Objective<M, B>,
        info: StepInfo,
    ) -> Result<(Self, StepOutcome), TrainError> {
        let (model, plan) = (self.model, self.plan);
        let mut sum = None;
        let mut losses = Vec::new();
        let (mut diagnostics, mut warnings) = (None, Vec::new());
        for part in 0..plan.accumulate {
            let last = part + 1 == plan.accumulate;
            let info = StepInfo { measure: info.measure && last, ..info };
            let batch = batches.take()?;
            // Named by seed, step and part, so that a resumed run drops the same branches.
            let draws = Key::new(plan.sampling.seed).named("training").with(info.step).with(part);
            let mut output = with_draws(draws, || objective.losses(&model, batch, info))?;
            if plan.accumulate > 1 {
                for (_, loss) in &mut output.losses {
                    *loss = loss.clone().div_scalar(plan.accumulate as f64);
                }
            }
            let (loss, found) = balance::gradients_of(output.losses, plan.balance, &model)?;
            sum = Some(accumulate(sum, found, &model));
            losses.push(loss);
            diagnostics = output.diagnostics;
            warnings.extend(output.warnings);
        }
        self.optimizer.set_step_factors(objective.lr_factors(info));
        let update = Update { learning_rate, clip_norm: plan.clip_norm };
        let (model, norm) = step(model, sum.unwrap_or_default(), &mut self.optimizer, &update);
        let model = objective.after_step(model, info)?;
        let loss = if losses.len() == 1 { losses.remove(0) } else { Tensor::cat(losses, 0).sum() };
        let reading = Tensor::cat(vec![loss, norm], 0);
        Ok((Self { model, ..self }, StepOutcome { reading, diagnostics, warnings }))
    }
}
