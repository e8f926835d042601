//! DINO: the student's answers to all views are to be the momentum teacher's to the global ones (Caron et al. 2021, arXiv
//! 2104.14294).

use foretask_backend::{StateDict, host_tensor};
use foretask_models::{Backbone, DinoConfig, Head};
use foretask_objectives::{CollapseRisk, Dino, cosine_momentum, mean_entropy, teacher_temperature};
use foretask_pretext::{Auto, Dino as Options, RunSizes};

use super::learnable::{HeadContext, Learnable, ObjectiveContext, filled};
use super::objective::{Measured, TaskObjective};
use super::teacher::Teacher;
use super::views::embed;
use crate::checkpoint;
use crate::error::TrainError;
use crate::health::Metric;
use crate::pretrain::diagnostics;
use crate::pretrain::heads::HeadConfig;
use crate::pretrain::learner::TaskView;
use crate::pretrain::ready::Ready;
use crate::training::StepInfo;

impl Learnable for Options {
    fn collapse_risk(&self) -> CollapseRisk {
        CollapseRisk::Distillation
    }

    fn compares_images(&self) -> bool {
        true
    }

    fn fill_auto(&mut self, sizes: &RunSizes) -> Result<Vec<Auto>, TrainError> {
        filled(self, Self::fill_auto(self, sizes))
    }

    fn head(&mut self, cx: &HeadContext<'_>, _notes: &mut Vec<Auto>) -> Result<HeadConfig, TrainError> {
        Ok(HeadConfig::Dino(DinoConfig {
            input: cx.features,
            hidden: cx.filled("projector_width", self.projector_width)? as usize,
            bottleneck: cx.filled("bottleneck", self.bottleneck)? as usize,
            output: cx.filled("outputs", self.outputs)? as usize,
            // Under a residual network: without, all answers start out alike.
            norm: true,
        }))
    }

    fn objective(&self, cx: &ObjectiveContext<'_>) -> Result<Box<dyn TaskObjective>, TrainError> {
        let mut dino = Dino::new(cx.filled("outputs", self.outputs)? as usize, cx.device);
        dino.student_temperature = self.student_temperature;
        dino.center_momentum = cx.filled("center_momentum", self.center_momentum)?;
        Ok(Box::new(DinoObjective {
            dino,
            teacher: cx.teacher()?,
            momentum: [cx.filled("momentum", self.momentum)?, self.momentum_end],
            temperatures: [
                cx.filled("warmup_temperature", self.warmup_temperature)?,
                cx.filled("teacher_temperature", self.teacher_temperature)?,
            ],
            warmup: cx.filled("warmup", self.warmup)?,
            freeze: cx.filled("freeze", self.freeze)?,
        }))
    }
}

/// A student that follows its own moving average.
#[derive(Debug)]
struct DinoObjective {
    dino: Dino,
    teacher: Teacher,
    /// The teacher's momentum at the beginning and at the end.
    momentum: [f64; 2],
    /// The teacher's temperature at the beginning and from the end of the warm-up on.
    temperatures: [f64; 2],
    /// Steps in which the teacher's temperature rises.
    warmup: u64,
    /// Steps in which the last layer stays where it is.
    freeze: u64,
}

impl TaskObjective for DinoObjective {
    fn loss(&mut self, view: &TaskView<'_>, batch: Ready, info: StepInfo) -> Result<Measured, TrainError> {
        let taught = self.teacher.embed(&batch.inputs)?;
        let views = embed(view, batch.inputs, info.step < self.freeze, info.measure)?;
        let [from, to] = self.temperatures;
        let temperature = teacher_temperature(info.step, self.warmup, from, to);
        let loss = self.dino.loss(&views.embeddings, &taught, temperature)?;
        let mut diagnostics = diagnostics::of_views(&views);
        if let (Some(diagnostics), Some(first)) = (&mut diagnostics, taught.first()) {
            let answers = host_tensor(self.dino.targets(first.clone(), temperature));
            let outputs = answers.shape.get(1).copied().unwrap_or(1);
            let entropy = mean_entropy(&answers.data, outputs);
            diagnostics.metrics.push(Metric::new("teacher_entropy", entropy).against("uniform", (outputs as f64).ln()));
        }
        self.dino.update_center(&taught);
        Ok((loss, diagnostics))
    }

    fn after_step(&mut self, encoder: &Backbone, head: Head, info: StepInfo) -> Result<Head, TrainError> {
        let momentum = cosine_momentum(info.step, info.steps, self.momentum[0], self.momentum[1]);
        self.teacher.follow(encoder, &head, info.step, momentum)?;
        Ok(head)
    }

    fn state(&mut self) -> StateDict {
        let mut state = StateDict::new();
        checkpoint::put_under("teacher", self.teacher.state(), &mut state);
        checkpoint::put_under("dino", self.dino.state(), &mut state);
        state
    }

    fn load_state(&mut self, mut state: StateDict) -> Result<(), TrainError> {
        self.teacher.load_state(checkpoint::take_under("teacher", &mut state))?;
        Ok(self.dino.load_state(&checkpoint::take_under("dino", &mut state))?)
    }
}
