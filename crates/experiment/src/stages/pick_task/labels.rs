//! Whether the labeled images can decide a race.

use foretask_train::fewest_per_class;

use crate::error::{Error, Role};
use crate::stages::draws::need_classes;
use crate::values::Dataset;

/// The labels must allow to hold some out; how many the rarest class has.
pub(in crate::stages) fn check(word: &str, few: &Dataset) -> Result<usize, Error> {
    if few.views.len() > 1 {
        return Err(Error::input(format!(
            "`{word}` decides by one set of labels, and this holds {} label draws",
            few.views.len()
        ))
        .label("several label draws")
        .help("draw once: `per_class(n)`. What one draw has picked would know the labels of the others")
        .at(Role::Few));
    }
    let samples = few.views[0].samples()?;
    need_classes(word, few, &samples)?;
    let labels: Vec<u32> = samples.labels.iter().copied().flatten().collect();
    let classes = samples.classes.len();
    let count = |class: u32| labels.iter().filter(|&&label| label == class).count();
    let fewest = fewest_per_class(&labels, classes);
    if fewest < 2 {
        let lonely =
            (0..classes as u32).find(|&class| count(class) == 1).map_or("?", |class| &samples.classes[class as usize]);
        return Err(Error::input(format!(
            "the class \"{lonely}\" has a single labeled image, and cross-validation holds some out while it learns from others"
        ))
        .label("too few labels")
        .help("label at least two images of each class: `per_class(2)`, better 5 or more")
        .at(Role::Few));
    }
    Ok(fewest)
}
