//! What was assumed of an image to make pixels of it.

use std::ops::BitOr;

/// A set of remarks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Notes(u16);

impl Notes {
    pub(super) const EIGHT_BITS: Self = Self(1);
    pub(super) const TWELVE_BITS: Self = Self(2);
    pub(super) const FLOATS_TO_255: Self = Self(4);
    pub(super) const FLOATS_TO_4095: Self = Self(8);
    pub(super) const FLOATS_TO_65535: Self = Self(16);
    pub(super) const NOT_NUMBERS: Self = Self(32);
    pub(super) const FURTHER_CHANNELS: Self = Self(64);
    pub(super) const FURTHER_PAGES: Self = Self(128);

    pub(super) const BEYOND_WHITE: Self = Self(256);

    pub(super) const CHANNELS_FIRST: Self = Self(512);

    pub(super) const WINDOW: Self = Self(1024);

    pub(super) const BRIGHTNESS_TABLE: Self = Self(2048);

    /// All of them, in words.
    pub(crate) const ALL: [(Self, &'static str); 12] = [
        (Self::EIGHT_BITS, "values of 16 bits that use 8 bits only, taken as such: white is 255"),
        (Self::TWELVE_BITS, "values of 16 bits that use 12 bits only, taken as such: white is 4095"),
        (Self::FLOATS_TO_255, "floating-point values beyond 1, taken as 0 to 255"),
        (Self::FLOATS_TO_4095, "floating-point values beyond 255, taken as 0 to 4095"),
        (Self::FLOATS_TO_65535, "floating-point values beyond 4095, taken as 0 to 65535"),
        (Self::NOT_NUMBERS, "values that are infinite or not numbers, taken as white or black"),
        (Self::FURTHER_CHANNELS, "channels beside gray or color that are no transparency, left out"),
        (
            Self::FURTHER_PAGES,
            "several pages or frames, only the first of which is used (`channels: \"pages\"` takes all as channels)",
        ),
        (Self::BEYOND_WHITE, "values beyond what is white in the dataset, cut off there (`range` says what is)"),
        (Self::CHANNELS_FIRST, "arrays whose first axis is the shortest, taken as (channels, rows, columns)"),
        (
            Self::WINDOW,
            "a window of brightness, each file's own, says what is black and white (`range` says it for all)",
        ),
        (Self::BRIGHTNESS_TABLE, "a table of brightness (VOI LUT), which is not applied"),
    ];

    pub(crate) fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    pub(super) fn without(self, others: Self) -> Self {
        Self(self.0 & !others.0)
    }

    /// Those of these that are among them.
    pub(super) fn only(self, others: Self) -> Self {
        Self(self.0 & others.0)
    }

    #[cfg(test)]
    pub(crate) fn in_words(self) -> Vec<&'static str> {
        Self::ALL.iter().filter(|(note, _)| self.contains(*note)).map(|(_, words)| *words).collect()
    }
}

impl BitOr for Notes {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}
