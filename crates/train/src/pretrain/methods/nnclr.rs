//! `NNCLR` (Dwibedi et al. 2021, arXiv 2104.14548): each view predicts the nearest neighbor of the other.

use burn::tensor::Tensor;
use foretask_backend::StateDict;
use foretask_models::LastNorm;
use foretask_objectives::{CollapseRisk, FeatureQueue, nearest_neighbors, nnclr};
use foretask_pretext::{Auto, NnClr as Options, RunSizes};

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
        CollapseRisk::Contrastive
    }

    fn compares_images(&self) -> bool {
        true
    }

    fn fill_auto(&mut self, sizes: &RunSizes) -> Result<Vec<Auto>, TrainError> {
        filled(self, Self::fill_auto(self, sizes))
    }

    fn head(&mut self, cx: &HeadContext<'_>, _notes: &mut Vec<Auto>) -> Result<HeadConfig, TrainError> {
        let projection =
            cx.projection(self.projector_width, self.projector_out)?.deep().with_last_norm(LastNorm::Affine);
        cx.prediction(projection, self.predictor_width)
    }

    fn objective(&self, cx: &ObjectiveContext<'_>) -> Result<Box<dyn TaskObjective>, TrainError> {
        let (rows, length) = (cx.filled("queue", self.queue)?, cx.filled("projector_out", self.projector_out)?);
        let support = cx.queue("queue", rows, length)?;
        Ok(Box::new(NnClr { temperature: cx.filled("temperature", self.temperature)?, support }))
    }
}

/// Holds each prediction against the neighbors that the other views have among earlier embeddings.
#[derive(Debug)]
struct NnClr {
    temperature: f64,
    support: FeatureQueue,
}

impl TaskObjective for NnClr {
    fn loss(&mut self, view: &TaskView<'_>, batch: Ready, info: StepInfo) -> Result<Measured, TrainError> {
        let views = embed(view, batch.inputs, false, info.measure)?;
        let [z1, z2] = views.pair()?;
        let [p1, p2] = views.answered_pair()?;
        let neighbors = |z: &Tensor<2>| nearest_neighbors(z.clone(), self.support.features());
        let loss = nnclr(neighbors(&z1), p2, self.temperature).add(nnclr(neighbors(&z2), p1, self.temperature));
        let diagnostics = diagnostics::of_views(&views);
        // After the lookup, or every view would be its own neighbor.
        self.support.enqueue(z1)?;
        Ok((loss.mul_scalar(0.5), diagnostics))
    }

    fn state(&mut self) -> StateDict {
        self.support.state()
    }

    fn load_state(&mut self, state: StateDict) -> Result<(), TrainError> {
        Ok(self.support.load_state(&state)?)
    }
}
