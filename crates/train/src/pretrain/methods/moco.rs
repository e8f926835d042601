//! Contrast against a momentum teacher's keys: from a queue (`MoCo` v2, He et al. 2020, arXiv 1911.05722; Chen et al. 2020,
//! arXiv 2003.04297) or from the batch (v3, Chen, Xie and He 2021, arXiv 2104.02057).

use burn::tensor::Tensor;
use foretask_backend::StateDict;
use foretask_models::{Backbone, Head};
use foretask_objectives::{FeatureQueue, cosine_momentum, moco, moco_symmetric, moco_v3};

use super::Method;
use super::teacher::Teacher;
use super::views::{embed, pair};
use crate::checkpoint;
use crate::error::TrainError;
use crate::health::Gauges;
use crate::pretrain::batches::Ready;
use crate::pretrain::gauges;
use crate::pretrain::learner::Net;
use crate::training::Moment;

/// Version 2: keys of earlier batches wait in a queue.
#[derive(Debug)]
pub(super) struct MocoQueue {
    pub(super) temperature: f64,
    /// The teacher's momentum at the beginning and at the end.
    pub(super) momentum: [f64; 2],
    pub(super) teacher: Teacher,
    /// One for each view where the loss is symmetric, else one.
    pub(super) queues: Vec<FeatureQueue>,
}

impl Method for MocoQueue {
    fn forward(
        &mut self,
        net: &Net<'_>,
        batch: Ready,
        moment: Moment,
    ) -> Result<(Tensor<1>, Option<Gauges>), TrainError> {
        let keys = self.teacher.embed(&batch.inputs)?;
        let views = embed(net, batch.inputs, false, moment.measure)?;
        let [first, second] = views.pair()?;
        let gauges = gauges::of_views(&views);
        let loss = match (&self.queues[..], &keys[..]) {
            ([one, two], [key1, key2]) => {
                let queues = [one.features(), two.features()];
                moco_symmetric([first, second], [key1.clone(), key2.clone()], queues, self.temperature)
            }
            ([queue], [_, key, ..]) => moco(first, key.clone(), queue.features(), self.temperature),
            _ => return Err(TrainError::NoHead { task: "moco" }),
        };
        // After the loss: a key that is in the queue already would be its own negative. With one queue it holds the keys
        // of the second view.
        let skip = keys.len().saturating_sub(self.queues.len());
        for (queue, key) in self.queues.iter_mut().zip(keys.into_iter().skip(skip)) {
            queue.enqueue(key)?;
        }
        Ok((loss, gauges))
    }

    fn after_step(&mut self, encoder: &Backbone, head: Head, moment: Moment) -> Result<Head, TrainError> {
        let momentum = cosine_momentum(moment.step, moment.steps, self.momentum[0], self.momentum[1]);
        self.teacher.follow(encoder, &head, moment.step, momentum)?;
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
pub(super) struct MocoBatch {
    pub(super) temperature: f64,
    /// The teacher's momentum at the beginning and at the end.
    pub(super) momentum: [f64; 2],
    pub(super) teacher: Teacher,
}

impl Method for MocoBatch {
    fn forward(
        &mut self,
        net: &Net<'_>,
        batch: Ready,
        moment: Moment,
    ) -> Result<(Tensor<1>, Option<Gauges>), TrainError> {
        let [key1, key2] = pair(&self.teacher.embed(&batch.inputs)?)?;
        let views = embed(net, batch.inputs, false, moment.measure)?;
        let [first, second] = views.answered_pair()?;
        let gauges = gauges::of_views(&views);
        let loss = moco_v3(first, key2, self.temperature).add(moco_v3(second, key1, self.temperature));
        Ok((loss, gauges))
    }

    fn after_step(&mut self, encoder: &Backbone, head: Head, moment: Moment) -> Result<Head, TrainError> {
        let momentum = cosine_momentum(moment.step, moment.steps, self.momentum[0], self.momentum[1]);
        self.teacher.follow(encoder, &head, moment.step, momentum)?;
        Ok(head)
    }

    fn state(&mut self) -> StateDict {
        self.teacher.state()
    }

    fn load_state(&mut self, state: StateDict) -> Result<(), TrainError> {
        self.teacher.load_state(state)
    }
}
