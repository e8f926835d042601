//! Pretraining: learning from labels that were made out of the images themselves.

mod answers;
mod augment_on;
mod batches;
mod collapse;
mod continuing;
mod diagnostics;
mod guard;
mod heads;
mod learner;
mod lessons;
mod methods;
mod mix;
mod multi_task;
mod normalizer;
mod observer;
mod on_device;
mod options;
mod plan;
mod ready;
mod result;
mod statistics;
mod steps;
mod teaching;
#[cfg(test)]
mod tests;
mod update_rule;

use std::sync::Arc;
use std::time::Instant;

use burn::module::Module;
use foretask_backend::{Scope, catch, state_dict};
use foretask_data::{ChannelStats, Depth, Images};
use foretask_models::{Backbone, Encoder, InputSpec};

pub use augment_on::AugmentOn;
pub use collapse::OnCollapse;
pub use continuing::{Continuing, guards};
pub use guard::{Continued, KeptEncoder};
pub use heads::HeadConfig;
pub use mix::{TaskMix, Teacher};
pub use observer::Observer;
pub use options::{OptimizerName, PretrainOptions};
pub use plan::{PlannedTask, PretrainPlan, plan_pretraining, usual_network};
pub use result::Pretrained;

use crate::context::Context;
use crate::error::TrainError;
use crate::health::Metric;
use crate::length::Length;
use crate::memory::require_memory;
use crate::optim::Optimizer;
use crate::precision::check_precision;
use crate::prefetch::WindowPrefetcher;
use crate::ranks;
use crate::reading::reading;
use crate::schedule::Schedule;
use crate::start::Start;
use crate::training::{TrainingPlan, TrainingRun, seconds_per_step, train};
use batches::PretextBatches;
use guard::Guard;
use learner::Learner;
use methods::Beside;
use multi_task::MultiTask;
use normalizer::Normalizer;

/// Changes whenever the same inputs would train differently, so that old checkpoints are not continued.
const FORMAT: u32 = 3;

/// What is pretrained, by what and on what.
#[derive(Clone, Copy, Debug)]
pub struct Pretraining<'a> {
    /// A network to train from random weights, or an encoder to go on from.
    pub start: &'a Start,
    /// The pretext tasks.
    pub mix: &'a TaskMix,
    /// What is learned from; labels are not looked at but by the one task that needs them.
    pub images: &'a Images,
    /// How long and how fast.
    pub options: &'a PretrainOptions,
}

/// Trains an encoder by one pretext task or several, from the beginning or from where `cx.folder` left off.
///
/// A finished folder gives its result at once. A time budget is calibrated in the first session (on a copy of the
/// network that is thrown away) and kept in the folder; what an `observer` takes comes on top of it.
///
/// # Errors
/// What [`plan_pretraining`] refuses; [`TrainError::Memory`]; everything of [`train`].
pub fn pretrain(
    pretraining: &Pretraining<'_>,
    observer: Option<&Observer<'_>>,
    cx: &Context<'_>,
) -> Result<Pretrained, TrainError> {
    let Pretraining { start, mix, images, options } = *pretraining;
    check_precision(cx.device, options.precision)?;
    let plan = plan_pretraining(start, mix, &images.survey(), options)?;
    ranks::check_batch(plan.sampling.batch_size, plan.sampling.images)?;
    let (guarded, guard) = guards(start, options, observer.is_some())?;
    require_memory(plan.memory_bytes, plan.sampling.batch_size, cx.device)?;
    for note in plan.notes.iter().chain(&guard) {
        cx.note(format!("{} = {} ({})", note.name, note.value, note.reason));
    }
    catch("pretraining", || run(pretraining, plan, (observer, guarded), cx))?
}

fn run(
    pretraining: &Pretraining<'_>,
    plan: PretrainPlan,
    (observer, guarded): (Option<&Observer<'_>>, bool),
    cx: &Context<'_>,
) -> Result<Pretrained, TrainError> {
    let (begin, Pretraining { start, mix, images, .. }) = (Instant::now(), *pretraining);
    let input = input_spec(start, &plan, images);
    let normalizer = Normalizer::new(&input, plan.options.precision, &cx.device.plain());
    let tasks = || plan.tasks.iter().map(|task| &task.task);
    let on_device = on_device::choose(plan.options.augment_on, tasks(), images, cx.device);
    let batches = PretextBatches {
        tasks: tasks().zip(on_device.iter().map(Option::as_ref)).collect(),
        images,
        normalizer: &normalizer,
        prefetcher: WindowPrefetcher::new(images, &plan.sampling),
        seed: plan.options.seed,
    };
    if let Some(place) = place_of_views(plan.options.augment_on, &batches, images) {
        cx.note(place);
    }
    let labels: Vec<Option<u32>> = (0..images.len()).map(|index| images.label(index)).collect();
    let teachers = teaching::prepare(&plan, &mix.teachers, images, cx)?;
    let beside = Beside { labels: &labels, teachers: &teachers };
    let identity = identity(start, &plan, &input, &batches, cx)? + if guarded { "-guarded" } else { "" };
    let look = |encoder: &Backbone| match observer {
        Some(observer) => observer.look(encoder, plan.config.feature_dim(), &input, cx),
        None => Ok(Vec::new()),
    };

    let known = plan.steps.map_or_else(|| steps::known(cx.folder, &identity), |steps| Ok(Some(steps)))?;
    let steps = match (known, plan.length) {
        (Some(steps), _) | (None, Length::Steps(steps)) => steps,
        (None, Length::Budget(budget)) => {
            cx.note(format!("measuring the time of a step, to see how many fit into {budget}"));
            let trial = training_plan(&plan, u64::MAX, &identity);
            let run =
                TrainingRun { model: learner(start, &plan, cx)?, optimizer: optimizer(start, &plan), plan: &trial };
            let mut objective = MultiTask::new(&plan, &run.model, normalizer.clone(), &beside, &look)?;
            let time = steps::calibration_time(budget);
            let seconds = seconds_per_step(run, &batches, &mut objective, time, cx)?;
            let steps = steps::fix_steps(cx.folder, &identity, budget, begin.elapsed(), seconds)?;
            cx.note(format!("a step takes {seconds:.3} s: {steps} steps"));
            steps
        }
        // Planning has turned epochs into steps already.
        (None, Length::Epochs(_)) => 1,
    };

    // A checkpoint of another number of steps followed another schedule.
    let training = training_plan(&plan, steps, &format!("{identity}-{steps}"));
    let run = TrainingRun { model: learner(start, &plan, cx)?, optimizer: optimizer(start, &plan), plan: &training };
    let watched = observer.filter(|_| guarded).map_or(0, |observer| observer.images.len());
    let guard = Guard::new(watched, !plan.measures_statistics(), || look(&run.model.encoder.valid()))?;
    if let Some(guard) = &guard {
        cx.note(guard.begins());
    }
    let mut objective = MultiTask::new(&plan, &run.model, normalizer.clone(), &beside, &look)?
        .continuing(plan.continuing.map_or(0, |how| how.warm_steps(steps)), guard);
    let trained = train(run, &batches, &mut objective, cx)?;
    let Learner { encoder, heads } = trained.model.valid();
    if plan.measures_statistics() && ranks::is_first() {
        ranks::apart(|| statistics::measure(&encoder, &input, images, cx))?;
    }
    let continued = judged(objective.guard.take(), || look(&encoder), steps, cx)?;
    let origin = format!("{} on {} images, {} seen", teaching::named(&plan), images.len(), trained.images);
    let learned = taught(pretraining, Encoder::of(&encoder, &plan.config, &input, origin));
    Ok(Pretrained {
        encoder: better(start, learned, continued.as_ref()),
        continued,
        heads: Arc::new(state_dict(&heads)),
        tasks: plan.tasks,
        history: trained.history,
        steps: trained.steps,
        images_seen: trained.images,
        seconds: trained.seconds,
        waited: trained.waited,
    })
}

/// The encoder with what it has seen and whose license it is under: those of its start, its teachers and these images.
fn taught(pretraining: &Pretraining<'_>, encoder: Encoder) -> Encoder {
    let (seen, license) = teaching::inherited(pretraining.start, &pretraining.mix.teachers);
    encoder.with_seen(seen.with(pretraining.images.content_hashes())).with_license(license)
}

/// Where views are made, if that is not as one would expect.
fn place_of_views(asked: AugmentOn, batches: &PretextBatches<'_>, images: &Images) -> Option<&'static str> {
    if asked == AugmentOn::Device && images.depth() != Depth::Bytes {
        return Some("augment_on = host (images of more than 8 bits do not travel as bytes)");
    }
    let chosen = asked.is_auto() && batches.views_on_device();
    chosen.then_some("augment_on = device (views are made by the GPU, which would otherwise wait for the host)")
}

/// What became of a guarded encoder by a last look at it, said to whoever listens.
fn judged(
    guard: Option<Guard>,
    look: impl FnOnce() -> Result<Vec<Metric>, TrainError>,
    steps: u64,
    cx: &Context<'_>,
) -> Result<Option<Continued>, TrainError> {
    let Some(guard) = guard else { return Ok(None) };
    let found = guard.judged(&look()?, steps);
    cx.note(format!("kept = {} ({})", found.kept.name(), found.in_words()));
    Ok(Some(found))
}

/// What was learned, or the start where going on from it made it worse.
fn better(start: &Start, learned: Encoder, continued: Option<&Continued>) -> Encoder {
    match (start, continued) {
        (Start::Encoder(start), Some(Continued { kept: KeptEncoder::Start, .. })) => {
            Encoder { config: learned.config, input: learned.input, ..start.clone() }
        }
        _ => learned,
    }
}

/// The encoder keeps the statistics that it was trained with.
fn input_spec(start: &Start, plan: &PretrainPlan, images: &Images) -> InputSpec {
    let shape = plan.shape();
    let Start::Encoder(encoder) = start else {
        let ChannelStats { mean, std } = images.channel_stats();
        let input = InputSpec { mean, std, ..InputSpec::centered(shape.channels, shape.height, shape.width) };
        return InputSpec { reading: reading(images), ..input };
    };
    InputSpec { channels: shape.channels, height: shape.height, width: shape.width, ..encoder.input.clone() }
}

fn learner(start: &Start, plan: &PretrainPlan, cx: &Context<'_>) -> Result<Learner, TrainError> {
    let device = cx.device.training();
    let seed = plan.options.seed;
    let encoder = start.build(&plan.config, plan.shape().channels, seed, &device)?;
    Ok(Learner::new(encoder, plan.tasks.iter().map(|task| &task.head), &Scope::new(seed, &device)))
}

fn optimizer(start: &Start, plan: &PretrainPlan) -> Optimizer {
    let optimizer = Optimizer::new(plan.rule, plan.weight_decay);
    let factors = plan.continuing.map_or_else(Vec::new, |how| how.factors(start));
    factors.iter().fold(optimizer, |optimizer, (part, factor)| optimizer.with_factor(part, *factor))
}

fn training_plan(plan: &PretrainPlan, steps: u64, identity: &str) -> TrainingPlan {
    let per_epoch = plan.sampling.batches_per_epoch().div_ceil(plan.accumulate);
    let mut schedule = Schedule::cosine(plan.lr, steps, plan.options.warmup);
    schedule.decay = plan.options.schedule;
    TrainingPlan {
        stage: "pretrain".to_owned(),
        name: plan.name(),
        steps,
        sampling: plan.sampling,
        accumulate: plan.accumulate,
        schedule,
        clip_norm: (plan.options.clip_norm > 0.0).then_some(plan.options.clip_norm),
        balance: plan.balance,
        health_every: TrainingPlan::health_interval(steps, per_epoch),
        identity: identity.to_owned(),
    }
}

/// A hash of all that decides the result, but for the steps that a budget turns out to be.
fn identity(
    start: &Start,
    plan: &PretrainPlan,
    input: &InputSpec,
    batches: &PretextBatches<'_>,
    cx: &Context<'_>,
) -> Result<String, TrainError> {
    let PretrainPlan { config, tasks, balance, length, sampling, accumulate, rule, lr, weight_decay, options, .. } =
        plan;
    // Notes are words about the options, which are there themselves.
    let tasks: Vec<_> = tasks.iter().map(|t| (&t.task.task, t.task.shape, t.weight, &t.head)).collect();
    let decisive = (config, tasks, balance, length, sampling, accumulate);
    let decisive = (FORMAT, decisive, rule, lr, weight_decay, options, input, start.fingerprint());
    let text = serde_json::to_vec(&decisive)
        .map_err(|error| TrainError::File { path: cx.folder.to_owned(), source: error.into() })?;
    let mut hash = blake3::Hasher::new();
    hash.update(&text);
    hash.update(batches.images.fingerprint().as_bytes());
    hash.update(cx.device.name().as_bytes());
    if batches.views_on_device() {
        hash.update(b"views on the device");
    }
    if plan.measures_statistics() {
        hash.update(b"statistics measured");
    }
    if let Some(continuing) = &plan.continuing {
        hash.update(continuing.identity().as_bytes());
    }
    Ok(hash.finalize().to_hex().to_string())
}
