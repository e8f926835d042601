//! Options that may be left to the library: `None` is written `"auto"`.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Deserialize, Deserializer, Error, IntoDeserializer, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, Serializer};

/// A value the library chose where the user left it open, to be printed with its reason.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Auto {
    /// The option's name.
    pub name: String,
    /// The value chosen, as a user would write it.
    pub value: String,
    /// Why this value.
    pub reason: String,
}

impl Auto {
    /// One choice.
    pub fn new(name: &str, value: impl fmt::Display, reason: impl Into<String>) -> Self {
        Self { name: name.to_owned(), value: value.to_string(), reason: reason.into() }
    }
}

/// Fills `option` with `value` where it was left open, and notes why.
pub(crate) fn choose<T: Copy + fmt::Display>(
    option: &mut Option<T>,
    name: &'static str,
    value: T,
    reason: impl Into<String>,
    notes: &mut Vec<Auto>,
) {
    if option.is_none() {
        *option = Some(value);
        notes.push(Auto::new(name, value, reason));
    }
}

/// A value or `"auto"`, for readers that go through a map by hand.
pub(crate) struct Open<T>(pub(crate) Option<T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Open<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserialize(deserializer).map(Self)
    }
}

/// Writes `None` as `"auto"`; for `#[serde(with = "foretask_pretext::auto_option")]`.
///
/// # Errors
/// Those of the serializer.
pub fn serialize<T: Serialize, S: Serializer>(value: &Option<T>, serializer: S) -> Result<S::Ok, S::Error> {
    match value {
        Some(value) => value.serialize(serializer),
        None => serializer.serialize_str("auto"),
    }
}

/// Reads `"auto"` and null as `None`, everything else as the value.
///
/// # Errors
/// Those of reading the value.
pub fn deserialize<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    deserializer.deserialize_any(OrAuto(PhantomData))
}

struct OrAuto<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for OrAuto<T> {
    type Value = Option<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value or \"auto\"")
    }

    fn visit_none<E: Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserialize(deserializer)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        if text == "auto" { Ok(None) } else { T::deserialize(text.into_deserializer()).map(Some) }
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Self::Value, E> {
        T::deserialize(value.into_deserializer()).map(Some)
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Self::Value, E> {
        T::deserialize(value.into_deserializer()).map(Some)
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Self::Value, E> {
        T::deserialize(value.into_deserializer()).map(Some)
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Self::Value, E> {
        T::deserialize(value.into_deserializer()).map(Some)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<Self::Value, A::Error> {
        T::deserialize(SeqAccessDeserializer::new(items)).map(Some)
    }

    fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<Self::Value, A::Error> {
        T::deserialize(MapAccessDeserializer::new(entries)).map(Some)
    }
}

#[cfg(test)]
mod tests {
    use serde::{Deserialize, Serialize};

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Options {
        #[serde(with = "crate::auto_option", default)]
        rate: Option<f64>,
    }

    #[test]
    fn auto_is_a_word_and_values_are_values() {
        for text in [r#"{"rate":"auto"}"#, r#"{"rate":null}"#, "{}"] {
            assert_eq!(serde_json::from_str::<Options>(text).unwrap(), Options { rate: None });
        }
        for (text, value) in [(r#"{"rate":2}"#, 2.0), (r#"{"rate":-1}"#, -1.0), (r#"{"rate":0.25}"#, 0.25)] {
            assert_eq!(serde_json::from_str::<Options>(text).unwrap(), Options { rate: Some(value) });
        }
        assert_eq!(serde_json::to_string(&Options { rate: None }).unwrap(), r#"{"rate":"auto"}"#);
        assert_eq!(serde_json::to_string(&Options { rate: Some(0.2) }).unwrap(), r#"{"rate":0.2}"#);
        let error = serde_json::from_str::<Options>(r#"{"rate":"fast"}"#).unwrap_err().to_string();
        assert!(error.contains("fast"), "{error}");
    }
}
