//! Barlow Twins (Zbontar et al. 2021, arXiv 2103.03230).

use foretask_objectives::{CollapseRisk, barlow_twins};
use foretask_pretext::{Auto, BarlowTwins as Options, RunSizes};

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
        Ok(Box::new(BarlowTwins { lambda: self.lambda, scale: self.scale }))
    }
}

/// The correlations between two views' embeddings should be the unit matrix.
#[derive(Debug)]
struct BarlowTwins {
    lambda: f64,
    /// What the sum is multiplied with.
    scale: f64,
}

impl TaskObjective for BarlowTwins {
    fn loss(&mut self, view: &TaskView<'_>, batch: Ready, info: StepInfo) -> Result<Measured, TrainError> {
        let views = embed(view, batch.inputs, false, info.measure)?;
        let [first, second] = views.pair()?;
        Ok((barlow_twins(first, second, self.lambda).mul_scalar(self.scale), diagnostics::of_views(&views)))
    }
}
