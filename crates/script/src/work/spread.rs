//! Few labels spread over the unlabelled images, and a probe that learns from the confident part.

use std::path::Path;
use std::sync::Arc;

use foretask_eval::SpreadOptions;
use foretask_models::Classifier;
use foretask_train::{Features, ProbeOptions, Standardization};
use serde_json::json;

use super::draws::{draw_title, need_labels};
use super::pool::{self, Pool};
use super::probes::{CLASSIFIER, member, stage};
use crate::errors::{Fault, Locus};
use crate::host::Host;
use crate::stage::{Outcome, StageKey, Work};
use crate::values::{Classifiers, Dataset, Encoder, Method, Trained};

/// The probe's penalty on thousands of spread labels; ten times less than on the few.
const STRENGTH: f64 = 1e-3;

/// Per label draw: the labels spread over the features of `unlabeled`, and logistic regression on the rows that are
/// confident. Features are standardized with those of the same images.
pub(crate) fn spread_labels(
    host: &Host,
    line: usize,
    encoder: &Encoder,
    few: &Dataset,
    unlabeled: &Pool,
    options: &SpreadOptions,
) -> Result<Classifiers, Fault> {
    let images_of = unlabeled.single("spread_labels", 2)?;
    let probe = ProbeOptions { strength: Some(STRENGTH), ..ProbeOptions::default() };
    let mut members = Vec::new();
    for (draw, view) in few.views.iter().enumerate() {
        let samples = view.samples()?;
        need_labels("spread_labels", few, &samples)?;
        if options.neighbors >= images_of.samples()?.len() {
            return Err(Fault::input(format!("`neighbors` is {}, but there are no more images", options.neighbors))
                .at(Locus::Value(3, vec!["neighbors".into()])));
        }
        host.used_data(view.manifest.steps(), &samples);
        let key = StageKey::new(
            "spread_labels",
            &host.device_kind()?,
            [
                ("encoder", encoder.identity()),
                ("draw", json!(draw)),
                ("data", few.identity(view)?),
                ("pool", pool::identity(Some(unlabeled))?),
                ("options", json!(options)),
            ],
        );
        let name = format!("labels spread on {}", encoder.describe());
        let stage = stage(draw_title(&name, few, draw), line, images_of.samples()?.len(), &probe);
        let mut make = |_: &Path| -> Result<(Classifier, bool), Fault> {
            let images = few.images(host, view)?;
            let weights = encoder.weights(&images, draw as u64)?;
            let given = foretask_train::labels_of(&images)?;
            let classes = Arc::clone(images.classes());
            let around = super::features(host, &weights, &*unlabeled.images(host, images_of)?)?;
            let statistics = Standardization::of(&around.data, around.dim);
            let all = together(&super::features(host, &weights, &images)?, &around);
            let standardized = Features { data: statistics.apply(&all.data), ..all.clone() };
            // One of the few that is among the unlabelled, too, is its own closest neighbor.
            let labels: Vec<Option<u32>> =
                given.into_iter().map(Some).chain(std::iter::repeat_n(None, around.rows.len())).collect();
            let spread = foretask_eval::spread_labels(&standardized, &labels, classes.len(), options)?;
            let rows = spread.confident_rows(options.confident);
            let labels: Vec<u32> = rows.iter().map(|&row| spread.labels[row as usize]).collect();
            let fitted =
                foretask_train::linear_probe(&all.select(&rows), &labels, classes.len(), Some(&statistics), &probe)?;
            Ok((Classifier::new(weights, fitted.weight, fitted.bias, classes)?, fitted.converged))
        };
        let outcome = host.stage(
            stage,
            &key,
            Work {
                make: &mut make,
                save: &|(classifier, converged): &(Classifier, bool), folder: &Path| {
                    classifier.save(folder.join(CLASSIFIER))?;
                    Ok(json!({ "converged": converged }))
                },
                load: &|folder: &Path, done| {
                    let converged = done.facts["converged"].as_bool().unwrap_or(true);
                    Ok((Classifier::load(folder.join(CLASSIFIER))?, converged))
                },
            },
        )?;
        let outcome = outcome.map(|Outcome { value: (classifier, converged), seconds, reused }| {
            (Outcome { value: Trained::Network(Arc::new(classifier)), seconds, reused }, converged)
        });
        members.push(member(key, view, outcome));
    }
    let method = Method::Spread(encoder.clone(), options.clone());
    Ok(Classifiers { method, few: few.clone(), members: members.into() })
}

/// The rows of both, one after the other.
fn together(first: &Features, second: &Features) -> Features {
    Features {
        data: [first.data.as_slice(), second.data.as_slice()].concat(),
        dim: first.dim,
        rows: [first.rows.as_slice(), second.rows.as_slice()].concat(),
    }
}
