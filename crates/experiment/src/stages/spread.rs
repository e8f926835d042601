//! Few labels spread over the unlabeled images, and a probe that learns from the confident part.

use std::path::Path;

use foretask_eval::{SpreadOptions, some_of, spread_classifier};
use foretask_train::ProbeOptions;
use serde_json::json;

use super::draws::{need_classes, planned_draw};
use super::finish::{CONTENTS, Encoded, Judged, finish, too_few};
use super::fitted::{Fit, Fitted, FittedStage, Training};
use super::pool::{self, Pool};
use super::probes::plan;
use crate::error::{Error, Role};
use crate::experiment::Experiment;
use crate::stage::StageKey;
use crate::values::{Classifiers, Dataset, Encoder, Method, View};

/// Per label draw: the labels spread over the features of `unlabeled`, and logistic regression on the rows that are
/// confident. Features are standardized with those of the same images.
#[derive(Debug, Clone)]
pub struct SpreadLabels {
    /// Nearness is that of its features; it stays as it is.
    pub encoder: Encoder,
    /// Labeled images.
    pub few: Dataset,
    /// Images that the labels spread to.
    pub unlabeled: Pool,
    /// How they spread.
    pub options: SpreadOptions,
}

impl SpreadLabels {
    /// Spreads them and fits the classifiers.
    ///
    /// # Errors
    /// When an option does not suit the images, images cannot be read, or the work is interrupted.
    pub fn run(&self, experiment: &Experiment) -> Result<Classifiers, Error> {
        let Self { encoder, few, unlabeled, options } = self;
        let images_of = unlabeled.single("spread_labels", Role::Unlabeled)?;
        let survey = experiment.survey(unlabeled, images_of)?;
        let count = survey.count;
        let mut members = Vec::new();
        for (draw, view) in few.views.iter().enumerate() {
            let samples = view.samples()?;
            need_classes("spread_labels", few, &samples)?;
            enough_neighbors(options, count, "neighbors")?;
            experiment.used_data(view.manifest.steps(), &samples);
            let name = format!("labels spread on {}", encoder.describe());
            let mut plan = plan(planned_draw(&name, few, draw), count, &ProbeOptions::default());
            plan.notes.extend(encoder.enlarging(&survey)?.filter(|_| draw == 0));
            let key = self.key(experiment, draw)?;
            let fit = SpreadDraw { request: self, draw, view, images_of };
            members.push(FittedStage { key, plan, fit }.member(experiment, view)?);
        }
        let method = Method::Spread(encoder.clone(), options.clone());
        Ok(Classifiers { method, few: few.clone(), pool: Some(unlabeled.clone()), members: members.into() })
    }

    fn key(&self, experiment: &Experiment, draw: usize) -> Result<StageKey, Error> {
        Ok(StageKey::new(
            "spread_labels",
            &experiment.device_kind()?,
            [
                ("encoder", self.encoder.identity()),
                ("draw", json!(draw)),
                ("data", self.few.identity(&self.few.views[draw])?),
                ("pool", pool::identity(Some(&self.unlabeled))?),
                ("options", json!(self.options)),
                ("contents", json!(CONTENTS)),
            ],
        ))
    }
}

/// The labels of one draw.
struct SpreadDraw<'a> {
    request: &'a SpreadLabels,
    draw: usize,
    view: &'a View,
    images_of: &'a View,
}

impl Fit for SpreadDraw<'_> {
    fn fit(&self, experiment: &Experiment, _: &Path) -> Result<Fitted, Error> {
        let SpreadLabels { encoder, few, unlabeled, options } = self.request;
        let images = experiment.images_of(few, self.view)?;
        let weights = encoder.weights(&images, self.draw as u64)?;
        let around = some_of(&*experiment.images_of(unlabeled, self.images_of)?, options.most);
        let found =
            super::with_frozen(experiment, |cx| Ok(spread_classifier(&weights, &images, &around, options, cx)?))?;
        experiment.note(found.in_words());
        let missing = too_few(images.len());
        let converged = found.converged;
        let judged = Judged { held_out: found.held_out.as_ref(), missing: &missing };
        let encoded = Encoded::Frozen(&found.features);
        let classifier = finish(experiment, found.classifier, &images, encoded, &judged)?;
        Ok(Fitted { classifier, converged, training: Training::default() })
    }
}

/// Refuses more neighbors than there are images. `option` is its path.
pub(super) fn enough_neighbors(options: &SpreadOptions, images: usize, option: &str) -> Result<(), Error> {
    let images = images.min(options.most);
    if options.neighbors < images {
        return Ok(());
    }
    Err(Error::input(format!("`neighbors` is {}, but there are only {images} unlabeled images", options.neighbors))
        .option(option))
}
