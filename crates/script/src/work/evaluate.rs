//! Measuring classifiers on labelled images.

use std::path::Path;
use std::sync::Arc;

use foretask_data::Images;
use foretask_eval::{Evaluation as Measured, Prediction};
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
    if known.classes != samples.classes {
        return Err(Fault::input(format!(
            "the classifier knows the classes {}, these images have {}",
            known.classes.join(", "),
            samples.classes.join(", ")
        ))
        .help("evaluate on images of the same manifest, or one with the same class names")
        .argument(0));
    }
    let mut draws = Vec::new();
    for (draw, member) in classifiers.members.iter().enumerate() {
        let key = StageKey::new(
            "evaluate",
            &host.device_kind()?,
            [("classifier", json!(member.key.hash())), ("data", test.identity(view)?)],
        );
        let title = super::draws::draw_title(&format!("evaluate {}", classifiers.method.describe()), &classifiers.few, draw);
        let stage = PlannedStage { images: samples.len(), ..planned(title, line) };
        let mut make = |_: &Path| -> Result<Measured, Fault> {
            let images = test.images(host, view)?;
            let predictions = answers(host, classifiers, member, draw, &images)?;
            Ok(foretask_eval::score(predictions, &samples.classes)?)
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

/// What one draw's classifier says of each image.
pub(super) fn answers(
    host: &Host,
    classifiers: &Classifiers,
    member: &Member,
    draw: usize,
    images: &Images,
) -> Result<Vec<Prediction>, Fault> {
    let trained = member.trained.as_ref().ok_or_else(|| Fault::failed("this classifier is only planned, not trained"))?;
    match trained {
        Trained::Network(classifier) => {
            super::with_context(host, |cx| Ok(foretask_eval::predict(classifier, images, cx)?))
        }
        Trained::Pixels(probe) => {
            let features = probe.features(images, crate::stage::loader_threads()?)?;
            Ok(foretask_eval::predictions(images, probe.probe.probabilities(&features.data), probe.classes.len()))
        }
        Trained::Neighbours(encoder) => {
            let Method::Knn(_, options) = &classifiers.method else {
                return Err(Fault::failed("only `knn` lets neighbors vote"));
            };
            let few = &classifiers.few;
            let bank_images = few.images(host, &few.views[draw])?;
            let bank = super::features(host, encoder, &bank_images)?;
            let labels = foretask_train::labels_of(&bank_images)?;
            let queries = super::features(host, encoder, images)?;
            let classes = images.classes().len();
            let votes = foretask_eval::knn(&bank, &labels, classes, &queries, options)?;
            Ok(foretask_eval::predictions(images, votes, classes))
        }
    }
}
