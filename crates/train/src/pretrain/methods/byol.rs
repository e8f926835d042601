//! `BYOL` (Grill et al. 2020, arXiv 2006.07733): each view predicts a momentum teacher's projection of the other.

use foretask_backend::StateDict;
use foretask_models::{Backbone, Head};
use foretask_objectives::{CollapseRisk, byol, cosine_momentum};
use foretask_pretext::{Auto, Byol as Options, RunSizes};

use super::learnable::{HeadContext, Learnable, ObjectiveContext, filled};
use super::objective::{Measured, TaskObjective};
use super::teacher::Teacher;
use super::views::{embed, pair};
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
        cx.prediction(cx.projection(self.projector_width, self.projector_out)?, self.predictor_width)
    }

    fn objective(&self, cx: &ObjectiveContext<'_>) -> Result<Box<dyn TaskObjective>, TrainError> {
        Ok(Box::new(Byol {
            momentum: [cx.filled("momentum", self.momentum)?, self.momentum_end],
            predictor_lr: self.predictor_lr,
            teacher: cx.teacher()?,
        }))
    }
}

/// Predicts the teacher's projection of the other view.
#[derive(Debug)]
struct Byol {
    /// The teacher's momentum at the beginning and at the end.
    momentum: [f64; 2],
    /// The predictor's learning rate against that of the rest.
    predictor_lr: f64,
    teacher: Teacher,
}

impl TaskObjective for Byol {
    fn loss(&mut self, view: &TaskView<'_>, batch: Ready, info: StepInfo) -> Result<Measured, TrainError> {
        let targets = pair(&self.teacher.embed(&batch.inputs)?)?;
        let views = embed(view, batch.inputs, false, info.measure)?;
        Ok((byol(views.answered_pair()?, targets), diagnostics::of_views(&views)))
    }

    fn lr_factors(&self, _info: StepInfo) -> Vec<(String, f64)> {
        vec![("prediction".to_owned(), self.predictor_lr)]
    }

    fn after_step(&mut self, encoder: &Backbone, head: Head, info: StepInfo) -> Result<Head, TrainError> {
        let momentum = cosine_momentum(info.step, info.steps, self.momentum[0], self.momentum[1]);
        self.teacher.follow(encoder, &head, info.step, momentum)?;
        Ok(head)
    }

    fn state(&mut self) -> StateDict {
        self.teacher.state()
    }

    fn load_state(&mut self, state: StateDict) -> Result<(), TrainError> {
        self.teacher.load_state(state)
    }
}
