//! Looking at images and labels.

use std::collections::BTreeSet;

use foretask_data::{DataError, Images};
use foretask_eval::{IssueKind, Labeled};
use foretask_train::{Features, Standardization};

use super::{FindIssues, Kept, Named, Splits, turned};
use crate::error::Error;
use crate::experiment::Experiment;
use crate::stages::{frozen_features, with_context, with_frozen};
use crate::values::View;

/// Altered copies that say how alike copies are.
const COPIES: usize = 200;
/// Share of the images from which something is their nature rather than a fault.
const NATURE: f64 = 0.1;

/// Everything that was found, with names.
pub(super) fn look(experiment: &Experiment, request: &FindIssues, view: &View) -> Result<Kept, Error> {
    let FindIssues { data, encoder, few, options, .. } = request;
    let images = experiment.images_of(data, view)?;
    let weights = encoder.weights(&images, 0)?;
    let features = frozen_features(experiment, &weights, &images)?;
    let mut notes = Vec::new();
    let copies = match options.similarity {
        Some(similarity) => similarity,
        None => copies_similarity(experiment, &weights, &images, &features)?,
    };
    let found = with_context(experiment, |_| {
        let looks = foretask_eval::looks(&images)?;
        Ok(foretask_eval::find_issues(&looks, &features, copies, options)?)
    })?;
    notes.push(threshold(found.similarity, copies, options.similarity.is_some()));
    let splits = splits(view)?;
    let named = Named { images: &images, splits: &splits };
    let statistics = Standardization::of(&features.data, features.dim);
    let mut rows = match few {
        None => wrong_labels(experiment, request, (&images, &features, &splits), &statistics, &mut notes)?,
        Some(few) => {
            let labeled = experiment.images_of(few, &few.views[0])?;
            let features = frozen_features(experiment, &weights, &labeled)?;
            let splits = self::splits(&few.views[0])?;
            wrong_labels(experiment, request, (&labeled, &features, &splits), &statistics, &mut notes)?
        }
    };
    rows.extend(found.issues.iter().map(|issue| named.row(issue)));
    let turned = turned::turned(experiment, encoder, &images, options.turned)?;
    rows.extend(turned.iter().flatten().map(|issue| named.row(issue)));
    notes.extend(found.notes);
    notes.extend(nature(&rows, images.len()));
    let faulty: BTreeSet<u64> = match few {
        None => rows.iter().map(|row| row.row).collect(),
        Some(_) => rows.iter().filter(|row| row.issue != IssueKind::Label).map(|row| row.row).collect(),
    };
    let clean = (0..images.len()).map(|at| images.row(at)).filter(|row| !faulty.contains(row)).collect();
    let beyond = found.beyond.iter().map(|issue| named.row(issue)).collect();
    Ok(Kept { rows, beyond, similarity: found.similarity, notes, images: images.len(), clean })
}

/// How alike this encoder finds an image and a careless copy of it.
fn copies_similarity(
    experiment: &Experiment,
    weights: &foretask_models::Encoder,
    images: &Images,
    features: &Features,
) -> Result<f64, Error> {
    let (places, copies) = foretask_eval::altered_copies(images, COPIES)?;
    let of_copies = with_context(experiment, |cx| Ok(foretask_train::extract_features(weights, &copies, cx)?))?;
    Ok(foretask_eval::copies_similarity(&features.select(&places), &of_copies)?)
}

/// Where the threshold of near-duplicates comes from.
fn threshold(similarity: f64, copies: f64, given: bool) -> String {
    if given {
        return format!("near-duplicates: similarity from {similarity:.4} on, as given");
    }
    let how = "copies that were cropped by a hair and brightened by a tenth";
    if similarity > copies {
        return format!(
            "near-duplicates: similarity from {similarity:.4} on, which hardly any image has to its further neighbors; nine in ten {how} \
             have {copies:.4}, but so have others here"
        );
    }
    format!("near-duplicates: similarity from {similarity:.4} on, as nine in ten {how} have it")
}

fn wrong_labels(
    experiment: &Experiment,
    request: &FindIssues,
    (images, features, splits): (&Images, &Features, &Splits),
    statistics: &Standardization,
    notes: &mut Vec<String>,
) -> Result<Vec<crate::values::IssueRow>, Error> {
    if images.labels().iter().all(Option::is_none) {
        notes.push("there are no labels to look at".into());
        return Ok(Vec::new());
    }
    let labeled = Labeled { labels: images.labels(), classes: images.classes().len(), statistics: Some(statistics) };
    let found = with_frozen(experiment, |_| Ok(foretask_eval::wrong_labels(features, &labeled, &request.options)?))?;
    notes.extend(found.notes);
    let named = Named { images, splits };
    Ok(found.issues.iter().map(|issue| named.row(issue)).collect())
}

/// The split of each row that has one.
fn splits(view: &View) -> Result<Splits, Error> {
    let mut found = Splits::new();
    for split in view.manifest.splits()? {
        match view.manifest.split(split).and_then(|part| part.samples()) {
            Ok(samples) => found.extend(samples.rows.iter().map(|row| (*row, split.clone()))),
            // None of the rows of this view.
            Err(DataError::Empty { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(found)
}

/// What so many images have that it is no fault.
fn nature(rows: &[crate::values::IssueRow], images: usize) -> Vec<String> {
    let of = |kind: IssueKind| rows.iter().filter(|row| row.issue == kind).count();
    let pictures = [IssueKind::Blurred, IssueKind::Dark, IssueKind::Overexposed, IssueKind::Uniform, IssueKind::Shape];
    let many = pictures.into_iter().filter(|kind| of(*kind) as f64 > NATURE * images as f64);
    many.map(|kind| {
        let share = 100.0 * of(kind) as f64 / images.max(1) as f64;
        let name = kind.name();
        format!(
            "{share:.0} % of the images are {name}: that may be their nature; the option `{name}` moves the threshold"
        )
    })
    .collect()
}
