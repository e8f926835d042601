//! Few labels spread over the unlabelled images, and a probe that learns from the confident part.

use std::path::Path;

use foretask_eval::{SpreadOptions, some_of, spread_classifier};
use foretask_train::ProbeOptions;
use serde_json::json;

use super::draws::{draw_title, need_labels};
use super::finish::{CONTENTS, Encoded, finish, too_few};
use super::fitted::{Fitted, Training, fitted_stage};
use super::pool::{self, Pool};
use super::probes::stage;
use crate::errors::{Fault, Locus};
use crate::host::Host;
use crate::stage::StageKey;
use crate::values::{Classifiers, Dataset, Encoder, Method};

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
    let count = images_of.samples()?.len();
    let mut members = Vec::new();
    for (draw, view) in few.views.iter().enumerate() {
        let samples = view.samples()?;
        need_labels("spread_labels", few, &samples)?;
        enough_neighbors(options, count, &["neighbors"])?;
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
                ("contents", json!(CONTENTS)),
            ],
        );
        let name = format!("labels spread on {}", encoder.describe());
        let stage = stage(draw_title(&name, few, draw), line, count, &ProbeOptions::default());
        let mut make = |_: &Path| -> Result<Fitted, Fault> {
            let images = few.images(host, view)?;
            let weights = encoder.weights(&images, draw as u64)?;
            let around = some_of(&*unlabeled.images(host, images_of)?, options.most);
            let found =
                super::with_context(host, |cx| Ok(spread_classifier(&weights, &images, &around, options, cx)?))?;
            host.note(found.in_words());
            let missing = too_few(images.len());
            let converged = found.converged;
            let encoded = Encoded::Frozen(&found.features);
            let classifier = finish(host, found.classifier, &images, encoded, found.held_out.as_ref(), &missing)?;
            Ok(Fitted { classifier, converged, training: Training::default() })
        };
        members.push(fitted_stage(host, stage, key, view, &mut make)?);
    }
    let method = Method::Spread(encoder.clone(), options.clone());
    Ok(Classifiers { method, few: few.clone(), members: members.into() })
}

/// Refuses more neighbors than there are images. `path` names the option.
pub(super) fn enough_neighbors(options: &SpreadOptions, images: usize, path: &[&str]) -> Result<(), Fault> {
    let images = images.min(options.most);
    if options.neighbors < images {
        return Ok(());
    }
    let path = path.iter().map(|&part| part.to_owned()).collect();
    Err(Fault::input(format!("`neighbors` is {}, but there are only {images} unlabelled images", options.neighbors))
        .at(Locus::Value(3, path)))
}
