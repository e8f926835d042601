//! Which names mean splits, and which of these are never learned from: the one place that knows.

/// Splits to measure on, the likeliest to be the final measure first.
const EVALUATION: [&str; 16] = [
    "test",
    "testing",
    "tests",
    "holdout",
    "heldout",
    "eval",
    "evaluation",
    "val",
    "valid",
    "validation",
    "validate",
    "validating",
    "dev",
    "development",
    "devtest",
    "testdev",
];

/// Splits to learn from.
const LEARNING: [&str; 11] = [
    "train",
    "training",
    "trainval",
    "traindev",
    "pretrain",
    "pretraining",
    "unlabeled",
    "unlabelled", // typos: ignore
    "extra",
    "nolabel",
    "nolabels",
];

/// Whether rows of this split are only ever measured on, unless they are asked for by name: `test`, `Validation`, `dev`,
/// `holdout`, `val2017`, `test_unmasked`, …
///
/// Any word of the name counts, because learning from test images is worse than leaving some images out, which is said.
pub fn is_evaluation_split(name: &str) -> bool {
    let known = |words: &[&str]| self::words(name).any(|word| words.contains(&word.as_str()));
    (whole(name).is_some_and(|word| EVALUATION.contains(&word.as_str())) || known(&EVALUATION)) && !known(&LEARNING)
}

/// How well a split serves as the final measure: smaller is better, `None` for one to learn from. `test` comes before `val`.
pub fn evaluation_rank(name: &str) -> Option<usize> {
    let rank = |word: &str| EVALUATION.iter().position(|known| *known == word);
    is_evaluation_split(name).then(|| {
        let words = words(name).filter_map(|word| rank(&word)).min();
        words.or_else(|| rank(&whole(name)?)).unwrap_or(EVALUATION.len())
    })
}

/// Names of top folders (and of files) that are splits rather than classes: `train`, `Test`, `hold-out`, `val2017`; but not
/// `test tube`.
pub(crate) fn is_split(name: &str) -> bool {
    is_learning(name) || whole(name).is_some_and(|word| EVALUATION.contains(&word.as_str()))
}

fn is_learning(name: &str) -> bool {
    whole(name).is_some_and(|word| LEARNING.contains(&word.as_str()))
}

/// Whether folders of these names are splits. All of them are, or some learn and others measure: what stands beside
/// `train` and `test` makes no classes of them. A single `train` among others may be a class (of vehicles).
pub(crate) fn are_splits<'a>(names: impl Iterator<Item = &'a str> + Clone) -> bool {
    let some = names.clone().next().is_some();
    let both = names.clone().any(is_learning) && names.clone().any(|name| is_split(name) && !is_learning(name));
    some && (both || names.clone().all(is_split))
}

/// What people add to the name of a split: `train_set`, `TestData`, `val images`.
const ADDED: [&str; 6] = ["set", "split", "data", "images", "imgs", "samples"];

/// The name as one lowercase word, without what separates its parts, without a year or number at its end, and without what
/// only says that it is a split.
fn whole(name: &str) -> Option<String> {
    let word: String = name.chars().filter(|c| !matches!(c, '-' | '_' | '.' | ' ')).collect();
    let word = word.trim_end_matches(|c: char| c.is_ascii_digit()).to_lowercase();
    let bare = ADDED.iter().find_map(|added| word.strip_suffix(added)).unwrap_or(&word);
    (!bare.is_empty()).then(|| bare.to_owned())
}

/// The lowercase words of a name, without numbers at their ends.
fn words(name: &str) -> impl Iterator<Item = String> {
    name.split(|c: char| !c.is_alphanumeric())
        .map(|word| word.trim_end_matches(|c: char| c.is_ascii_digit()).to_lowercase())
        .filter(|word| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_measures_is_never_learned_from() {
        for name in [
            "test",
            "Testing",
            "dev",
            "holdout",
            "hold-out",
            "Hold_Out",
            "held out",
            "eval",
            "val",
            "VALIDATION",
            "valid",
            "evaluation",
            "val2017",
            "test-1",
            "test_unmasked",
            "my.test",
            "dev_clean",
            "testset",
            "valdata",
        ] {
            assert!(is_evaluation_split(name), "{name}");
        }
        for name in
            ["train", "training", "train_val", "trainval", "unlabeled", "extra", "fold3", "devices", "latest", ""]
        {
            assert!(!is_evaluation_split(name), "{name}");
        }
    }

    #[test]
    fn test_measures_before_validation() {
        let names = ["dev", "validation", "testing", "test_2"];
        let best = names.iter().min_by_key(|name| evaluation_rank(name).unwrap());
        assert_eq!(best, Some(&"test_2"));
        assert_eq!(evaluation_rank("train"), None);
    }

    #[test]
    fn folders_are_splits_together() {
        let splits = |names: &[&str]| are_splits(names.iter().copied());
        assert!(splits(&["train", "test"]) && splits(&["train2017", "val2017", "test2017"]) && splits(&["test"]));
        assert!(
            splits(&["train_set", "Test Set"])
                && splits(&["trainset", "val_images", "test-data"])
                && splits(&["train", "val", "test", "samples"])
                && splits(&["training", "holdout", "_old", "notes"])
        );
        assert!(!splits(&["cat", "dog"]) && !splits(&["car", "plane", "train"]) && !splits(&["test", "cat", "dog"]));
        assert!(!splits(&["test tube", "flask"]) && !splits(&["tool set", "data"]) && !splits(&[]));
    }
}
