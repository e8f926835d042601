//! How well a classifier tells images of none of its classes.

use foretask_eval::OpenSet;

use super::leakage::{self, Leakage};
use super::predict::predict;
use crate::error::{Error, Role};
use crate::experiment::Experiment;
use crate::values::{Classifiers, Dataset, Method};

/// What the first draw's classifier knows of `test`, images of its classes, and of `others`, images of none of them; `policy` says
/// what to do about images of `test` that also taught it. `None` while planning.
///
/// # Errors
/// A classifier that remembers no labeled image; images that cannot be read, or that taught it where that is refused.
pub fn open_set(
    experiment: &Experiment,
    classifiers: &Classifiers,
    test: &Dataset,
    others: &Dataset,
    policy: Leakage,
) -> Result<Option<OpenSet>, Error> {
    let (known, strange) = (test.single("open_set", Role::Test)?, others.single("open_set", Role::Images)?);
    if matches!(classifiers.method, Method::Knn(..) | Method::PixelProbe) {
        return Err(without_distances());
    }
    if !experiment.planning() {
        let (images, samples) = (experiment.images_of(test, known)?, known.samples()?);
        let seen = leakage::seen_by(experiment, classifiers, 0)?;
        let taught = leakage::recognized(&seen, &images).found.into_iter().map(|at| images.row(at)).collect();
        leakage::warn_or_refuse(experiment, &classifiers.protocol(), &samples, &taught, policy)?;
    }
    let mut distances = Vec::new();
    for (data, view) in [(test, known), (others, strange)] {
        let predictions = predict(experiment, classifiers, data, view)?;
        if !experiment.planning() {
            distances.push(predictions.near.ok_or_else(without_distances)?.0);
        }
    }
    match distances.as_slice() {
        [known, others] => Ok(Some(foretask_eval::open_set(known, others)?)),
        _ => Ok(None),
    }
}

fn without_distances() -> Error {
    Error::input("this classifier does not know how far an image is from the labeled ones")
        .help("`linear_probe(encoder, few)`, `finetune(encoder, few)` and `spread_labels` give classifiers that do")
        .at(Role::Start)
}
