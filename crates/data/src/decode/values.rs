//! Decoded values: bytes, words or floats, each with a fixed meaning of black and white.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

/// How finely values are stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Depth {
    /// 8 bits: 0 to 255.
    #[default]
    Bytes,
    /// 16 bits: 0 to 65535.
    Words,
    /// 32-bit floating point: 0 to 1.
    Floats,
}

impl Depth {
    /// Bytes of one value.
    pub const fn size(self) -> usize {
        match self {
            Self::Bytes => 1,
            Self::Words => 2,
            Self::Floats => 4,
        }
    }
}

/// Values of one of three types, borrowed or owned.
#[derive(Clone, Debug, PartialEq)]
pub enum Values<'a> {
    /// 8 bits.
    Bytes(Cow<'a, [u8]>),
    /// 16 bits.
    Words(Cow<'a, [u16]>),
    /// 32-bit floating point.
    Floats(Cow<'a, [f32]>),
}

impl Values<'_> {
    /// How many there are.
    pub fn len(&self) -> usize {
        match self {
            Self::Bytes(values) => values.len(),
            Self::Words(values) => values.len(),
            Self::Floats(values) => values.len(),
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Their type.
    pub fn depth(&self) -> Depth {
        match self {
            Self::Bytes(_) => Depth::Bytes,
            Self::Words(_) => Depth::Words,
            Self::Floats(_) => Depth::Floats,
        }
    }

    /// The bytes, where they are bytes.
    pub fn bytes(&self) -> Option<&[u8]> {
        match self {
            Self::Bytes(values) => Some(values),
            Self::Words(_) | Self::Floats(_) => None,
        }
    }

    /// Their own copy.
    pub fn into_owned(self) -> Values<'static> {
        match self {
            Self::Bytes(values) => Values::Bytes(Cow::Owned(values.into_owned())),
            Self::Words(values) => Values::Words(Cow::Owned(values.into_owned())),
            Self::Floats(values) => Values::Floats(Cow::Owned(values.into_owned())),
        }
    }

    /// The same pixels as another type, where black and white are those of [`Depth`]; what lies beyond them is cut off.
    #[must_use]
    pub fn at_depth(self, depth: Depth) -> Self {
        match (self, depth) {
            (Self::Bytes(values), Depth::Words) => {
                Self::Words(values.iter().map(|&value| u16::from(value) * 257).collect())
            }
            (Self::Bytes(values), Depth::Floats) => {
                Self::Floats(values.iter().map(|&value| f32::from(value) / 255.0).collect())
            }
            (Self::Words(values), Depth::Bytes) => {
                Self::Bytes(values.iter().map(|&value| ((u32::from(value) + 128) / 257) as u8).collect())
            }
            (Self::Words(values), Depth::Floats) => {
                Self::Floats(values.iter().map(|&value| f32::from(value) / 65535.0).collect())
            }
            // `as` saturates and turns what is no number into 0.
            (Self::Floats(values), Depth::Bytes) => {
                Self::Bytes(values.iter().map(|value| (value * 255.0).round() as u8).collect())
            }
            (Self::Floats(values), Depth::Words) => {
                Self::Words(values.iter().map(|value| (value * 65535.0).round() as u16).collect())
            }
            (same, _) => same,
        }
    }

    /// The values at `columns` of pixels of so many values.
    pub(crate) fn columns(&self, of_pixel: usize, columns: &[usize]) -> Values<'static> {
        fn chosen<T: Copy>(values: &[T], of_pixel: usize, columns: &[usize]) -> Vec<T> {
            let mut out = Vec::with_capacity(values.len() / of_pixel.max(1) * columns.len());
            for pixel in values.chunks_exact(of_pixel.max(1)) {
                out.extend(columns.iter().filter_map(|&column| pixel.get(column)));
            }
            out
        }
        match self {
            Self::Bytes(values) => Values::Bytes(chosen(values, of_pixel, columns).into()),
            Self::Words(values) => Values::Words(chosen(values, of_pixel, columns).into()),
            Self::Floats(values) => Values::Floats(chosen(values, of_pixel, columns).into()),
        }
    }
}

impl From<Vec<u8>> for Values<'static> {
    fn from(values: Vec<u8>) -> Self {
        Self::Bytes(values.into())
    }
}

impl From<Vec<u16>> for Values<'static> {
    fn from(values: Vec<u16>) -> Self {
        Self::Words(values.into())
    }
}

impl From<Vec<f32>> for Values<'static> {
    fn from(values: Vec<f32>) -> Self {
        Self::Floats(values.into())
    }
}

impl<'a> From<&'a [u8]> for Values<'a> {
    fn from(values: &'a [u8]) -> Self {
        Self::Bytes(values.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_exchanged_to_the_nearest() {
        let words = Values::from(vec![0_u16, 128, 129, 65535]);
        assert_eq!(words.clone().at_depth(Depth::Bytes), Values::from(vec![0_u8, 0, 1, 255]));
        assert_eq!(words.at_depth(Depth::Floats), Values::from(vec![0.0, 128.0 / 65535.0, 129.0 / 65535.0, 1.0]));
        let floats = Values::from(vec![-1.0_f32, 0.5, 2.0, f32::NAN]);
        assert_eq!(floats.clone().at_depth(Depth::Bytes), Values::from(vec![0_u8, 128, 255, 0]));
        assert_eq!(floats.at_depth(Depth::Words), Values::from(vec![0_u16, 32768, 65535, 0]));
        // Every byte comes back.
        let all = Values::from((0..=255).collect::<Vec<u8>>());
        for depth in [Depth::Words, Depth::Floats] {
            assert_eq!(all.clone().at_depth(depth).at_depth(Depth::Bytes), all);
        }
    }

    #[test]
    fn columns_are_taken_in_the_order_asked_for() {
        let pixels = Values::from(vec![1_u16, 2, 3, 10, 20, 30]);
        assert_eq!(pixels.columns(3, &[2, 0, 2]), Values::from(vec![3_u16, 1, 3, 30, 10, 30]));
    }
}
