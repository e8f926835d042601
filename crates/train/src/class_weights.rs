//! What an image counts by its class, where classes are of unequal size.

use serde::{Deserialize, Serialize};

/// What a labeled image counts while a classifier learns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClassWeights {
    /// Every image alike: the frequent classes decide.
    #[default]
    Even,
    /// Every class alike: an image counts `images / (classes * images of its class)`, as scikit-learn's `class_weight="balanced"`
    /// has it (King and Zeng 2001, *Logistic Regression in Rare Events Data*). Probabilities are then those of a world in which
    /// the classes are alike often.
    Balanced,
}

impl ClassWeights {
    /// What the reference says of it.
    pub const ABOUT: &'static str = "what an image counts in learning; \"balanced\": every class alike, however rare";

    /// Whether every image counts alike.
    // Taken by reference because serde asks so.
    #[allow(clippy::trivially_copy_pass_by_ref)]
    pub fn is_even(&self) -> bool {
        *self == Self::Even
    }

    /// What an image of each class counts, `[classes]`: 1 on average over `labels`, 0 for a class that does not occur. None
    /// where all count alike.
    pub fn factors(self, labels: &[u32], classes: usize) -> Option<Vec<f64>> {
        if self.is_even() {
            return None;
        }
        let mut counts = vec![0_usize; classes];
        for &label in labels {
            counts[label as usize] += 1;
        }
        let present = counts.iter().filter(|&&count| count > 0).count();
        let factor = |&count: &usize| {
            if count == 0 { 0.0 } else { labels.len() as f64 / (present * count) as f64 }
        };
        Some(counts.iter().map(factor).collect())
    }

    /// What each of the labeled images counts.
    pub(crate) fn of_each(self, labels: &[u32], classes: usize) -> Vec<f64> {
        match self.factors(labels, classes) {
            Some(factors) => labels.iter().map(|&label| factors[label as usize]).collect(),
            None => vec![1.0; labels.len()],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_class_counts_alike_and_an_image_1_on_average() {
        // scikit-learn: compute_class_weight("balanced", classes=[0, 1, 3], y=[0, 0, 0, 1, 3, 3]) = [2/3, 2, 1].
        let labels = [0, 0, 0, 1, 3, 3];
        assert_eq!(ClassWeights::Balanced.factors(&labels, 4).unwrap(), [6.0 / 9.0, 2.0, 0.0, 1.0]);
        assert_eq!(ClassWeights::Even.factors(&labels, 4), None);
        let each = ClassWeights::Balanced.of_each(&labels, 4);
        assert!((each.iter().sum::<f64>() - 6.0).abs() < 1e-12, "{each:?}");
        assert_eq!(ClassWeights::Even.of_each(&labels, 4), [1.0; 6]);
    }
}
