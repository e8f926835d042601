//! What all words that learn from labels have in common.

use foretask_data::Samples;

use crate::error::{Error, Role};
use crate::plan::{LabelDraw, PlannedStage, planned};
use crate::values::Dataset;

/// The stage of one draw of `few`: "fine-tune resnet10 after simclr, 10 labels a class, label draw 2 of 3".
pub(super) fn planned_draw(name: &str, few: &Dataset, draw: usize) -> PlannedStage {
    let about = few.about.as_ref().map_or_else(String::new, |about| format!(", {about}"));
    let all = format!("{name}{about}");
    match few.views.len() {
        1 => planned(all),
        count => {
            let draw = LabelDraw { all, number: draw + 1, count };
            PlannedStage { draw: Some(draw.clone()), ..planned(draw.title()) }
        }
    }
}

/// Words that learn from labels need a label on every image.
pub(super) fn need_labels(word: &str, data: &Dataset, samples: &Samples) -> Result<(), Error> {
    let missing = samples.labels.iter().filter(|label| label.is_none()).count();
    if missing == 0 {
        return Ok(());
    }
    let steps = data.steps().join(", ");
    let fault = if missing == samples.len() {
        Error::input(format!("`{word}` learns from labels, and these images have none ({steps})"))
    } else {
        Error::input(format!(
            "`{word}` learns from labels, and {missing} of {} images have none ({steps})",
            samples.len()
        ))
    };
    Err(fault
        .label("labels are missing")
        .help("`.labeled()` takes the images that have one; `.unlabeled()` drops them all")
        .at(Role::Few))
}

/// The same for words that learn to tell classes apart: there must be two of them.
pub(super) fn need_classes(word: &str, few: &Dataset, samples: &Samples) -> Result<(), Error> {
    need_labels(word, few, samples)?;
    let mut labels = samples.labels.iter().flatten();
    let first = labels.next();
    if labels.all(|label| Some(label) == first) {
        return Err(Error::input(format!(
            "all {} labeled images are of one class, so there is nothing to tell apart",
            samples.len()
        ))
        .label("one class")
        .help("label images of at least two classes")
        .at(Role::Few));
    }
    Ok(())
}
