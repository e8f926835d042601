//! The values of many images, one after the other.

use std::{borrow::Cow, ops::Range};

use crate::decode::{Depth, Values};

/// Values of one type.
pub(super) enum Pile {
    Bytes(Vec<u8>),
    Words(Vec<u16>),
    Floats(Vec<f32>),
}

impl Pile {
    /// Room for so many values.
    pub(super) fn new(depth: Depth, room: usize) -> Self {
        match depth {
            Depth::Bytes => Self::Bytes(Vec::with_capacity(room)),
            Depth::Words => Self::Words(Vec::with_capacity(room)),
            Depth::Floats => Self::Floats(Vec::with_capacity(room)),
        }
    }

    pub(super) fn len(&self) -> usize {
        match self {
            Self::Bytes(all) => all.len(),
            Self::Words(all) => all.len(),
            Self::Floats(all) => all.len(),
        }
    }

    /// Adds values of the same type; others are none of it.
    pub(super) fn push(&mut self, values: Values<'_>) {
        match (self, values) {
            (Self::Bytes(all), Values::Bytes(values)) => all.extend_from_slice(&values),
            (Self::Words(all), Values::Words(values)) => all.extend_from_slice(&values),
            (Self::Floats(all), Values::Floats(values)) => all.extend_from_slice(&values),
            _ => {}
        }
    }

    pub(super) fn part(&self, range: Range<usize>) -> Values<'_> {
        match self {
            Self::Bytes(all) => Values::Bytes(Cow::Borrowed(&all[range])),
            Self::Words(all) => Values::Words(Cow::Borrowed(&all[range])),
            Self::Floats(all) => Values::Floats(Cow::Borrowed(&all[range])),
        }
    }
}
