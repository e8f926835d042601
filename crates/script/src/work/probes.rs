//! Linear probes on frozen features and on pixels, and the vote of neighbors.

use std::path::Path;
use std::sync::Arc;

use foretask_eval::KnnOptions;
use foretask_models::Classifier;
use foretask_train::{PixelProbe, ProbeOptions};
use serde_json::json;

use super::draws::{draw_title, need_labels};
use super::finish::{CONTENTS, Encoded, finish, too_few};
use super::fitted::{Fitted, Training, fitted_stage};
use super::pool::{self, Pool};
use crate::errors::{Fault, Locus};
use crate::host::Host;
use crate::plan::PlannedStage;
use crate::stage::{Outcome, StageKey, Work, planned, read_json, write_json};
use crate::values::{Classifiers, Dataset, Encoder, EncoderSource, Member, Method, Trained};

const PIXELS: &str = "pixels.json";

/// Logistic regression on the features of a frozen encoder, per label draw. Features are standardized with those of the
/// pool, where there is one.
pub(crate) fn linear_probe(
    host: &Host,
    line: usize,
    encoder: &Encoder,
    few: &Dataset,
    pool: Option<&Pool>,
    options: &ProbeOptions,
) -> Result<Classifiers, Fault> {
    let mut members = Vec::new();
    for (draw, view) in few.views.iter().enumerate() {
        let samples = view.samples()?;
        need_labels("linear_probe", few, &samples)?;
        host.used_data(view.manifest.steps(), &samples);
        let key = StageKey::new(
            "linear_probe",
            &host.device_kind()?,
            [
                ("encoder", encoder.identity()),
                ("draw", json!(draw)),
                ("data", few.identity(view)?),
                ("pool", pool::identity(pool)?),
                ("options", json!(options)),
                ("contents", json!(CONTENTS)),
            ],
        );
        let name = match &encoder.source {
            EncoderSource::Random { net, .. } => format!("linear probe of untrained {}", host.net_called(net)),
            _ => format!("linear probe of {}", encoder.describe()),
        };
        let stage = stage(draw_title(&name, few, draw), line, samples.len(), options);
        let mut make = |_: &Path| -> Result<Fitted, Fault> {
            let images = few.images(host, view)?;
            let weights = encoder.weights(&images, draw as u64)?;
            let features = super::features(host, &weights, &images)?;
            let labels = foretask_train::labels_of(&images)?;
            let classes = Arc::clone(images.classes());
            let statistics = pool::statistics(host, pool, &weights, Some(encoder))?;
            let probe = foretask_train::linear_probe(&features, &labels, classes.len(), statistics.as_ref(), options)?;
            let held_out =
                foretask_train::held_out_logits(&features, &labels, classes.len(), statistics.as_ref(), options)?;
            let classifier = Classifier::new(weights, probe.weight, probe.bias, classes)?;
            let missing = too_few(labels.len());
            let encoded = Encoded::Frozen(&features);
            let classifier = finish(host, classifier, &images, encoded, Some(&held_out), &missing)?;
            Ok(Fitted { classifier, converged: probe.converged, training: Training::default() })
        };
        members.push(fitted_stage(host, stage, key, view, &mut make)?);
    }
    Ok(Classifiers { method: Method::LinearProbe(encoder.clone()), few: few.clone(), members: members.into() })
}

/// Logistic regression on raw pixels, per label draw.
pub(crate) fn pixel_probe(
    host: &Host,
    line: usize,
    few: &Dataset,
    options: &ProbeOptions,
) -> Result<Classifiers, Fault> {
    let mut members = Vec::new();
    for (draw, view) in few.views.iter().enumerate() {
        let samples = view.samples()?;
        need_labels("pixel_probe", few, &samples).map_err(|fault| fault.argument(0))?;
        host.used_data(view.manifest.steps(), &samples);
        // Computed on the host, so every device has the same result.
        let key = StageKey::new("pixel_probe", "host", [("data", few.identity(view)?), ("options", json!(options))]);
        let stage = stage(draw_title("probe of raw pixels", few, draw), line, samples.len(), options);
        let mut make = |_: &Path| -> Result<PixelProbe, Fault> {
            let images = few.images(host, view)?;
            Ok(foretask_train::pixel_probe(&images, options, crate::stage::loader_threads()?)?)
        };
        let outcome = host.stage(
            stage,
            &key,
            Work {
                make: &mut make,
                save: &|probe: &PixelProbe, folder: &Path| {
                    write_json(&folder.join(PIXELS), probe)?;
                    Ok(json!({}))
                },
                load: &|folder: &Path, _| read_json(&folder.join(PIXELS)),
            },
        )?;
        let planned = Member::planned(key, view.seed.unwrap_or(0));
        members.push(match outcome {
            None => planned,
            Some(Outcome { value, seconds, reused }) => {
                let converged = Some(value.probe.converged);
                Member { trained: Some(Trained::Pixels(Arc::new(value))), seconds, reused, converged, ..planned }
            }
        });
    }
    Ok(Classifiers { method: Method::PixelProbe, few: few.clone(), members: members.into() })
}

/// The nearest labelled images vote. Nothing is trained, so there is no stage; evaluating does the work.
pub(crate) fn knn(host: &Host, encoder: &Encoder, few: &Dataset, options: &KnnOptions) -> Result<Classifiers, Fault> {
    let mut members = Vec::new();
    for (draw, view) in few.views.iter().enumerate() {
        let samples = view.samples()?;
        need_labels("knn", few, &samples)?;
        if options.k > samples.len() {
            return Err(Fault::input(format!(
                "`k` is {}, but there are only {} labelled images",
                options.k,
                samples.len()
            ))
            .at(Locus::Value(2, vec!["k".into()])));
        }
        host.used_data(view.manifest.steps(), &samples);
        let key = StageKey::new(
            "knn",
            &host.device_kind()?,
            [
                ("encoder", encoder.identity()),
                ("draw", json!(draw)),
                ("data", few.identity(view)?),
                ("options", json!(options)),
            ],
        );
        let trained = if host.planning() {
            None
        } else {
            let images = few.images(host, view)?;
            Some(Trained::Neighbours(Arc::new(encoder.weights(&images, draw as u64)?)))
        };
        let planned = Member::planned(key, view.seed.unwrap_or(0));
        members.push(Member { trained, converged: None, ..planned });
    }
    let method = Method::Knn(encoder.clone(), options.clone());
    Ok(Classifiers { method, few: few.clone(), members: members.into() })
}

pub(super) fn stage(title: String, line: usize, images: usize, options: &ProbeOptions) -> PlannedStage {
    let length = format!("at most {} iterations", options.max_iterations);
    PlannedStage { images, length, ..planned(title, line) }
}
