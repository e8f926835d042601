//! Labels for new images from a saved classifier; nothing else of the run it came from is needed.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use foretask_data::Images;
use foretask_eval::{Nearness, Prediction};
use foretask_models::Classifier;
use serde::Serialize;

use super::inputs::{Answering, TableRequest, images_for, of_model, on_device, refused};
use crate::error::Error;

/// What `foretask predict` found.
#[derive(Debug, Clone, Serialize)]
pub struct Predicted {
    /// Images labeled.
    pub count: usize,
    /// Images named for each class, most first.
    pub classes: Vec<(String, usize)>,
    /// Share of the images that have a label of their own and agree with it; `None` where none has one.
    pub accuracy: Option<f64>,
    /// Images unlike anything labeled; `None` where the classifier cannot say.
    pub unlike: Option<usize>,
    /// What to know about the numbers: how probabilities were calibrated, what was done to the images.
    pub notes: Vec<String>,
    /// Images that could not be read.
    pub bad: Vec<String>,
}

/// Labels images (files, folders, patterns, manifests) and writes the table `output`.
///
/// # Errors
/// When the model is no saved classifier, images are missing, or the table cannot be written.
pub fn predict(
    model: &Path,
    images: &[PathBuf],
    output: &TableRequest,
    answering: &Answering<'_>,
) -> Result<Predicted, Error> {
    let output = output.open()?;
    let mut classifier = Classifier::load(model).map_err(|error| refused(error, model))?;
    let trained = classifier.encoder.input.fit;
    classifier.encoder.input.fit = answering.fit.unwrap_or(trained);
    let inputs = images_for(&classifier.encoder.input, images)?;
    let (predictions, near) =
        on_device(answering.device, |cx| Ok(foretask_eval::predict_with_nearness(&classifier, &inputs.images, cx)?))
            .map_err(|error| of_model(error, model))?;
    let mut table = foretask_eval::predictions_table(&predictions, &classifier.classes);
    if let (Some(near), Some(known)) = (&near, &classifier.familiar) {
        table = foretask_eval::with_nearness(table, known, near);
    }
    output.write(table)?;
    let found = summary(&predictions, &classifier.classes, &inputs.images);
    let mut notes = inputs.notes;
    if answering.fit.is_some_and(|fit| fit != trained) {
        notes.push(format!(
            "the classifier learned from images under fit = {}; its answers under another one are not calibrated",
            trained.name()
        ));
    }
    notes.extend(about(&classifier));
    notes.extend(super::export::terms(&classifier.encoder));
    // It flatters only what was compared.
    notes.extend(found.accuracy.and_then(|_| taught_by(&classifier, &inputs.images)));
    notes.extend_from_slice(&found.notes);
    Ok(Predicted { unlike: near.as_deref().and_then(unlike), notes, ..found })
}

/// What to say of images whose labels, or folders, are no classes of the model.
fn not_compared(foreign: &BTreeMap<&str, usize>, compared: usize, classes: &[String]) -> Option<String> {
    const NAMED: usize = 5;
    let images: usize = foreign.values().sum();
    (images > 0).then_some(())?;
    let some = |names: &mut dyn Iterator<Item = &str>, of: usize| {
        let more = if of > NAMED { ", …" } else { "" };
        format!("{}{more}", names.take(NAMED).collect::<Vec<_>>().join(", "))
    };
    let theirs = some(&mut foreign.keys().copied(), foreign.len());
    let ours = some(&mut classes.iter().map(String::as_str), classes.len());
    let of = if compared == 0 {
        "so nothing is compared with them".to_owned()
    } else {
        format!("{compared} others are compared")
    };
    Some(format!(
        "{images} images are labeled (or lie in folders called) {theirs}: no classes of the model ({ours}), {of}"
    ))
}

/// How far the classifier's file allows to trust its numbers.
fn about(classifier: &Classifier) -> Vec<String> {
    let mut notes = Vec::new();
    notes.push(match &classifier.calibration {
        Some(reason) => format!("temperature = {:.2}: {reason}", classifier.temperature),
        None => {
            "the file says nothing about calibration: it was written by an earlier version or another program, so take \
                 confidence with care; run its script again for a newer one"
                .to_owned()
        }
    });
    match &classifier.familiar {
        None => notes.push(
            "the file does not hold the features of its labeled images (an earlier version or an export), so nothing is said \
             about images unlike anything labeled"
                .to_owned(),
        ),
        Some(known) => notes.extend(known.threshold.map(|threshold| {
            format!(
                "unlike anything labeled: farther than {threshold:.3} (1 - cosine) from each of {} labeled images, the distance \
                 within which they have each other",
                known.len()
            )
        })),
    }
    notes
}

/// Says how many labeled images the classifier has learned from: on these it proves nothing.
fn taught_by(classifier: &Classifier, images: &Images) -> Option<String> {
    let overlap = classifier.encoder.seen.overlap(images.content_hashes());
    let known = overlap.found.len();
    (known > 0).then(|| {
        format!(
            "{known} of these images taught the classifier (by content): the share of labels it agrees with flatters"
        )
    })
}

fn unlike(near: &[Nearness]) -> Option<usize> {
    let flags = near.iter().map(|near| near.unlike).collect::<Option<Vec<bool>>>()?;
    Some(flags.into_iter().filter(|flag| *flag).count())
}

fn summary(predictions: &[Prediction], classes: &[String], images: &Images) -> Predicted {
    let name = |class: u32| classes.get(class as usize).map_or("?", String::as_str);
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for prediction in predictions {
        *counts.entry(name(prediction.predicted)).or_default() += 1;
    }
    let mut counts: Vec<(String, usize)> = counts.into_iter().map(|(name, count)| (name.to_owned(), count)).collect();
    counts.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
    // Compared by name: the dataset may number its classes in another way.
    let (mut compared, mut right, mut foreign) = (0_usize, 0_usize, BTreeMap::new());
    for prediction in predictions {
        let label = images.label(prediction.index as usize).and_then(|label| images.classes().get(label as usize));
        match label {
            Some(label) if classes.contains(label) => {
                compared += 1;
                right += usize::from(label == name(prediction.predicted));
            }
            Some(label) => *foreign.entry(label.as_str()).or_insert(0) += 1,
            None => {}
        }
    }
    Predicted {
        count: predictions.len(),
        classes: counts,
        accuracy: (compared > 0).then(|| right as f64 / compared as f64),
        unlike: None,
        notes: not_compared(&foreign, compared, classes).into_iter().collect(),
        bad: images.bad().iter().map(ToString::to_string).collect(),
    }
}
