//! How long to train.

use std::fmt;
use std::time::Duration;

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// How long to train.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Length {
    /// Passes over the images.
    Epochs(f64),
    /// Updates.
    Steps(u64),
    /// Time, turned into a fixed number of updates by a short calibration.
    Budget(Budget),
}

impl fmt::Display for Length {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Epochs(epochs) => write!(f, "{epochs} epochs"),
            Self::Steps(steps) => write!(f, "{steps} steps"),
            Self::Budget(budget) => write!(f, "{budget}"),
        }
    }
}

/// A time budget, written `"90s"`, `"2m"`, `"1h30m"`, or as a number of seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget(pub Duration);

/// The longest budget that is understood: a year.
const LONGEST: f64 = 366.0 * 86_400.0;

impl Budget {
    /// Reads `"2m"`, `"1h30m"`, `"45 s"`, `"1.5h"` or `"120"`.
    ///
    /// # Errors
    /// A sentence with what was expected.
    pub fn parse(text: &str) -> Result<Self, String> {
        let expected = || format!("\"{text}\" is not a time; expected something like \"90s\", \"2m\" or \"1h30m\"");
        let mut seconds = 0.0;
        let mut rest = text.trim();
        if let Ok(number) = rest.parse::<f64>() {
            return Self::seconds(number).ok_or_else(expected);
        }
        while !rest.is_empty() {
            let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').ok_or_else(expected)?;
            let number: f64 = rest[..end].parse().map_err(|_| expected())?;
            rest = rest[end..].trim_start();
            let end = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
            seconds += number
                * match &rest[..end] {
                    "s" | "sec" | "seconds" => 1.0,
                    "m" | "min" | "minutes" => 60.0,
                    "h" | "hours" => 3600.0,
                    "d" | "days" => 86_400.0,
                    _ => return Err(expected()),
                };
            rest = rest[end..].trim_start();
        }
        Self::seconds(seconds).ok_or_else(expected)
    }

    fn seconds(seconds: f64) -> Option<Self> {
        (seconds > 0.0 && seconds <= LONGEST).then(|| Self(Duration::from_secs_f64(seconds)))
    }
}

impl fmt::Display for Budget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.as_secs_f64();
        if seconds.fract() != 0.0 {
            return write!(f, "{seconds}s");
        }
        let mut left = self.0.as_secs();
        for (unit, size) in [("d", 86_400), ("h", 3600), ("m", 60)] {
            if left >= size {
                write!(f, "{}{unit}", left / size)?;
                left %= size;
            }
        }
        if left > 0 { write!(f, "{left}s") } else { Ok(()) }
    }
}

impl Serialize for Budget {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Budget {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl Visitor<'_> for Text {
            type Value = Budget;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a time such as \"90s\", \"2m\" or \"1h30m\", or a number of seconds above 0")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Budget, E> {
                Budget::parse(text).map_err(E::custom)
            }

            fn visit_f64<E: Error>(self, seconds: f64) -> Result<Budget, E> {
                Budget::parse(&seconds.to_string()).map_err(E::custom)
            }

            fn visit_i64<E: Error>(self, seconds: i64) -> Result<Budget, E> {
                self.visit_f64(seconds as f64)
            }

            fn visit_u64<E: Error>(self, seconds: u64) -> Result<Budget, E> {
                self.visit_f64(seconds as f64)
            }
        }
        deserializer.deserialize_any(Text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_and_written() {
        for (text, seconds, written) in [
            ("90s", 90.0, "1m30s"),
            ("2m", 120.0, "2m"),
            ("1h30m", 5400.0, "1h30m"),
            ("1.5 h", 5400.0, "1h30m"),
            ("120", 120.0, "2m"),
            ("0.5s", 0.5, "0.5s"),
            ("1d 2h", 93_600.0, "1d2h"),
        ] {
            let budget = Budget::parse(text).unwrap();
            assert_eq!((budget.0.as_secs_f64(), budget.to_string().as_str()), (seconds, written), "{text}");
            assert_eq!(Budget::parse(written).unwrap(), budget);
        }
    }

    #[test]
    fn what_is_no_time_is_refused_with_an_example() {
        for text in ["", "two minutes", "2x", "m", "-3s", "0s", "1..2s", "inf", "NaN", "1e300", "99999999999h"] {
            assert!(Budget::parse(text).unwrap_err().contains("1h30m"), "{text}");
        }
    }

    #[test]
    fn json_takes_text_and_numbers() {
        assert_eq!(serde_json::from_str::<Budget>("\"2m\"").unwrap(), serde_json::from_str::<Budget>("120").unwrap());
        assert_eq!(serde_json::to_string(&Budget(Duration::from_secs(150))).unwrap(), "\"2m30s\"");
        assert!(serde_json::from_str::<Budget>("-1").is_err());
        assert!(serde_json::from_str::<Budget>("true").unwrap_err().to_string().contains("a time such as"));
    }
}
