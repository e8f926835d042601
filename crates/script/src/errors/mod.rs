//! What can go wrong between a script and its results, and where in the script it went wrong.

mod convert;
mod explain;
mod fault;
mod nearest;
mod source;
mod syntax;

use std::ops::Range;
use std::sync::Arc;

pub(crate) use explain::explain;
pub(crate) use fault::{Fault, Locus};
pub(crate) use nearest::{did_you_mean, nearest};
pub use source::Source;
pub(crate) use source::Sources;
pub(crate) use syntax::{called_names, closures, imports, variables};

/// Whose turn it is after an error; decides the exit code of the command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// The user's input is wrong (script, option, file): exit code 2.
    Input,
    /// The input was fine and the run failed nevertheless: exit code 1.
    Failed,
    /// The user interrupted; the same command goes on: exit code 130.
    Interrupted,
}

impl ErrorKind {
    /// The exit code of the process: 2, 1 or 130.
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::Input => 2,
            Self::Failed => 1,
            Self::Interrupted => 130,
        }
    }
}

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
    #[error("{message}")]
    Plain {
        /// Whose turn it is.
        kind: ErrorKind,
        /// What is wrong, in one sentence.
        message: String,
        /// The way out.
        help: Option<String>,
    },
}

impl Error {
    /// The user's input is wrong, and not inside a script.
    pub fn input(message: impl Into<String>, help: impl Into<Option<String>>) -> Self {
        Self::Plain { kind: ErrorKind::Input, message: message.into(), help: help.into() }
    }

    /// Something failed although the input was fine.
    pub fn failed(message: impl Into<String>, help: impl Into<Option<String>>) -> Self {
        Self::Plain { kind: ErrorKind::Failed, message: message.into(), help: help.into() }
    }

    /// Whose turn it is.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Script(error) => error.kind,
            Self::Plain { kind, .. } => *kind,
        }
    }
}

impl From<ScriptError> for Error {
    fn from(error: ScriptError) -> Self {
        Self::Script(Box::new(error))
    }
}

impl From<Fault> for Error {
    /// A fault met outside of any script: its place is dropped.
    fn from(fault: Fault) -> Self {
        Self::Plain { kind: fault.kind, message: fault.message, help: fault.help }
    }
}
