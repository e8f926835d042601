//! How well a classifier tells images of none of its classes.

use foretask_eval::OpenSet;

use super::predict::predict;
use crate::error::{Error, Role};
use crate::experiment::Experiment;
use crate::values::{Classifiers, Dataset};

/// What the first draw's classifier knows of `test`, images of its classes, and of `others`, images of none of them. `None` while
/// planning.
///
/// # Errors
/// A classifier that remembers no labeled image; images that cannot be read.
pub fn open_set(
    experiment: &Experiment,
    classifiers: &Classifiers,
    test: &Dataset,
    others: &Dataset,
) -> Result<Option<OpenSet>, Error> {
    let (known, strange) = (test.single("open_set", Role::Test)?, others.single("open_set", Role::Images)?);
    let mut distances = Vec::new();
    for (data, view) in [(test, known), (others, strange)] {
        let predictions = predict(experiment, classifiers, data, view)?;
        if experiment.planning() {
            continue;
        }
        let Some((near, _)) = predictions.near else {
            let message = "this classifier does not know how far an image is from the labeled ones";
            let help =
                "`linear_probe(encoder, few)`, `finetune(encoder, few)` and `spread_labels` give classifiers that do";
            return Err(Error::input(message).help(help).at(Role::Start));
        };
        distances.push(near);
    }
    match distances.as_slice() {
        [known, others] => Ok(Some(foretask_eval::open_set(known, others)?)),
        _ => Ok(None),
    }
}
