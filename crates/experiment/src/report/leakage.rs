//! Evaluation images among those learned from, by content.

use std::collections::{BTreeSet, HashMap};

use foretask_data::Images;
use foretask_report::{Leak, Leakage as Found};

use crate::error::Error;
use crate::experiment::Experiment;
use crate::stages::{Leakage, Taught, leakage_refused};
use crate::values::Evaluation;

/// Leaks that a report lists; the others are counted.
const SHOWN: usize = 20;

/// Compares the evaluation images with everything that was learned from: images of this script one by one, and what the files
/// of encoders remember.
pub(super) fn check(
    experiment: &Experiment,
    results: &[(String, Evaluation)],
    policy: Leakage,
) -> Result<Found, Error> {
    let Some((_, first)) = results.first() else { return Ok(Found::default()) };
    let mut taught = Taught::default();
    for (_, evaluation) in results {
        taught.classifiers(&evaluation.classifiers);
    }
    let test = experiment.images_of(&first.test, &first.test.views[0])?;
    let mut leaks = Leaks { test: &test, rows: BTreeSet::new(), found: Found::default() };
    leaks.found.evaluation = test.len();
    let mut seen = BTreeSet::new();
    for lessons in &taught.images {
        for view in lessons.views() {
            if seen.insert(view.fingerprint()?) {
                leaks.images(&lessons.images(experiment, view)?, lessons.what);
            }
        }
    }
    for (path, sketch) in &taught.files {
        let overlap = sketch.overlap(test.content_hashes());
        leaks.found.pool += sketch.count() as usize;
        let said = format!("an image that {} has learned from", path.display());
        for at in overlap.found {
            leaks.add(at, || said.clone());
        }
        if !sketch.is_complete() {
            leaks.found.unknown.push(path.display().to_string());
        }
        if overlap.compared < test.len() {
            leaks.found.sampled.push((path.display().to_string(), overlap.compared));
        }
    }
    let Leaks { rows, found, .. } = leaks;
    if found.count > 0 {
        let text = in_words(&found);
        if policy == Leakage::Error {
            return Err(leakage_refused(text));
        }
        // What `evaluate` has told already need not be told again.
        let told: BTreeSet<u64> =
            results.iter().flat_map(|(_, evaluation)| evaluation.leaked.iter().copied()).collect();
        if !rows.is_subset(&told) {
            experiment.warn(text);
        }
    }
    Ok(found)
}

fn in_words(found: &Found) -> String {
    let example = found.examples.first();
    format!(
        "{} of {} evaluation images were also learned from (by content), for example {} = {}: the accuracies flatter",
        found.count,
        found.evaluation,
        example.map_or("?", |leak| leak.evaluation.as_str()),
        example.map_or("?", |leak| leak.pool.as_str()),
    )
}

/// Evaluation images found among others, each once.
struct Leaks<'a> {
    test: &'a Images,
    rows: BTreeSet<u64>,
    found: Found,
}

impl Leaks<'_> {
    fn images(&mut self, images: &Images, what: &str) {
        self.found.pool += images.len();
        let leaks = foretask_data::leaks(images, self.test);
        if leaks.is_empty() {
            return;
        }
        let index: HashMap<u64, usize> = (0..images.len()).map(|at| (images.row(at), at)).collect();
        let place: HashMap<u64, usize> = (0..self.test.len()).map(|at| (self.test.row(at), at)).collect();
        for leak in leaks {
            let Some(&at) = place.get(&leak.evaluation_row) else { continue };
            let name = || {
                let own = index.get(&leak.pool_row);
                let own = own.map_or_else(|| format!("row {}", leak.pool_row), |&at| images.name(at));
                format!("{own} ({what})")
            };
            self.add(at, name);
        }
    }

    /// The evaluation image at this position is another that was learned from.
    fn add(&mut self, at: usize, pool: impl Fn() -> String) {
        if !self.rows.insert(self.test.row(at)) {
            return;
        }
        self.found.count += 1;
        if self.found.examples.len() < SHOWN {
            self.found.examples.push(Leak { pool: pool(), evaluation: self.test.name(at) });
        }
    }
}
