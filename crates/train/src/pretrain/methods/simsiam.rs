//! `SimSiam` (Chen and He 2021, arXiv 2011.10566): each view predicts the network's own projection of the other.

use foretask_models::LastNorm;
use foretask_objectives::{CollapseRisk, simsiam};
use foretask_pretext::{Auto, RunSizes, SimSiam as Options};

use super::learnable::{HeadContext, Learnable, ObjectiveContext, filled};
use super::objective::{Measured, TaskObjective};
use super::views::embed;
use crate::error::TrainError;
use crate::pretrain::diagnostics;
use crate::pretrain::heads::HeadConfig;
use crate::pretrain::learner::TaskView;
use crate::pretrain::ready::Ready;
use crate::training::StepInfo;

impl Learnable for Options {
    fn collapse_risk(&self) -> CollapseRisk {
        CollapseRisk::Prediction
    }

    fn compares_images(&self) -> bool {
        true
    }

    fn fill_auto(&mut self, sizes: &RunSizes) -> Result<Vec<Auto>, TrainError> {
        filled(self, Self::fill_auto(self, sizes))
    }

    fn head(&mut self, cx: &HeadContext<'_>, _notes: &mut Vec<Auto>) -> Result<HeadConfig, TrainError> {
        let projection =
            cx.projection(self.projector_width, self.projector_out)?.deep().with_last_norm(LastNorm::Plain);
        cx.prediction(projection, self.predictor_width)
    }

    fn objective(&self, _cx: &ObjectiveContext<'_>) -> Result<Box<dyn TaskObjective>, TrainError> {
        Ok(Box::new(SimSiam { constant_predictor: self.constant_predictor_lr }))
    }
}

/// Predicts the network's own projection of the other view, through which no gradient flows.
#[derive(Debug)]
struct SimSiam {
    /// Whether the predictor's learning rate stays at its peak, as in the paper.
    constant_predictor: bool,
}

impl TaskObjective for SimSiam {
    fn loss(&mut self, view: &TaskView<'_>, batch: Ready, info: StepInfo) -> Result<Measured, TrainError> {
        let views = embed(view, batch.inputs, false, info.measure)?;
        Ok((simsiam(views.answered_pair()?, views.pair()?), diagnostics::of_views(&views)))
    }

    fn lr_factors(&self, info: StepInfo) -> Vec<(String, f64)> {
        let factor = if self.constant_predictor { 1.0 / info.rate.max(1e-6) } else { 1.0 };
        vec![("prediction".to_owned(), factor)]
    }
}
