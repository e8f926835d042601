//! Linear probes on frozen features and on pixels, and the vote of neighbors.

use std::path::Path;
use std::sync::Arc;

use foretask_eval::KnnOptions;
use foretask_models::Classifier;
use foretask_train::{PixelProbe, ProbeOptions};
use serde_json::{Value, json};

use super::draws::{need_classes, need_labels, planned_draw};
use super::finish::{CONTENTS, Encoded, Judged, finish, too_few};
use super::fitted::{Fit, Fitted, FittedStage, Training};
use super::pool::{self, Pool};
use crate::error::Error;
use crate::experiment::Experiment;
use crate::plan::PlannedStage;
use crate::runner::{Outcome, Stage};
use crate::stage::{Done, StageKey, read_json, write_json};
use crate::values::{Classifiers, Dataset, Encoder, EncoderSource, Member, Method, Trained, View};

const PIXELS: &str = "pixels.json";

/// Logistic regression on the features of a frozen encoder, per label draw.
#[derive(Debug, Clone)]
pub struct LinearProbe {
    /// The encoder; it stays as it is.
    pub encoder: Encoder,
    /// Labeled images.
    pub few: Dataset,
    /// Images whose features the labeled ones are standardized with, where there are such.
    pub pool: Option<Pool>,
    /// How the weights are searched for.
    pub options: ProbeOptions,
}

impl LinearProbe {
    /// Fits them.
    ///
    /// # Errors
    /// When an image has no label or cannot be read, or the work is interrupted.
    pub fn run(&self, experiment: &Experiment) -> Result<Classifiers, Error> {
        let Self { encoder, few, options, .. } = self;
        let mut members = Vec::new();
        for (draw, view) in few.views.iter().enumerate() {
            let samples = view.samples()?;
            need_classes("linear_probe", few, &samples)?;
            experiment.used_data(view.manifest.steps(), &samples);
            let name = match &encoder.source {
                EncoderSource::Random { net, .. } => {
                    format!("linear probe of untrained {}", experiment.net_called(net))
                }
                _ => format!("linear probe of {}", encoder.describe()),
            };
            let survey = experiment.survey(few, view)?;
            experiment.say_spread(encoder, &survey)?;
            let mut plan = plan(planned_draw(&name, few, draw), survey.count, options);
            plan.notes.extend(encoder.enlarging(&survey)?.filter(|_| draw == 0));
            let key = self.key(experiment, draw)?;
            let fit = LinearDraw { probe: self, draw, view };
            members.push(FittedStage { key, plan, fit }.member(experiment, view)?);
        }
        Ok(Classifiers {
            method: Method::LinearProbe(encoder.clone()),
            few: few.clone(),
            pool: None,
            members: members.into(),
        })
    }

    fn key(&self, experiment: &Experiment, draw: usize) -> Result<StageKey, Error> {
        Ok(StageKey::new(
            "linear_probe",
            &experiment.device_kind()?,
            [
                ("encoder", self.encoder.identity()),
                ("draw", json!(draw)),
                ("data", self.few.identity(&self.few.views[draw])?),
                ("pool", pool::identity(self.pool.as_ref())?),
                ("options", json!(self.options)),
                ("contents", json!(CONTENTS)),
            ],
        ))
    }
}

/// The linear probe of one label draw.
struct LinearDraw<'a> {
    probe: &'a LinearProbe,
    draw: usize,
    view: &'a View,
}

impl Fit for LinearDraw<'_> {
    fn fit(&self, experiment: &Experiment, _: &Path) -> Result<Fitted, Error> {
        let LinearProbe { encoder, few, pool, options } = self.probe;
        let images = experiment.images_of(few, self.view)?;
        let weights = encoder.weights(&images, self.draw as u64)?;
        let features = super::frozen_features(experiment, &weights, &images)?;
        let labels = foretask_train::labels_of(&images)?;
        let classes = Arc::clone(images.classes());
        let statistics = pool::statistics(experiment, pool.as_ref(), &weights, Some(encoder))?;
        let probe = foretask_train::linear_probe(&features, &labels, classes.len(), statistics.as_ref(), options)?;
        let held_out =
            foretask_train::held_out_logits(&features, &labels, classes.len(), statistics.as_ref(), options)?;
        let classifier = Classifier::new(weights, probe.weight, probe.bias, classes)?;
        let missing = too_few(labels.len());
        let encoded = Encoded::Frozen(&features);
        let classifier =
            finish(experiment, classifier, &images, encoded, &Judged { held_out: Some(&held_out), missing: &missing })?;
        Ok(Fitted { classifier, converged: probe.converged, training: Training::default() })
    }
}

/// Logistic regression on raw pixels, per label draw.
#[derive(Debug, Clone)]
pub struct PixelRegression {
    /// Labeled images.
    pub few: Dataset,
    /// How the weights are searched for.
    pub options: ProbeOptions,
}

impl PixelRegression {
    /// Fits them.
    ///
    /// # Errors
    /// When an image has no label or cannot be read, or the work is interrupted.
    pub fn run(&self, experiment: &Experiment) -> Result<Classifiers, Error> {
        let Self { few, options } = self;
        let mut members = Vec::new();
        for (draw, view) in few.views.iter().enumerate() {
            let samples = view.samples()?;
            need_classes("pixel_probe", few, &samples)?;
            experiment.used_data(view.manifest.steps(), &samples);
            // Computed on the host, so every device has the same result.
            let decided = [("data", few.identity(view)?), ("options", json!(options))];
            let key = StageKey::new("pixel_probe", "host", decided);
            let plan =
                plan(planned_draw("probe of raw pixels", few, draw), experiment.survey(few, view)?.count, options);
            let stage = PixelDraw { key, plan, request: self, view };
            let outcome = experiment.run(&stage)?;
            let planned = Member::planned(stage.key, view.seed.unwrap_or(0));
            members.push(match outcome {
                None => planned,
                Some(Outcome { value, seconds, reused }) => {
                    let converged = Some(value.probe.converged);
                    Member { trained: Some(Trained::Pixels(Arc::new(value))), seconds, reused, converged, ..planned }
                }
            });
        }
        Ok(Classifiers { method: Method::PixelProbe, few: few.clone(), pool: None, members: members.into() })
    }
}

/// The pixel probe of one label draw.
struct PixelDraw<'a> {
    key: StageKey,
    plan: PlannedStage,
    request: &'a PixelRegression,
    view: &'a View,
}

impl Stage for PixelDraw<'_> {
    type Output = PixelProbe;

    fn key(&self) -> &StageKey {
        &self.key
    }

    fn plan(&self) -> PlannedStage {
        self.plan.clone()
    }

    fn make(&self, experiment: &Experiment, _: &Path) -> Result<PixelProbe, Error> {
        let images = experiment.images_of(&self.request.few, self.view)?;
        Ok(foretask_train::pixel_probe(&images, &self.request.options, crate::stage::loader_threads()?)?)
    }

    fn save(&self, probe: &PixelProbe, folder: &Path) -> Result<Value, Error> {
        write_json(&folder.join(PIXELS), probe)?;
        Ok(json!({}))
    }

    fn load(&self, folder: &Path, _: &Done) -> Result<PixelProbe, Error> {
        read_json(&folder.join(PIXELS))
    }
}

/// The nearest labeled images vote. Nothing is trained, so there is no stage; evaluating does the work.
#[derive(Debug, Clone)]
pub struct Knn {
    /// Nearness is that of its features.
    pub encoder: Encoder,
    /// Labeled images.
    pub few: Dataset,
    /// How many vote, and how.
    pub options: KnnOptions,
}

impl Knn {
    /// Chooses who votes.
    ///
    /// # Errors
    /// When there are fewer labeled images than neighbors asked for, or an image has no label.
    pub fn run(&self, experiment: &Experiment) -> Result<Classifiers, Error> {
        let Self { encoder, few, options } = self;
        let mut members = Vec::new();
        for (draw, view) in few.views.iter().enumerate() {
            let samples = view.samples()?;
            need_labels("knn", few, &samples)?;
            if options.k > samples.len() {
                let (k, labeled) = (options.k, samples.len());
                return Err(
                    Error::input(format!("`k` is {k}, but there are only {labeled} labeled images")).option("k")
                );
            }
            experiment.used_data(view.manifest.steps(), &samples);
            experiment.say_spread(encoder, &experiment.survey(few, view)?)?;
            let decided = [
                ("encoder", encoder.identity()),
                ("draw", json!(draw)),
                ("data", few.identity(view)?),
                ("options", json!(options)),
            ];
            let key = StageKey::new("knn", &experiment.device_kind()?, decided);
            let trained = if experiment.planning() {
                None
            } else {
                experiment.memory.pass_on(&key);
                let images = experiment.images_of(few, view)?;
                Some(Trained::Neighbors(Arc::new(encoder.weights(&images, draw as u64)?)))
            };
            members.push(Member { trained, converged: None, ..Member::planned(key, view.seed.unwrap_or(0)) });
        }
        let method = Method::Knn(encoder.clone(), options.clone());
        Ok(Classifiers { method, few: few.clone(), pool: None, members: members.into() })
    }
}

/// A probe as plans show it.
pub(super) fn plan(stage: PlannedStage, images: usize, options: &ProbeOptions) -> PlannedStage {
    let length = format!("at most {} iterations", options.max_iterations);
    PlannedStage { images, length, ..stage }
}
