//! Options of the word `label_curve`.

use foretask_eval::KnnOptions;
use foretask_train::{FinetuneOptions, ProbeOptions};
use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A number of labels as a script asks for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LabelsAsked {
    /// So many of each class, drawn.
    PerClass(u64),
    /// Every label there is.
    All,
}

/// How a curve's classifiers learn from the labels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CurveMethod {
    /// The whole network is trained.
    Finetune,
    /// A linear probe of the frozen features.
    Linear,
    /// The nearest labeled images vote.
    Knn,
}

/// What stands beside the encoders.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Baseline {
    /// The same network from random weights, trained to convergence.
    Scratch,
    /// Logistic regression on raw pixels.
    Pixels,
    /// A linear probe of the same network, never trained.
    Random,
}

/// Options of the word `label_curve`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CurveOptions {
    /// Numbers of labels a class, ascending; `None` is auto.
    pub labels: Option<Vec<LabelsAsked>>,
    /// Label draws of each number.
    pub seeds: u64,
    /// Seed of the first draw.
    pub seed: Option<u64>,
    /// How each encoder is judged.
    pub methods: Vec<CurveMethod>,
    /// What stands beside the encoders.
    #[serde(rename = "yardsticks")]
    pub baselines: Vec<Baseline>,
    /// Options of `finetune` from an encoder.
    pub finetune: FinetuneOptions,
    /// Options of `finetune` from scratch.
    pub scratch: FinetuneOptions,
    /// Options of `linear_probe` and `pixel_probe`.
    pub linear: ProbeOptions,
    /// Options of `knn`.
    pub knn: KnnOptions,
}

impl Default for CurveOptions {
    fn default() -> Self {
        Self {
            labels: None,
            seeds: 3,
            seed: None,
            methods: vec![CurveMethod::Finetune, CurveMethod::Linear, CurveMethod::Knn],
            baselines: vec![Baseline::Scratch, Baseline::Pixels],
            // Curves compare: what an encoder costs where it harms must be seen.
            finetune: FinetuneOptions { guard: false, ..FinetuneOptions::default() },
            scratch: FinetuneOptions::default(),
            linear: ProbeOptions::default(),
            knn: KnnOptions::default(),
        }
    }
}

impl Serialize for LabelsAsked {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::PerClass(n) => serializer.serialize_u64(*n),
            Self::All => serializer.serialize_str("all"),
        }
    }
}

impl<'de> Deserialize<'de> for LabelsAsked {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Asked;
        impl Visitor<'_> for Asked {
            type Value = LabelsAsked;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a whole number of labels a class from 1, or \"all\"")
            }

            fn visit_u64<E: Error>(self, n: u64) -> Result<LabelsAsked, E> {
                if n == 0 {
                    return Err(E::invalid_value(serde::de::Unexpected::Unsigned(0), &self));
                }
                Ok(LabelsAsked::PerClass(n))
            }

            fn visit_i64<E: Error>(self, n: i64) -> Result<LabelsAsked, E> {
                let n = u64::try_from(n).map_err(|_| E::invalid_value(serde::de::Unexpected::Signed(n), &self))?;
                self.visit_u64(n)
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<LabelsAsked, E> {
                if text == "all" {
                    return Ok(LabelsAsked::All);
                }
                Err(E::invalid_value(serde::de::Unexpected::Str(text), &self))
            }
        }
        deserializer.deserialize_any(Asked)
    }
}
