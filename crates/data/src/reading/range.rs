//! Which values of a file are black and white.

use std::{collections::BTreeMap, fmt};

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{Error, MapAccess, SeqAccess, Visitor, value::MapAccessDeserializer},
};

/// Which values become 0 (black) and 1 (white); what lies beyond is cut off.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Range {
    /// Of bytes 0 to 255; of words 0 to the largest value of as many bits (8, 12 or 16) as are in use, of floats 0 to 1, 255,
    /// 4095 or 65535, whichever they reach, over all images of a dataset. Where there are more than three channels of more
    /// than 8 bits: as [`Range::Percentile`].
    #[default]
    Auto,
    /// What [`Range::Auto`] has found.
    Whites(Whites),
    /// `[low, high]` in the files' own values: one pair for all channels, or one for each.
    Between(Vec<[f32; 2]>),
    /// From the 0.5th to the 99.5th percentile of each channel, over all images of a dataset.
    Percentile,
}

/// What is white in files of a dataset; where nothing is known of a type, every image decides for itself.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Whites {
    /// Of whole numbers of more than 8 bits, by the largest value of their type.
    pub words: BTreeMap<u32, u32>,
    /// Of floating-point numbers.
    pub floats: Option<f32>,
}

impl Whites {
    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        self.words.is_empty() && self.floats.is_none()
    }
}

impl Range {
    /// Whether nothing was asked for.
    pub fn is_auto(&self) -> bool {
        *self == Self::Auto
    }

    /// Whether nothing is left to be found out.
    pub(crate) fn is_settled(&self) -> bool {
        matches!(self, Self::Whites(_) | Self::Between(_))
    }

    /// What is wrong with it, whatever the files.
    ///
    /// # Errors
    /// The reason, with what is possible.
    pub fn check(&self) -> Result<(), String> {
        let Self::Between(pairs) = self else { return Ok(()) };
        match pairs.iter().find(|[low, high]| !(low.is_finite() && high.is_finite() && low < high)) {
            Some([low, high]) => Err(format!(
                "goes from {low} to {high}; expected [low, high] with low < high, in the files' own values"
            )),
            None if pairs.is_empty() => Err("is empty; expected [low, high]".to_owned()),
            None => Ok(()),
        }
    }
}

/// As scripts write it.
impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto | Self::Whites(_) => f.write_str("\"auto\""),
            Self::Percentile => f.write_str("\"percentile\""),
            Self::Between(pairs) => {
                let pair = |[low, high]: &[f32; 2]| format!("[{low}, {high}]");
                match &pairs[..] {
                    [one] => f.write_str(&pair(one)),
                    several => write!(f, "[{}]", several.iter().map(pair).collect::<Vec<_>>().join(", ")),
                }
            }
        }
    }
}

impl Serialize for Range {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Auto => serializer.serialize_str("auto"),
            Self::Percentile => serializer.serialize_str("percentile"),
            Self::Whites(whites) => whites.serialize(serializer),
            Self::Between(pairs) => pairs.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Range {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        /// A bound, or the bounds of a channel.
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Item {
            Bound(f32),
            Pair([f32; 2]),
        }
        struct Read;
        const EXPECTED: &str = "\"auto\", \"percentile\", [low, high] or an array of such pairs, one a channel";
        impl<'de> Visitor<'de> for Read {
            type Value = Range;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(EXPECTED)
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Range, E> {
                match text {
                    "auto" => Ok(Range::Auto),
                    "percentile" => Ok(Range::Percentile),
                    other => Err(E::custom(format!("is \"{other}\"; expected {EXPECTED}"))),
                }
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Range, A::Error> {
                let (mut bounds, mut pairs) = (Vec::new(), Vec::new());
                while let Some(item) = items.next_element()? {
                    match item {
                        Item::Bound(bound) => bounds.push(bound),
                        Item::Pair(pair) => pairs.push(pair),
                    }
                }
                match (&bounds[..], pairs.is_empty()) {
                    (&[low, high], true) => Ok(Range::Between(vec![[low, high]])),
                    ([], false) => Ok(Range::Between(pairs)),
                    _ => Err(A::Error::custom(format!("expected {EXPECTED}"))),
                }
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Range, A::Error> {
                Whites::deserialize(MapAccessDeserializer::new(map)).map(Range::Whites)
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
        let whites = Whites { words: BTreeMap::from([(65535, 4095)]), floats: Some(1.0) };
        for range in [
            Range::Auto,
            Range::Percentile,
            Range::Whites(whites),
            Range::Between(vec![[0.0, 4095.0]]),
            Range::Between(vec![[-1000.5, 3000.0], [0.0, 1.0]]),
        ] {
            let text = serde_json::to_string(&range).unwrap();
            assert_eq!(serde_json::from_str::<Range>(&text).unwrap(), range, "{text}");
        }
        assert_eq!(serde_json::from_str::<Range>("[0, 4095]").unwrap(), Range::Between(vec![[0.0, 4095.0]]));
        for text in ["\"minmax\"", "[1]", "[1, 2, 3]", "[1, [2, 3]]"] {
            assert!(serde_json::from_str::<Range>(text).unwrap_err().to_string().contains("percentile"), "{text}");
        }
    }

    #[test]
    fn bounds_ascend() {
        assert!(Range::Between(vec![[0.0, 1.0]]).check().is_ok());
        for pairs in [vec![], vec![[1.0, 1.0]], vec![[0.0, 1.0], [5.0, 2.0]], vec![[0.0, f32::INFINITY]]] {
            assert!(Range::Between(pairs).check().is_err());
        }
    }

    #[test]
    fn a_range_is_shown_as_scripts_write_it() {
        assert_eq!(Range::Between(vec![[0.0, 4095.0]]).to_string(), "[0, 4095]");
        assert_eq!(Range::Between(vec![[0.0, 1.5], [2.0, 3.0]]).to_string(), "[[0, 1.5], [2, 3]]");
    }
}
