//! What can go wrong in an experiment: what is wrong, what is at fault, and the way out. A place in a script is for the script
//! language to find; here a thing at fault is named by the part it plays.

mod advice;
mod convert;

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

/// The part that something plays in a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// What learning starts from: an encoder, a network, classifiers.
    Start,
    /// The pretext task, or several.
    Task,
    /// Images to learn from without labels, or to work on.
    Images,
    /// Labeled images to learn from.
    Few,
    /// Unlabeled images beside the labeled few.
    Unlabeled,
    /// Labeled images to measure on.
    Test,
    /// Results by name.
    Results,
}

/// What of a request is at fault.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Blame {
    /// The request as a whole.
    #[default]
    Request,
    /// Something that was handed over; of several the one at this path: its name or number.
    Part(Role, Vec<String>),
    /// An option of the request by its path, from the outside in.
    Option(Vec<String>),
    /// An option that a library names: the request's own, or one of its task.
    Named(String),
    /// A line and column of the text that label generators are written in, from 1.
    Place(usize, usize),
}

/// An error of an experiment.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    /// Whose turn it is.
    pub kind: ErrorKind,
    /// What is wrong, in one sentence.
    pub message: String,
    /// A few words to stand beside what is at fault.
    pub label: Option<String>,
    /// The way out.
    pub help: Option<String>,
    /// What is at fault.
    pub at: Blame,
}

impl From<&Error> for ErrorKind {
    fn from(error: &Error) -> Self {
        error.kind
    }
}

/// The outcome of what an experiment is asked for.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// The user's input is wrong.
    pub fn input(message: impl Into<String>) -> Self {
        Self { kind: ErrorKind::Input, message: message.into(), label: None, help: None, at: Blame::Request }
    }

    /// The input was fine and the work failed.
    pub fn failed(message: impl Into<String>) -> Self {
        Self { kind: ErrorKind::Failed, ..Self::input(message) }
    }

    /// The user asked to stop; what was done so far is saved.
    pub fn interrupted(message: impl Into<String>) -> Self {
        Self { kind: ErrorKind::Interrupted, ..Self::input(message) }
    }

    /// Blames what plays this part.
    #[must_use]
    pub fn at(self, role: Role) -> Self {
        Self { at: Blame::Part(role, Vec::new()), ..self }
    }

    /// Blames one of several that play this part, by its name.
    #[must_use]
    pub fn item(self, role: Role, name: impl Into<String>) -> Self {
        Self { at: Blame::Part(role, vec![name.into()]), ..self }
    }

    /// Blames an option of the request; inner ones by their path: "spread.neighbors", "labels.2".
    #[must_use]
    pub fn option(self, path: &str) -> Self {
        Self { at: Blame::Option(path.split('.').map(str::to_owned).collect()), ..self }
    }

    /// The same fault, seen from a request that holds this one as its option `name`.
    #[must_use]
    pub fn within(self, name: &str) -> Self {
        let below = match self.at {
            Blame::Place(..) => return self,
            Blame::Option(path) => path,
            Blame::Named(option) => vec![option],
            Blame::Request | Blame::Part(..) => Vec::new(),
        };
        let path = std::iter::once(name.to_owned()).chain(below).collect();
        Self { at: Blame::Option(path), ..self }
    }

    /// The same fault in the middle of a larger request, whose parts and options are others.
    #[must_use]
    pub fn inner(self) -> Self {
        match self.at {
            Blame::Part(..) | Blame::Option(_) => Self { at: Blame::Request, ..self },
            _ => self,
        }
    }

    /// Words beside what is at fault.
    #[must_use]
    pub fn label(self, label: impl Into<String>) -> Self {
        Self { label: Some(label.into()), ..self }
    }

    /// The way out.
    #[must_use]
    pub fn help(self, help: impl Into<String>) -> Self {
        Self { help: Some(help.into()), ..self }
    }

    /// The way out, where there is one.
    #[must_use]
    pub fn maybe_help(mut self, help: Option<String>) -> Self {
        self.help = help.or(self.help);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_keeps_its_place_within_larger_requests() {
        let blamed = |error: Error| error.within("online").at;
        let option = |path: &[&str]| Blame::Option(path.iter().map(|&part| part.to_owned()).collect());
        assert_eq!(blamed(Error::input("x").option("k")), option(&["online", "k"]));
        assert_eq!(blamed(Error::input("x").at(Role::Few)), option(&["online"]));
        assert_eq!(blamed(Error::input("x")), option(&["online"]));
        let place = Error { at: Blame::Place(3, 4), ..Error::input("x") };
        assert_eq!(blamed(place.clone()), Blame::Place(3, 4));
        assert_eq!(place.inner().at, Blame::Place(3, 4));
        assert_eq!(Error::input("x").item(Role::Results, "a.b").inner().at, Blame::Request);
    }
}
