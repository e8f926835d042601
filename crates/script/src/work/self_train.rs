//! Self-training as stages, one per label draw.

use std::path::Path;
use std::sync::Arc;

use foretask_data::Images;
use foretask_eval::SelfTrainOptions;
use foretask_models::Cost;
use serde_json::{Value, json};

use super::draws::{draw_title, need_labels};
use super::finish::{CONTENTS, Encoded, finish, too_few};
use super::fitted::{Fitted, Training, fitted_stage};
use super::pool::{self, Pool};
use super::pretrain::memory_note;
use super::spread::enough_neighbors;
use crate::errors::Fault;
use crate::host::Host;
use crate::plan::PlannedStage;
use crate::stage::{StageKey, planned};
use crate::values::{Classifiers, Dataset, Encoder, Method, SelfStart, Trained, input_size};

/// A self-trained classifier per label draw.
pub(crate) fn self_train(
    host: &Host,
    line: usize,
    start: &SelfStart,
    few: &Dataset,
    unlabeled: &Pool,
    options: &SelfTrainOptions,
) -> Result<Classifiers, Fault> {
    let images_of = unlabeled.single("self_train", 2)?;
    let count = images_of.samples()?.len();
    check_draws(start, few)?;
    let mut members = Vec::new();
    for (draw, view) in few.views.iter().enumerate() {
        let samples = view.samples()?;
        need_labels("self_train", few, &samples)?;
        enough_neighbors(&options.spread, count, &["spread", "neighbors"])?;
        host.used_data(view.manifest.steps(), &samples);
        // Other batches in every draw, so that the spread over draws holds both kinds of luck.
        let options = SelfTrainOptions { seed: options.seed.wrapping_add(draw as u64), ..options.clone() };
        let key = StageKey::new(
            "self_train",
            &host.device_kind()?,
            [
                ("start", identity(start, draw)),
                ("draw", json!(draw)),
                ("data", few.identity(view)?),
                ("pool", pool::identity(Some(unlabeled))?),
                ("options", json!(options)),
                ("contents", json!(CONTENTS)),
            ],
        );
        let glance = few.glance(host, view)?;
        let cost = cost(start, &glance)?;
        // Student and teacher, and both views of an image.
        let memory = cost.training_bytes(options.batch_size) + cost.training_bytes(options.batch_size) / 4;
        let name = match start {
            SelfStart::Encoder(encoder) => format!("self-train {}", encoder.describe()),
            SelfStart::Classifiers(start) => format!("self-train {}", start.method.describe()),
        };
        let stage = PlannedStage {
            images: count.min(options.spread.most),
            length: format!("{} rounds of {} steps of {}", options.rounds, options.steps, options.batch_size),
            parameters: cost.parameters as usize,
            memory: Some(memory),
            notes: memory_note(memory),
            ..planned(draw_title(&name, few, draw), line)
        };
        let mut make = |folder: &Path| -> Result<Fitted, Fault> {
            let images = few.images(host, view)?;
            let encoder = encoder(start, draw, &images)?;
            let around = unlabeled.images(host, images_of)?;
            let found =
                host.training(folder, |cx| foretask_eval::self_train(&encoder, &images, &around, &options, cx))?;
            let missing = too_few(images.len());
            // The few are a small part of what the encoder has learned from, so that they hardly lie closer together.
            let encoded = Encoded::Frozen(&found.features);
            let classifier = finish(host, found.classifier, &images, encoded, found.held_out.as_ref(), &missing)?;
            let training = Training { steps: found.steps, history: found.history };
            Ok(Fitted { classifier, converged: found.converged, training })
        };
        let folder = host.stages.folder(&key);
        members.push(fitted_stage(host, stage, key, view, &mut make)?);
        if !host.planning() {
            for round in 1..=options.rounds {
                // The result is on the disk; what was needed to resume is not needed any more.
                std::fs::remove_dir_all(folder.join(format!("round-{round}"))).ok();
            }
        }
    }
    let method = Method::SelfTrain(start.clone(), Arc::new(options.clone()));
    Ok(Classifiers { method, few: few.clone(), members: members.into() })
}

/// Classifiers must be of the same draws: one that has seen other labels would not be of the few.
fn check_draws(start: &SelfStart, few: &Dataset) -> Result<(), Fault> {
    let SelfStart::Classifiers(start) = start else { return Ok(()) };
    let same = start.few.views.len() == few.views.len();
    let same = same
        && start
            .few
            .views
            .iter()
            .zip(few.views.iter())
            .try_fold(true, |same, (one, other)| Ok::<_, Fault>(same && one.fingerprint()? == other.fingerprint()?))?;
    if !same {
        return Err(Fault::input("these classifiers have learned from other labelled images than these")
            .help("give `self_train` the same `few`, or an encoder to start from")
            .argument(1));
    }
    match start.method {
        Method::Knn(..) | Method::PixelProbe => {
            Err(Fault::input("this classifier has no network that could be trained")
                .help("start from an encoder, or from `finetune`, `linear_probe` or `spread_labels`")
                .argument(0))
        }
        _ => Ok(()),
    }
}

pub(super) fn identity(start: &SelfStart, draw: usize) -> Value {
    match start {
        SelfStart::Encoder(encoder) => encoder.identity(),
        SelfStart::Classifiers(start) => json!({ "classifier": start.members[draw].key.hash() }),
    }
}

/// What training the network costs, before it is there.
fn cost(start: &SelfStart, glance: &Images) -> Result<Cost, Fault> {
    let method = match start {
        SelfStart::Encoder(encoder) => return cost_of(encoder, glance),
        SelfStart::Classifiers(start) => &start.method,
    };
    match method {
        Method::Scratch(net) => {
            let (width, height) = input_size(glance);
            Ok(net.0.resolve(height, width)?.0.cost(glance.channels(), height, width))
        }
        method => match method.encoder() {
            Some(encoder) => cost_of(encoder, glance),
            None => Err(Fault::failed("this classifier has no network")),
        },
    }
}

fn cost_of(encoder: &Encoder, glance: &Images) -> Result<Cost, Fault> {
    let sketch = encoder.sketch(glance)?;
    Ok(sketch.config.cost(sketch.input.channels, sketch.input.height, sketch.input.width))
}

/// The encoder of one draw.
fn encoder(start: &SelfStart, draw: usize, images: &Images) -> Result<foretask_models::Encoder, Fault> {
    match start {
        SelfStart::Encoder(encoder) => encoder.weights(images, draw as u64),
        SelfStart::Classifiers(start) => match &start.members[draw].trained {
            Some(Trained::Network(classifier)) => Ok(classifier.encoder.clone()),
            _ => Err(Fault::failed("this classifier is only planned, not trained")),
        },
    }
}
