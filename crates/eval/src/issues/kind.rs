//! The kinds of issues, and what they are called.

use serde::{Deserialize, Serialize};

/// What may be wrong with an image, in the order in which people look at it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IssueKind {
    /// The label is probably wrong.
    Label,
    /// Another image is nearly the same.
    Duplicate,
    /// Unlike all others.
    Outlier,
    /// Out of focus.
    Blurred,
    /// Too dark to show anything.
    Dark,
    /// Burned out.
    Overexposed,
    /// Nothing in it but one tone.
    Uniform,
    /// Much larger or smaller than the others.
    Size,
    /// A strip rather than a picture.
    Shape,
    /// It seems to lie on its side or its head.
    Turned,
}

impl IssueKind {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Label,
        Self::Duplicate,
        Self::Outlier,
        Self::Blurred,
        Self::Dark,
        Self::Overexposed,
        Self::Uniform,
        Self::Size,
        Self::Shape,
        Self::Turned,
    ];

    /// As tables and scripts call it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Label => "label",
            Self::Duplicate => "duplicate",
            Self::Outlier => "outlier",
            Self::Blurred => "blurred",
            Self::Dark => "dark",
            Self::Overexposed => "overexposed",
            Self::Uniform => "uniform",
            Self::Size => "size",
            Self::Shape => "shape",
            Self::Turned => "turned",
        }
    }

    /// The kind of a name.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// As a title.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Label => "Probably wrong labels",
            Self::Duplicate => "Near-duplicates",
            Self::Outlier => "Outliers",
            Self::Blurred => "Blurred",
            Self::Dark => "Dark",
            Self::Overexposed => "Overexposed",
            Self::Uniform => "Uniform",
            Self::Size => "Odd sizes",
            Self::Shape => "Odd shapes",
            Self::Turned => "Turned",
        }
    }

    /// What its value counts.
    pub const fn measure(self) -> &'static str {
        match self {
            Self::Label => "probability of the label by a classifier that has not seen it, 0 to 1",
            Self::Duplicate => "cosine similarity to the other image, at most 1",
            Self::Outlier => "distance to the nearest images, in multiples of the usual one",
            Self::Blurred => "sharpness: what neighboring pixels differ by against what all do",
            Self::Dark => "brightness that 99 in 100 of its pixels stay below, 0 to 1",
            Self::Overexposed => "brightness that 5 in 100 of its pixels stay below, 0 to 1",
            Self::Uniform => "standard deviation of its gray levels, 0 to 0.5",
            Self::Size => "side of a square of its area, in multiples of the usual one",
            Self::Shape => "shorter side over longer side, 0 to 1",
            Self::Turned => "probability that it is turned, 0 to 1",
        }
    }

    /// A value of it in words.
    pub fn in_words(self, value: f64) -> String {
        match self {
            Self::Label => format!("its label gets {:.0} %", 100.0 * value),
            Self::Duplicate => format!("{value:.3} alike"),
            Self::Outlier => format!("{value:.1} times as far from its neighbors as usual"),
            Self::Blurred => format!("sharpness {value:.2}"),
            Self::Dark => format!("hardly brighter than {:.0} %", 100.0 * value),
            Self::Overexposed => format!("hardly darker than {:.0} %", 100.0 * value),
            Self::Uniform => format!("tones vary by {:.1} %", 100.0 * value),
            Self::Size if value < 1.0 => format!("{:.1} times smaller than usual", 1.0 / value.max(1e-9)),
            Self::Size => format!("{value:.1} times larger than usual"),
            Self::Shape => format!("1 to {:.1}", 1.0 / value.max(1e-9)),
            Self::Turned => format!("turned, {:.0} % sure", 100.0 * value),
        }
    }
}
