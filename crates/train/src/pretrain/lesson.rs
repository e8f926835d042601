//! The lesson of a pretraining: each task's method on the shared encoder.

use burn::module::Module;
use burn::tensor::Tensor;
use foretask_backend::{StateDict, host_tensor};
use foretask_models::Backbone;

use super::batches::Ready;
use super::collapse::{OnCollapse, Watch};
use super::learner::{Learner, Net, Normalizer};
use super::methods::{self, Method, Sizes};
use super::plan::PretrainPlan;
use crate::checkpoint;
use crate::error::TrainError;
use crate::health::{Gauges, Metric};
use crate::training::{Forward, Lesson, Moment};

/// One task in training.
#[derive(Debug)]
struct Exercise {
    name: &'static str,
    weight: f64,
    method: Box<dyn Method>,
    watch: Watch,
}

/// What someone who looks at the encoder sees in it.
pub(super) type Look<'a> = &'a dyn Fn(&Backbone) -> Result<Vec<Metric>, TrainError>;

/// All tasks in training; the learner's head with the same number is a task's own.
pub(super) struct Exercises<'a> {
    all: Vec<Exercise>,
    normalizer: Normalizer,
    on_collapse: OnCollapse,
    look: Look<'a>,
}

impl<'a> Exercises<'a> {
    /// Methods at their beginning; momentum teachers start as copies of the learner. `labels` are those of the images,
    /// for the one method that is allowed to see them; `look` adds to every health line.
    pub(super) fn new(
        plan: &PretrainPlan,
        learner: &Learner,
        normalizer: Normalizer,
        labels: &[Option<u32>],
        look: Look<'a>,
    ) -> Result<Self, TrainError> {
        let begin = |(number, task): (usize, &super::PlannedTask)| {
            let sizes = Sizes::of(plan, task);
            let method = methods::begin(&task.task.task, &sizes, learner, number, &normalizer.device, labels)?;
            Ok(Exercise { name: task.task.task.name(), weight: task.weight, method, watch: Watch::default() })
        };
        let all = plan.tasks.iter().enumerate().map(begin).collect::<Result<_, TrainError>>()?;
        Ok(Self { all, normalizer, on_collapse: plan.options.on_collapse, look })
    }
}

impl Lesson<Learner, Vec<Ready>> for Exercises<'_> {
    fn forward(&mut self, learner: &Learner, batches: Vec<Ready>, moment: Moment) -> Result<Forward, TrainError> {
        let several = self.all.len() > 1;
        let mut losses = Vec::new();
        let mut warnings = Vec::new();
        let mut seen: Option<Gauges> = None;
        for (number, (exercise, batch)) in self.all.iter_mut().zip(batches).enumerate() {
            let net = Net::of(learner, number, &self.normalizer);
            let (loss, gauges) = exercise.method.forward(&net, batch, moment)?;
            if let Some(gauges) = gauges {
                warnings.extend(exercise.watch.look(exercise.name, &gauges, moment, self.on_collapse)?);
                let own = if several { apart(gauges, exercise.name, &loss) } else { gauges };
                seen = Some(match seen {
                    None => own,
                    Some(before) => joined(before, own),
                });
            }
            losses.push((exercise.weight, loss));
        }
        if let Some(gauges) = &mut seen {
            gauges.metrics.extend((self.look)(&learner.encoder.valid())?);
        }
        Ok(Forward { losses, gauges: seen, warnings })
    }

    fn factors(&self, moment: Moment) -> Vec<(String, f64)> {
        let of = |(number, exercise): (usize, &Exercise)| {
            let factors = exercise.method.factors(moment).into_iter();
            factors.map(move |(part, factor)| (format!("heads.{number}.{part}"), factor)).collect::<Vec<_>>()
        };
        self.all.iter().enumerate().flat_map(of).collect()
    }

    fn after_step(&mut self, learner: Learner, moment: Moment) -> Result<Learner, TrainError> {
        let Learner { encoder, heads } = learner;
        let after = |(exercise, head): (&mut Exercise, _)| exercise.method.after_step(&encoder, head, moment);
        let heads = self.all.iter_mut().zip(heads).map(after).collect::<Result<_, _>>()?;
        Ok(Learner { encoder, heads })
    }

    fn state(&mut self) -> StateDict {
        let mut state = StateDict::new();
        for (number, exercise) in self.all.iter_mut().enumerate() {
            checkpoint::put_under(&number.to_string(), exercise.method.state(), &mut state);
        }
        state
    }

    fn load_state(&mut self, state: &StateDict) -> Result<(), TrainError> {
        let mut state = state.clone();
        for (number, exercise) in self.all.iter_mut().enumerate() {
            exercise.method.load_state(checkpoint::take_under(&number.to_string(), &mut state))?;
        }
        Ok(())
    }
}

/// A task's own numbers under its name, its loss among them.
fn apart(mut gauges: Gauges, name: &str, loss: &Tensor<1>) -> Gauges {
    for metric in &mut gauges.metrics {
        metric.name = format!("{name} {}", metric.name);
    }
    let loss = host_tensor(loss.clone().inner()).data.first().copied().map_or(f64::NAN, f64::from);
    gauges.metrics.insert(0, Metric::new(&format!("{name} loss"), loss));
    gauges
}

/// The encoder's gauges are those of the first task that has any; every task's metrics are kept.
fn joined(first: Gauges, second: Gauges) -> Gauges {
    Gauges {
        embedding_std: first.embedding_std.or(second.embedding_std),
        embedding_std_even: first.embedding_std_even.or(second.embedding_std_even),
        effective_rank: first.effective_rank.or(second.effective_rank),
        effective_rank_limit: first.effective_rank_limit.or(second.effective_rank_limit),
        metrics: [first.metrics, second.metrics].concat(),
    }
}
