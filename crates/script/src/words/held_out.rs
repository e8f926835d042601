//! Options of words that hold labeled images out in turn.

use foretask_experiment::stages::CrossValidationOptions;

use super::Call;
use crate::errors::{CallError, Span};
use crate::options::OptionDoc;

pub(super) fn options() -> Vec<OptionDoc> {
    let defaults = CrossValidationOptions::default();
    let [folds, repeats] = parts(defaults.folds, defaults.repeats);
    vec![folds, repeats, OptionDoc::new("seed", "whole number", "the script's seed", "decides the parts")]
}

/// How the images are dealt, with these defaults.
pub(super) fn parts(folds: usize, repeats: usize) -> [OptionDoc; 2] {
    [
        OptionDoc::new(
            "folds",
            "whole number from 2",
            &folds.to_string(),
            "parts of the cross-validation; at most as many as the smallest class has labels",
        ),
        OptionDoc::new(
            "repeats",
            "whole number from 1",
            &repeats.to_string(),
            "how often the images are dealt into parts anew",
        ),
    ]
}

/// Those in this argument of a call.
pub(super) fn given(call: &Call<'_>, argument: usize) -> Result<CrossValidationOptions, CallError> {
    let mut options: CrossValidationOptions = call.options(argument)?;
    if !call.map(argument).contains_key("seed") {
        options.seed = call.experiment().seed();
    }
    options
        .check()
        .map_err(|(option, message)| CallError::input(message).at(Span::Value(argument, vec![option.to_owned()])))?;
    Ok(options)
}
