//! Accuracy against the number of labels, for several ways of learning from the same draws of labels.

use serde::{Deserialize, Serialize};

use super::number;
use super::results::{Evaluation, Interval, ResultRow, Role};

/// Several ways of getting a classifier, each measured with more and more labels.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct LabelCurve {
    /// Its name in the script's `report` map.
    pub name: String,
    /// The images that everything was measured on.
    pub evaluation: Option<Evaluation>,
    /// The numbers of labels, ascending: the horizontal axis.
    pub counts: Vec<LabelCount>,
    /// The curves, in the order of the legend.
    pub series: Vec<CurveSeries>,
}

/// A number of labels.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct LabelCount {
    /// As people call it: "10" (a class), or "all".
    pub name: String,
    /// Labels a class; the mean over classes where they differ.
    pub per_class: f64,
    /// Labels in one draw.
    pub labels: usize,
}

/// One curve.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct CurveSeries {
    /// What it is called, unique within the curve: "simclr, fine-tuned".
    pub name: String,
    /// What it starts from: curves of one encoder share their color.
    pub encoder: String,
    /// How it learns from the labels: "finetune", "linear", "knn" or "pixels".
    pub method: String,
    /// What it stands for.
    pub role: Role,
    /// The curve from scratch that it is compared with.
    pub scratch: Option<String>,
    /// Whether the verdict speaks of it.
    pub headline: bool,
    /// One for each of [`LabelCurve::counts`].
    pub points: Vec<CurvePoint>,
}

/// One point of a curve.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct CurvePoint {
    /// Every draw, their mean, what they are compared with.
    pub result: ResultRow,
    /// Interval of the mean over draws; `None` for a single one.
    pub interval: Option<Interval>,
    /// How many labels of its curve from scratch it is worth.
    pub savings: Option<Savings>,
}

/// What a point is worth in labels a class of the curve from scratch.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Savings {
    /// By the mean difference.
    pub worth: Worth,
    /// By both ends of the difference's interval; `None` for a single draw.
    pub interval: Option<(Worth, Worth)>,
}

/// A number of labels a class, or the end of the curve that it lies beyond.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Worth {
    /// Labels a class.
    #[serde(deserialize_with = "number::or_nan", default = "number::nan")]
    pub labels: f64,
    /// How it is meant.
    pub bound: Bound,
}

/// How far a curve tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Bound {
    /// Read off between two points.
    #[default]
    About,
    /// The curve ends before.
    MoreThan,
    /// The curve begins behind.
    FewerThan,
}

/// Results compared with one of them, draw by draw.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Comparison {
    /// The result that the others are compared with.
    pub baseline: String,
    /// The images that everything was measured on.
    pub evaluation: Option<Evaluation>,
    /// The results; each but the baseline has its difference to it.
    pub rows: Vec<ResultRow>,
}

impl LabelCurve {
    /// The curve of this name.
    pub(crate) fn named(&self, name: &str) -> Option<&CurveSeries> {
        self.series.iter().find(|series| series.name == name)
    }
}
