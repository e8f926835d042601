//! What a word says when it cannot do its work. The place is relative to the call; [`super::explain`] finds it in
//! the script.

use super::ErrorKind;

/// Which part of a call is at fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Locus {
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
}

/// An error that knows its part of the call but not yet the script.
#[derive(Debug, Clone)]
pub(crate) struct Fault {
    pub(crate) kind: ErrorKind,
    pub(crate) message: String,
    pub(crate) label: Option<String>,
    pub(crate) help: Option<String>,
    pub(crate) at: Locus,
    /// Whether the word is written after a dot (`data.take(3)`); it may still be called as `take(data, 3)`.
    pub(crate) method: bool,
    /// The option that a library found wanting; the call looks whether it was written.
    pub(crate) option: Option<String>,
}

impl Fault {
    /// The user's input is wrong.
    pub(crate) fn input(message: impl Into<String>) -> Self {
        Self {
            kind: ErrorKind::Input,
            message: message.into(),
            label: None,
            help: None,
            at: Locus::Word,
            method: false,
            option: None,
        }
    }

    /// The input was fine and the work failed.
    pub(crate) fn failed(message: impl Into<String>) -> Self {
        Self { kind: ErrorKind::Failed, ..Self::input(message) }
    }

    /// The user asked to stop; what was done so far is saved.
    pub(crate) fn interrupted(message: impl Into<String>) -> Self {
        Self { kind: ErrorKind::Interrupted, ..Self::input(message) }
    }

    pub(crate) fn at(mut self, at: Locus) -> Self {
        self.at = at;
        self
    }

    pub(crate) fn argument(self, index: usize) -> Self {
        self.at(Locus::Argument(index))
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
