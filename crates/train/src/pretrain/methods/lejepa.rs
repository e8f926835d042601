//! `LeJEPA` (Balestriero and `LeCun` 2025, arXiv 2511.08544).

use burn::tensor::Tensor;
use foretask_objectives::{CollapseRisk, lejepa, random_slices};
use foretask_pretext::{Auto, LeJepa as Options, RunSizes};
use foretask_random::Key;

use super::learnable::{HeadContext, Learnable, ObjectiveContext, filled};
use super::objective::{Measured, TaskObjective, no_fit};
use super::views::embed;
use crate::error::TrainError;
use crate::pretrain::diagnostics;
use crate::pretrain::heads::HeadConfig;
use crate::pretrain::learner::TaskView;
use crate::pretrain::ready::Ready;
use crate::training::StepInfo;

impl Learnable for Options {
    fn collapse_risk(&self) -> CollapseRisk {
        CollapseRisk::Statistics
    }

    fn compares_images(&self) -> bool {
        true
    }

    fn fill_auto(&mut self, sizes: &RunSizes) -> Result<Vec<Auto>, TrainError> {
        filled(self, Self::fill_auto(self, sizes))
    }

    fn head(&mut self, cx: &HeadContext<'_>, _notes: &mut Vec<Auto>) -> Result<HeadConfig, TrainError> {
        Ok(HeadConfig::Projection(cx.projection(self.projector_width, self.projector_out)?.deep()))
    }

    fn objective(&self, cx: &ObjectiveContext<'_>) -> Result<Box<dyn TaskObjective>, TrainError> {
        Ok(Box::new(LeJepa { lambda: self.lambda, slices: self.slices as usize, key: cx.key.named("slices") }))
    }
}

/// Views should be alike and their embeddings normally distributed in every direction.
#[derive(Debug)]
struct LeJepa {
    lambda: f64,
    /// Directions that a step looks along.
    slices: usize,
    /// Names the directions of each step.
    key: Key,
}

impl TaskObjective for LeJepa {
    fn loss(&mut self, view: &TaskView<'_>, batch: Ready, info: StepInfo) -> Result<Measured, TrainError> {
        let views = embed(view, batch.inputs, false, info.measure)?;
        let (global, local) = views.embeddings.split_at(views.global);
        let [_, d] = global.first().ok_or_else(|| no_fit("lejepa", "views"))?.dims();
        let slices = random_slices(d, self.slices, self.key.with(info.step), &view.normalizer.device);
        let stacked = |views: &[Tensor<2>]| Tensor::stack::<3>(views.to_vec(), 0);
        let loss = lejepa(stacked(global), (!local.is_empty()).then(|| stacked(local)), slices, self.lambda);
        Ok((loss, diagnostics::of_views(&views)))
    }
}
