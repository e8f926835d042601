//! How training went: one history per stage.

use serde::{Deserialize, Serialize};

use super::number;

/// One training stage with its curves.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Stage {
    /// Name of the stage, unique within a report ("simclr", "super_resolution").
    pub name: String,
    /// What it did, in words ("pretraining with simclr on 10 000 unlabeled images").
    pub description: String,
    /// Steps done.
    pub steps: u64,
    /// Source images drawn over all steps.
    pub images: u64,
    /// Seconds it took when it was run.
    pub seconds: Option<f64>,
    /// Source images per second.
    pub images_per_second: Option<f64>,
    /// Share of the time spent waiting for data, 0..1.
    pub data_wait: Option<f64>,
    /// Whether the stage was loaded from an earlier run instead of run anew.
    pub reused: bool,
    /// Features per embedding, d in the collapse gauge 1/sqrt(d).
    pub embedding_dim: Option<usize>,
    /// What is measured besides the loss: the task's own measures, and accuracies on labeled images where they were asked for.
    pub metrics: Vec<Metric>,
    /// The health line of each epoch.
    pub history: Vec<HistoryPoint>,
}

/// A measure of a stage.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Metric {
    /// Name ("accuracy of the turn", "PSNR").
    pub name: String,
    /// Unit of the axis ("dB"); empty for none. With "%" the values are fractions and shown as percentages.
    pub unit: String,
    /// What guessing (or, for images, plain interpolation) reaches, in the metric's values.
    pub chance: Option<f64>,
    /// What `chance` is ("chance", "bicubic").
    pub chance_name: String,
    /// Its value at each point of [`Stage::history`]; NaN where it was not measured.
    #[serde(deserialize_with = "number::all_or_nan")]
    pub values: Vec<f64>,
}

/// One point of the curves. NaN = not measured or not finite: the curve has a gap there.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct HistoryPoint {
    /// Training step, from 1.
    pub step: u64,
    /// Epochs done, with fractions.
    #[serde(deserialize_with = "number::or_nan")]
    pub epoch: f64,
    /// Mean training loss since the last point.
    #[serde(deserialize_with = "number::or_nan")]
    pub loss: f64,
    /// Global gradient norm before clipping, mean since the last point.
    #[serde(deserialize_with = "number::or_nan")]
    pub gradient_norm: f64,
    /// Standard deviation of the L2-normalized embeddings, mean over channels; 1/sqrt(d) when they fill the sphere.
    #[serde(deserialize_with = "number::or_nan")]
    pub embedding_std: f64,
    /// Effective rank of the features (`RankMe`, arXiv 2210.02885).
    #[serde(deserialize_with = "number::or_nan")]
    pub effective_rank: f64,
}

impl Default for HistoryPoint {
    fn default() -> Self {
        Self {
            step: 0,
            epoch: f64::NAN,
            loss: f64::NAN,
            gradient_norm: f64::NAN,
            embedding_std: f64::NAN,
            effective_rank: f64::NAN,
        }
    }
}
