//! The last touches to every classifier: honest probabilities, what it has seen labeled, and which images taught it.

use foretask_data::Images;
use foretask_models::Classifier;
use foretask_train::{Features, HeldOut, LEAST_HELD_OUT};

use crate::error::Error;
use crate::experiment::Experiment;

/// What a stored classifier holds besides weights; part of the keys of the stages that make one, so that those stored before
/// are not taken for it.
pub(super) const CONTENTS: u32 = 2;

/// The reason of those who did not want probabilities calibrated.
pub(super) const DECLINED: &str = "`calibrate: false`";

/// What an encoder has to do with the labels.
pub(super) enum Encoded<'a> {
    /// It has never seen one; its features of the few.
    Frozen(&'a Features),
    /// It has learned from them.
    Trained,
}

/// Answers for labeled images that were held out, by which probabilities are calibrated.
pub(super) struct Judged<'a> {
    pub(super) held_out: Option<&'a HeldOut>,
    /// Why nothing was held out, where that is so.
    pub(super) missing: &'a str,
}

/// Sets the temperature by answers for labeled images that were held out, and keeps the features of all `few`.
pub(super) fn finish(
    experiment: &Experiment,
    classifier: Classifier,
    few: &Images,
    encoded: Encoded<'_>,
    judged: &Judged<'_>,
) -> Result<Classifier, Error> {
    let Judged { held_out, missing } = *judged;
    let mut classifier = classifier;
    classifier.encoder.seen = classifier.encoder.seen.with(few.content_hashes());
    let held_out = held_out.filter(|answers| !answers.is_empty());
    let known = match encoded {
        Encoded::Frozen(features) => foretask_eval::familiar(features, few, None)?,
        Encoded::Trained => {
            let apart = held_out.map_or(&[][..], |answers| &answers.distances);
            foretask_eval::familiar(&super::features(experiment, &classifier.encoder, few)?, few, Some(apart))?
        }
    };
    let finished = foretask_eval::calibrate(classifier, held_out, missing)?.with_familiar(known)?;
    // What the script itself declined is no news.
    if let Some(reason) = finished.calibration.as_ref().filter(|_| missing != DECLINED) {
        experiment.note(format!("temperature = {:.2}: {reason}", finished.temperature));
    }
    Ok(finished)
}

/// Why nothing was held out of so few labels.
pub(super) fn too_few(labels: usize) -> String {
    format!("{labels} labels are fewer than the {LEAST_HELD_OUT} it takes, or each is alone in its class")
}
