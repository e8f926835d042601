//! The loop that every kind of training runs: batches, steps, health lines, checkpoints, resume, interruption.

mod calibrate;
mod metrics;
mod objective;
mod pace;
mod plan;
mod progress;
mod readings;
mod run;

use std::time::Instant;

use burn::module::Module;
use foretask_backend::{StateDict, load_state_dict, state_dict};

pub use calibrate::seconds_per_step;
use metrics::MetricsFile;
pub use objective::{Forward, Objective, Stateless, StepInfo};
use pace::Pace;
pub use plan::TrainingPlan;
use progress::Progress;
use readings::Readings;
use run::StepOutcome;
pub use run::TrainingRun;

use crate::checkpoint;
use crate::context::{Context, Event};
use crate::error::TrainError;
use crate::health::{Diagnostics, HealthLine};
use crate::loader::{BatchSource, Request, Workers, with_batches};
use crate::ranks;

/// A trained model and how it went.
#[derive(Debug)]
pub struct Trained<M> {
    /// On the training device.
    pub model: M,
    /// The health lines of the whole run, including those before a resume.
    pub history: Vec<HealthLine>,
    /// Updates made.
    pub steps: u64,
    /// Source images seen.
    pub images: u64,
    /// Seconds of training, over all sittings.
    pub seconds: f64,
    /// Seconds of them in which a step waited for its batch.
    pub waited: f64,
}

/// Trains the model of `run` for as many updates as its plan says, from the beginning or from the checkpoint in `cx.folder`.
///
/// `source` makes the batches; `objective` computes their loss, remembers what the next step needs, and may end the training
/// early ([`Objective::stops`]).
///
/// On one device kind the result is the same to the bit, however often the run is interrupted, as long as the
/// device's own sums do not depend on timing (flex's do not).
///
/// # Errors
/// What `source` and `objective` return; [`TrainError::Interrupted`] after saving; [`TrainError::NotFinite`]; a
/// checkpoint that cannot be read from the disk or written.
pub fn train<M: Module, S: BatchSource>(
    run: TrainingRun<'_, M>,
    source: &S,
    objective: &mut impl Objective<M, S::Batch>,
    cx: &Context<'_>,
) -> Result<Trained<M>, TrainError> {
    let plan = run.plan;
    let make = |request: &Request, workers: &Workers| source.make(request, workers);
    let row = |index| source.row(index);
    std::fs::create_dir_all(cx.folder).map_err(|source| TrainError::File { path: cx.folder.to_owned(), source })?;
    let mut state = State::open(run, cx, |remembered| objective.load_state(remembered))?;
    let first_step = state.progress.step;
    cx.emit(Event::Started {
        stage: plan.stage.clone(),
        name: plan.name.clone(),
        first_step,
        steps: plan.steps,
        images: plan.sampling.images,
    });
    let range = first_step * plan.accumulate..plan.steps * plan.accumulate;
    let state = with_batches(&plan.sampling, range, cx.threads, &make, |batches| {
        let mut pace = Pace::new(first_step);
        while state.progress.step < plan.steps && !objective.stops() {
            let measure = plan.is_health_step(state.progress.step + 1);
            let info = plan.step_info(state.progress.step, measure);
            let learning_rate = plan.schedule.at(info.step);
            let (run, told) = state.run.one_step(learning_rate, batches, objective, info)?;
            state.run = run;
            let StepOutcome { reading, diagnostics, warnings } = told;
            for warning in warnings {
                cx.note(warning);
            }
            state.progress.step += 1;
            state.readings.push(state.progress.step, reading);
            state.progress.seconds = state.seconds_before + state.started.elapsed().as_secs_f64();
            state.progress.waited = state.waited_before + batches.waited().as_secs_f64();

            if let Some(diagnostics) = diagnostics {
                state.read(row)?;
                state.report(diagnostics, learning_rate)?;
            } else if state.readings.due() || pace.due() || ranks::are_several() {
                // Ranks that wait for each other anyway see in the same step that a loss is no number.
                state.read(row)?;
            }
            if pace.due() {
                cx.emit(pace.event(&state.progress, plan, learning_rate, batches.waited()));
            }
            let done = state.progress.step == plan.steps || objective.stops();
            let interrupted = ranks::any(cx.interrupt.requested())? && !done;
            if done || interrupted || state.saved.elapsed() >= cx.checkpoint_every {
                state.read(row)?;
                state.save(&objective.state())?;
            }
            if done || interrupted {
                // Whoever ends may end all: not before the checkpoint is written.
                ranks::meet()?;
            }
            if interrupted {
                return Err(TrainError::Interrupted {
                    step: state.progress.step,
                    steps: plan.steps,
                    folder: cx.folder.to_owned(),
                });
            }
        }
        Ok(state)
    })?;
    cx.emit(Event::Finished { seconds: state.progress.seconds });
    Ok(Trained {
        model: state.run.model,
        history: state.progress.history,
        steps: state.progress.step,
        images: plan.images_after(state.progress.step),
        seconds: state.progress.seconds,
        waited: state.progress.waited,
    })
}

/// A run between two steps.
struct State<'a, M> {
    run: TrainingRun<'a, M>,
    progress: Progress,
    readings: Readings,
    metrics: MetricsFile,
    cx: &'a Context<'a>,
    started: Instant,
    seconds_before: f64,
    waited_before: f64,
    saved: Instant,
    saved_step: Option<u64>,
}

impl<'a, M: Module> State<'a, M> {
    /// From the checkpoint where there is one.
    fn open(
        run: TrainingRun<'a, M>,
        cx: &'a Context<'a>,
        remember: impl FnOnce(&StateDict) -> Result<(), TrainError>,
    ) -> Result<Self, TrainError> {
        let TrainingRun { mut model, mut optimizer, plan } = run;
        let mut progress = Progress::new(plan);
        let mut saved_step = None;
        // The first rank sets aside what cannot be used, before others look.
        let first = if ranks::is_first() { usable(plan, cx)? } else { None };
        let step = ranks::of_first(first.as_ref().map_or(0, |(found, _)| found.step))?;
        let found = if ranks::is_first() || step == 0 { first } else { shared(plan, cx, step)? };
        ranks::meet()?;
        if let Some((found, mut tensors)) = found {
            model = load_state_dict(model, &checkpoint::take_under("model", &mut tensors))?;
            let plain = cx.device.plain();
            optimizer.load_state(&model, &checkpoint::take_under("optimizer", &mut tensors), &plain)?;
            remember(&checkpoint::take_under("lesson", &mut tensors))?;
            saved_step = Some(found.step);
            progress = found;
        }
        let metrics = MetricsFile::open(cx.folder, &progress.history)?;
        let now = Instant::now();
        Ok(Self {
            run: TrainingRun { model, optimizer, plan },
            seconds_before: progress.seconds,
            waited_before: progress.waited,
            progress,
            readings: Readings::default(),
            metrics,
            cx,
            started: now,
            saved: now,
            saved_step,
        })
    }

    /// Takes the losses and norms off the device and checks them.
    fn read(&mut self, row: impl Fn(u32) -> u64) -> Result<(), TrainError> {
        for (step, loss, norm) in self.readings.take() {
            for (what, value) in [("loss", loss), ("gradient norm", norm)] {
                if !value.is_finite() {
                    return Err(TrainError::NotFinite {
                        what,
                        value,
                        step,
                        rows: self.rows_of(step, row),
                        checkpoint: self.saved_step.map(|step| (checkpoint::path_in(self.cx.folder), step)),
                    });
                }
            }
            self.progress.add(loss, norm);
        }
        Ok(())
    }

    fn rows_of(&self, step: u64, row: impl Fn(u32) -> u64) -> Vec<u64> {
        let plan = self.run.plan;
        let batches = (step - 1) * plan.accumulate..step * plan.accumulate;
        batches.flat_map(|batch| plan.sampling.request(batch).indices).map(row).collect()
    }

    /// Ends a stretch with a health line.
    fn report(&mut self, diagnostics: Diagnostics, learning_rate: f64) -> Result<(), TrainError> {
        let step = self.progress.step;
        let (loss, gradient_norm) = self.progress.means();
        let line = HealthLine {
            step,
            epoch: self.run.plan.epochs_after(step),
            images: self.run.plan.images_after(step),
            loss,
            gradient_norm,
            learning_rate,
            diagnostics,
            seconds: self.progress.seconds,
        };
        let line = line.rounded();
        self.metrics.append(&line)?;
        self.cx.emit(Event::Health(line.clone()));
        self.progress.history.push(line);
        Ok(())
    }

    fn save(&mut self, remembered: &StateDict) -> Result<(), TrainError> {
        if !ranks::is_first() {
            self.saved = Instant::now();
            return Ok(());
        }
        let mut tensors = StateDict::new();
        checkpoint::put_under("model", state_dict(&self.run.model), &mut tensors);
        checkpoint::put_under("optimizer", self.run.optimizer.state(&self.run.model), &mut tensors);
        checkpoint::put_under("lesson", remembered.clone(), &mut tensors);
        checkpoint::save(&checkpoint::path_in(self.cx.folder), &self.progress, &tensors)?;
        self.saved = Instant::now();
        self.saved_step = Some(self.progress.step);
        self.cx.emit(Event::Saved { step: self.progress.step });
        Ok(())
    }
}

/// The checkpoint that the first rank goes on from, read by another one.
fn shared(plan: &TrainingPlan, cx: &Context<'_>, step: u64) -> Result<Option<(Progress, StateDict)>, TrainError> {
    let path = checkpoint::path_in(cx.folder);
    match checkpoint::load::<Progress>(&path)? {
        Some((found, tensors)) if found.identity == plan.identity && found.step == step => Ok(Some((found, tensors))),
        _ => {
            let reason =
                format!("is not the one of step {step} that rank 0 goes on from; all ranks need the same folder");
            Err(TrainError::Checkpoint { path, reason })
        }
    }
}

/// The checkpoint to go on from. One that is damaged, or of another training, is kept under another name, and that is said: it
/// must neither be continued nor stand in the way.
fn usable(plan: &TrainingPlan, cx: &Context<'_>) -> Result<Option<(Progress, StateDict)>, TrainError> {
    let path = checkpoint::path_in(cx.folder);
    let reason = match checkpoint::load::<Progress>(&path) {
        Ok(Some((found, _))) if found.identity != plan.identity || found.step > plan.steps => {
            "belongs to other data, another model or other options".to_owned()
        }
        Err(TrainError::Checkpoint { reason, .. }) => reason,
        other => return other,
    };
    let kept = foretask_files::set_aside(&path).map_err(|source| TrainError::File { path: path.clone(), source })?;
    cx.warn(format!(
        "the checkpoint {} {reason}; it is kept as {}, and this training starts anew",
        path.display(),
        kept.display()
    ));
    Ok(None)
}
