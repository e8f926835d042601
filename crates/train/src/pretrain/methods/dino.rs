//! DINO: the student's answers to all views shall be the momentum teacher's to the global ones (Caron et al. 2021, arXiv
//! 2104.14294).

use burn::tensor::Tensor;
use foretask_backend::{StateDict, host_tensor};
use foretask_models::{Backbone, Head};
use foretask_objectives::{Dino, cosine_momentum, mean_entropy, teacher_temperature};

use super::Method;
use super::teacher::Teacher;
use super::views::embed;
use crate::checkpoint;
use crate::error::TrainError;
use crate::health::{Gauges, Metric};
use crate::pretrain::batches::Ready;
use crate::pretrain::gauges;
use crate::pretrain::learner::Net;
use crate::training::Moment;

/// See the module.
#[derive(Debug)]
pub(super) struct DinoMethod {
    pub(super) dino: Dino,
    pub(super) teacher: Teacher,
    /// The teacher's momentum at the beginning and at the end.
    pub(super) momentum: [f64; 2],
    /// The teacher's temperature at the beginning and from the end of the warm-up on.
    pub(super) temperatures: [f64; 2],
    /// Steps in which the teacher's temperature rises.
    pub(super) warmup: u64,
    /// Steps in which the last layer stays where it is.
    pub(super) freeze: u64,
}

impl Method for DinoMethod {
    fn forward(
        &mut self,
        net: &Net<'_>,
        batch: Ready,
        moment: Moment,
    ) -> Result<(Tensor<1>, Option<Gauges>), TrainError> {
        let taught = self.teacher.embed(&batch.inputs)?;
        let views = embed(net, batch.inputs, moment.step < self.freeze, moment.measure)?;
        let [from, to] = self.temperatures;
        let temperature = teacher_temperature(moment.step, self.warmup, from, to);
        let loss = self.dino.loss(&views.embeddings, &taught, temperature)?;
        let mut gauges = gauges::of_views(&views);
        if let (Some(gauges), Some(first)) = (&mut gauges, taught.first()) {
            let answers = host_tensor(self.dino.targets(first.clone(), temperature));
            let outputs = answers.shape.get(1).copied().unwrap_or(1);
            let entropy = mean_entropy(&answers.data, outputs);
            gauges.metrics.push(Metric::new("teacher_entropy", entropy).against("uniform", (outputs as f64).ln()));
        }
        self.dino.update_center(&taught);
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
        checkpoint::put_under("dino", self.dino.state(), &mut state);
        state
    }

    fn load_state(&mut self, mut state: StateDict) -> Result<(), TrainError> {
        self.teacher.load_state(checkpoint::take_under("teacher", &mut state))?;
        Ok(self.dino.load_state(&checkpoint::take_under("dino", &mut state))?)
    }
}
