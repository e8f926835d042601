//! Consistency training: a classifier goes on learning from images without labels. What a slowly moving copy of it (the
//! teacher) says of an almost untouched image is the target for what it says of a strongly changed one (`FixMatch`, Sohn et
//! al. 2020, arXiv 2001.07685; the moving average is Tarvainen and Valpola's mean teacher, 2017, arXiv 1703.01780).

mod batches;
mod options;
mod student;
mod targets;
#[cfg(test)]
mod tests;

use std::cell::RefCell;

use burn::tensor::activation::{log_softmax, softmax};
use burn::tensor::{Device, Int, Tensor, TensorData};
use foretask_backend::{StateDict, catch, host_tensor};
use foretask_data::Images;
use foretask_models::Classifier;
use foretask_objectives::cross_entropy;
use foretask_pretext::Shape;
use foretask_random::Key;

pub use options::ConsistencyOptions;

use crate::balance::Balance;
use crate::context::Context;
use crate::error::TrainError;
use crate::features::check_channels;
use crate::health::{Diagnostics, HealthLine, Metric};
use crate::loader::Sampling;
use crate::memory::require_memory;
use crate::optim::{AdamW, Optimizer, Rule};
use crate::prefetch::WindowPrefetcher;
use crate::schedule::Schedule;
use crate::start::state_fingerprint;
use crate::training::{Forward, Stateless, TrainingPlan, train};
use crate::{labels_of, largest};
use batches::{Batch, Batches};
use student::Student;
use targets::Targets;

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

/// One round: `options.steps` updates of all weights of `start`.
///
/// Every step takes a batch of `pool` (labels, if there are any, are not looked at) and some of the images of `few`, which
/// all need a label. `guide` are shares of the classes, `[pool, classes]`, such as label spreading gives: the first steps
/// learn from them while the teacher warms up; a row of zeros says nothing. With `balanced` the teacher's answers are
/// divided by their running mean, which assumes that the pool holds every class alike often. `round` keeps the random
/// choices of several rounds apart.
///
/// Resumes from the checkpoint in `cx.folder` and is the same to the bit, on any number of loader threads.
///
/// # Errors
/// Options out of range, images without labels or of other channels, a guide that does not fit, interruption, a loss that
/// is not finite; [`TrainError::NotMoved`] if the encoder comes out as it went in.
#[allow(clippy::too_many_arguments)]
pub fn consistency_round(
    start: &Classifier,
    few: &Images,
    pool: &Images,
    guide: &[f32],
    balanced: bool,
    options: &ConsistencyOptions,
    round: u64,
    cx: &Context<'_>,
) -> Result<Consistency, TrainError> {
    options.validate()?;
    let classes = start.classes.len();
    let labels = labels_of(few)?;
    let input = &start.encoder.input;
    check_channels(input, few)?;
    check_channels(input, pool)?;
    check_fit(&labels, pool, guide, classes)?;
    let (augment, _) = options.augment.resolve(Shape::new(input.channels, input.height, input.width))?;

    let cost = start.encoder.config.cost(input.channels, input.height, input.width);
    require_memory(cost.training_bytes(options.batch_size), options.batch_size, cx.device)?;
    let (device, plain) = (cx.device.training(), cx.device.plain());
    let network = catch("building the network", || start.build(&device))??;
    let student = Student::new(network, classes, &plain);
    let teacher = RefCell::new(catch("building the teacher", || start.build(&plain))??);

    let key = Key::new(options.seed).named("self_train").with(round);
    let sampling = Sampling {
        images: pool.len(),
        batch_size: options.batch_size.min(pool.len()),
        seed: key.named("order").value(),
        drop_last: true,
        windows: pool.windows(),
    };
    let plan = TrainingPlan {
        stage: "self_train".to_owned(),
        name: format!("round {}", round + 1),
        steps: options.steps,
        sampling,
        accumulate: 1,
        schedule: Schedule::cosine(options.lr, options.steps, options.warmup),
        clip_norm: (options.clip_norm > 0.0).then_some(options.clip_norm),
        balance: Balance::Weights,
        health_every: TrainingPlan::health_interval(options.steps, sampling.batches_per_epoch()),
        identity: identity(start, few, pool, guide, balanced, options, round),
    };
    let optimizer = Optimizer::new(Rule::AdamW(AdamW::default()), options.weight_decay);
    let batches = Batches { pool, few, labels: &labels, input, strong: augment, options, key, device: plain.clone() };
    let prefetcher = WindowPrefetcher::new(pool, &sampling);
    let make = |request: &_, workers: &_| {
        prefetcher.prepare(request);
        batches.make(request, workers)
    };
    let forward = |student: &Student, batch: Batch, measure: bool| {
        if batch.step > 0 {
            student.average(options.momentum_at(batch.step - 1));
        }
        let teacher = &mut *teacher.borrow_mut();
        student.fill(teacher);
        let answers = softmax(teacher.forward(batch.weak), 1);
        let mut marginal = host_tensor(student.marginal.value()).data;
        let mut targets = Targets::of(host_tensor(answers).data, &mut marginal, balanced, options);
        student.marginal.update(|old| Tensor::from_data(TensorData::new(marginal, [classes]), &old.device()));
        targets.blend(guide, &batch.rows, options.guide_at(batch.step), options.threshold);

        let count = batch.rows.len();
        let logits = student.network.forward(batch.changed);
        let known = logits.clone().slice([count..count + batch.labels.len(), 0..classes]);
        let diagnostics = measure.then(|| diagnostics(&targets, &known, &batch.labels, guide, &batch.rows, classes));
        let wanted = Tensor::<2>::from_data(TensorData::new(targets.masked(), [count, classes]), &device);
        let log = log_softmax(logits.slice([0..count, 0..classes]), 1);
        let unlabeled = log.mul(wanted).sum().div_scalar(-(count as f64));
        let labeled = cross_entropy(known, class_tensor(&batch.labels, &device), 0.0);
        Ok(Forward::of(labeled + unlabeled, diagnostics))
    };
    let trained = train(student, optimizer, &plan, &make, &mut Stateless(forward), |i| pool.row(i as usize), cx)?;

    trained.model.average(options.momentum_at(options.steps - 1));
    let mut teacher = teacher.into_inner();
    trained.model.fill(&mut teacher);
    let origin = format!("{}, self-trained on {} images", start.encoder.origin, pool.len());
    let classifier = Classifier::of(&teacher, &start.encoder, start.classes.clone(), origin);
    let moved = moved(&start.encoder.state, &classifier.encoder.state);
    if moved < LEAST_MOVE {
        return Err(TrainError::NotMoved { moved });
    }
    Ok(Consistency { classifier, moved, history: trained.history, steps: trained.steps, seconds: trained.seconds })
}

/// An encoder that moved less did not learn: a frozen one would let every further round look saturated.
const LEAST_MOVE: f64 = 1e-6;

fn check_fit(labels: &[u32], pool: &Images, guide: &[f32], classes: usize) -> Result<(), TrainError> {
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

fn class_tensor(labels: &[u32], device: &Device) -> Tensor<1, Int> {
    let labels: Vec<i64> = labels.iter().map(|&label| i64::from(label)).collect();
    let count = labels.len();
    Tensor::from_data(TensorData::new(labels, [count]), device)
}

fn diagnostics(
    targets: &Targets,
    known: &Tensor<2>,
    labels: &[u32],
    guide: &[f32],
    rows: &[u32],
    classes: usize,
) -> Diagnostics {
    let logits = host_tensor(known.clone().inner()).data;
    let right = logits.chunks_exact(classes).zip(labels).filter(|(row, label)| largest(row) == **label as usize);
    Diagnostics {
        metrics: vec![
            Metric::new("accuracy on the few", right.count() as f64 / labels.len().max(1) as f64)
                .against("chance", 1.0 / classes as f64),
            Metric::new("sure of", targets.sure()),
            Metric::new("as spread", targets.agreement(guide, rows)),
        ],
        ..Diagnostics::default()
    }
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
fn identity(
    start: &Classifier,
    few: &Images,
    pool: &Images,
    guide: &[f32],
    balanced: bool,
    options: &ConsistencyOptions,
    round: u64,
) -> String {
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
    hash.update(&round.to_le_bytes());
    hash.finalize().to_hex().to_string()
}
