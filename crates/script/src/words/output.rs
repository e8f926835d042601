//! The file that a word writes: where it may lie, what its name must end in, and that nothing of a person is lost.

use std::path::PathBuf;

use foretask_data::Output;
use serde::{Deserialize, Serialize};

use super::Call;
use crate::errors::{CallError, Span};
use crate::options::OptionDoc;

/// The option that says that a file may be replaced.
pub(super) fn overwrite_doc() -> OptionDoc {
    OptionDoc::new(
        "overwrite",
        "true or false",
        "false",
        "replace a file that foretask did not write, or that was changed since; what it wrote itself is written anew on a rerun",
    )
}

/// Options of words that have no others.
#[derive(Debug, Default, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Writing {
    pub(super) overwrite: bool,
}

/// The path in `text`, which stands at `at` in the call, if the word may write there and it has one of the endings. A plan warns of
/// one that the script has written before.
pub(super) fn path(call: &Call<'_>, text: &str, at: &Span, endings: &[&str]) -> Result<PathBuf, CallError> {
    let path = call.host.writable(text).map_err(|fault| fault.at(at.clone()))?;
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    if endings.contains(&ending) {
        if call.host.wrote_before(&path) {
            let text = format!(
                "the script writes `{text}` more than once: what comes later takes the place of what was there"
            );
            call.host.experiment.plan_warning(text);
        }
        return Ok(path);
    }
    let endings = endings.iter().map(|ending| format!(".{ending}")).collect::<Vec<_>>().join(" or ");
    // The option, where the path is one.
    let writer = match at {
        Span::Value(_, keys) => keys.last().map_or(call.word.name, String::as_str),
        _ => call.word.name,
    };
    Err(CallError::input(format!("`{writer}` does not write files such as `{text}`"))
        .label("unknown ending")
        .help(format!("end it with {endings}"))
        .at(at.clone()))
}

/// The file at a [`path`], unless a person's work would be lost.
pub(super) fn file(path: PathBuf, overwrite: bool, at: &Span) -> Result<Output, CallError> {
    Output::at(path, overwrite).map_err(|error| CallError::from(error).label("this file").at(at.clone()))
}
