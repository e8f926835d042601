//! Which channels of a file are taken.

use std::fmt;

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{Error, SeqAccess, Visitor},
};

/// The most channels that an image may have.
pub(crate) const MOST: usize = 1024;

/// Which channels of a file are taken.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub enum Channels {
    /// What the files have: 3 where any of them is stored in color, 1 where all are gray, and what most have where some have
    /// another number.
    #[default]
    Auto,
    /// So many: gray is replicated to 3, color becomes gray, and what lies beside color is left out.
    Count(usize),
    /// The pages of each file, one after the other.
    Pages,
    /// These, in this order.
    These(Vec<ChannelName>),
}

/// A channel of a file.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(untagged)]
pub enum ChannelName {
    /// By its number, from 1.
    Number(usize),
    /// By the name that the file gives it, or `red`, `green`, `blue`, `gray`, `alpha`; case does not matter.
    Name(String),
}

impl fmt::Display for ChannelName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => write!(f, "{number}"),
            Self::Name(name) => write!(f, "\"{name}\""),
        }
    }
}

impl Channels {
    /// So many where a number is given.
    pub fn of(count: Option<u8>) -> Self {
        count.map_or(Self::Auto, |count| Self::Count(usize::from(count)))
    }

    /// Whether nothing was asked for.
    pub fn is_auto(&self) -> bool {
        *self == Self::Auto
    }

    /// How many that will be, where it does not depend on the files.
    pub fn count(&self) -> Option<usize> {
        match self {
            Self::Auto | Self::Pages => None,
            Self::Count(count) => Some(*count),
            Self::These(names) => Some(names.len()),
        }
    }

    /// What is wrong with it, whatever the files.
    ///
    /// # Errors
    /// The reason, with what is possible.
    pub fn check(&self) -> Result<(), String> {
        match self {
            Self::Auto | Self::Pages => Ok(()),
            Self::Count(count) if (1..=MOST).contains(count) => Ok(()),
            Self::Count(count) => Err(format!("must be from 1 to {MOST}, not {count}")),
            Self::These(names) if names.is_empty() => Err("names no channel; leave it out to take all".to_owned()),
            Self::These(names) if names.len() > MOST => Err(format!("names more than {MOST} channels")),
            Self::These(names) => {
                let zero = names.contains(&ChannelName::Number(0));
                if zero { Err("counts channels from 1, not from 0".to_owned()) } else { Ok(()) }
            }
        }
    }
}

/// As scripts write it.
impl fmt::Display for Channels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.write_str("\"auto\""),
            Self::Count(count) => write!(f, "{count}"),
            Self::Pages => f.write_str("\"pages\""),
            Self::These(names) => {
                let names: Vec<String> = names.iter().map(ToString::to_string).collect();
                write!(f, "[{}]", names.join(", "))
            }
        }
    }
}

/// `null` for what is left open, so that settings without it are written as they always were.
impl Serialize for Channels {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Auto => serializer.serialize_none(),
            Self::Count(count) => serializer.serialize_u64(*count as u64),
            Self::Pages => serializer.serialize_str("pages"),
            Self::These(names) => names.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Channels {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Read;
        impl<'de> Visitor<'de> for Read {
            type Value = Channels;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(
                    "a number of channels, \"auto\", \"pages\" or an array of channels (names or numbers from 1)",
                )
            }

            fn visit_unit<E: Error>(self) -> Result<Channels, E> {
                Ok(Channels::Auto)
            }

            fn visit_none<E: Error>(self) -> Result<Channels, E> {
                Ok(Channels::Auto)
            }

            fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Channels, D::Error> {
                deserializer.deserialize_any(self)
            }

            fn visit_u64<E: Error>(self, count: u64) -> Result<Channels, E> {
                usize::try_from(count).map(Channels::Count).map_err(E::custom)
            }

            fn visit_i64<E: Error>(self, count: i64) -> Result<Channels, E> {
                let count = u64::try_from(count);
                count.map_or_else(|_| Err(E::custom("a number of channels cannot be negative")), |n| self.visit_u64(n))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Channels, E> {
                match text {
                    "auto" => Ok(Channels::Auto),
                    "pages" => Ok(Channels::Pages),
                    other => Err(E::custom(format!(
                        "is \"{other}\"; expected a number of channels, \"auto\", \"pages\" or an array such as [\"{other}\"]"
                    ))),
                }
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut names: A) -> Result<Channels, A::Error> {
                let mut all = Vec::new();
                while let Some(name) = names.next_element()? {
                    all.push(name);
                }
                Ok(Channels::These(all))
            }
        }
        deserializer.deserialize_any(Read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let these = Channels::These(vec![ChannelName::Name("nir".to_owned()), ChannelName::Number(3)]);
        for (channels, text) in [
            (Channels::Auto, "null"),
            (Channels::Count(4), "4"),
            (Channels::Pages, "\"pages\""),
            (these, "[\"nir\",3]"),
        ] {
            assert_eq!(serde_json::to_string(&channels).unwrap(), text);
            assert_eq!(serde_json::from_str::<Channels>(text).unwrap(), channels);
        }
        assert_eq!(serde_json::from_str::<Channels>("\"auto\"").unwrap(), Channels::Auto);
        let error = |text: &str| serde_json::from_str::<Channels>(text).unwrap_err().to_string();
        assert!(error("\"nir\"").contains("an array such as [\"nir\"]") && error("-1").contains("negative"));
    }

    #[test]
    fn numbers_count_from_one() {
        let these = |numbers: &[usize]| Channels::These(numbers.iter().copied().map(ChannelName::Number).collect());
        assert!(these(&[8, 4, 3]).check().is_ok() && Channels::Count(13).check().is_ok());
        assert!(these(&[0, 1]).check().unwrap_err().contains("from 1"));
        assert!(these(&[]).check().is_err() && Channels::Count(0).check().is_err());
    }
}
