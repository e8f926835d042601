//! One call of a word, with its arguments checked against the table.

use std::sync::Arc;

use rhai::{Dynamic, Map, Position};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Kind, Signature, Word};
use crate::errors::{Fault, Locus};
use crate::host::Host;
use crate::options;

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
    pub(crate) fn check(&self) -> Result<(), Fault> {
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
            let fitting = self
                .arguments()
                .iter()
                .zip(signature.params)
                .take_while(|(value, param)| param.kinds.iter().any(|kind| kind.admits(value)))
                .count();
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
        Err(Fault::input(format!("`{}` expects {wanted} as its {} argument", self.word.name, ordinal(index)))
            .label(format!("this is {found}"))
            .help(help)
            .argument(index))
    }

    /// What stands before the dot.
    pub(crate) fn receiver<T: Clone + Send + Sync + 'static>(&self) -> Result<T, Fault> {
        cast(self.values.first(), self.word.name)
    }

    /// Argument `index` as one of our values.
    pub(crate) fn value<T: Clone + Send + Sync + 'static>(&self, index: usize) -> Result<T, Fault> {
        cast(self.arguments().get(index), self.word.name)
    }

    /// Argument `index` as one of our values, if it is of that type.
    pub(crate) fn maybe<T: Clone + Send + Sync + 'static>(&self, index: usize) -> Option<T> {
        self.arguments().get(index).and_then(|value| value.clone().try_cast())
    }

    /// Argument `index` as it is.
    pub(crate) fn raw(&self, index: usize) -> Option<&Dynamic> {
        self.arguments().get(index)
    }

    /// A text.
    pub(crate) fn text(&self, index: usize) -> Result<String, Fault> {
        self.value(index)
    }

    /// A whole number of at least `least`.
    pub(crate) fn whole(&self, index: usize, least: i64) -> Result<u64, Fault> {
        let number: i64 = self.value(index)?;
        if number < least {
            return Err(Fault::input(format!(
                "`{}` expects a whole number from {least}, not {number}",
                self.word.name
            ))
            .label("too small")
            .argument(index));
        }
        Ok(number as u64)
    }

    /// Any number.
    pub(crate) fn number(&self, index: usize) -> Result<f64, Fault> {
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
    pub(crate) fn options<T: DeserializeOwned + Serialize + Default>(&self, index: usize) -> Result<T, Fault> {
        self.options_but(index, &[])
    }

    /// As [`Call::options`], without the keys `other`, whose values are no plain data.
    pub(crate) fn options_but<T: DeserializeOwned + Serialize + Default>(
        &self,
        index: usize,
        other: &[&str],
    ) -> Result<T, Fault> {
        let mut map = self.map(index);
        map.retain(|key, _| !other.contains(&key.as_str()));
        let defaults = serde_json::to_value(T::default()).unwrap_or_default();
        map.retain(|key, value| {
            !(defaults.get(key.as_str()).is_some_and(serde_json::Value::is_null)
                && value.as_immutable_string_ref().is_ok_and(|text| text.as_str() == "auto"))
        });
        options::parse(&map, index, &self.word.option_docs())
    }

    /// Points a library's refusal at the option it names, if that was written in the map at `index`.
    pub(crate) fn refused(&self, fault: impl Into<Fault>, index: usize) -> Fault {
        let fault: Fault = fault.into();
        if fault.at != Locus::Word {
            return fault;
        }
        let map = self.map(index);
        if let Some(option) = fault.option.clone().filter(|option| map.contains_key(option.as_str())) {
            return fault.at(Locus::Value(index, vec![option]));
        }
        options::located(fault, &options::plain(&map), index)
    }

    /// Line of the script, from 1.
    pub(crate) fn line(&self) -> usize {
        self.position.line().unwrap_or(0)
    }
}

fn cast<T: Clone + Send + Sync + 'static>(value: Option<&Dynamic>, word: &str) -> Result<T, Fault> {
    value
        .and_then(|value| value.clone().try_cast())
        .ok_or_else(|| Fault::input(format!("`{word}` was called with a value of another type than it takes")))
}

fn ordinal(index: usize) -> &'static str {
    ["first", "second", "third", "fourth", "fifth"].get(index).copied().unwrap_or("last")
}
