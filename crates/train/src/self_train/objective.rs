//! What the student learns in a step: the teacher's answers, and the labels there are.

use burn::tensor::activation::{log_softmax, softmax};
use burn::tensor::{Device, Int, Tensor, TensorData};
use foretask_backend::{StateDict, host_tensor};
use foretask_models::Network;
use foretask_objectives::cross_entropy;

use super::batches::Batch;
use super::options::ConsistencyOptions;
use super::round::ConsistencyRound;
use super::student::Student;
use super::sureness::Sureness;
use super::targets::Targets;
use crate::error::TrainError;
use crate::health::{Diagnostics, Metric};
use crate::largest;
use crate::training::{Forward, Objective, StepInfo};

/// The targets of unlabeled images are a teacher's answers. What a later step needs is in the student: its average, which the
/// teacher is filled with at every step, and the marginal; and in the sureness.
pub(super) struct FromTeacher<'a> {
    pub(super) round: &'a ConsistencyRound<'a>,
    pub(super) options: &'a ConsistencyOptions,
    /// Without gradient graph.
    pub(super) teacher: Network,
    /// Of the student.
    pub(super) device: Device,
    pub(super) sureness: Sureness,
}

impl Objective<Student, Batch> for FromTeacher<'_> {
    fn losses(&mut self, student: &Student, batch: Batch, info: StepInfo) -> Result<Forward, TrainError> {
        let options = self.options;
        let classes = self.round.start.classes.len();
        let Batch { step, rows, weak, changed, labels } = batch;
        if step > 0 {
            student.average(options.momentum_at(step - 1));
        }
        student.fill(&mut self.teacher);
        let answers = softmax(self.teacher.forward(weak), 1);
        let mut marginal = host_tensor(student.marginal.value()).data;
        let mut targets =
            Targets::of(host_tensor(answers).data, &mut marginal, self.round.balanced, options.temperature);
        student.marginal.update(|old| Tensor::from_data(TensorData::new(marginal, [classes]), &old.device()));
        targets.blend(self.round.guide, &rows, options.guide_at(step));
        targets.weigh(&mut self.sureness, &rows);

        let count = rows.len();
        let logits = student.network.forward(changed);
        let known = logits.clone().slice([count..count + labels.len(), 0..classes]);
        let diagnostics = info.measure.then(|| Diagnostics {
            metrics: vec![
                Metric::new("accuracy on the few", accuracy(&known, &labels, classes))
                    .against("chance", 1.0 / classes as f64),
                Metric::new("sure of", targets.sure()),
                Metric::new("as spread", targets.agreement(self.round.guide, &rows)),
            ],
            ..Diagnostics::default()
        });
        let wanted = Tensor::<2>::from_data(TensorData::new(targets.weighted(), [count, classes]), &self.device);
        let log = log_softmax(logits.slice([0..count, 0..classes]), 1);
        let unlabeled = log.mul(wanted).sum().div_scalar(-(count as f64));
        let labeled = cross_entropy(known, class_tensor(&labels, &self.device), 0.0);
        Ok(Forward::of(labeled + unlabeled, diagnostics))
    }

    fn state(&mut self) -> StateDict {
        self.sureness.state()
    }

    fn load_state(&mut self, state: &StateDict) -> Result<(), TrainError> {
        self.sureness.load_state(state)
    }
}

fn class_tensor(labels: &[u32], device: &Device) -> Tensor<1, Int> {
    let labels: Vec<i64> = labels.iter().map(|&label| i64::from(label)).collect();
    let count = labels.len();
    Tensor::from_data(TensorData::new(labels, [count]), device)
}

fn accuracy(logits: &Tensor<2>, labels: &[u32], classes: usize) -> f64 {
    let logits = host_tensor(logits.clone().inner()).data;
    let right = logits.chunks_exact(classes).zip(labels).filter(|(row, label)| largest(row) == **label as usize);
    right.count() as f64 / labels.len().max(1) as f64
}
