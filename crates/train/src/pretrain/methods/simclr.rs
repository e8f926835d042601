//! `SimCLR` (Chen et al. 2020, arXiv 2002.05709) and its decoupled forms.

use foretask_objectives::{CollapseRisk, decoupled, decoupled_weighted, nt_xent};
use foretask_pretext::{Auto, Decoupled, RunSizes, SimClr as Options};

use super::learnable::{HeadContext, Learnable, ObjectiveContext, filled};
use super::objective::{Measured, TaskObjective};
use super::views::embed;
use crate::error::TrainError;
use crate::pretrain::diagnostics;
use crate::pretrain::heads::HeadConfig;
use crate::pretrain::learner::TaskView;
use crate::pretrain::ready::Ready;
use crate::training::StepInfo;

/// The width of the weights of DCLW (Yeh et al. 2022, arXiv 2110.06848, section 4.2).
const SIGMA: f64 = 0.5;

impl Learnable for Options {
    fn collapse_risk(&self) -> CollapseRisk {
        CollapseRisk::Contrastive
    }

    fn compares_images(&self) -> bool {
        true
    }

    fn fill_auto(&mut self, sizes: &RunSizes) -> Result<Vec<Auto>, TrainError> {
        filled(self, Self::fill_auto(self, sizes))
    }

    fn head(&mut self, cx: &HeadContext<'_>, _notes: &mut Vec<Auto>) -> Result<HeadConfig, TrainError> {
        Ok(HeadConfig::Projection(cx.projection(self.projector_width, self.projector_out)?))
    }

    fn objective(&self, cx: &ObjectiveContext<'_>) -> Result<Box<dyn TaskObjective>, TrainError> {
        Ok(Box::new(SimClr { decoupled: self.decoupled, temperature: cx.filled("temperature", self.temperature)? }))
    }
}

/// Recognizes the other view of an image among those of all other images.
#[derive(Debug)]
struct SimClr {
    decoupled: Decoupled,
    temperature: f64,
}

impl TaskObjective for SimClr {
    fn loss(&mut self, view: &TaskView<'_>, batch: Ready, info: StepInfo) -> Result<Measured, TrainError> {
        let views = embed(view, batch.inputs, false, info.measure)?;
        let [first, second] = views.pair()?;
        let diagnostics = diagnostics::of_views(&views);
        let loss = match self.decoupled {
            Decoupled::Off => nt_xent(first, second, self.temperature),
            Decoupled::On => decoupled(first, second, self.temperature),
            Decoupled::Weighted => decoupled_weighted(first, second, self.temperature, SIGMA),
        };
        Ok((loss, diagnostics))
    }
}
