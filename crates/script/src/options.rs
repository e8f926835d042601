//! Options: an object map of the script becomes a typed struct, and what does not fit is named with its key.
//!
//! Rhai's own serde bridge refuses `lr: 1` for a float and names no key; the way here goes through `serde_json`, whose
//! numbers fit both, and `serde_path_to_error`, which knows the key.

use foretask_pretext::{OptionInfo, PretextError, Task};
use rhai::{Dynamic, Map};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::errors::{CallError, Span, did_you_mean};

/// One option in the reference of a word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OptionDoc {
    /// The key in the object map.
    pub name: String,
    /// What may stand there, in words: "whole number", "text: a | b", "number above 0".
    pub kind: String,
    /// What holds when it is left out.
    pub default: String,
    /// What it does.
    pub about: String,
}

impl OptionDoc {
    /// An option from plain texts.
    pub fn new(name: &str, kind: &str, default: &str, about: &str) -> Self {
        Self { name: name.to_owned(), kind: kind.to_owned(), default: default.to_owned(), about: about.to_owned() }
    }

    /// Those that stand beside the struct that holds them.
    pub(crate) fn all(info: &[OptionInfo]) -> Vec<Self> {
        info.iter().map(|option| Self::new(option.name, option.kind, option.default, option.description)).collect()
    }
}

/// A Rhai value as JSON; closures and our own values have no such form.
pub(crate) fn to_json(value: &Dynamic) -> Result<Value, String> {
    let value = value.flatten_clone();
    if value.is_unit() {
        return Ok(Value::Null);
    }
    if let Ok(flag) = value.as_bool() {
        return Ok(Value::Bool(flag));
    }
    if let Ok(whole) = value.as_int() {
        return Ok(Value::from(whole));
    }
    if let Ok(number) = value.as_float() {
        return serde_json::Number::from_f64(number).map(Value::Number).ok_or_else(|| format!("{number}"));
    }
    if let Ok(text) = value.as_immutable_string_ref() {
        return Ok(Value::String(text.to_string()));
    }
    if let Ok(items) = value.as_array_ref() {
        return items.iter().map(to_json).collect::<Result<Vec<_>, _>>().map(Value::Array);
    }
    if let Ok(map) = value.as_map_ref() {
        return map
            .iter()
            .map(|(key, value)| Ok((key.to_string(), to_json(value)?)))
            .collect::<Result<serde_json::Map<_, _>, String>>()
            .map(Value::Object);
    }
    Err(crate::values::Kind::of(&value))
}

/// What of an object map is plain data, as JSON.
pub(crate) fn plain(map: &Map) -> Value {
    let pairs = map.iter().filter_map(|(key, value)| Some((key.to_string(), to_json(value).ok()?)));
    Value::Object(pairs.collect())
}

/// The options in `map`, which is argument `argument` of a word that knows the options `known`.
pub(crate) fn parse<T: DeserializeOwned>(map: &Map, argument: usize, known: &[OptionDoc]) -> Result<T, CallError> {
    let json = written(map, argument, known)?;
    serde_path_to_error::deserialize::<_, T>(&json)
        .map_err(|error| refuse(error.path(), &error.inner().to_string(), &json, argument, known))
}

/// The options of a pretext task, read by the pretext crate itself.
pub(crate) fn parse_task(name: &str, map: &Map, argument: usize, known: &[OptionDoc]) -> Result<Task, CallError> {
    let json = written(map, argument, known)?;
    let mut track = serde_path_to_error::Track::new();
    let task = Task::from_options(name, serde_path_to_error::Deserializer::new(&json, &mut track));
    task.map_err(|error| match error {
        PretextError::Options { message, .. } => refuse(&track.path(), &message, &json, argument, known),
        other => {
            let fault: CallError = other.into();
            match fault.option.clone().filter(|option| json.get(option).is_some()) {
                Some(option) => fault.at(Span::Value(argument, vec![option])),
                None => located(fault, &json, argument),
            }
        }
    })
}

/// The map as JSON, with known keys only.
fn written(map: &Map, argument: usize, known: &[OptionDoc]) -> Result<Value, CallError> {
    let names: Vec<&str> = known.iter().map(|option| option.name.as_str()).collect();
    let mut json = serde_json::Map::new();
    for (key, value) in map {
        let key = key.as_str();
        if !known.is_empty() && !names.contains(&key) {
            return Err(unknown(key, &names, argument, vec![key.to_owned()]));
        }
        let value = to_json(value).map_err(|kind| {
            CallError::input(format!("`{key}` cannot be {kind}"))
                .at(Span::Value(argument, vec![key.to_owned()]))
                .maybe_help(describe(key, known))
        })?;
        json.insert(key.to_owned(), value);
    }
    Ok(Value::Object(json))
}

fn refuse(
    path: &serde_path_to_error::Path,
    text: &str,
    json: &Value,
    argument: usize,
    known: &[OptionDoc],
) -> CallError {
    let mut path: Vec<String> = path
        .iter()
        .filter_map(|segment| match segment {
            serde_path_to_error::Segment::Seq { index } => Some(index.to_string()),
            serde_path_to_error::Segment::Map { key } => Some(key.clone()),
            _ => None,
        })
        .collect();
    let quoted: Vec<&str> = text.split('`').skip(1).step_by(2).collect();
    if text.starts_with("unknown field") {
        let (key, names) = quoted.split_first().map_or(("", &[][..]), |(key, names)| (*key, names));
        if path.last().is_none_or(|last| last != key) {
            path.push(key.to_owned());
        }
        return unknown(key, names, argument, path);
    }
    if text.starts_with("missing field") {
        let key = quoted.first().copied().unwrap_or_default();
        let help = describe(key, known);
        return CallError::input(format!("the option `{key}` is missing")).argument(argument).maybe_help(help);
    }
    let Some(name) = path.iter().find(|part| part.parse::<usize>().is_err()).cloned() else {
        return located(CallError::input(text), json, argument);
    };
    if text.starts_with("unknown variant") {
        let (written, variants) = quoted.split_first().map_or(("", &[][..]), |(key, names)| (*key, names));
        return CallError::input(format!("`{name}` cannot be \"{written}\""))
            .label("not one of its values")
            .maybe_help(match crate::errors::nearest(written, variants.iter().copied()) {
                Some(near) => Some(format!("did you mean \"{near}\"? (one of {})", variants.join(", "))),
                None => Some(format!("one of {}", variants.join(", "))),
            })
            .at(Span::Value(argument, path));
    }
    let written = path.iter().try_fold(json, |value, part| match value {
        Value::Array(items) => part.parse::<usize>().ok().and_then(|index| items.get(index)),
        value => value.get(part),
    });
    let shown = written.map_or_else(String::new, |value| format!(", not {value}"));
    let message = if let Some(expected) = expected(text) {
        format!("`{}` expects {expected}{shown}", path.join("."))
    } else {
        let text = text.trim_end_matches('.');
        if text.contains(&format!("`{name}`")) { text.to_owned() } else { format!("`{}`: {text}", path.join(".")) }
    };
    let whole = match written {
        Some(Value::Number(number)) if text.contains("floating point") => number
            .as_f64()
            .filter(|number| number.fract() == 0.0)
            .map(|number| format!("write it without the point: `{name}: {number:.0}`")),
        _ => None,
    };
    CallError::input(message).maybe_help(whole.or_else(|| describe(&name, known))).at(Span::Value(argument, path))
}

/// "expected u64" of serde, in words.
fn expected(text: &str) -> Option<String> {
    if !text.starts_with("invalid") {
        return None;
    }
    let wanted = text.rsplit_once("expected ").map(|(_, wanted)| wanted.trim())?;
    Some(match wanted {
        "u8" => "a whole number from 0 to 255".to_owned(),
        "u16" => "a whole number from 0 to 65535".to_owned(),
        "u32" => "a whole number from 0 to 4294967295".to_owned(),
        "u64" | "usize" => "a whole number from 0".to_owned(),
        "i8" | "i16" | "i32" | "i64" | "isize" => "a whole number".to_owned(),
        "f32" | "f64" => "a number".to_owned(),
        "a boolean" => "true or false".to_owned(),
        "a string" | "string" | "string or map" => "a text in quotes".to_owned(),
        "a sequence" => "an array".to_owned(),
        wanted if wanted.starts_with("a nonzero") => "a whole number from 1".to_owned(),
        wanted if wanted.starts_with("struct ") || wanted.starts_with("map") => "an object map `#{ … }`".to_owned(),
        wanted => wanted.to_owned(),
    })
}

fn unknown(key: &str, names: &[&str], argument: usize, path: Vec<String>) -> CallError {
    CallError::input(format!("there is no option `{key}`"))
        .label("unknown option")
        .maybe_help(did_you_mean(key, names, "options"))
        .at(Span::Key(argument, path))
}

fn describe(name: &str, known: &[OptionDoc]) -> Option<String> {
    known
        .iter()
        .find(|option| option.name == name)
        .map(|option| format!("`{}`: {} (default {}): {}", option.name, option.kind, option.default, option.about))
}

/// Points a refusal that a library put in words at the option it names in backquotes, if that option was written.
pub(crate) fn located(fault: CallError, written: &Value, argument: usize) -> CallError {
    let named = fault
        .message
        .split('`')
        .skip(1)
        .step_by(2)
        .map(|name| name.split([':', ' ', '=']).next().unwrap_or(name))
        .find(|name| written.get(name).is_some())
        .map(str::to_owned);
    match named {
        Some(name) => fault.at(Span::Value(argument, vec![name])),
        None => fault,
    }
}

#[cfg(test)]
mod tests {
    use rhai::{Engine, Map};
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(deny_unknown_fields, default)]
    struct Options {
        epochs: u64,
        lr: f64,
        mode: Mode,
        inner: Inner,
    }

    impl Default for Options {
        fn default() -> Self {
            Self { epochs: 1, lr: 0.1, mode: Mode::Fast, inner: Inner::default() }
        }
    }

    #[derive(Debug, Default, Deserialize, PartialEq)]
    #[serde(deny_unknown_fields, default)]
    struct Inner {
        depth: u8,
    }

    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(rename_all = "snake_case")]
    enum Mode {
        Fast,
        Slow,
    }

    fn options(text: &str) -> Result<Options, CallError> {
        let map: Map = Engine::new().eval(text).unwrap();
        let known = ["epochs", "lr", "mode", "inner"].map(|name| OptionDoc::new(name, "number", "1", "a thing"));
        parse(&map, 2, &known)
    }

    #[test]
    fn whole_numbers_fit_decimals() {
        assert_eq!(options("#{ lr: 1, mode: \"slow\" }").unwrap().lr, 1.0);
    }

    #[test]
    fn an_unknown_key_names_the_nearest() {
        let fault = options("#{ epohcs: 3 }").unwrap_err();
        assert_eq!(fault.at, Span::Key(2, vec!["epohcs".into()]));
        assert_eq!(fault.help.as_deref(), Some("did you mean `epochs`?"));
        let fault = options("#{ inner: #{ deph: 3 } }").unwrap_err();
        assert_eq!(fault.at, Span::Key(2, vec!["inner".into(), "deph".into()]));
        assert_eq!(fault.help.as_deref(), Some("did you mean `depth`?"));
    }

    #[test]
    fn a_wrong_value_says_what_fits() {
        let fault = options("#{ epochs: 3.0 }").unwrap_err();
        assert_eq!(fault.message, "`epochs` expects a whole number from 0, not 3.0");
        assert_eq!(fault.help.as_deref(), Some("write it without the point: `epochs: 3`"));
        let fault = options("#{ mode: \"slwo\" }").unwrap_err();
        assert_eq!(fault.at, Span::Value(2, vec!["mode".into()]));
        assert_eq!(fault.help.as_deref(), Some("did you mean \"slow\"? (one of fast, slow)"));
        let fault = options("#{ inner: #{ depth: 300 } }").unwrap_err();
        assert_eq!(fault.message, "`inner.depth` expects a whole number from 0 to 255, not 300");
    }

    #[test]
    fn a_refusal_in_words_finds_its_option() {
        let written = serde_json::json!({ "factor": 3 });
        let fault = located(CallError::input("`factor` must be 2, 4 or 8"), &written, 0);
        assert_eq!(fault.at, Span::Value(0, vec!["factor".into()]));
    }
}
