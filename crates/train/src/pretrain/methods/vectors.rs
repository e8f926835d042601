//! Mean squared difference to numbers.

use burn::tensor::{Tensor, TensorData};
use foretask_objectives::l2_loss;
use foretask_pretext::Targets;

use super::answer::{Answer, answer};
use super::objective::{Measured, TaskObjective, no_fit, to_host};
use crate::error::TrainError;
use crate::health::Metric;
use crate::pretrain::diagnostics;
use crate::pretrain::learner::TaskView;
use crate::pretrain::ready::Ready;
use crate::ranks::{gathered, gathered_numbers};
use crate::training::StepInfo;

/// Mean squared difference to the numbers that were asked for.
#[derive(Debug)]
pub(super) struct Vectors {
    /// The task's word.
    pub(super) word: &'static str,
}

impl TaskObjective for Vectors {
    fn loss(&mut self, view: &TaskView<'_>, batch: Ready, info: StepInfo) -> Result<Measured, TrainError> {
        let (features, answer) = answer(view, self.word, batch.inputs, info.measure)?;
        let (Answer::Vectors(numbers), Targets::Vectors { values, length }) = (answer, batch.targets) else {
            return Err(no_fit(self.word, "a head for numbers and numbers as its target"));
        };
        let (numbers, values) = (gathered(numbers)?, gathered_numbers(&values)?.into_owned());
        let diagnostics = features.map(|features| {
            let mut diagnostics = diagnostics::of_features(&features);
            diagnostics.metrics.push(explained(&to_host(numbers.clone()).data, &values, length));
            diagnostics
        });
        let rows = values.len() / length.max(1);
        let target = Tensor::from_data(TensorData::new(values, [rows, length]), &view.normalizer.device);
        Ok((l2_loss(numbers, target), diagnostics))
    }
}

/// Share of the numbers' variance that the answers explain; always giving the batch's mean explains none.
fn explained(answers: &[f32], truth: &[f32], length: usize) -> Metric {
    let rows = (truth.len() / length.max(1)).max(1) as f64;
    let mut means = vec![0.0; length];
    truth.iter().enumerate().for_each(|(i, x)| means[i % length] += f64::from(*x) / rows);
    let (mut left, mut all) = (0.0, 0.0);
    for (i, (answer, truth)) in answers.iter().zip(truth).enumerate() {
        left += (f64::from(*truth) - f64::from(*answer)).powi(2);
        all += (f64::from(*truth) - means[i % length]).powi(2);
    }
    Metric::new("explained_variance", if all > 0.0 { 1.0 - left / all } else { 0.0 }).against("mean", 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mean_explains_nothing_and_the_truth_all() {
        let truth = [0.0, 1.0, 2.0, 5.0];
        assert_eq!(explained(&truth, &truth, 2).value, 1.0);
        // Means of the two numbers are 1 and 3.
        assert_eq!(explained(&[1.0, 3.0, 1.0, 3.0], &truth, 2).value, 0.0);
    }
}
