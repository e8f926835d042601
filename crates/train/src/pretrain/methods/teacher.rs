//! A momentum teacher: a copy of encoder and projection head that follows them slowly.

use burn::tensor::Tensor;
use foretask_backend::layers::with_batch_statistics;
use foretask_backend::{StateDict, load_state_dict, state_dict};
use foretask_models::{Backbone, Head};
use foretask_objectives::{ema_update, teacher_of};

use super::views::embed_globals;
use crate::checkpoint;
use crate::error::TrainError;
use crate::pretrain::learner::Learner;
use crate::pretrain::ready::Block;

/// See the module. Has storage of its own and no gradient graph. It normalizes by the statistics of the batch, as the
/// published recipes do: with running statistics (EMAN, Cai et al. 2021) neighbors told 33 % instead of 40 % after 200 steps
/// of BYOL, and 41 % instead of 58 % of `MoCo`, because they lag behind weights that change quickly.
#[derive(Debug)]
pub(super) struct Teacher {
    encoder: Backbone,
    head: Head,
}

impl Teacher {
    /// A copy of the learner's encoder and the head of the task with this number.
    pub(super) fn of(learner: &Learner, head: usize) -> Result<Self, TrainError> {
        Ok(Self { encoder: teacher_of(&learner.encoder)?, head: teacher_of(&embedding_part(&learner.heads[head]))? })
    }

    /// Embeddings of the global views, one `[count, d]` each, without graph.
    pub(super) fn embed(&self, inputs: &[Block]) -> Result<Vec<Tensor<2>>, TrainError> {
        with_batch_statistics(|| embed_globals(&self.encoder, &self.head, inputs))
    }

    /// Moves towards the student after an update. In the first steps it follows faster: weights that nothing has taught
    /// yet are not worth remembering.
    pub(super) fn follow(
        &mut self,
        encoder: &Backbone,
        head: &Head,
        step: u64,
        momentum: f64,
    ) -> Result<(), TrainError> {
        let momentum = momentum.min((step + 1) as f64 / (step + 10) as f64);
        self.encoder = ema_update(self.encoder.clone(), encoder, momentum)?;
        self.head = ema_update(self.head.clone(), &embedding_part(head), momentum)?;
        Ok(())
    }

    /// Weights and statistics.
    pub(super) fn state(&self) -> StateDict {
        let mut state = StateDict::new();
        checkpoint::put_under("encoder", state_dict(&self.encoder), &mut state);
        checkpoint::put_under("head", state_dict(&self.head), &mut state);
        state
    }

    /// Takes back what [`Teacher::state`] gave.
    pub(super) fn load_state(&mut self, mut state: StateDict) -> Result<(), TrainError> {
        self.encoder = load_state_dict(self.encoder.clone(), &checkpoint::take_under("encoder", &mut state))?;
        self.head = load_state_dict(self.head.clone(), &checkpoint::take_under("head", &mut state))?;
        Ok(())
    }
}

/// What a teacher has of a head: predictors are for students.
fn embedding_part(head: &Head) -> Head {
    match head {
        Head::Prediction(head) => Head::Projection(head.projection.clone()),
        other => other.clone(),
    }
}
