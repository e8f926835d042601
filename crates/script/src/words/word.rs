//! What a word is.

use rhai::Dynamic;

use super::{Call, Kind};
use crate::errors::Fault;
use crate::options::OptionDoc;

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
    /// Yardsticks that train little or nothing.
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

/// A word of the script language.
pub struct Word {
    /// What users write.
    pub name: &'static str,
    /// Its chapter.
    pub theme: Theme,
    /// One line.
    pub summary: &'static str,
    /// What it does in detail; may be empty where the summary says it all.
    pub about: &'static str,
    /// When to reach for it.
    pub use_when: &'static str,
    /// When another word serves better.
    pub not_when: &'static str,
    /// The ways to call it.
    pub signatures: &'static [Signature],
    /// The keys of its object map.
    pub options: fn() -> Vec<OptionDoc>,
    /// It at work.
    pub examples: &'static [Example],
    /// The work itself.
    pub(crate) run: fn(&Call<'_>) -> Result<Dynamic, Fault>,
}

impl std::fmt::Debug for Word {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Word({})", self.name)
    }
}

/// For words without options.
pub(crate) fn no_options() -> Vec<OptionDoc> {
    Vec::new()
}

impl Signature {
    /// Fewest and most arguments.
    pub(crate) fn arity(&self) -> (usize, usize) {
        (self.params.iter().filter(|param| !param.optional).count(), self.params.len())
    }

    /// `data.per_class(n: whole number, options?: options) -> Dataset`
    fn line(&self, name: &str) -> String {
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

impl Word {
    /// The keys of its object map; those of a task are the pretext crate's own.
    pub fn option_docs(&self) -> Vec<OptionDoc> {
        let Some(info) = foretask_pretext::task_info(self.name) else { return (self.options)() };
        let option = |o: &foretask_pretext::OptionInfo| OptionDoc::new(o.name, o.kind, o.default, o.description);
        info.options.iter().map(option).collect()
    }

    /// Every (owner, number of arguments) it can be called with.
    pub(crate) fn shapes(&self) -> Vec<(Option<Kind>, usize)> {
        let mut shapes: Vec<(Option<Kind>, usize)> = Vec::new();
        for signature in self.signatures {
            let (fewest, most) = signature.arity();
            for arity in fewest..=most {
                if !shapes.contains(&(signature.on, arity)) {
                    shapes.push((signature.on, arity));
                }
            }
        }
        shapes
    }

    /// Whether it stands after a dot.
    pub(crate) fn is_method(&self) -> bool {
        self.signatures.first().is_some_and(|signature| signature.on.is_some())
    }

    /// Whether values of the type named `owner` have it.
    pub(crate) fn method_of(&self, owner: &str) -> bool {
        self.signatures.iter().filter_map(|signature| signature.on).any(|kind| kind.is_named(owner))
    }

    /// The types that have it, in words.
    pub(crate) fn owners(&self) -> String {
        let mut owners: Vec<&str> = Vec::new();
        for kind in self.signatures.iter().filter_map(|signature| signature.on) {
            if !owners.contains(&kind.long()) {
                owners.push(kind.long());
            }
        }
        owners.join(" and ")
    }

    /// Every way to call it, a line each.
    pub fn signature_lines(&self) -> Vec<String> {
        self.signatures.iter().map(|signature| signature.line(self.name)).collect()
    }

    /// The first way to call it.
    pub(crate) fn first_signature(&self) -> String {
        self.signature_lines().into_iter().next().unwrap_or_default()
    }
}
