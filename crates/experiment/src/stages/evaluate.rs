//! Measuring classifiers on labeled images.

use std::path::Path;
use std::sync::Arc;

use foretask_data::Images;
use foretask_eval::{Evaluation as Measured, KnnOptions, LabeledFeatures, Prediction};
use foretask_train::Features;
use serde_json::{Value, json};

use super::draws::{need_labels, planned_draw};
use super::leakage::{self, Leakage};
use crate::error::{Error, Role};
use crate::experiment::Experiment;
use crate::plan::PlannedStage;
use crate::runner::Stage;
use crate::stage::{Done, StageKey, read_json, write_json};
use crate::values::{Classifiers, Dataset, DrawResult, Evaluation, Member, Method, Recognized, Trained, View};

const RESULT: &str = "evaluation.json";
const RECOGNIZED: &str = "recognized.json";

/// An accuracy for every label draw. `leakage` says what to do about images that also taught the classifiers; `None` leaves
/// that to whoever asked.
///
/// # Errors
/// When an image has no label or one that the classifier does not know, one has taught where that is refused, or measuring
/// fails.
pub fn evaluate(
    experiment: &Experiment,
    classifiers: &Classifiers,
    test: &Dataset,
    leakage: Option<Leakage>,
) -> Result<Evaluation, Error> {
    let view = test.single("evaluate", Role::Test)?;
    let samples = view.samples()?;
    need_labels("evaluate", test, &samples).map_err(|error| error.at(Role::Test))?;
    experiment.used_data(test.steps(), &samples);
    let known = classifiers.few.views[0].samples()?;
    let strange = samples
        .labels
        .iter()
        .flatten()
        .find_map(|label| samples.classes.get(*label as usize).filter(|class| !known.classes.contains(class)));
    if let Some(class) = strange {
        let message = format!("these images have a class \"{class}\", which the classifier does not know");
        let help = format!("its classes are {}; `.filter(\"label IN (…)\")` chooses", known.classes.join(", "));
        return Err(Error::input(message).help(help).at(Role::Test));
    }
    let mut draws = Vec::new();
    for (draw, member) in classifiers.members.iter().enumerate() {
        let decided = [("classifier", json!(member.key.hash())), ("data", test.identity(view)?)];
        let key = StageKey::new("evaluate", &experiment.device_kind()?, decided);
        let outcome = experiment.run(&Measurement { key, classifiers, draw, test, view })?;
        let seconds = outcome.as_ref().map_or(0.0, |outcome| outcome.seconds);
        let (measured, recognized) = outcome.map_or((None, None), |outcome| {
            let (measured, recognized) = outcome.value;
            (Some(Arc::new(measured)), recognized.map(Arc::new))
        });
        draws.push(DrawResult { seed: member.seed, measured, seconds, recognized });
    }
    let leaked = leakage::leaked_rows(&draws);
    if let Some(policy) = leakage {
        leakage::warn_or_refuse(experiment, &classifiers.protocol(), &samples, &leaked, policy)?;
    }
    Ok(Evaluation {
        leaked: Arc::new(leaked),
        classifiers: classifiers.clone(),
        test: test.clone(),
        draws: draws.into(),
        chance: 1.0 / samples.classes.len().max(1) as f64,
        count: samples.len(),
    })
}

/// Measuring one draw's classifier.
struct Measurement<'a> {
    key: StageKey,
    classifiers: &'a Classifiers,
    draw: usize,
    test: &'a Dataset,
    view: &'a View,
}

impl Stage for Measurement<'_> {
    /// Earlier versions did not ask which of the images taught.
    type Output = (Measured, Option<Recognized>);

    const QUICK: bool = true;

    fn key(&self) -> &StageKey {
        &self.key
    }

    fn plan(&self) -> PlannedStage {
        let name = format!("evaluate {}", self.classifiers.protocol_of(&self.classifiers.members[self.draw]));
        planned_draw(&name, &self.classifiers.few, self.draw)
    }

    fn make(&self, experiment: &Experiment, _: &Path) -> Result<Self::Output, Error> {
        let images = experiment.images_of(self.test, self.view)?;
        let seen = leakage::seen_by(experiment, self.classifiers, self.draw)?;
        let recognized = leakage::recognized(&seen, &images);
        Ok((measure(experiment, self.classifiers, self.draw, &images)?, Some(recognized)))
    }

    fn save(&self, (measured, recognized): &Self::Output, folder: &Path) -> Result<Value, Error> {
        write_json(&folder.join(RESULT), measured)?;
        write_json(&folder.join(RECOGNIZED), recognized)?;
        Ok(json!({}))
    }

    fn load(&self, folder: &Path, _: &Done) -> Result<Self::Output, Error> {
        let recognized = folder.join(RECOGNIZED);
        let recognized = if recognized.exists() { read_json(&recognized)? } else { None };
        Ok((read_json(&folder.join(RESULT))?, recognized))
    }
}

/// One draw's classifier on labeled images.
fn measure(
    experiment: &Experiment,
    classifiers: &Classifiers,
    draw: usize,
    images: &Images,
) -> Result<Measured, Error> {
    match trained(&classifiers.members[draw])? {
        Trained::Network(classifier) => {
            let frozen = classifiers.is_frozen(draw);
            super::looking(experiment, frozen, |cx| Ok(foretask_eval::evaluate(classifier, images, cx)?))
        }
        Trained::Pixels(probe) => Ok(foretask_eval::evaluate_pixels(probe, images, crate::stage::loader_threads()?)?),
        Trained::Neighbors(encoder) => {
            let (options, bank, labels, classes) = voters(experiment, classifiers, encoder, draw)?;
            let bank = LabeledFeatures { features: &bank, labels: &labels, classes: &classes };
            let queries = super::frozen_features(experiment, encoder, images)?;
            Ok(foretask_eval::evaluate_knn(&bank, &queries, images, &options)?)
        }
    }
}

/// What one draw's classifier says of each image, labeled or not.
pub(super) fn answers(
    experiment: &Experiment,
    classifiers: &Classifiers,
    draw: usize,
    images: &Images,
) -> Result<Vec<Prediction>, Error> {
    match trained(&classifiers.members[draw])? {
        Trained::Network(classifier) => {
            let frozen = classifiers.is_frozen(draw);
            super::looking(experiment, frozen, |cx| Ok(foretask_eval::predict(classifier, images, cx)?))
        }
        Trained::Pixels(probe) => {
            let features = probe.features(images, crate::stage::loader_threads()?)?;
            Ok(foretask_eval::predictions(images, probe.probe.probabilities(&features.data), probe.classes.len()))
        }
        Trained::Neighbors(encoder) => {
            let (options, bank, labels, classes) = voters(experiment, classifiers, encoder, draw)?;
            let queries = super::frozen_features(experiment, encoder, images)?;
            let votes = foretask_eval::knn(&bank, &labels, classes.len(), &queries, &options)?;
            Ok(foretask_eval::predictions(images, votes, classes.len()))
        }
    }
}

fn trained(member: &Member) -> Result<&Trained, Error> {
    member.trained.as_ref().ok_or_else(|| Error::failed("this classifier is only planned, not trained"))
}

type Voters = (KnnOptions, Features, Vec<u32>, Arc<[String]>);

/// The labeled images that vote in `knn`.
fn voters(
    experiment: &Experiment,
    classifiers: &Classifiers,
    encoder: &foretask_models::Encoder,
    draw: usize,
) -> Result<Voters, Error> {
    let Method::Knn(_, options) = &classifiers.method else {
        return Err(Error::failed("only `knn` lets neighbors vote"));
    };
    let few = &classifiers.few;
    let images = experiment.images_of(few, &few.views[draw])?;
    let bank = super::frozen_features(experiment, encoder, &images)?;
    Ok((options.clone(), bank, foretask_train::labels_of(&images)?, Arc::clone(images.classes())))
}
