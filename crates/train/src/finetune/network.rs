//! Training the whole network on labeled images.

use burn::tensor::{Device, Int, Tensor, TensorData};
use foretask_backend::{Scope, catch, host_tensor};
use foretask_data::Images;
use foretask_models::{ClassHead, Classifier, Encoder, InputSpec, Network};
use foretask_objectives::{cross_entropy, weighted_cross_entropy};
use foretask_random::Key;

use super::layers;
use super::options::HeadStart;
use super::recipe::{FITTED, FinetuneRecipe, MOST_ROUNDS};
use crate::balance::Balance;
use crate::context::{Context, counting_on};
use crate::error::TrainError;
use crate::features::extract_features;
use crate::health::{Diagnostics, HealthLine, Metric};
use crate::loader::{BatchSource, Request, Sampling, Workers};
use crate::memory::require_memory;
use crate::optim::{AdamW, Optimizer, Rule};
use crate::prefetch::WindowPrefetcher;
use crate::probe::LinearProbe;
use crate::schedule::Schedule;
use crate::start::state_fingerprint;
use crate::training::{Forward, Stateless, Trained, TrainingPlan, TrainingRun, train};
use crate::views::{ViewSpec, on_device, views};
use crate::{labels_of, largest};

/// A head that starts at random learns so much faster than the encoder.
const FRESH_HEAD_FACTOR: f64 = 10.0;

/// A trained network and how it went.
#[derive(Clone, Debug)]
pub(super) struct Fitted {
    pub(super) classifier: Classifier,
    pub(super) history: Vec<HealthLine>,
    pub(super) steps: u64,
    pub(super) seconds: f64,
    /// On the labeled images themselves, in the evaluation view.
    pub(super) training: Showing,
    pub(super) rounds: u64,
}

/// How a classifier does on the images it was trained on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Showing {
    pub(super) loss: f64,
    pub(super) accuracy: f64,
}

/// Trains the encoder of `probe` and a head by `recipe`. Where the recipe says so, a further round (warm-up and cosine anew) follows
/// as long as the labeled images are not fitted.
pub(super) fn fit_network(
    probe: &Classifier,
    from_scratch: bool,
    images: &Images,
    recipe: &FinetuneRecipe,
    cx: &Context<'_>,
) -> Result<Fitted, TrainError> {
    let encoder = &probe.encoder;
    let labels = labels_of(images)?;
    let classes = images.classes();
    check_freeze(encoder, recipe)?;
    let InputSpec { channels, height, width, .. } = encoder.input;
    let batch = recipe.batch_size.min(images.len());
    require_memory(encoder.config.cost(channels, height, width).training_bytes(batch), batch, cx.device)?;
    let device = cx.device.training();
    let mut network = catch("building the network", || match recipe.head {
        HeadStart::Probe => probe.build(&device),
        HeadStart::Fresh => {
            let head = ClassHead::new(
                &Scope::new(recipe.seed, &device).at("head"),
                encoder.config.feature_dim(),
                classes.len(),
            );
            Ok(Network { backbone: encoder.build(&device)?, head })
        }
    })??;
    let origin = if from_scratch { "trained from scratch on" } else { "fine-tuned on" };
    let origin = format!("{}, {origin} {} labeled images", encoder.origin, images.len());
    let mut done = Fitted {
        classifier: probe.clone(),
        history: Vec::new(),
        steps: 0,
        seconds: 0.0,
        training: Showing { loss: f64::INFINITY, accuracy: 0.0 },
        rounds: 0,
    };
    let most = if recipe.converge { MOST_ROUNDS } else { 1 };
    while done.rounds < most && (done.rounds == 0 || done.training.accuracy < FITTED) {
        let folder =
            if done.rounds == 0 { cx.folder.to_owned() } else { cx.folder.join(format!("round-{}", done.rounds + 1)) };
        if done.rounds > 0 {
            cx.note(format!(
                "{:.1} % of the labeled images are recognized after {} steps; going on, since a network that is not \
                 trained to the end would be an unfair comparison",
                100.0 * done.training.accuracy,
                done.steps
            ));
        }
        let last = done.history.last().cloned();
        let events = counting_on(cx.events, last.clone());
        let learned = Learned { encoder, images, labels: &labels, recipe, from_scratch };
        let context = Context { folder: &folder, events: &events, ..*cx };
        let trained = one_round(network, learned, done.rounds, &context)?;
        done.rounds += 1;
        done.history.extend(trained.history.into_iter().map(|line| line.after(last.as_ref())));
        done.steps += trained.steps;
        done.seconds += trained.seconds;
        network = trained.model;
        done.classifier = Classifier::of(&network, encoder, classes.clone(), origin.clone());
        done.training = showing(&done.classifier, images, &labels, cx)?;
    }
    Ok(done)
}

/// What every round learns from.
#[derive(Clone, Copy)]
struct Learned<'a> {
    encoder: &'a Encoder,
    images: &'a Images,
    labels: &'a [u32],
    recipe: &'a FinetuneRecipe,
    from_scratch: bool,
}

fn one_round(
    network: Network,
    learned: Learned<'_>,
    round: u64,
    cx: &Context<'_>,
) -> Result<Trained<Network>, TrainError> {
    let Learned { encoder, images, recipe, from_scratch, .. } = learned;
    let key = Key::new(recipe.seed).named("finetune").with(round);
    let sampling = Sampling {
        images: images.len(),
        batch_size: recipe.batch_size.min(images.len()),
        seed: key.named("order").value(),
        drop_last: false,
        windows: images.windows(),
    };
    let classes = images.classes().len();
    let plan = TrainingPlan {
        stage: if from_scratch { "scratch" } else { "finetune" }.to_owned(),
        name: format!("{classes} classes"),
        steps: recipe.steps,
        sampling,
        accumulate: 1,
        schedule: Schedule::cosine(recipe.lr, recipe.steps, recipe.warmup),
        clip_norm: (recipe.clip_norm > 0.0).then_some(recipe.clip_norm),
        balance: Balance::Weights,
        health_every: TrainingPlan::health_interval(recipe.steps, sampling.batches_per_epoch().max(recipe.steps / 20)),
        identity: identity(&network, images, recipe, round),
    };
    let mut optimizer = Optimizer::new(Rule::AdamW(AdamW::default()), recipe.weight_decay);
    if recipe.head == HeadStart::Fresh && !from_scratch {
        optimizer = optimizer.with_factor("head", FRESH_HEAD_FACTOR);
    }
    for (part, factor) in layers::factors("backbone", encoder.state.keys(), recipe.layer_decay) {
        optimizer = optimizer.with_factor(&part, factor);
    }
    for part in &recipe.freeze {
        let path = if part == "backbone" { part.clone() } else { format!("backbone.{part}") };
        optimizer = optimizer.with_factor(&path, 0.0);
    }
    let device = cx.device.training();
    let prefetcher = WindowPrefetcher::new(images, &sampling);
    let source = LabeledViews { learned, prefetcher, key: key.named("view"), device: device.clone() };
    let factors = recipe.class_weights.factors(learned.labels, classes).map(|factors| {
        let factors: Vec<f32> = factors.into_iter().map(|factor| factor as f32).collect();
        Tensor::<1>::from_data(TensorData::new(factors, [classes]), &device)
    });
    let forward = |network: &Network, (x, labels): (Tensor<4>, Vec<u32>), measure: bool| {
        let logits = network.forward(x);
        let diagnostics = measure.then(|| Diagnostics {
            metrics: vec![
                Metric::new("accuracy", batch_accuracy(&logits, &labels, classes))
                    .against("chance", 1.0 / classes as f64),
            ],
            ..Diagnostics::default()
        });
        let targets: Vec<i64> = labels.iter().map(|&label| i64::from(label)).collect();
        let count = targets.len();
        let targets = Tensor::<1, Int>::from_data(TensorData::new(targets, [count]), &device);
        let loss = match &factors {
            Some(factors) => weighted_cross_entropy(logits, targets, factors.clone(), recipe.label_smoothing),
            None => cross_entropy(logits, targets, recipe.label_smoothing),
        };
        Ok(Forward::of(loss, diagnostics))
    };
    train(TrainingRun { model: network, optimizer, plan: &plan }, &source, &mut Stateless(forward), cx)
}

/// Batches of changed views and their labels.
struct LabeledViews<'a> {
    learned: Learned<'a>,
    prefetcher: WindowPrefetcher<'a>,
    key: Key,
    device: Device,
}

impl BatchSource for LabeledViews<'_> {
    type Batch = (Tensor<4>, Vec<u32>);

    fn make(&self, request: &Request, workers: &Workers) -> Result<Self::Batch, TrainError> {
        let Learned { encoder, images, labels, recipe, .. } = self.learned;
        let input = &encoder.input;
        self.prefetcher.prepare(request);
        let key = self.key.with(request.epoch);
        let spec = ViewSpec { input, augment: &recipe.augment };
        let data = views(images, &request.indices, spec, |i| key.with(u64::from(i)), workers)?;
        let arrive = || recipe.precision.input(on_device(data, input, &self.device));
        let x = catch("bringing a batch to the device", arrive)?;
        Ok((x, request.indices.iter().map(|&i| labels[i as usize]).collect()))
    }

    fn row(&self, index: u32) -> u64 {
        self.learned.images.row(index as usize)
    }
}

fn batch_accuracy(logits: &Tensor<2>, labels: &[u32], classes: usize) -> f64 {
    let values = host_tensor(logits.clone().inner()).data;
    let right = values.chunks_exact(classes).zip(labels).filter(|(row, label)| largest(row) == **label as usize);
    right.count() as f64 / labels.len().max(1) as f64
}

/// Tells this round from any other training.
fn identity(network: &Network, images: &Images, recipe: &FinetuneRecipe, round: u64) -> String {
    let mut hash = blake3::Hasher::new();
    hash.update(b"foretask finetune 1\n");
    hash.update(state_fingerprint(&foretask_backend::state_dict(network)).as_bytes());
    hash.update(images.fingerprint().as_bytes());
    hash.update(&serde_json::to_vec(recipe).unwrap_or_default());
    hash.update(&round.to_le_bytes());
    hash.finalize().to_hex().to_string()
}

/// Loss (plain cross-entropy) and accuracy on the images themselves.
fn showing(classifier: &Classifier, images: &Images, labels: &[u32], cx: &Context<'_>) -> Result<Showing, TrainError> {
    let quiet = |_| ();
    let features = extract_features(&classifier.encoder, images, &Context { events: &quiet, ..*cx })?;
    let head = LinearProbe::of(&classifier.weight, &classifier.bias);
    let (correct, loss) = head.score(&features.data, labels, None);
    let count = labels.len() as f64;
    Ok(Showing { loss: loss / count, accuracy: correct as f64 / count })
}

fn check_freeze(encoder: &Encoder, recipe: &FinetuneRecipe) -> Result<(), TrainError> {
    for part in &recipe.freeze {
        let below =
            |name: &str| name.strip_prefix(part.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
        if part != "backbone" && !encoder.state.keys().any(|name| below(name)) {
            let mut parts: Vec<&str> = encoder.state.keys().filter_map(|name| name.split('.').next()).collect();
            parts.dedup();
            let reason =
                format!("there is no \"{part}\" in this network; its parts are backbone, {}", parts.join(", "));
            return Err(TrainError::Option { option: "freeze", reason });
        }
    }
    Ok(())
}
