//! How a word is called, and what shows it at work.

use rhai::Dynamic;

use super::Kind;

/// The chapters of the reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Theme {
    /// Opening manifests and choosing rows.
    Data,
    /// Making labels from images.
    Tasks,
    /// Networks and stored weights.
    Models,
    /// Pretraining and fine-tuning.
    Training,
    /// Baselines that train little or nothing.
    Probes,
    /// Measuring and predicting.
    Evaluation,
    /// Looking at things and writing them down.
    Report,
    /// Everything about the script itself.
    Script,
}

impl Theme {
    /// Title of the chapter.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Data => "Data",
            Self::Tasks => "Pretext tasks",
            Self::Models => "Networks",
            Self::Training => "Training",
            Self::Probes => "Probes and baselines",
            Self::Evaluation => "Evaluation and prediction",
            Self::Report => "Reports and pictures",
            Self::Script => "The script itself",
        }
    }
}

/// One argument of a word.
#[derive(Debug)]
pub struct Param {
    /// Its name in the reference.
    pub name: &'static str,
    /// What it may be.
    pub kinds: &'static [Kind],
    /// Whether it may be left out; only the last ones may.
    pub optional: bool,
}

/// One way to call a word.
#[derive(Debug)]
pub struct Signature {
    /// What stands before the dot.
    pub on: Option<Kind>,
    /// The arguments.
    pub params: &'static [Param],
    /// What comes out.
    pub returns: Kind,
}

/// A piece of script that shows a word at work; a test runs all of them in planning mode.
#[derive(Debug)]
pub struct Example {
    /// What it shows.
    pub about: &'static str,
    /// Statements; `data`, `few`, `test`, `net`, `encoder` and so on are defined where they are used and not defined.
    pub script: &'static str,
}

impl Param {
    /// Whether `value` may stand here.
    pub(crate) fn admits(&self, value: &Dynamic) -> bool {
        self.kinds.iter().any(|kind| kind.admits(value))
    }
}

impl Signature {
    /// Fewest and most arguments.
    pub(crate) fn arity(&self) -> (usize, usize) {
        (self.params.iter().filter(|param| !param.optional).count(), self.params.len())
    }

    /// `data.per_class(n: whole number, options?: options) -> Dataset`
    pub(super) fn line(&self, name: &str) -> String {
        let params = self
            .params
            .iter()
            .map(|param| {
                let kinds = param.kinds.iter().map(|kind| kind.short()).collect::<Vec<_>>().join(" | ");
                format!("{}{}: {kinds}", param.name, if param.optional { "?" } else { "" })
            })
            .collect::<Vec<_>>()
            .join(", ");
        let owner = self.on.map_or_else(String::new, |kind| format!("{}.", kind.short()));
        let returns =
            if self.returns == Kind::Nothing { String::new() } else { format!(" -> {}", self.returns.short()) };
        format!("{owner}{name}({params}){returns}")
    }
}
