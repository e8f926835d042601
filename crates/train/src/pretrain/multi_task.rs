//! The objective of a pretraining: each task's own on the shared encoder.

use burn::module::Module;
use burn::tensor::Tensor;
use foretask_backend::{StateDict, host_tensor};
use foretask_models::Backbone;
use foretask_random::Key;

use super::collapse::CollapseMonitor;
use super::guard::Guard;
use super::learner::{Learner, TaskView};
use super::methods::{Beside, ObjectiveContext, TaskObjective, learnable};
use super::normalizer::Normalizer;
use super::plan::{PlannedTask, PretrainPlan};
use super::ready::Ready;
use crate::checkpoint;
use crate::error::TrainError;
use crate::health::{Diagnostics, Metric};
use crate::training::{Forward, Objective, StepInfo};

/// Where the guard's state stands in a checkpoint.
const GUARD: &str = "guard";

/// One task in training.
#[derive(Debug)]
struct RunningTask {
    word: &'static str,
    weight: f64,
    objective: Box<dyn TaskObjective>,
    monitor: CollapseMonitor,
}

/// What an observer of the encoder measures.
pub(super) type Look<'a> = &'a dyn Fn(&Backbone) -> Result<Vec<Metric>, TrainError>;

/// All tasks in training; the learner's head with the same number is a task's own.
pub(super) struct MultiTask<'a> {
    tasks: Vec<RunningTask>,
    normalizer: Normalizer,
    look: Look<'a>,
    /// Updates in which the encoder is frozen.
    warm: u64,
    /// Who holds a trained encoder against what it was at first.
    pub(super) guard: Option<Guard>,
}

impl<'a> MultiTask<'a> {
    /// Objectives at their beginning; momentum teachers start as copies of the learner. `look` adds to every health
    /// line.
    pub(super) fn new(
        plan: &PretrainPlan,
        learner: &Learner,
        normalizer: Normalizer,
        beside: &Beside<'_>,
        look: Look<'a>,
    ) -> Result<Self, TrainError> {
        let sampling = &plan.sampling;
        let begin = |(number, PlannedTask { task, weight, .. }): (usize, &PlannedTask)| {
            let (word, learned) = (task.task.name(), learnable(&task.task));
            let objective = learned.objective(&ObjectiveContext {
                word,
                target: task.task.target(task.shape),
                shape: task.shape,
                pool: sampling.images,
                batch: sampling.batch_size,
                key: Key::new(plan.options.seed).named("method").with(number as u64),
                learner,
                number,
                device: &normalizer.device,
                beside,
            })?;
            let monitor = CollapseMonitor::new(word, learned.collapse_risk(), plan.options.on_collapse);
            Ok(RunningTask { word, weight: *weight, objective, monitor })
        };
        let tasks = plan.tasks.iter().enumerate().map(begin).collect::<Result<_, TrainError>>()?;
        Ok(Self { tasks, normalizer, look, warm: 0, guard: None })
    }

    /// The same for an encoder that has learned before: heads learn alone for the first updates.
    pub(super) fn continuing(self, warm: u64, guard: Option<Guard>) -> Self {
        Self { warm, guard, ..self }
    }
}

impl Objective<Learner, Vec<Ready>> for MultiTask<'_> {
    fn losses(&mut self, learner: &Learner, batches: Vec<Ready>, info: StepInfo) -> Result<Forward, TrainError> {
        let several = self.tasks.len() > 1;
        // Frozen, it has no gradient and norms by its running statistics, which stay as they are.
        let frozen = (info.step < self.warm).then(|| learner.encoder.clone().freeze());
        let mut losses = Vec::new();
        let mut warnings = Vec::new();
        let mut seen: Option<Diagnostics> = None;
        for (number, (task, batch)) in self.tasks.iter_mut().zip(batches).enumerate() {
            let view = TaskView::of(learner, number, &self.normalizer);
            let view = TaskView { encoder: frozen.as_ref().unwrap_or(view.encoder), ..view };
            let (loss, diagnostics) = task.objective.loss(&view, batch, info)?;
            if let Some(diagnostics) = diagnostics {
                warnings.extend(task.monitor.check(&diagnostics, info)?);
                let own = if several { apart(diagnostics, task.word, &loss) } else { diagnostics };
                seen = Some(match seen {
                    None => own,
                    Some(before) => joined(before, own),
                });
            }
            losses.push((task.weight, loss));
        }
        if let Some(diagnostics) = &mut seen {
            let looked = (self.look)(&learner.encoder.valid())?;
            if let Some(guard) = self.guard.as_mut().filter(|_| info.step > self.warm) {
                warnings.extend(guard.look(&looked, info.step));
            }
            diagnostics.metrics.extend(looked);
        }
        Ok(Forward { losses, diagnostics: seen, warnings })
    }

    fn lr_factors(&self, info: StepInfo) -> Vec<(String, f64)> {
        let of = |(number, task): (usize, &RunningTask)| {
            let factors = task.objective.lr_factors(info).into_iter();
            factors.map(move |(part, factor)| (format!("heads.{number}.{part}"), factor)).collect::<Vec<_>>()
        };
        let mut factors: Vec<_> = self.tasks.iter().enumerate().flat_map(of).collect();
        // It does not begin at the peak of the rate: its optimizer knows nothing yet.
        let since = info.step.saturating_sub(self.warm) + 1;
        if since < self.warm {
            factors.push(("encoder".to_owned(), since as f64 / self.warm as f64));
        }
        factors
    }

    fn stops(&self) -> bool {
        self.guard.as_ref().is_some_and(Guard::stopped)
    }

    fn after_step(&mut self, learner: Learner, info: StepInfo) -> Result<Learner, TrainError> {
        let Learner { encoder, heads } = learner;
        let after = |(task, head): (&mut RunningTask, _)| task.objective.after_step(&encoder, head, info);
        let heads = self.tasks.iter_mut().zip(heads).map(after).collect::<Result<_, _>>()?;
        Ok(Learner { encoder, heads })
    }

    fn state(&mut self) -> StateDict {
        let mut state = StateDict::new();
        for (number, task) in self.tasks.iter_mut().enumerate() {
            checkpoint::put_under(&number.to_string(), task.objective.state(), &mut state);
        }
        if let Some(guard) = &self.guard {
            checkpoint::put_under(GUARD, guard.state(), &mut state);
        }
        state
    }

    fn load_state(&mut self, state: &StateDict) -> Result<(), TrainError> {
        let mut state = state.clone();
        for (number, task) in self.tasks.iter_mut().enumerate() {
            task.objective.load_state(checkpoint::take_under(&number.to_string(), &mut state))?;
        }
        if let Some(guard) = &mut self.guard {
            guard.load_state(&checkpoint::take_under(GUARD, &mut state))?;
        }
        Ok(())
    }
}

/// A task's own numbers under its name, its loss among them.
fn apart(mut diagnostics: Diagnostics, name: &str, loss: &Tensor<1>) -> Diagnostics {
    for metric in &mut diagnostics.metrics {
        metric.name = format!("{name} {}", metric.name);
    }
    let loss = host_tensor(loss.clone().inner()).data.first().copied().map_or(f64::NAN, f64::from);
    diagnostics.metrics.insert(0, Metric::new(&format!("{name} loss"), loss));
    diagnostics
}

/// The encoder's diagnostics are those of the first task that has any; every task's metrics are kept.
fn joined(first: Diagnostics, second: Diagnostics) -> Diagnostics {
    Diagnostics {
        embedding_std: first.embedding_std.or(second.embedding_std),
        embedding_std_even: first.embedding_std_even.or(second.embedding_std_even),
        effective_rank: first.effective_rank.or(second.effective_rank),
        effective_rank_limit: first.effective_rank_limit.or(second.effective_rank_limit),
        metrics: [first.metrics, second.metrics].concat(),
    }
}
