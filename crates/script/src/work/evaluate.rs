//! Measuring classifiers on labelled images.

use std::path::Path;
use std::sync::Arc;

use foretask_data::Images;
use foretask_eval::{Evaluation as Measured, KnnOptions, Prediction};
use foretask_train::Features;
use serde_json::json;

use super::draws::need_labels;
use crate::errors::Fault;
use crate::host::Host;
use crate::plan::PlannedStage;
use crate::stage::{StageKey, Work, planned, read_json, write_json};
use crate::values::{Classifiers, Dataset, DrawResult, Evaluation, Member, Method, Trained};

const RESULT: &str = "evaluation.json";

/// An accuracy for every label draw.
pub(crate) fn evaluate(
    host: &Host,
    line: usize,
    classifiers: &Classifiers,
    test: &Dataset,
) -> Result<Evaluation, Fault> {
    let view = test.single("evaluate", 0)?;
    let samples = view.samples()?;
    need_labels("evaluate", test, &samples).map_err(|fault| fault.argument(0))?;
    host.used_data(test.steps(), &samples);
    let known = classifiers.few.views[0].samples()?;
    let strange = samples
        .labels
        .iter()
        .flatten()
        .find_map(|label| samples.classes.get(*label as usize).filter(|class| !known.classes.contains(class)));
    if let Some(class) = strange {
        let message = format!("these images have a class \"{class}\", which the classifier does not know");
        let help = format!("its classes are {}; `.filter(\"label IN (…)\")` chooses", known.classes.join(", "));
        return Err(Fault::input(message).help(help).argument(0));
    }
    let mut draws = Vec::new();
    for (draw, member) in classifiers.members.iter().enumerate() {
        let key = StageKey::new(
            "evaluate",
            &host.device_kind()?,
            [("classifier", json!(member.key.hash())), ("data", test.identity(view)?)],
        );
        let title =
            super::draws::draw_title(&format!("evaluate {}", classifiers.protocol_of(member)), &classifiers.few, draw);
        let stage = PlannedStage { images: samples.len(), ..planned(title, line) };
        let mut make = |_: &Path| -> Result<Measured, Fault> {
            let images = test.images(host, view)?;
            measure(host, classifiers, member, draw, &images)
        };
        let outcome = host.quick_stage(
            stage,
            &key,
            Work {
                make: &mut make,
                save: &|measured: &Measured, folder: &Path| {
                    write_json(&folder.join(RESULT), measured)?;
                    Ok(json!({}))
                },
                load: &|folder: &Path, _| read_json(&folder.join(RESULT)),
            },
        )?;
        let seconds = outcome.as_ref().map_or(0.0, |outcome| outcome.seconds);
        draws.push(DrawResult { seed: member.seed, measured: outcome.map(|outcome| Arc::new(outcome.value)), seconds });
    }
    Ok(Evaluation {
        classifiers: classifiers.clone(),
        test: test.clone(),
        draws: draws.into(),
        chance: 1.0 / samples.classes.len().max(1) as f64,
        count: samples.len(),
    })
}

/// One draw's classifier on labelled images.
fn measure(
    host: &Host,
    classifiers: &Classifiers,
    member: &Member,
    draw: usize,
    images: &Images,
) -> Result<Measured, Fault> {
    match trained(member)? {
        Trained::Network(classifier) => {
            super::with_context(host, |cx| Ok(foretask_eval::evaluate(classifier, images, cx)?))
        }
        Trained::Pixels(probe) => Ok(foretask_eval::evaluate_pixels(probe, images, crate::stage::loader_threads()?)?),
        Trained::Neighbours(encoder) => {
            let (options, bank, labels, classes) = voters(host, classifiers, encoder, draw)?;
            let queries = super::features(host, encoder, images)?;
            Ok(foretask_eval::evaluate_knn(&bank, &labels, &classes, &queries, images, &options)?)
        }
    }
}

/// What one draw's classifier says of each image, labelled or not.
pub(super) fn answers(
    host: &Host,
    classifiers: &Classifiers,
    member: &Member,
    draw: usize,
    images: &Images,
) -> Result<Vec<Prediction>, Fault> {
    match trained(member)? {
        Trained::Network(classifier) => {
            super::with_context(host, |cx| Ok(foretask_eval::predict(classifier, images, cx)?))
        }
        Trained::Pixels(probe) => {
            let features = probe.features(images, crate::stage::loader_threads()?)?;
            Ok(foretask_eval::predictions(images, probe.probe.probabilities(&features.data), probe.classes.len()))
        }
        Trained::Neighbours(encoder) => {
            let (options, bank, labels, classes) = voters(host, classifiers, encoder, draw)?;
            let queries = super::features(host, encoder, images)?;
            let votes = foretask_eval::knn(&bank, &labels, classes.len(), &queries, &options)?;
            Ok(foretask_eval::predictions(images, votes, classes.len()))
        }
    }
}

fn trained(member: &Member) -> Result<&Trained, Fault> {
    member.trained.as_ref().ok_or_else(|| Fault::failed("this classifier is only planned, not trained"))
}

type Voters = (KnnOptions, Features, Vec<u32>, Arc<[String]>);

/// The labelled images that vote in `knn`.
fn voters(
    host: &Host,
    classifiers: &Classifiers,
    encoder: &foretask_models::Encoder,
    draw: usize,
) -> Result<Voters, Fault> {
    let Method::Knn(_, options) = &classifiers.method else {
        return Err(Fault::failed("only `knn` lets neighbors vote"));
    };
    let few = &classifiers.few;
    let images = few.images(host, &few.views[draw])?;
    let bank = super::features(host, encoder, &images)?;
    Ok((options.clone(), bank, foretask_train::labels_of(&images)?, Arc::clone(images.classes())))
}
