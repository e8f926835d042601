//! Evaluation images among those learned from, by content.

use std::collections::BTreeSet;

use foretask_data::Images;
use foretask_report::{Leak, Leakage as Found};

use super::Leakage;
use crate::error::Error;
use crate::experiment::Experiment;
use crate::values::{Evaluation, Pretrained};

/// Leaks that a report lists; the others are counted.
const SHOWN: usize = 20;

/// Compares the evaluation images with everything that was learned from.
pub(super) fn check(
    experiment: &Experiment,
    results: &[(String, Evaluation)],
    pretrained: &[Pretrained],
    policy: Leakage,
) -> Result<Found, Error> {
    let mut found = Found::default();
    let Some((_, first)) = results.first() else { return Ok(found) };
    let test = experiment.images_of(&first.test, &first.test.views[0])?;
    found.evaluation = test.len();
    let pools = pretrained.iter().map(|stage| (stage.data(), "pretraining"));
    let labelled = results.iter().map(|(_, evaluation)| (&evaluation.classifiers.few, "labelled"));
    let mut seen = BTreeSet::new();
    let mut leaked = BTreeSet::new();
    for (data, what) in pools.chain(labelled) {
        for view in data.views.iter() {
            if !seen.insert(view.fingerprint()?) {
                continue;
            }
            let images = experiment.images_of(data, view)?;
            found.pool += images.len();
            for leak in foretask_data::leaks(&images, &test) {
                if leaked.insert(leak.evaluation_row) && found.examples.len() < SHOWN {
                    found.examples.push(Leak {
                        pool: format!("{} ({what})", name(&images, leak.pool_row)),
                        evaluation: name(&test, leak.evaluation_row),
                    });
                }
            }
        }
    }
    found.count = leaked.len();
    if found.count > 0 {
        let text = format!(
            "{} of {} evaluation images were also learned from (by content), for example {} = {}: the accuracies flatter",
            found.count,
            found.evaluation,
            found.examples.first().map_or("?", |leak| leak.evaluation.as_str()),
            found.examples.first().map_or("?", |leak| leak.pool.as_str()),
        );
        if policy == Leakage::Error {
            return Err(Error::input(text).label("leakage").help(
                "take these images out of one side (`.filter`), or report them with `leakage: \"warn\"`; duplicates in \
                 the table are counted, too",
            ));
        }
        experiment.warn(text);
    }
    Ok(found)
}

/// What people call the image of a row.
fn name(images: &Images, row: u64) -> String {
    let index = (0..images.len()).find(|index| images.row(*index) == row);
    index.map_or_else(|| format!("row {row}"), |index| images.name(index))
}
