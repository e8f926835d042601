//! What a word is, and one call of it with its arguments checked against the table.

use std::sync::Arc;

use foretask_experiment::values::{Classifiers, Encoder, Network, SelfStart, Start};
use foretask_experiment::{Experiment, Role};
use rhai::{Dynamic, Map, Position};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Kind;
use super::signature::{Example, Param, Signature, Theme};
use crate::errors::{CallError, Span};
use crate::host::Host;
use crate::options::{self, OptionDoc};

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
    pub(crate) run: fn(&Call<'_>) -> Result<Dynamic, CallError>,
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

impl Word {
    /// The keys of its object map; those of a task are the pretext crate's own.
    pub fn option_docs(&self) -> Vec<OptionDoc> {
        let Some(info) = foretask_pretext::task_info(self.name) else { return (self.options)() };
        OptionDoc::all(info.options)
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

/// The parameter with a word's options.
const OPTIONS: &str = "options";

/// A word being called.
pub(crate) struct Call<'a> {
    /// What the word works on.
    pub(crate) host: &'a Arc<Host>,
    /// The word.
    pub(crate) word: &'static Word,
    /// Where in the script.
    pub(crate) position: Position,
    values: Vec<Dynamic>,
    receiver: usize,
}

impl<'a> Call<'a> {
    pub(crate) fn new(host: &'a Arc<Host>, word: &'static Word, values: Vec<Dynamic>, position: Position) -> Self {
        Self { host, word, position, values, receiver: usize::from(word.is_method()) }
    }

    /// The arguments without what stands before the dot.
    fn arguments(&self) -> &[Dynamic] {
        self.values.get(self.receiver..).unwrap_or_default()
    }

    /// Whether the arguments fit one of the word's signatures; if not, the first one that does not fit the signature
    /// that fits longest.
    pub(crate) fn check(&self) -> Result<(), CallError> {
        let owner_fits = |signature: &&Signature| match signature.on {
            Some(kind) => self.values.first().is_some_and(|value| kind.admits(value)),
            None => true,
        };
        let mut best: Option<(usize, &Signature)> = None;
        for signature in self.word.signatures.iter().filter(owner_fits) {
            let (fewest, most) = signature.arity();
            if !(fewest..=most).contains(&self.arguments().len()) {
                continue;
            }
            let fitting =
                self.arguments().iter().zip(signature.params).take_while(|(value, param)| param.admits(value)).count();
            if fitting == self.arguments().len() {
                return Ok(());
            }
            if best.is_none_or(|(most, _)| fitting > most) {
                best = Some((fitting, signature));
            }
        }
        let Some((index, signature)) = best else { return Ok(()) };
        let (value, param) = (&self.arguments()[index], &signature.params[index]);
        let wanted = param.kinds.iter().map(|kind| kind.long()).collect::<Vec<_>>().join(" or ");
        let found = Kind::of(value);
        let mut help = format!("write\n{}", self.word.signature_lines().join("\n"));
        if value.type_id() == Kind::Pretrained.type_id() && param.kinds.contains(&Kind::Encoder) {
            help = String::from("write `.encoder` after it");
        }
        Err(CallError::input(format!("`{}` expects {wanted} as its {} argument", self.word.name, ordinal(index)))
            .label(format!("this is {found}"))
            .help(help)
            .argument(index))
    }

    /// What stands before the dot.
    pub(crate) fn receiver<T: Clone + Send + Sync + 'static>(&self) -> Result<T, CallError> {
        cast(self.values.first(), self.word.name)
    }

    /// Argument `index` as one of our values.
    pub(crate) fn value<T: Clone + Send + Sync + 'static>(&self, index: usize) -> Result<T, CallError> {
        cast(self.arguments().get(index), self.word.name)
    }

    /// Argument `index` as one of our values, if it is of that type.
    pub(crate) fn maybe<T: Clone + Send + Sync + 'static>(&self, index: usize) -> Option<T> {
        self.arguments().get(index).and_then(|value| value.clone().try_cast())
    }

    /// The first argument where it is a network or an encoder.
    pub(crate) fn start(&self) -> Result<Start, CallError> {
        Ok(match self.maybe::<Network>(0) {
            Some(net) => net.into(),
            None => self.value::<Encoder>(0)?.into(),
        })
    }

    /// The first argument where it is an encoder or classifiers.
    pub(crate) fn self_start(&self) -> Result<SelfStart, CallError> {
        Ok(match self.maybe::<Encoder>(0) {
            Some(encoder) => SelfStart::Encoder(encoder),
            None => SelfStart::Classifiers(Arc::new(self.value::<Classifiers>(0)?)),
        })
    }

    /// Argument `index` as it is.
    pub(crate) fn raw(&self, index: usize) -> Option<&Dynamic> {
        self.arguments().get(index)
    }

    /// A text.
    pub(crate) fn text(&self, index: usize) -> Result<String, CallError> {
        self.value(index)
    }

    /// A whole number of at least `least`.
    pub(crate) fn whole(&self, index: usize, least: i64) -> Result<u64, CallError> {
        let number: i64 = self.value(index)?;
        if number < least {
            return Err(CallError::input(format!(
                "`{}` expects a whole number from {least}, not {number}",
                self.word.name
            ))
            .label("too small")
            .argument(index));
        }
        Ok(number as u64)
    }

    /// Any number.
    pub(crate) fn number(&self, index: usize) -> Result<f64, CallError> {
        match self.maybe::<i64>(index) {
            Some(whole) => Ok(whole as f64),
            None => self.value(index),
        }
    }

    /// The object map at `index`, empty when it was left out.
    pub(crate) fn map(&self, index: usize) -> Map {
        self.maybe(index).unwrap_or_default()
    }

    /// The options at `index` as a typed struct. A value `"auto"` stands for leaving the option out where its default is
    /// decided by the program.
    pub(crate) fn options<T: DeserializeOwned + Serialize + Default>(&self, index: usize) -> Result<T, CallError> {
        self.options_but(index, &[])
    }

    /// As [`Call::options`], without the keys `other`, whose values are no plain data.
    pub(crate) fn options_but<T: DeserializeOwned + Serialize + Default>(
        &self,
        index: usize,
        other: &[&str],
    ) -> Result<T, CallError> {
        let mut map = self.map(index);
        map.retain(|key, _| !other.contains(&key.as_str()));
        let defaults = serde_json::to_value(T::default()).unwrap_or_default();
        map.retain(|key, value| {
            !(defaults.get(key.as_str()).is_some_and(serde_json::Value::is_null)
                && value.as_immutable_string_ref().is_ok_and(|text| text.as_str() == "auto"))
        });
        options::parse(&map, index, &self.word.option_docs())
    }

    /// What the word asks to do its work.
    pub(crate) fn experiment(&self) -> &'a Experiment {
        &self.host.experiment
    }

    /// The fault at a place in this call: parts and options stand at some argument here. An option that only a library names
    /// may not be written in this call.
    pub(crate) fn placed(&self, fault: CallError) -> CallError {
        match fault.at.clone() {
            Span::Part(role, path) => match self.argument_of(role) {
                Some(index) if path.is_empty() => fault.argument(index),
                Some(index) => fault.at(Span::Value(index, path)),
                None => fault.at(Span::Word),
            },
            Span::Option(path) => match self.options_argument() {
                Some(index) => fault.at(Span::Value(index, path)),
                None => fault.at(Span::Word),
            },
            Span::Word => match self.options_argument() {
                Some(index) => self.refused(fault, index),
                None => fault,
            },
            _ => fault,
        }
    }

    /// The parameters of the signature with as many arguments as were given.
    fn params(&self) -> &'static [Param] {
        let given = self.arguments().len();
        let fits = |signature: &&Signature| {
            let (fewest, most) = signature.arity();
            (fewest..=most).contains(&given)
                && signature.params.iter().zip(self.arguments()).all(|(param, value)| param.admits(value))
        };
        self.word.signatures.iter().find(fits).map_or(&[], |signature| signature.params)
    }

    /// The argument that plays a part.
    fn argument_of(&self, role: Role) -> Option<usize> {
        let names: &[&str] = match role {
            Role::Start => &["start", "encoder", "encoders"],
            Role::Task => &["task", "tasks"],
            Role::Images => &["images", "pool", "other"],
            Role::Few => &["few", "labeled", "data"],
            Role::Unlabeled => &["unlabeled"],
            Role::Test => &["test", "data"],
            Role::Results => &["results"],
        };
        names.iter().find_map(|name| self.params().iter().position(|param| param.name == *name))
    }

    /// The argument with the word's options; it may have been left out.
    fn options_argument(&self) -> Option<usize> {
        self.params().iter().position(|param| param.name == OPTIONS)
    }

    /// Points a library's refusal at the option it names, if that was written in the map at `index`.
    pub(crate) fn refused(&self, fault: impl Into<CallError>, index: usize) -> CallError {
        let fault: CallError = fault.into();
        if fault.at != Span::Word {
            return fault;
        }
        let map = self.map(index);
        if let Some(option) = fault.option.clone().filter(|option| map.contains_key(option.as_str())) {
            return fault.at(Span::Value(index, vec![option]));
        }
        options::located(fault, &options::plain(&map), index)
    }

    /// Line of the script, from 1.
    pub(crate) fn line(&self) -> usize {
        self.position.line().unwrap_or(0)
    }
}

fn cast<T: Clone + Send + Sync + 'static>(value: Option<&Dynamic>, word: &str) -> Result<T, CallError> {
    value
        .and_then(|value| value.clone().try_cast())
        .ok_or_else(|| CallError::input(format!("`{word}` was called with a value of another type than it takes")))
}

fn ordinal(index: usize) -> &'static str {
    ["first", "second", "third", "fourth", "fifth"].get(index).copied().unwrap_or("last")
}
