//! What a pretext task in training must be able to do.

use std::fmt::Debug;

use burn::tensor::Tensor;
use foretask_backend::{HostTensor, StateDict, host_tensor};
use foretask_models::{Backbone, Head};

use crate::error::TrainError;
use crate::health::Diagnostics;
use crate::pretrain::learner::TaskView;
use crate::pretrain::ready::Ready;
use crate::training::StepInfo;

/// The mean loss of a batch with its graph, and diagnostics where they were asked for.
pub(in crate::pretrain) type Measured = (Tensor<1>, Option<Diagnostics>);

/// One task's objective. Whatever a later step depends on is in its state.
pub(in crate::pretrain) trait TaskObjective: Debug {
    /// The loss of a batch; diagnostics where `info.measure` asks for them.
    fn loss(&mut self, view: &TaskView<'_>, batch: Ready, info: StepInfo) -> Result<Measured, TrainError>;

    /// Factors of the learning rate in this update for parts of the task's head, by path; 0 freezes a part.
    fn lr_factors(&self, _info: StepInfo) -> Vec<(String, f64)> {
        Vec::new()
    }

    /// After each update; may change the task's head.
    fn after_step(&mut self, _encoder: &Backbone, head: Head, _info: StepInfo) -> Result<Head, TrainError> {
        Ok(head)
    }

    /// Everything remembered, by name.
    fn state(&mut self) -> StateDict {
        StateDict::new()
    }

    /// Takes back what `state` gave.
    fn load_state(&mut self, _state: StateDict) -> Result<(), TrainError> {
        Ok(())
    }
}

/// A head or a batch that is not of the kind its objective needs: a mistake in the program, found here instead of in a tensor
/// library.
pub(super) fn no_fit(objective: &'static str, needs: &'static str) -> TrainError {
    TrainError::NoFit { objective, needs }
}

/// Values without their graph.
pub(super) fn to_host<const D: usize>(tensor: Tensor<D>) -> HostTensor {
    host_tensor(tensor.inner())
}
