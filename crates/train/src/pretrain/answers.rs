//! What the trained network answers on examples of its own tasks, for people to look at.

use foretask_backend::{Device, Precision, Scope, catch, host_tensor, load_state_dict};
use foretask_pretext::{Example, ExampleTarget, Inputs, Planes, TargetKind};

use super::learner::{Learner, TaskView};
use super::methods::{Answer, Question, answer};
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
        self.asked(task, device, |planned, view| {
            for example in examples {
                example.answer = catch("answering an example", || answer_of(planned, view, example))??;
            }
            Ok(())
        })
    }

    /// The shares (0 to 1) that each input of each example is given by each class, `[inputs, classes]` an example, of a task that asks
    /// one question an input and has classes for answers; nothing of another one.
    ///
    /// # Errors
    /// As [`answer`](Self::answer).
    pub fn class_shares(
        &self,
        task: usize,
        examples: &[Example],
        device: &Device,
    ) -> Result<Vec<Vec<f32>>, TrainError> {
        let mut all = Vec::with_capacity(examples.len());
        self.asked(task, device, |planned, view| {
            let TargetKind::Classes { names, .. } = planned.task.task.layout(planned.task.shape).target else {
                return Ok(());
            };
            // All at once: one input after the other would leave most of the cores idle.
            let inputs: Vec<Planes> = examples.iter().flat_map(|example| example.inputs.iter().cloned()).collect();
            let Answer::Logits(logits) = catch("answering examples", || told(planned, view, &inputs, None))?? else {
                return Ok(());
            };
            let mut shares = host_tensor(logits).data;
            shares.chunks_exact_mut(names.len().max(1)).for_each(softmax);
            let mut rest = &shares[..];
            for example in examples {
                let (own, others) = rest.split_at((example.inputs.len() * names.len()).min(rest.len()));
                all.push(own.to_vec());
                rest = others;
            }
            Ok(())
        })?;
        Ok(all)
    }

    /// Does `work` with the network of one of the tasks on the device; nothing where there is no such task.
    fn asked(
        &self,
        task: usize,
        device: &Device,
        work: impl FnOnce(&PlannedTask, &TaskView<'_>) -> Result<(), TrainError>,
    ) -> Result<(), TrainError> {
        let Some(planned) = self.tasks.get(task) else { return Ok(()) };
        let plain = device.plain();
        let heads = self.tasks.iter().map(|task| &task.head);
        let learner = Learner::new(self.encoder.build(&plain)?, heads, &Scope::unfilled(&plain));
        let heads = load_state_dict(learner.heads, &self.heads)?;
        let learner = Learner { encoder: learner.encoder, heads };
        let normalizer = Normalizer::new(&self.encoder.input, Precision::F32, &plain);
        work(planned, &TaskView::of(&learner, task, &normalizer))
    }
}

/// Exponentials that sum to 1.
fn softmax(logits: &mut [f32]) {
    let most = logits.iter().copied().fold(f32::MIN, f32::max);
    let sum: f32 = logits.iter().map(|value| (value - most).exp()).sum();
    for value in logits.iter_mut() {
        *value = (*value - most).exp() / sum;
    }
}

/// What the network says of inputs, of which it may not be shown what is hidden.
fn told(
    planned: &PlannedTask,
    view: &TaskView<'_>,
    inputs: &[Planes],
    hidden: Option<&[f32]>,
) -> Result<Answer, TrainError> {
    let inputs = blocks(inputs).into_iter().map(|block| view.normalizer.block(block)).collect();
    Ok(answer(view, planned.task.task.name(), Question { inputs, hidden }, false)?.1)
}

fn answer_of(
    planned: &PlannedTask,
    view: &TaskView<'_>,
    example: &Example,
) -> Result<Option<ExampleTarget>, TrainError> {
    let task = &planned.task.task;
    let hidden = example.weights.as_ref().map(|weights| weights.data.as_slice());
    Ok(match (told(planned, view, &example.inputs, hidden)?, task.layout(planned.task.shape).target) {
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
