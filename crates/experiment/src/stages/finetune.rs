//! Fine-tuning and scratch training as stages, one per label draw.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use foretask_data::Survey;
use foretask_models::{BackboneConfig, Classifier};
use foretask_pretext::Shape;
use foretask_train::{
    Beginning, FinetuneOptions, FinetuneRecipe, Finetuned, HealthLine, Labeled, MOST_ROUNDS, Retained, resolve_finetune,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::draws::{need_classes, planned_draw};
use super::finish::{CONTENTS, DECLINED, Encoded, Judged, finish, too_few};
use super::pool::{self, Pool};
use super::{guard, memory_note};
use crate::error::{Error, Role};
use crate::experiment::Experiment;
use crate::plan::{PlannedAuto, PlannedStage};
use crate::runner::{Outcome, Stage};
use crate::stage::{Done, StageKey, read_json, write_history, write_json};
use crate::values::{Classifiers, Dataset, Member, Method, Start, Trained, View};

const RESULT: &str = "classifier.safetensors";
const ABOUT: &str = "about.json";
const NOT_ASKED: &str = "from scratch it is done only if asked for (`calibrate: true`)";

/// What is kept of a fine-tuning besides the weights.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct About {
    history: Vec<HealthLine>,
    converged: bool,
    steps: u64,
    seconds: f64,
    training_accuracy: f64,
    /// Earlier versions kept none but these two, and a probe has no steps.
    #[serde(default)]
    kept: Option<Retained>,
    kept_reason: String,
    recipe: FinetuneRecipe,
}

impl About {
    fn of(found: &Finetuned) -> Self {
        Self {
            history: found.history.clone(),
            converged: found.converged,
            steps: found.steps,
            seconds: found.seconds,
            training_accuracy: found.training_accuracy,
            kept: Some(found.kept),
            kept_reason: found.kept_reason.clone(),
            recipe: found.recipe.clone(),
        }
    }

    fn kept(&self) -> Retained {
        self.kept.unwrap_or(if self.steps == 0 { Retained::Probe } else { Retained::Finetuned })
    }
}

/// A whole network trained on the labels, once per label draw.
#[derive(Debug, Clone)]
pub struct Finetune {
    /// What learns.
    pub start: Start,
    /// Labeled images.
    pub few: Dataset,
    /// How it learns.
    pub options: FinetuneOptions,
}

impl Finetune {
    fn method(&self) -> Method {
        match &self.start {
            Start::Encoder(encoder) => Method::Finetune(encoder.clone()),
            Start::Network(net) => Method::Scratch(net.clone()),
        }
    }

    /// Trains them.
    ///
    /// # Errors
    /// When an option does not suit the images, images cannot be read, or training fails or is interrupted.
    pub fn run(&self, experiment: &Experiment) -> Result<Classifiers, Error> {
        let pool = self.start.encoder().and_then(pool::of);
        let mut members = Vec::new();
        for draw in 0..self.few.views.len() {
            members.push(FinetuneDraw::new(experiment, self, pool.as_ref(), draw)?.member(experiment)?);
        }
        Ok(Classifiers { method: self.method(), few: self.few.clone(), pool: None, members: members.into() })
    }
}

/// Training on the labels of one draw, ready to begin.
struct FinetuneDraw<'a> {
    request: &'a Finetune,
    pool: Option<&'a Pool>,
    draw: usize,
    view: &'a View,
    options: FinetuneOptions,
    key: StageKey,
    plan: PlannedStage,
}

impl<'a> FinetuneDraw<'a> {
    fn new(experiment: &Experiment, request: &'a Finetune, pool: Option<&'a Pool>, draw: usize) -> Result<Self, Error> {
        let Finetune { start, few, options } = request;
        let view = &*few.views[draw];
        // Other first weights and other batches in every draw, so that the spread over draws holds both kinds of luck.
        let options = FinetuneOptions { seed: options.seed.wrapping_add(draw as u64), ..options.clone() };
        let samples = view.samples()?;
        need_classes("finetune", few, &samples)?;
        experiment.used_data(view.manifest.steps(), &samples);
        let survey = experiment.survey(few, view)?;
        let NetworkSketch { config, shape, name } = NetworkSketch::of(experiment, start, &survey, &options)?;
        let classes = samples.labels.iter().flatten().collect::<BTreeSet<_>>().len();
        let labeled = Labeled { images: survey.count, classes, shape };
        let beginning = if start.encoder().is_some() { Beginning::of(&config) } else { Beginning::Scratch };
        let (recipe, autos) = resolve_finetune(&options, beginning, labeled)?;
        let cost = config.cost(shape.channels, shape.height, shape.width);
        let memory = cost.training_bytes(recipe.batch_size);
        let mut plan = PlannedStage {
            images: survey.count,
            length: length(&recipe),
            parameters: cost.parameters as usize,
            memory: Some(memory),
            // The draws' choices are alike: they are told once.
            autos: if draw == 0 { autos.iter().map(PlannedAuto::from).collect() } else { Vec::new() },
            notes: memory_note(memory),
            ..planned_draw(&name, few, draw)
        };
        let decided = [
            ("start", start.identity()),
            ("data", few.identity(view)?),
            ("pool", pool::identity(pool)?),
            ("recipe", json!(recipe)),
            ("contents", json!(CONTENTS)),
        ];
        let device = experiment.device_kind()?;
        let keyed =
            |said: Value| StageKey::new("finetune", &device, decided.iter().cloned().chain([("options", said)]));
        let key = keyed(guard::in_key(start, &options));
        if let (0, Some(encoder)) = (draw, start.encoder()) {
            plan.notes.extend(encoder.enlarging(&survey)?);
        }
        plan.notes.extend(guard::cost(start, &options, &samples));
        // Options as an earlier version wrote them, which had no guard.
        let before = keyed(guard::in_key(start, &FinetuneOptions { guard: false, ..options.clone() }));
        if let Some(remade) = guard::remade(experiment, &key, &before) {
            experiment.note(format!("{}: {remade}", plan.title));
            plan.notes.push(remade);
        }
        Ok(Self { request, pool, draw, view, options, key, plan })
    }

    fn member(self, experiment: &Experiment) -> Result<Member, Error> {
        let outcome = experiment.run(&self)?;
        let planned = Member::planned(self.key.clone(), self.view.seed.unwrap_or(0));
        let Some(Outcome { value: (about, classifier), seconds, reused }) = outcome else { return Ok(planned) };
        if !about.converged {
            experiment.warn(format!(
                "{}: training stopped before the labels were fitted ({:.0} % of them are)",
                self.plan.title,
                100.0 * about.training_accuracy
            ));
        }
        Ok(Member {
            trained: Some(Trained::Network(Arc::new(classifier))),
            seconds,
            reused,
            converged: Some(about.converged),
            // From scratch there is one answer only.
            kept: self.request.start.encoder().is_some().then(|| about.kept()),
            steps: about.steps,
            history: about.history.into(),
            ..planned
        })
    }

    /// Why no label is held out to calibrate probabilities by, where that is so.
    fn missing(&self, labels: usize) -> String {
        match self.options.calibrate {
            Some(false) => DECLINED.to_owned(),
            None if self.request.start.encoder().is_none() => NOT_ASKED.to_owned(),
            _ => too_few(labels),
        }
    }
}

impl Stage for FinetuneDraw<'_> {
    type Output = (About, Classifier);

    fn key(&self) -> &StageKey {
        &self.key
    }

    fn plan(&self) -> PlannedStage {
        self.plan.clone()
    }

    fn make(&self, experiment: &Experiment, folder: &Path) -> Result<Self::Output, Error> {
        let images = experiment.images_of(&self.request.few, self.view)?;
        let (start, statistics) = match &self.request.start {
            Start::Encoder(encoder) => {
                let weights = encoder.weights(&images, self.draw as u64)?;
                let statistics = pool::statistics(experiment, self.pool, &weights, Some(encoder))?;
                (foretask_train::Start::Encoder(weights), statistics)
            }
            Start::Network(net) => (foretask_train::Start::Network(net.0.clone()), None),
        };
        let found = experiment
            .training(folder, |cx| foretask_train::finetune(&start, &images, statistics.as_ref(), &self.options, cx))?;
        let about = About::of(&found);
        let features = match found.kept {
            Retained::Probe => Some(super::features(experiment, &found.classifier.encoder, &images)?),
            Retained::Finetuned | Retained::Scratch => None,
        };
        let encoded = features.as_ref().map_or(Encoded::Trained, Encoded::Frozen);
        let missing = self.missing(images.len());
        let judged = Judged { held_out: found.held_out.as_ref(), missing: &missing };
        Ok((about, finish(experiment, found.classifier, &images, encoded, &judged)?))
    }

    fn save(&self, (about, classifier): &Self::Output, folder: &Path) -> Result<Value, Error> {
        classifier.save(folder.join(RESULT))?;
        write_json(&folder.join(ABOUT), about)?;
        write_history(folder, &about.history)?;
        Ok(json!({ "converged": about.converged }))
    }

    fn load(&self, folder: &Path, _: &Done) -> Result<Self::Output, Error> {
        Ok((read_json(&folder.join(ABOUT))?, Classifier::load(folder.join(RESULT))?))
    }
}

/// The network that learns, as far as it is known before.
struct NetworkSketch {
    config: BackboneConfig,
    shape: Shape,
    name: String,
}

impl NetworkSketch {
    fn of(experiment: &Experiment, start: &Start, images: &Survey, options: &FinetuneOptions) -> Result<Self, Error> {
        match start {
            Start::Encoder(encoder) => {
                let sketch = encoder.sketch(images)?;
                experiment.say_spread(encoder, images)?;
                let shape = Shape::new(sketch.input.channels, sketch.input.height, sketch.input.width);
                if shape.channels != images.channels {
                    let (takes, have) = (shape.channels, images.channels);
                    return Err(Error::input(format!(
                        "the network takes images of {takes} channel(s), but these have {have}"
                    ))
                    .help(format!("open the dataset with channels: {takes}"))
                    .at(Role::Few));
                }
                Ok(Self { config: sketch.config, shape, name: format!("fine-tune {}", encoder.describe()) })
            }
            Start::Network(net) => {
                let (width, height) = match options.image_size {
                    Some(side) => (side, side),
                    None => crate::values::input_size(images),
                };
                let (config, _) = net.0.resolve(height, width)?;
                let shape = Shape::new(images.channels, height, width);
                Ok(Self { config, shape, name: format!("train {} from scratch", experiment.net_called(net)) })
            }
        }
    }
}

fn length(recipe: &FinetuneRecipe) -> String {
    let mut length = format!("{} steps of {}", recipe.steps, recipe.batch_size);
    if recipe.converge {
        let _ = write!(length, ", until the labels are fitted (at most {MOST_ROUNDS} times)");
    }
    length
}
