//! Accuracies with all that makes them honest: every draw, the paired difference, chance, cost.

use serde::{Deserialize, Serialize};

use super::number;
use super::outcome::Outcome;

/// What a result stands for in the comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Pretrained on unlabeled images: what the experiment is about.
    Pretrained,
    /// The same network, never pretrained, trained to convergence on the same labels.
    Scratch,
    /// A baseline: raw pixels, a random frozen encoder.
    Baseline,
    /// Anything else.
    #[default]
    Other,
}

/// The images that all results were measured on.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Evaluation {
    /// What the user calls them ("fashion-mini, split test").
    pub name: String,
    /// How many images.
    pub images: usize,
    /// Class names in numbering order.
    pub classes: Vec<String>,
    /// Accuracy of guessing evenly, 0..1 (1 / classes).
    pub chance: Option<f64>,
    /// Accuracy of always naming the most frequent class.
    pub majority: Option<ClassShare>,
}

/// A class and its share of the images.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClassShare {
    /// Class name.
    pub class: String,
    /// Share of the images, 0..1.
    pub share: f64,
}

/// One row of the table: one way of getting a classifier, measured once per label draw.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ResultRow {
    /// Its name in the script's `report` map; unique within a report.
    pub name: String,
    /// What it stands for.
    pub role: Role,
    /// How the classifier came about, as it really did ("resnet10 after simclr, fine-tuned").
    pub protocol: String,
    /// Labeled images used in one draw.
    pub labels: usize,
    /// Labeled images of each class, when equal.
    pub labels_per_class: Option<usize>,
    /// Every draw of labeled images; the same seed in two rows is the same labeled images.
    pub draws: Vec<Draw>,
    /// Mean accuracy over draws, 0..1.
    #[serde(deserialize_with = "number::or_nan")]
    pub mean: f64,
    /// Sample standard deviation over draws (n - 1), 0..1; `None` for a single draw.
    pub sd: Option<f64>,
    /// Interval of the mean by the draws of labels: how far other labels would have moved it. `None` for a single draw.
    pub over_draws: Option<Interval>,
    /// Interval of the mean by the number of evaluation images: how far other images would have moved it.
    pub over_images: Option<Interval>,
    /// This result minus other results, paired by draw.
    pub differences: Vec<Difference>,
    /// Seconds for all draws together: training on the labels and evaluating.
    pub seconds: Option<f64>,
    /// Seconds of pretraining that this result rests on; `None` without pretraining.
    pub pretraining_seconds: Option<f64>,
    /// Whether training on the labels converged in every draw; `None` where the question makes no sense.
    pub converged: Option<bool>,
    /// The training stage ([`super::Stage::name`]) whose encoder this used.
    pub stage: Option<String>,
    /// How far its confidence can be believed; `None` where nobody looked.
    pub confidence: Option<Confidence>,
    /// The classifier of each draw, a file in `weights/` beside the results; none where nothing was trained that could be kept.
    pub weights: Vec<Option<String>>,
}

/// How far the probabilities of a result can be believed, each figure the mean over draws.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Confidence {
    /// What logits are divided by before they become probabilities; `None` where nothing was calibrated.
    pub temperature: Option<f64>,
    /// Why, in words, of the first draw.
    pub reason: String,
    /// Mean of -ln(probability of the true class).
    #[serde(deserialize_with = "number::or_nan")]
    pub log_loss: f64,
    /// Expected calibration error over 15 bins of confidence, 0..1.
    #[serde(deserialize_with = "number::or_nan")]
    pub calibration_error: f64,
}

impl Default for ResultRow {
    fn default() -> Self {
        Self {
            name: String::new(),
            role: Role::Other,
            protocol: String::new(),
            labels: 0,
            labels_per_class: None,
            draws: Vec::new(),
            mean: f64::NAN,
            sd: None,
            over_draws: None,
            over_images: None,
            differences: Vec::new(),
            seconds: None,
            pretraining_seconds: None,
            converged: None,
            stage: None,
            confidence: None,
            weights: Vec::new(),
        }
    }
}

impl ResultRow {
    /// The mean for choosing the best: what could not be measured loses.
    pub(crate) fn level(&self) -> f64 {
        if self.mean.is_finite() { self.mean } else { f64::NEG_INFINITY }
    }

    /// The paired difference to the result named `reference`.
    pub fn difference_to(&self, reference: &str) -> Option<&Difference> {
        self.differences.iter().find(|difference| difference.reference == reference)
    }
}

/// Accuracy with one draw of labeled images.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Draw {
    /// Seed of the draw.
    pub seed: u64,
    /// Share of evaluation images named correctly, 0..1.
    #[serde(deserialize_with = "number::or_nan", default = "number::nan")]
    pub accuracy: f64,
}

/// Paired difference of two results over label draws. Fractions, not points: 0.031 is 3.1 points.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Difference {
    /// Name of the result that is subtracted.
    pub reference: String,
    /// One difference per shared draw.
    pub draws: Vec<Draw>,
    /// Their mean.
    #[serde(deserialize_with = "number::or_nan", default = "number::nan")]
    pub mean: f64,
    /// Interval of the mean; `None` with fewer than two shared draws.
    #[serde(default)]
    pub interval: Option<Interval>,
}

impl Difference {
    /// On how many draws the result was better than the reference.
    pub fn better(&self) -> usize {
        self.draws.iter().filter(|draw| draw.accuracy > 0.0).count()
    }

    /// Whether its whole interval lies above 0, below 0, or neither.
    pub fn outcome(&self) -> Outcome {
        match &self.interval {
            Some(interval) if interval.low > 0.0 => Outcome::Helped,
            Some(interval) if interval.high < 0.0 => Outcome::Hurt,
            _ => Outcome::Unclear,
        }
    }
}

/// A confidence interval.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// Lower end.
    #[serde(deserialize_with = "number::or_nan", default = "number::nan")]
    pub low: f64,
    /// Upper end.
    #[serde(deserialize_with = "number::or_nan", default = "number::nan")]
    pub high: f64,
    /// Confidence, 0..1 (0.95).
    pub level: f64,
    /// How it was computed ("Student's t, 2 degrees of freedom").
    #[serde(default)]
    pub method: String,
}

/// Which classes were taken for which.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Confusion {
    /// Name of the result.
    pub result: String,
    /// What was counted ("label draw 1", "sum of 3 label draws").
    pub basis: String,
    /// Class names in numbering order.
    pub classes: Vec<String>,
    /// `counts[true class][predicted class]`.
    pub counts: Vec<Vec<u64>>,
    /// Where the share of each true class that was answered rightly may lie for all images of the class, by the number of images
    /// that were asked; none for a class without any.
    pub intervals: Vec<Option<Interval>>,
}
