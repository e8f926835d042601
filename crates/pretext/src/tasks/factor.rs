//! How many times coarser: one number, or a range out of which one is drawn for each image.

use std::fmt;

use foretask_random::Rng;
use serde::de::{Deserialize, Deserializer, Error, SeqAccess, Unexpected, Visitor};
use serde::ser::{Serialize, Serializer};

/// A whole factor, drawn from `low` to `high` for each image. Written as a number where both are equal, else `[low,
/// high]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Factor {
    /// The least.
    pub low: u32,
    /// The most.
    pub high: u32,
}

impl From<u32> for Factor {
    fn from(factor: u32) -> Self {
        Self { low: factor, high: factor }
    }
}

impl Factor {
    /// Nothing is drawn where there is no choice.
    pub(super) fn draw(self, rng: &mut Rng) -> u32 {
        if self.low >= self.high { self.low } else { self.low + rng.below(u64::from(self.high - self.low) + 1) as u32 }
    }
}

impl fmt::Display for Factor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.low == self.high { write!(f, "{}", self.low) } else { write!(f, "[{}, {}]", self.low, self.high) }
    }
}

impl Serialize for Factor {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.low == self.high { self.low.serialize(serializer) } else { [self.low, self.high].serialize(serializer) }
    }
}

impl<'de> Deserialize<'de> for Factor {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NumberOrRange)
    }
}

struct NumberOrRange;

impl<'de> Visitor<'de> for NumberOrRange {
    type Value = Factor;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a whole number from 2 to 16, or [low, high] of such")
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Factor, E> {
        u32::try_from(value).map(Factor::from).map_err(|_| E::invalid_value(Unexpected::Signed(value), &self))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Factor, E> {
        u32::try_from(value).map(Factor::from).map_err(|_| E::invalid_value(Unexpected::Unsigned(value), &self))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Factor, A::Error> {
        let low = items.next_element()?.ok_or_else(|| A::Error::invalid_length(0, &self))?;
        let high = items.next_element()?.ok_or_else(|| A::Error::invalid_length(1, &self))?;
        match items.next_element::<u32>()? {
            None => Ok(Factor { low, high }),
            Some(_) => Err(A::Error::invalid_length(3, &self)),
        }
    }
}
