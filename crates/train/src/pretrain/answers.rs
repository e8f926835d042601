//! What the trained network answers on examples of its own tasks, for people to look at.

use foretask_backend::{Device, Precision, Scope, catch, host_tensor, load_state_dict};
use foretask_pretext::{Example, ExampleTarget, Inputs, Planes, TargetKind};

use super::learner::{Learner, TaskView};
use super::methods::{Answer, answer};
use super::normalizer::Normalizer;
use super::plan::PlannedTask;
use super::result::Pretrained;
use crate::error::TrainError;
use crate::largest;

impl Pretrained {
    /// Fills in the `answer` of examples made by the task with this number (from 0) at its input shape. Tasks whose answer
    /// is no class and no picture leave it open.
    ///
    /// # Errors
    /// Examples of another shape, and what the device reports.
    pub fn answer(&self, task: usize, examples: &mut [Example], device: &Device) -> Result<(), TrainError> {
        let Some(planned) = self.tasks.get(task) else { return Ok(()) };
        let plain = device.plain();
        let heads = self.tasks.iter().map(|task| &task.head);
        let learner = Learner::new(self.encoder.build(&plain)?, heads, &Scope::unfilled(&plain));
        let heads = load_state_dict(learner.heads, &self.heads)?;
        let learner = Learner { encoder: learner.encoder, heads };
        let normalizer = Normalizer::new(&self.encoder.input, Precision::F32, &plain);
        let view = TaskView::of(&learner, task, &normalizer);
        for example in examples {
            example.answer = catch("answering an example", || answer_of(planned, &view, example))??;
        }
        Ok(())
    }
}

fn answer_of(
    planned: &PlannedTask,
    view: &TaskView<'_>,
    example: &Example,
) -> Result<Option<ExampleTarget>, TrainError> {
    let task = &planned.task.task;
    let inputs = blocks(&example.inputs).into_iter().map(|block| view.normalizer.block(block)).collect();
    let (_, answer) = answer(view, task.name(), inputs, false)?;
    Ok(match (answer, task.layout(planned.task.shape).target) {
        (Answer::Logits(logits), TargetKind::Classes { names, .. }) => {
            let logits = host_tensor(logits);
            let rows = logits.data.chunks_exact(names.len().max(1));
            Some(ExampleTarget::Classes(rows.map(|row| names[largest(row)].clone()).collect()))
        }
        (Answer::Images(image), TargetKind::Image { shape, .. }) => {
            let mut data = host_tensor(image).data;
            data.truncate(shape.len());
            Some(ExampleTarget::Image(task.shown_answer(example, Planes { data, shape })))
        }
        (Answer::Vectors(numbers), TargetKind::Vectors { .. }) => {
            Some(ExampleTarget::Vector(host_tensor(numbers).data))
        }
        _ => None,
    })
}

/// One image's inputs as blocks of the same shape.
fn blocks(inputs: &[Planes]) -> Vec<Inputs> {
    let same = inputs.chunk_by(|a, b| a.shape == b.shape);
    same.map(|planes| Inputs {
        data: planes.iter().flat_map(|planes| planes.data.iter().copied()).collect(),
        shape: planes[0].shape,
        per_image: planes.len(),
    })
    .collect()
}
