//! Consistency training: a classifier goes on learning from images without labels. What a slowly moving copy of it (the
//! teacher) says of an almost untouched image is the target for what it says of a strongly changed one (`FixMatch`, Sohn et
//! al. 2020, arXiv 2001.07685; the moving average is Tarvainen and Valpola's mean teacher, 2017, arXiv 1703.01780).

mod batches;
mod objective;
mod options;
mod round;
mod student;
mod sureness;
mod targets;
#[cfg(test)]
mod tests;
mod threshold;

use foretask_backend::{StateDict, catch};
use foretask_models::Classifier;
use foretask_pretext::Shape;
use foretask_random::Key;

pub use options::ConsistencyOptions;
pub use round::ConsistencyRound;
pub use threshold::{Adaptive, Threshold};

use crate::balance::Balance;
use crate::context::Context;
use crate::error::TrainError;
use crate::features::check_images;
use crate::health::HealthLine;
use crate::labels_of;
use crate::loader::Sampling;
use crate::memory::require_memory;
use crate::optim::{AdamW, Optimizer, Rule};
use crate::prefetch::WindowPrefetcher;
use crate::schedule::Schedule;
use crate::start::state_fingerprint;
use crate::training::{TrainingPlan, TrainingRun, train};
use batches::Batches;
use objective::FromTeacher;
use student::Student;
use sureness::Sureness;

/// What a round of consistency training made.
#[derive(Clone, Debug)]
pub struct Consistency {
    /// The teacher at the end: the moving average of the weights. Its encoder gives better features than the last weights.
    pub classifier: Classifier,
    /// Length of the way that the encoder's weights went, relative to their own length.
    pub moved: f64,
    /// Health lines.
    pub history: Vec<HealthLine>,
    /// Updates.
    pub steps: u64,
    /// Seconds of training, over all sittings.
    pub seconds: f64,
}

/// One round: `options.steps` updates of all weights of `round.start`. Every step takes a batch of the pool and some of the few.
///
/// Resumes from the checkpoint in `cx.folder` and is the same to the bit, on any number of loader threads.
///
/// # Errors
/// Options out of range, images without labels or of other channels, a guide that does not fit, interruption, a loss that
/// is not finite; [`TrainError::NotMoved`] if the encoder comes out as it went in.
pub fn consistency_round(
    round: &ConsistencyRound<'_>,
    options: &ConsistencyOptions,
    cx: &Context<'_>,
) -> Result<Consistency, TrainError> {
    options.validate()?;
    let ConsistencyRound { start, few, pool, .. } = *round;
    let labels = labels_of(few)?;
    let input = &start.encoder.input;
    check_images(input, few)?;
    check_images(input, pool)?;
    check_fit(&labels, round)?;
    let (augment, _) = options.augment.resolve(Shape::new(input.channels, input.height, input.width))?;

    let cost = start.encoder.config.cost(input.channels, input.height, input.width);
    require_memory(cost.training_bytes(options.batch_size), options.batch_size, cx.device)?;
    let (device, plain) = (cx.device.training(), cx.device.plain());
    let network = catch("building the network", || start.build(&device))??;
    let student = Student::new(network, start.classes.len(), &plain);
    let teacher = catch("building the teacher", || start.build(&plain))??;

    let key = Key::new(options.seed).named("self_train").with(round.number);
    let sampling = Sampling {
        images: pool.len(),
        batch_size: options.batch_size.min(pool.len()),
        seed: key.named("order").value(),
        drop_last: true,
        windows: pool.windows(),
    };
    let plan = training_plan(round, options, sampling);
    let optimizer = Optimizer::new(Rule::AdamW(AdamW::default()), options.weight_decay);
    let prefetcher = WindowPrefetcher::new(pool, &sampling);
    let batches =
        Batches { pool, few, labels: &labels, input, strong: augment, options, key, device: plain, prefetcher };
    let sureness = Sureness::new(options.threshold, start.classes.len(), pool.len());
    let mut learned = FromTeacher { round, options, teacher, device, sureness };
    let run = TrainingRun { model: student, optimizer, plan: &plan };
    let trained = train(run, &batches, &mut learned, cx)?;

    trained.model.average(options.momentum_at(options.steps - 1));
    let mut teacher = learned.teacher;
    trained.model.fill(&mut teacher);
    let origin = format!("{}, self-trained on {} images", start.encoder.origin, pool.len());
    let classifier = Classifier::of(&teacher, &start.encoder, start.classes.clone(), origin);
    let moved = moved(&start.encoder.state, &classifier.encoder.state);
    if moved < LEAST_MOVE {
        return Err(TrainError::NotMoved { moved });
    }
    Ok(Consistency { classifier, moved, history: trained.history, steps: trained.steps, seconds: trained.seconds })
}

fn training_plan(round: &ConsistencyRound<'_>, options: &ConsistencyOptions, sampling: Sampling) -> TrainingPlan {
    TrainingPlan {
        stage: "self_train".to_owned(),
        name: format!("round {}", round.number + 1),
        steps: options.steps,
        sampling,
        accumulate: 1,
        schedule: Schedule::cosine(options.lr, options.steps, options.warmup),
        clip_norm: (options.clip_norm > 0.0).then_some(options.clip_norm),
        balance: Balance::Weights,
        health_every: TrainingPlan::health_interval(options.steps, sampling.batches_per_epoch()),
        identity: identity(round, options),
    }
}

/// An encoder that moved less did not learn: a frozen one would let every further round look saturated.
const LEAST_MOVE: f64 = 1e-6;

fn check_fit(labels: &[u32], round: &ConsistencyRound<'_>) -> Result<(), TrainError> {
    let ConsistencyRound { start, pool, guide, .. } = *round;
    let classes = start.classes.len();
    if let Some(label) = labels.iter().find(|&&label| label as usize >= classes) {
        return Err(TrainError::Labels(format!("label {label} lies outside the classifier's {classes} classes")));
    }
    if pool.is_empty() {
        return Err(TrainError::TooFewImages {
            have: 0,
            need: "self-training learns from images without labels; give it the unlabeled ones".to_owned(),
        });
    }
    if guide.len() != pool.len() * classes {
        return Err(TrainError::Labels(format!(
            "{} shares stand against {} images and {classes} classes",
            guide.len(),
            pool.len()
        )));
    }
    Ok(())
}

/// `|after - before| / |before|` over all trained weights of the encoder; running statistics do not count.
fn moved(before: &StateDict, after: &StateDict) -> f64 {
    let (mut way, mut length) = (0.0, 0.0);
    for (name, old) in before.iter().filter(|(name, _)| !foretask_backend::is_statistic(name)) {
        let Some(new) = after.get(name) else { continue };
        for (a, b) in old.data.iter().zip(&new.data) {
            way += f64::from(b - a).powi(2);
            length += f64::from(*a).powi(2);
        }
    }
    (way / length.max(f64::MIN_POSITIVE)).sqrt()
}

/// Tells this round from any other training.
fn identity(round: &ConsistencyRound<'_>, options: &ConsistencyOptions) -> String {
    let ConsistencyRound { start, few, pool, guide, balanced, number } = *round;
    let mut hash = blake3::Hasher::new();
    hash.update(b"foretask self_train 1\n");
    hash.update(state_fingerprint(&start.encoder.state).as_bytes());
    for numbers in [&start.weight, &start.bias, guide] {
        hash.update(&(numbers.len() as u64).to_le_bytes());
        for number in numbers {
            hash.update(&number.to_le_bytes());
        }
    }
    hash.update(few.fingerprint().as_bytes());
    hash.update(pool.fingerprint().as_bytes());
    hash.update(&[u8::from(balanced)]);
    hash.update(&serde_json::to_vec(options).unwrap_or_default());
    hash.update(&number.to_le_bytes());
    hash.finalize().to_hex().to_string()
}
