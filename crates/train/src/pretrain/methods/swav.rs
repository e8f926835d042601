//! `SwAV` (Caron et al. 2020, arXiv 2006.09882): each view predicts the assignment of the others to prototypes.

use foretask_backend::StateDict;
use foretask_models::{Backbone, Head, PrototypesConfig};
use foretask_objectives::{CollapseRisk, FeatureQueue, Swav};
use foretask_pretext::{Auto, RunSizes, SwAv};

use super::learnable::GLOBAL_VIEWS;
use super::learnable::{HeadContext, Learnable, ObjectiveContext, filled};
use super::objective::{Measured, TaskObjective, no_fit};
use super::views::embed;
use crate::error::TrainError;
use crate::pretrain::diagnostics;
use crate::pretrain::heads::HeadConfig;
use crate::pretrain::learner::TaskView;
use crate::pretrain::ready::Ready;
use crate::training::StepInfo;

impl Learnable for SwAv {
    fn collapse_risk(&self) -> CollapseRisk {
        CollapseRisk::Clustering
    }

    fn compares_images(&self) -> bool {
        true
    }

    fn fill_auto(&mut self, sizes: &RunSizes) -> Result<Vec<Auto>, TrainError> {
        filled(self, Self::fill_auto(self, sizes))
    }

    fn head(&mut self, cx: &HeadContext<'_>, _notes: &mut Vec<Auto>) -> Result<HeadConfig, TrainError> {
        Ok(HeadConfig::Prototypes(PrototypesConfig {
            projection: cx.projection(self.projector_width, self.projector_out)?,
            count: cx.filled("prototypes", self.prototypes)? as usize,
        }))
    }

    fn objective(&self, cx: &ObjectiveContext<'_>) -> Result<Box<dyn TaskObjective>, TrainError> {
        let mut swav = Swav::default();
        (swav.temperature, swav.epsilon, swav.iterations) = (self.temperature, self.epsilon, self.iterations as usize);
        let rows = cx.filled("queue", self.queue)? as usize;
        if rows > 0 {
            let length = cx.filled("projector_out", self.projector_out)? as usize;
            let key = |view: usize| cx.key.named("queue").with(view as u64);
            let queue = |view| FeatureQueue::new(rows, length, cx.batch, key(view), cx.device);
            swav = swav.with_queues((0..GLOBAL_VIEWS).map(queue).collect::<Result<_, _>>()?);
        }
        let (freeze, queue_start) = (cx.filled("freeze", self.freeze)?, cx.filled("queue_start", self.queue_start)?);
        Ok(Box::new(SwavObjective { swav, freeze, queue_start }))
    }
}

/// Each view predicts the assignment of the others to prototypes.
#[derive(Debug)]
struct SwavObjective {
    swav: Swav,
    /// Steps in which the prototypes stay where they are.
    freeze: u64,
    /// The step from which on the queue is filled, and used once it is full.
    queue_start: u64,
}

impl TaskObjective for SwavObjective {
    fn loss(&mut self, view: &TaskView<'_>, batch: Ready, info: StepInfo) -> Result<Measured, TrainError> {
        let Head::Prototypes(head) = view.head else { return Err(no_fit("swav", "a head with prototypes")) };
        let frozen = info.step < self.freeze;
        let views = embed(view, batch.inputs, frozen, info.measure)?;
        let prototypes = head.prototypes.weight.val().inner();
        let loss = self.swav.loss(&views.answers, views.global, &prototypes)?;
        let mut diagnostics = diagnostics::of_views(&views);
        if let (Some(diagnostics), Some(scores)) = (&mut diagnostics, views.answers.first()) {
            diagnostics.metrics.push(diagnostics::prototype_perplexity(scores, self.swav.temperature));
        }
        if info.step >= self.queue_start {
            self.swav.enqueue(&views.embeddings[..views.global])?;
        }
        Ok((loss, diagnostics))
    }

    fn after_step(&mut self, _encoder: &Backbone, head: Head, _info: StepInfo) -> Result<Head, TrainError> {
        Ok(match head {
            Head::Prototypes(head) => Head::Prototypes(head.normalized()),
            other => other,
        })
    }

    fn state(&mut self) -> StateDict {
        self.swav.state()
    }

    fn load_state(&mut self, state: StateDict) -> Result<(), TrainError> {
        Ok(self.swav.load_state(&state)?)
    }
}
