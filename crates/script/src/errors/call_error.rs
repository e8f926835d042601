//! What a word says when it cannot do its work. The place is relative to the call; `explain/` finds it in
//! the script.

use foretask_experiment::{Blame, Error as ExperimentError, ErrorKind, Role};

/// Which part of a call is at fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Span {
    /// The word itself.
    Word,
    /// The n-th argument, not counting what stands before the dot.
    Argument(usize),
    /// A key of the object map at argument n, by its path from the outside in.
    Key(usize, Vec<String>),
    /// The value of a key of the object map at argument n.
    Value(usize, Vec<String>),
    /// A line and column of the main script, from 1, wherever the word stands.
    Place(usize, usize),
    /// What plays a part in the word, and what of it, by its path; the call knows which argument that is.
    Part(Role, Vec<String>),
    /// An option of the word by its path; the call knows which argument is its map.
    Option(Vec<String>),
}

/// An error that knows its part of the call but not yet the script.
#[derive(Debug, Clone)]
pub(crate) struct CallError {
    pub(crate) kind: ErrorKind,
    pub(crate) message: String,
    pub(crate) label: Option<String>,
    pub(crate) help: Option<String>,
    pub(crate) at: Span,
    /// Whether the word is written after a dot (`data.take(3)`); it may still be called as `take(data, 3)`.
    pub(crate) method: bool,
    /// The option that a library found wanting; the call looks whether it was written.
    pub(crate) option: Option<String>,
}

impl CallError {
    /// The user's input is wrong.
    pub(crate) fn input(message: impl Into<String>) -> Self {
        Self {
            kind: ErrorKind::Input,
            message: message.into(),
            label: None,
            help: None,
            at: Span::Word,
            method: false,
            option: None,
        }
    }

    /// The input was fine and the work failed.
    pub(crate) fn failed(message: impl Into<String>) -> Self {
        Self { kind: ErrorKind::Failed, ..Self::input(message) }
    }

    pub(crate) fn at(mut self, at: Span) -> Self {
        self.at = at;
        self
    }

    pub(crate) fn argument(self, index: usize) -> Self {
        self.at(Span::Argument(index))
    }

    /// Points at the option within the option `name` of the word, whose own options are a word's elsewhere.
    pub(crate) fn within(self, name: &str) -> Self {
        let below = match &self.at {
            Span::Place(..) => return self,
            Span::Key(_, path) | Span::Value(_, path) | Span::Option(path) => path.clone(),
            Span::Word | Span::Argument(_) | Span::Part(..) => self.option.iter().cloned().collect(),
        };
        let path: Vec<String> = std::iter::once(name.to_owned()).chain(below).collect();
        let at = match self.at {
            Span::Key(argument, _) => Span::Key(argument, path),
            Span::Value(argument, _) => Span::Value(argument, path),
            _ => Span::Option(path),
        };
        self.at(at)
    }

    pub(crate) fn label(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
        self
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    pub(crate) fn maybe_help(mut self, help: Option<String>) -> Self {
        self.help = help.or(self.help);
        self
    }
}

/// Errors of an experiment, and of every library that it works with. Where in the call is said by role: the call maps roles to
/// its arguments.
impl<E> From<E> for CallError
where
    ExperimentError: From<E>,
{
    fn from(error: E) -> Self {
        let error = ExperimentError::from(error);
        let (at, option) = match error.at {
            Blame::Request => (Span::Word, None),
            Blame::Part(role, path) => (Span::Part(role, path), None),
            Blame::Option(path) => (Span::Option(path), None),
            Blame::Named(option) => (Span::Word, Some(option)),
            Blame::Place(line, column) => (Span::Place(line, column), None),
        };
        let (kind, message, label, help) = (error.kind, error.message, error.label, error.help);
        Self { kind, message, label, help, at, method: false, option }
    }
}
