//! `VICReg` (Bardes, Ponce and `LeCun` 2022, arXiv 2105.04906).

use foretask_objectives::{CollapseRisk, VicReg, vicreg};
use foretask_pretext::{Auto, RunSizes, VicReg as Options};

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

    fn objective(&self, _cx: &ObjectiveContext<'_>) -> Result<Box<dyn TaskObjective>, TrainError> {
        let Options { invariance, variance, covariance, .. } = *self;
        Ok(Box::new(Vic { weights: VicReg { invariance, variance, covariance } }))
    }
}

/// Views should be alike while every dimension keeps its variance and none repeats another.
#[derive(Debug)]
struct Vic {
    weights: VicReg,
}

impl TaskObjective for Vic {
    fn loss(&mut self, view: &TaskView<'_>, batch: Ready, info: StepInfo) -> Result<Measured, TrainError> {
        let views = embed(view, batch.inputs, false, info.measure)?;
        let [first, second] = views.pair()?;
        Ok((vicreg(first, second, &self.weights), diagnostics::of_views(&views)))
    }
}
