//! What all words that learn from labels have in common.

use foretask_data::Samples;

use crate::errors::Fault;
use crate::values::Dataset;

/// "fine-tune resnet10 after simclr, 10 labels a class, label draw 2 of 3".
pub(super) fn draw_title(name: &str, few: &Dataset, draw: usize) -> String {
    let about = few.about.as_ref().map_or_else(String::new, |about| format!(", {about}"));
    match few.views.len() {
        1 => format!("{name}{about}"),
        count => format!("{name}{about}, label draw {} of {count}", draw + 1),
    }
}

/// Words that learn from labels need a label on every image.
pub(super) fn need_labels(word: &str, data: &Dataset, samples: &Samples) -> Result<(), Fault> {
    let missing = samples.labels.iter().filter(|label| label.is_none()).count();
    if missing == 0 {
        return Ok(());
    }
    let steps = data.steps().join(", ");
    let fault = if missing == samples.len() {
        Fault::input(format!("`{word}` learns from labels, and these images have none ({steps})"))
    } else {
        Fault::input(format!(
            "`{word}` learns from labels, and {missing} of {} images have none ({steps})",
            samples.len()
        ))
    };
    Err(fault
        .label("labels are missing")
        .help("`.labeled()` takes the images that have one; `.unlabeled()` drops them all")
        .argument(1))
}
