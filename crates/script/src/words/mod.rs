//! The words of the script language, one table.
//!
//! A word brings everything that is known about it: signatures (checked before it runs), options, when to use it and
//! when not, and examples, which a test runs. `foretask words` prints this table, errors quote it, the engine registers
//! from it; there is no second list.

mod held_out;
mod output;
mod signature;
mod word;

mod augment;
mod cross_validate;
mod dataset;
mod distill;
mod eval;
mod find_issues;
mod label_curve;
mod label_next;
mod misc;
mod models;
mod neighbors;
mod networks;
mod online;
mod open_dataset;
mod own_tasks;
mod pick_encoder;
mod pick_task;
mod preview;
mod probes;
mod report;
mod save;
mod tasks;
mod train;
mod weights;

use crate::values::Kind;
pub(crate) use augment::register as register_augmentations;
pub use signature::{Example, Param, Signature, Theme};
pub(crate) use word::Call;
pub use word::Word;

use crate::errors;

/// Every word, theme by theme, in the order of the reference.
pub(crate) fn all() -> impl Iterator<Item = &'static Word> {
    [
        dataset::WORDS,
        tasks::words(),
        distill::WORDS,
        own_tasks::WORDS,
        augment::WORDS,
        models::WORDS,
        networks::WORDS,
        weights::WORDS,
        train::WORDS,
        pick_task::WORDS,
        pick_encoder::WORDS,
        probes::WORDS,
        label_next::WORDS,
        find_issues::WORDS,
        eval::WORDS,
        cross_validate::WORDS,
        label_curve::WORDS,
        save::WORDS,
        report::WORDS,
        preview::WORDS,
        misc::WORDS,
    ]
    .into_iter()
    .flatten()
}

/// The names of all words.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    all().map(|word| word.name)
}

/// A word by its exact name.
pub(crate) fn find(name: &str) -> Option<&'static Word> {
    all().find(|word| word.name == name)
}

/// Whether a word makes a pretext task.
pub(crate) fn is_task(name: &str) -> bool {
    find(name).is_some_and(|word| word.signatures.iter().any(|signature| signature.returns == Kind::Task))
}

/// The word nearest to a misspelt name.
pub(crate) fn nearest_word(name: &str) -> Option<&'static str> {
    errors::nearest(name, names())
}

#[cfg(test)]
mod tests;
