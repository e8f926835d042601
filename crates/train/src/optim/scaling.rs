//! Learning rates by batch size.

use serde::{Deserialize, Serialize};

/// The batch that published learning rates are for.
const REFERENCE_BATCH: f64 = 256.0;

/// How a learning rate that is given for a batch of 256 becomes that of another batch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scaling {
    /// Not at all.
    #[default]
    None,
    /// In proportion to the batch (Goyal et al. 2017, <https://arxiv.org/abs/1706.02677>): SGD and LARS.
    Linear,
    /// With its square root: Adam, and `SimCLR` with small batches (its `0.075 * sqrt(batch)` is 1.2 at 256).
    Sqrt,
}

impl Scaling {
    /// All names.
    pub const NAMES: [&'static str; 3] = ["none", "linear", "sqrt"];

    /// `none`, `linear` or `sqrt`.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Linear => "linear",
            Self::Sqrt => "sqrt",
        }
    }

    /// The rule with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::None, Self::Linear, Self::Sqrt].into_iter().find(|rule| rule.name() == name)
    }

    /// The learning rate for a batch of `batch` images, `base` being that for 256.
    pub fn learning_rate(self, base: f64, batch: usize) -> f64 {
        let times = batch as f64 / REFERENCE_BATCH;
        match self {
            Self::None => base,
            Self::Linear => base * times,
            Self::Sqrt => base * times.sqrt(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_learning_rates() {
        // SimCLR: 0.3 * 4096 / 256 = 4.8; 0.075 * sqrt(512).
        assert!((Scaling::Linear.learning_rate(0.3, 4096) - 4.8).abs() < 1e-12);
        assert!((Scaling::Sqrt.learning_rate(1.2, 512) - 0.075 * 512_f64.sqrt()).abs() < 1e-12);
        assert_eq!(Scaling::None.learning_rate(0.3, 64), 0.3);
        assert!([Scaling::Linear, Scaling::Sqrt].iter().all(|rule| rule.learning_rate(0.3, 256) == 0.3));
    }

    #[test]
    fn names_come_back() {
        assert!(Scaling::NAMES.iter().all(|name| Scaling::from_name(name).is_some_and(|rule| rule.name() == *name)));
        assert_eq!(Scaling::from_name("quadratic"), None);
        assert_eq!(serde_json::to_string(&Scaling::Sqrt).unwrap(), "\"sqrt\"");
    }
}
