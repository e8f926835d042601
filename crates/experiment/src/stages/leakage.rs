//! Images that measure a classifier and have taught it.

use std::collections::BTreeSet;

use foretask_data::{Images, Samples, Source};
use foretask_models::Seen;
use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::experiment::Experiment;
use crate::values::{Classifiers, DrawResult, Recognized, Trained};

/// What to do about evaluation images among those learned from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Leakage {
    /// Say it loudly.
    #[default]
    Warn,
    /// Refuse to go on.
    Error,
}

/// Names of images that a message tells.
const NAMED: usize = 3;

/// The images that taught one draw's classifier.
pub(super) fn seen_by(experiment: &Experiment, classifiers: &Classifiers, draw: usize) -> Result<Seen, Error> {
    let few = || -> Result<Seen, Error> {
        let images = experiment.images_of(&classifiers.few, &classifiers.few.views[draw])?;
        Ok(Seen::nothing().with(images.content_hashes()))
    };
    match &classifiers.members[draw].trained {
        Some(Trained::Network(classifier)) => Ok(classifier.encoder.seen.clone()),
        Some(Trained::Neighbors(encoder)) => Ok(encoder.seen.and(&few()?)),
        Some(Trained::Pixels(_)) => few(),
        None => Ok(Seen::unknown()),
    }
}

/// Compares the images that measure with those that taught.
pub(super) fn recognized(seen: &Seen, images: &Images) -> Recognized {
    let overlap = seen.overlap(images.content_hashes());
    Recognized { found: overlap.found, compared: overlap.compared }
}

/// The rows that leaked into some draw.
pub(super) fn leaked_rows(draws: &[DrawResult]) -> BTreeSet<u64> {
    let mut rows = BTreeSet::new();
    for draw in draws {
        let (Some(measured), Some(recognized)) = (&draw.measured, &draw.recognized) else { continue };
        rows.extend(recognized.found.iter().filter_map(|&at| Some(measured.predictions.get(at)?.row)));
    }
    rows
}

/// Warns of evaluation images (`rows` of `test`) that taught what they measure, or refuses them.
pub(super) fn warn_or_refuse(
    experiment: &Experiment,
    what: &str,
    test: &Samples,
    rows: &BTreeSet<u64>,
    policy: Leakage,
) -> Result<(), Error> {
    if rows.is_empty() {
        return Ok(());
    }
    let named = test.rows.iter().zip(&test.sources).filter(|(row, _)| rows.contains(row)).take(NAMED);
    let name = |(row, source): (&u64, &Source)| source.name().map_or_else(|| format!("row {row}"), str::to_owned);
    let names: Vec<String> = named.map(name).collect();
    let text = format!(
        "{} of {} evaluation images have also taught {what} (by content), for example {}: the accuracy flatters",
        rows.len(),
        test.len(),
        names.join(", ")
    );
    match policy {
        Leakage::Warn => {
            experiment.warn(text);
            Ok(())
        }
        Leakage::Error => Err(refused(text)),
    }
}

/// Evaluation images that were learned from, where the script wants none.
pub(crate) fn refused(text: String) -> Error {
    Error::input(text).label("leakage").help(
        "take these images out of one side (`.filter`), or measure with `leakage: \"warn\"`; duplicates in the table are \
         counted, too",
    )
}
