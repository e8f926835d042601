//! What the trained network answers on examples of its own task, for people to look at.

use burn::tensor::Tensor;
use foretask_backend::{Device, Scope, catch, host_tensor, load_state_dict};
use foretask_pretext::{Example, ExampleTarget, Planes, TargetKind};

use super::learner::{Answer, Learner, Normalizer};
use super::result::Pretrained;
use crate::error::TrainError;
use crate::largest;

impl Pretrained {
    /// Fills in the `answer` of examples made by this task at this input shape. Tasks whose answer is no class and no
    /// picture leave it open.
    ///
    /// # Errors
    /// Examples of another shape, and what the device reports.
    pub fn answer(&self, examples: &mut [Example], device: &Device) -> Result<(), TrainError> {
        let plain = device.plain();
        let head = load_state_dict(self.head.build(&Scope::unfilled(&plain)), &self.head_state)?;
        let learner = Learner { encoder: self.encoder.build(&plain)?, head };
        let normalizer = Normalizer::new(&self.encoder.input, &plain);
        for example in examples {
            let data: Vec<f32> = example.inputs.iter().flat_map(|planes| planes.data.iter().copied()).collect();
            example.answer =
                catch("answering an example", || self.answer_of(&learner, normalizer.inputs(data, self.task.shape)))??;
        }
        Ok(())
    }

    fn answer_of(&self, learner: &Learner, inputs: Tensor<4>) -> Result<Option<ExampleTarget>, TrainError> {
        let (_, answer) = learner.answer(inputs, false)?;
        Ok(match (answer, self.task.task.target(self.task.shape)) {
            (Answer::Logits(logits), TargetKind::Classes { names }) => {
                let logits = host_tensor(logits);
                let rows = logits.data.chunks_exact(names.len().max(1));
                Some(ExampleTarget::Classes(rows.map(|row| names[largest(row)].clone()).collect()))
            }
            (Answer::Images(image), TargetKind::Image(shape)) => {
                let mut data = host_tensor(image).data;
                data.truncate(shape.len());
                for x in &mut data {
                    *x = x.clamp(0.0, 1.0);
                }
                Some(ExampleTarget::Image(Planes { data, shape }))
            }
            _ => None,
        })
    }
}
