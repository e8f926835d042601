//! What can go wrong between a script and its results, and where in the script it went wrong.

mod call_error;
mod nearest;
mod source;
mod syntax;

use std::ops::Range;
use std::sync::Arc;

pub(crate) use call_error::{CallError, Span};
use foretask_experiment::ErrorKind;
pub(crate) use nearest::{did_you_mean, nearest};
pub use source::Source;
pub(crate) use source::Sources;
pub(crate) use syntax::{called_names, closures, imports, span_of, task_option, variables};

/// One call on the way from the script's first line to the place of the error, outermost first.
#[derive(Debug, Clone)]
pub struct TraceFrame {
    /// Name of the script's function that was called.
    pub name: String,
    /// The file of the call.
    pub source: Arc<Source>,
    /// Bytes of the call's word in that file.
    pub span: Range<usize>,
}

/// An error with its place in a script: everything a renderer needs to underline the word at fault.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{message}")]
pub struct ScriptError {
    /// Whose turn it is.
    pub kind: ErrorKind,
    /// What is wrong, in one sentence.
    pub message: String,
    /// A few words beside the underlined place.
    pub label: String,
    /// The way out.
    pub help: Option<String>,
    /// The script (or imported file) the place is in.
    pub source_text: Arc<Source>,
    /// Bytes of the place in `source_text`.
    pub span: Range<usize>,
    /// Calls of script functions that led there, outermost first.
    pub trace: Vec<TraceFrame>,
}

/// Any error of this crate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Something with a place in a script.
    #[error(transparent)]
    Script(Box<ScriptError>),
    /// Something without a place in a script: a command's argument, a file, a device.
    #[error(transparent)]
    Plain(Box<foretask_experiment::Error>),
}

impl Error {
    /// The user's input is wrong, and not inside a script.
    pub fn input(message: impl Into<String>, help: impl Into<Option<String>>) -> Self {
        foretask_experiment::Error::input(message).maybe_help(help.into()).into()
    }

    /// Something failed although the input was fine.
    pub fn failed(message: impl Into<String>, help: impl Into<Option<String>>) -> Self {
        foretask_experiment::Error::failed(message).maybe_help(help.into()).into()
    }

    /// Whose turn it is.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Script(error) => error.kind,
            Self::Plain(error) => error.kind,
        }
    }
}

impl From<&Error> for ErrorKind {
    fn from(error: &Error) -> Self {
        error.kind()
    }
}

impl From<ScriptError> for Error {
    fn from(error: ScriptError) -> Self {
        Self::Script(Box::new(error))
    }
}

/// Errors of an experiment, and of every library that it works with.
impl<E> From<E> for Error
where
    foretask_experiment::Error: From<E>,
{
    fn from(error: E) -> Self {
        Self::Plain(Box::new(error.into()))
    }
}
