//! Cross-entropy over made-up classes.

use burn::tensor::{Int, Tensor, TensorData};
use foretask_objectives::cross_entropy;
use foretask_pretext::Targets;

use super::answer::{Answer, answer};
use super::objective::{Measured, TaskObjective, no_fit, to_host};
use crate::error::TrainError;
use crate::pretrain::diagnostics;
use crate::pretrain::learner::TaskView;
use crate::pretrain::ready::Ready;
use crate::ranks::{gathered, gathered_classes};
use crate::training::StepInfo;

/// Cross-entropy over the task's classes.
#[derive(Debug)]
pub(super) struct Classes {
    /// The task's word.
    pub(super) word: &'static str,
}

impl TaskObjective for Classes {
    fn loss(&mut self, view: &TaskView<'_>, batch: Ready, info: StepInfo) -> Result<Measured, TrainError> {
        let (features, answer) = answer(view, self.word, batch.inputs, info.measure)?;
        let (Answer::Logits(logits), Targets::Classes { classes, .. }) = (answer, batch.targets) else {
            return Err(no_fit(self.word, "a head for classes and classes as its target"));
        };
        let (logits, classes) = (gathered(logits)?, gathered_classes(classes)?);
        let diagnostics =
            features.map(|features| diagnostics::of_classes(&features, &to_host(logits.clone()), &classes));
        let count = classes.len();
        let classes: Vec<i64> = classes.into_iter().map(i64::from).collect();
        let classes = Tensor::<1, Int>::from_data(TensorData::new(classes, [count]), &view.normalizer.device);
        Ok((cross_entropy(logits, classes, 0.0), diagnostics))
    }
}
