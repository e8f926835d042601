//! Self-training as stages, one per label draw.

use std::path::Path;
use std::sync::Arc;

use foretask_data::{Images, Survey};
use foretask_eval::SelfTrainOptions;
use foretask_models::Cost;
use serde_json::{Value, json};

use super::draws::{need_classes, planned_draw};
use super::finish::{CONTENTS, DECLINED, Encoded, Judged, finish, too_few};
use super::fitted::{Fit, Fitted, FittedStage, Training};
use super::memory_note;
use super::pool::{self, Pool};
use super::spread::enough_neighbors;
use crate::error::{Error, Role};
use crate::experiment::Experiment;
use crate::plan::PlannedStage;
use crate::stage::StageKey;
use crate::values::{Classifiers, Dataset, Encoder, Member, Method, SelfStart, Trained, View, input_size};

/// A self-trained classifier per label draw.
#[derive(Debug, Clone)]
pub struct SelfTrain {
    /// What goes on learning.
    pub start: SelfStart,
    /// Labeled images.
    pub few: Dataset,
    /// Images that the labels spread to, and that are learned from.
    pub unlabeled: Pool,
    /// How it learns.
    pub options: SelfTrainOptions,
}

impl SelfTrain {
    /// Trains them.
    ///
    /// # Errors
    /// When an option does not suit the images, images cannot be read, or training fails or is interrupted.
    pub fn run(&self, experiment: &Experiment) -> Result<Classifiers, Error> {
        let Self { start, few, unlabeled, options } = self;
        let images_of = unlabeled.single("self_train", Role::Unlabeled)?;
        check_draws(start, few)?;
        let mut members = Vec::new();
        for (draw, view) in few.views.iter().enumerate() {
            // Other batches in every draw, so that the spread over draws holds both kinds of luck.
            let seed = options.seed.wrapping_add(draw as u64);
            let calibrate = options.calibrate && !knows_labels(start);
            let options = SelfTrainOptions { seed, calibrate, ..options.clone() };
            members.push(SelfDraw { request: self, draw, view, images_of, options }.member(experiment)?);
        }
        let method = Method::SelfTrain(start.clone(), Arc::new(options.clone()));
        Ok(Classifiers { method, few: few.clone(), pool: Some(unlabeled.clone()), members: members.into() })
    }
}

/// Self-training on the labels of one draw.
struct SelfDraw<'a> {
    request: &'a SelfTrain,
    draw: usize,
    view: &'a View,
    images_of: &'a View,
    options: SelfTrainOptions,
}

impl SelfDraw<'_> {
    fn member(self, experiment: &Experiment) -> Result<Member, Error> {
        let samples = self.view.samples()?;
        need_classes("self_train", &self.request.few, &samples)?;
        let count = experiment.survey(&self.request.unlabeled, self.images_of)?.count;
        enough_neighbors(&self.options.spread, count, "spread.neighbors")?;
        experiment.used_data(self.view.manifest.steps(), &samples);
        let (key, plan) = (self.key(experiment)?, self.plan(experiment, count)?);
        let view = self.view;
        FittedStage { key, plan, fit: self }.member(experiment, view)
    }

    fn key(&self, experiment: &Experiment) -> Result<StageKey, Error> {
        Ok(StageKey::new(
            "self_train",
            &experiment.device_kind()?,
            [
                ("start", identity(&self.request.start, self.draw)),
                ("draw", json!(self.draw)),
                ("data", self.request.few.identity(self.view)?),
                ("pool", pool::identity(Some(&self.request.unlabeled))?),
                ("options", json!(self.options)),
                ("contents", json!(CONTENTS)),
            ],
        ))
    }

    fn plan(&self, experiment: &Experiment, images: usize) -> Result<PlannedStage, Error> {
        let SelfTrain { start, few, .. } = self.request;
        let options = &self.options;
        let cost = cost(start, &experiment.survey(few, self.view)?)?;
        // Student and teacher, and both views of an image.
        let memory = cost.training_bytes(options.batch_size) + cost.training_bytes(options.batch_size) / 4;
        let name = match start {
            SelfStart::Encoder(encoder) => format!("self-train {}", encoder.describe()),
            SelfStart::Classifiers(start) => format!("self-train {}", start.method.describe()),
        };
        Ok(PlannedStage {
            images: images.min(options.spread.most),
            length: length(options),
            parameters: cost.parameters as usize,
            memory: Some(memory),
            notes: memory_note(memory),
            ..planned_draw(&name, few, self.draw)
        })
    }
}

impl Fit for SelfDraw<'_> {
    fn fit(&self, experiment: &Experiment, folder: &Path) -> Result<Fitted, Error> {
        let SelfTrain { start, few, unlabeled, .. } = self.request;
        let images = experiment.images_of(few, self.view)?;
        let encoder = encoder(start, self.draw, &images)?;
        let around = experiment.images_of(unlabeled, self.images_of)?;
        let found = experiment
            .training(folder, |cx| foretask_eval::self_train(&encoder, &images, &around, &self.options, cx))?;
        let missing = match self.options.calibrate {
            true => too_few(images.len()),
            false if knows_labels(start) => KNOWN.to_owned(),
            false => DECLINED.to_owned(),
        };
        let judged = Judged { held_out: found.held_out.as_ref(), missing: &missing };
        // The few are a small part of what the encoder has learned from, so that they hardly lie closer together.
        let encoded = Encoded::Frozen(&found.features);
        let classifier = finish(experiment, found.classifier, &images, encoded, &judged)?;
        let training = Training { steps: found.steps, history: found.history };
        Ok(Fitted { classifier, converged: found.converged, training })
    }
}

/// Why nothing was held out where the start has seen everything.
const KNOWN: &str =
    "the network that self-training started from had learned all the labels, so that none could be held out";

/// Whether the encoder has learned from the labels before self-training.
fn knows_labels(start: &SelfStart) -> bool {
    match start {
        SelfStart::Encoder(_) => false,
        SelfStart::Classifiers(start) => !matches!(start.method, Method::LinearProbe(_) | Method::Spread(..)),
    }
}

fn length(options: &SelfTrainOptions) -> String {
    let rounds = format!("{} rounds of {} steps of {}", options.rounds, options.steps, options.batch_size);
    if options.calibrate { format!("{rounds}, once more without a third of the labels to calibrate") } else { rounds }
}

/// Classifiers must be of the same draws: one that has seen other labels would not be of the few.
fn check_draws(start: &SelfStart, few: &Dataset) -> Result<(), Error> {
    let SelfStart::Classifiers(start) = start else { return Ok(()) };
    let same = start.few.views.len() == few.views.len();
    let same = same
        && start
            .few
            .views
            .iter()
            .zip(few.views.iter())
            .try_fold(true, |same, (one, other)| Ok::<_, Error>(same && one.fingerprint()? == other.fingerprint()?))?;
    if !same {
        return Err(Error::input("these classifiers have learned from other labeled images than these")
            .help("give `self_train` the same `few`, or an encoder to start from")
            .at(Role::Few));
    }
    match start.method {
        Method::Knn(..) | Method::PixelProbe => {
            Err(Error::input("this classifier has no network that could be trained")
                .help("start from an encoder, or from `finetune`, `linear_probe` or `spread_labels`")
                .at(Role::Start))
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
fn cost(start: &SelfStart, images: &Survey) -> Result<Cost, Error> {
    let method = match start {
        SelfStart::Encoder(encoder) => return cost_of(encoder, images),
        SelfStart::Classifiers(start) => &start.method,
    };
    match method {
        Method::Scratch(net) => {
            let (width, height) = input_size(images);
            Ok(net.0.resolve(height, width)?.0.cost(images.channels, height, width))
        }
        method => match method.encoder() {
            Some(encoder) => cost_of(encoder, images),
            None => Err(Error::failed("this classifier has no network")),
        },
    }
}

fn cost_of(encoder: &Encoder, images: &Survey) -> Result<Cost, Error> {
    let sketch = encoder.sketch(images)?;
    Ok(sketch.config.cost(sketch.input.channels, sketch.input.height, sketch.input.width))
}

/// The encoder of one draw.
fn encoder(start: &SelfStart, draw: usize, images: &Images) -> Result<foretask_models::Encoder, Error> {
    match start {
        SelfStart::Encoder(encoder) => encoder.weights(images, draw as u64),
        SelfStart::Classifiers(start) => match &start.members[draw].trained {
            Some(Trained::Network(classifier)) => Ok(classifier.encoder.clone()),
            _ => Err(Error::failed("this classifier is only planned, not trained")),
        },
    }
}
