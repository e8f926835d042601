//! Probe or fine-tuned network: which answer to keep.

use super::fold::{Whole, in_words, parts_of};
use super::options::{FinetuneOptions, Keep};
use super::paired::{error_of_difference, share};
use super::recipe::classes_present;
use super::result::Retained;
use crate::context::Context;
use crate::error::TrainError;
use crate::probe::{HeldOut, fewest_per_class};

/// From so many labels a class on, fine-tuning is kept without asking (measured gain 1.5 points at 25, 4 at 100).
const ENOUGH: f64 = 8.0;

/// What decides without any training: the user, or the number of labels where nothing guards against harm.
pub(super) fn settled(
    options: &FinetuneOptions,
    from_scratch: bool,
    labels: &[u32],
    classes: usize,
) -> Option<(Retained, String)> {
    if from_scratch {
        return Some((Retained::Finetuned, "from scratch there is no other".to_owned()));
    }
    let present = classes_present(labels);
    let k = labels.len() as f64 / present.max(1) as f64;
    match options.keep {
        Keep::Probe => Some((Retained::Probe, "as asked".to_owned())),
        Keep::Finetuned => Some((Retained::Finetuned, "as asked".to_owned())),
        Keep::Auto if fewest_per_class(labels, classes) < 2 => {
            Some((Retained::Probe, "a class has a single label, too few to train a whole network on".to_owned()))
        }
        Keep::Auto if k >= ENOUGH && !options.guard => Some((
            Retained::Finetuned,
            format!("about {} labels a class are enough to train the whole network", k.round()),
        )),
        Keep::Auto => None,
    }
}

/// What decides in between: cross-validation on the labeled images; the fine-tuned network among equals. So few labels
/// tell only large differences (the standard error is in the reason), but those between pretext tasks are large: at 4 or 5
/// labels a class fine-tuning gained 4 points on rotation's encoder, and between -1 and 1 on `SimCLR`'s. The answers of the
/// networks are given back, too.
pub(super) fn validated(whole: &Whole<'_>, cx: &Context<'_>) -> Result<(Retained, String, HeldOut), TrainError> {
    let labels = whole.labels;
    let parts = parts_of(labels, whole.images.classes().len(), whole.options.seed);
    let folds = parts.len();
    let (mut probe, mut tuned) = (Vec::new(), Vec::new());
    let counts = whole.counts(&parts.concat());
    let mut answers = HeldOut { how: in_words(folds), ..HeldOut::default() };
    for (number, held) in parts.iter().enumerate() {
        let folder = cx.folder.join(format!("fold-{}", number + 1));
        let fold = whole.without(held, &Context { folder: &folder, ..*cx })?;
        probe.extend(fold.probe.right(&whole.features.select(&fold.held).data, &fold.held_labels));
        tuned.extend(fold.head.right(&fold.seen.data, &fold.held_labels));
        answers.add(&fold.head, &fold.seen.data, &fold.held_labels);
        answers.distances.extend(fold.distances);
    }
    let (before, after) = (share(&probe, &counts), share(&tuned, &counts));
    let kept = if after >= before { Retained::Finetuned } else { Retained::Probe };
    let reason = format!(
        "{folds}-fold cross-validation on the {} labeled images{}: probe {before:.1} %, fine-tuned {after:.1} % \
         (standard error of the difference {:.1})",
        labels.len(),
        whole.counted(),
        error_of_difference(&tuned, &probe, &counts)
    );
    Ok((kept, reason, answers))
}
