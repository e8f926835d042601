//! Contrast against a momentum teacher's keys: from a queue (`MoCo` v2, He et al. 2020, arXiv 1911.05722; Chen et al. 2020,
//! arXiv 2003.04297) or from the batch (v3, Chen, Xie and He 2021, arXiv 2104.02057).

use foretask_backend::StateDict;
use foretask_models::{Backbone, Head, LastNorm};
use foretask_objectives::{CollapseRisk, FeatureQueue, cosine_momentum, moco, moco_symmetric, moco_v3};
use foretask_pretext::{Auto, MoCo, RunSizes};

use super::learnable::{HeadContext, Learnable, ObjectiveContext, filled};
use super::objective::{Measured, TaskObjective, no_fit};
use super::teacher::Teacher;
use super::views::{embed, pair};
use crate::checkpoint;
use crate::error::TrainError;
use crate::pretrain::diagnostics;
use crate::pretrain::heads::HeadConfig;
use crate::pretrain::learner::TaskView;
use crate::pretrain::ready::Ready;
use crate::training::StepInfo;

impl Learnable for MoCo {
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
        let projection = cx.projection(self.projector_width, self.projector_out)?;
        if self.version == 2 {
            return Ok(HeadConfig::Projection(projection));
        }
        cx.prediction(projection.with_last_norm(LastNorm::Plain), self.predictor_width)
    }

    fn objective(&self, cx: &ObjectiveContext<'_>) -> Result<Box<dyn TaskObjective>, TrainError> {
        let momentum = [cx.filled("momentum", self.momentum)?, cx.filled("momentum_end", self.momentum_end)?];
        let (temperature, teacher) = (self.temperature, cx.teacher()?);
        if self.version != 2 {
            return Ok(Box::new(MocoBatch { temperature, momentum, teacher }));
        }
        let (rows, length) = (cx.filled("queue", self.queue)?, cx.filled("projector_out", self.projector_out)?);
        let mut queues = vec![cx.queue("queue", rows, length)?];
        if cx.filled("symmetric", self.symmetric)? {
            queues.push(cx.queue("second queue", rows, length)?);
        }
        Ok(Box::new(MocoQueue { temperature, momentum, teacher, queues }))
    }
}

/// Version 2: keys of earlier batches wait in a queue.
#[derive(Debug)]
struct MocoQueue {
    temperature: f64,
    /// The teacher's momentum at the beginning and at the end.
    momentum: [f64; 2],
    teacher: Teacher,
    /// One for each view where the loss is symmetric, else one.
    queues: Vec<FeatureQueue>,
}

impl TaskObjective for MocoQueue {
    fn loss(&mut self, view: &TaskView<'_>, batch: Ready, info: StepInfo) -> Result<Measured, TrainError> {
        let keys = self.teacher.embed(&batch.inputs)?;
        let views = embed(view, batch.inputs, false, info.measure)?;
        let [first, second] = views.pair()?;
        let diagnostics = diagnostics::of_views(&views);
        let loss = match (&self.queues[..], &keys[..]) {
            ([one, two], [key1, key2]) => {
                let queues = [one.features(), two.features()];
                moco_symmetric([first, second], [key1.clone(), key2.clone()], queues, self.temperature)
            }
            ([queue], [_, key, ..]) => moco(first, key.clone(), queue.features(), self.temperature),
            _ => return Err(no_fit("moco", "two views of every image")),
        };
        // After the loss: a key that is in the queue already would be its own negative. With one queue it holds the keys
        // of the second view.
        let skip = keys.len().saturating_sub(self.queues.len());
        for (queue, key) in self.queues.iter_mut().zip(keys.into_iter().skip(skip)) {
            queue.enqueue(key)?;
        }
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
        for (number, queue) in self.queues.iter().enumerate() {
            checkpoint::put_under(&format!("queue{number}"), queue.state(), &mut state);
        }
        state
    }

    fn load_state(&mut self, mut state: StateDict) -> Result<(), TrainError> {
        self.teacher.load_state(checkpoint::take_under("teacher", &mut state))?;
        for (number, queue) in self.queues.iter_mut().enumerate() {
            queue.load_state(&checkpoint::take_under(&format!("queue{number}"), &mut state))?;
        }
        Ok(())
    }
}

/// Version 3: the keys are those of the batch, and a predictor stands on the queries.
#[derive(Debug)]
struct MocoBatch {
    temperature: f64,
    /// The teacher's momentum at the beginning and at the end.
    momentum: [f64; 2],
    teacher: Teacher,
}

impl TaskObjective for MocoBatch {
    fn loss(&mut self, view: &TaskView<'_>, batch: Ready, info: StepInfo) -> Result<Measured, TrainError> {
        let [key1, key2] = pair(&self.teacher.embed(&batch.inputs)?)?;
        let views = embed(view, batch.inputs, false, info.measure)?;
        let [first, second] = views.answered_pair()?;
        let diagnostics = diagnostics::of_views(&views);
        let loss = moco_v3(first, key2, self.temperature).add(moco_v3(second, key1, self.temperature));
        Ok((loss, diagnostics))
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
