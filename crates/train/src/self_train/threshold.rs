//! How sure a teacher must be for an image to be learned from: a fixed share, or one that follows what it says.

use std::fmt;

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// How sure the teacher must be of an image.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Threshold {
    /// Its likeliest class has at least this share, 0 to 1 (`FixMatch`, Sohn et al. 2020, arXiv 2001.07685).
    Share(f64),
    /// It follows the teacher's answers.
    Adaptive(Adaptive),
}

/// A threshold that follows the teacher's answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Adaptive {
    /// Lower for classes that the teacher is sure of seldom (Zhang et al. 2021, arXiv 2110.08263).
    FlexMatch,
    /// As sure as the teacher is on average, lower for classes that it answers seldom (Wang et al. 2022, arXiv 2205.07246), without
    /// that paper's second loss.
    FreeMatch,
    /// No threshold: an image counts less, the less sure the teacher is of it (Chen et al. 2023, arXiv 2301.10921).
    SoftMatch,
}

/// As scripts write them.
const NAMES: [&str; 3] = [Adaptive::FlexMatch.name(), Adaptive::FreeMatch.name(), Adaptive::SoftMatch.name()];

impl Adaptive {
    pub(super) const ALL: [Self; 3] = [Self::FlexMatch, Self::FreeMatch, Self::SoftMatch];

    /// As scripts write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::FlexMatch => "flexmatch",
            Self::FreeMatch => "freematch",
            Self::SoftMatch => "softmatch",
        }
    }
}

impl fmt::Display for Threshold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Share(share) => share.fmt(f),
            Self::Adaptive(rule) => f.write_str(rule.name()),
        }
    }
}

impl Serialize for Threshold {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Share(share) => serializer.serialize_f64(*share),
            Self::Adaptive(rule) => serializer.serialize_str(rule.name()),
        }
    }
}

impl<'de> Deserialize<'de> for Threshold {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl Visitor<'_> for Either {
            type Value = Threshold;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number from 0 to 1, or one of \"flexmatch\", \"freematch\" and \"softmatch\"")
            }

            fn visit_f64<E: Error>(self, share: f64) -> Result<Threshold, E> {
                Ok(Threshold::Share(share))
            }

            fn visit_i64<E: Error>(self, share: i64) -> Result<Threshold, E> {
                Ok(Threshold::Share(share as f64))
            }

            fn visit_u64<E: Error>(self, share: u64) -> Result<Threshold, E> {
                Ok(Threshold::Share(share as f64))
            }

            fn visit_str<E: Error>(self, name: &str) -> Result<Threshold, E> {
                let found = Adaptive::ALL.into_iter().find(|rule| rule.name() == name);
                found.map(Threshold::Adaptive).ok_or_else(|| E::unknown_variant(name, &NAMES))
            }
        }
        deserializer.deserialize_any(Either)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_or_a_name() {
        for (text, expected) in [("0.8", Threshold::Share(0.8)), ("1", Threshold::Share(1.0))] {
            assert_eq!(serde_json::from_str::<Threshold>(text).unwrap(), expected);
        }
        for rule in Adaptive::ALL {
            let text = serde_json::to_string(&Threshold::Adaptive(rule)).unwrap();
            assert_eq!(serde_json::from_str::<Threshold>(&text).unwrap(), Threshold::Adaptive(rule));
            assert_eq!(Threshold::Adaptive(rule).to_string(), rule.name());
        }
        assert_eq!(serde_json::to_string(&Threshold::Share(0.8)).unwrap(), "0.8");
        let error = serde_json::from_str::<Threshold>("\"fixmatch\"").unwrap_err().to_string();
        assert!(error.contains("fixmatch") && error.contains("softmatch"), "{error}");
    }
}
