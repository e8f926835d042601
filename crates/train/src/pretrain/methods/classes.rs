//! Tasks that ask for a made-up class.

use burn::tensor::{Int, Tensor, TensorData};
use foretask_objectives::cross_entropy;
use foretask_pretext::Targets;

use super::{Answer, Method, answer, to_host};
use crate::error::TrainError;
use crate::health::Gauges;
use crate::pretrain::batches::Ready;
use crate::pretrain::gauges;
use crate::pretrain::learner::Net;
use crate::training::Moment;

/// Cross-entropy over the task's classes.
#[derive(Debug)]
pub(super) struct Classes {
    /// The task's word.
    pub(super) task: &'static str,
}

impl Method for Classes {
    fn forward(
        &mut self,
        net: &Net<'_>,
        batch: Ready,
        moment: Moment,
    ) -> Result<(Tensor<1>, Option<Gauges>), TrainError> {
        let (features, answer) = answer(net, self.task, batch.inputs, moment.measure)?;
        let (Answer::Logits(logits), Targets::Classes { classes, .. }) = (answer, batch.targets) else {
            return Err(TrainError::NoHead { task: self.task });
        };
        let gauges = features.map(|features| gauges::of_classes(&features, &to_host(logits.clone()), &classes));
        let count = classes.len();
        let classes: Vec<i64> = classes.into_iter().map(i64::from).collect();
        let classes = Tensor::<1, Int>::from_data(TensorData::new(classes, [count]), &net.normalizer.device);
        Ok((cross_entropy(logits, classes, 0.0), gauges))
    }
}
