//! Weighted k-nearest-neighbor classification of frozen features.

use foretask_train::Features;
use serde::{Deserialize, Serialize};

use crate::{EvalError, Neighbor, nearest};

/// Options of [`knn`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct KnnOptions {
    /// Neighbors that vote; all of the bank where it is smaller.
    pub k: usize,
    /// A neighbor of cosine similarity s votes with weight exp(s / temperature).
    pub temperature: f64,
}

impl Default for KnnOptions {
    /// k = 20 at temperature 0.07, as DINO (Caron et al. 2021) reports.
    fn default() -> Self {
        Self { k: 20, temperature: 0.07 }
    }
}

impl KnnOptions {
    /// Refuses values that cannot work.
    ///
    /// # Errors
    /// [`EvalError::Option`] names the value at fault.
    pub fn check(&self) -> Result<(), EvalError> {
        if self.k == 0 {
            return Err(EvalError::option("k", self.k, "at least 1, for example 20"));
        }
        if !(self.temperature.is_finite() && self.temperature > 0.0) {
            return Err(EvalError::option("temperature", self.temperature, "a number above 0, for example 0.07"));
        }
        Ok(())
    }
}

/// Probabilities `[queries, classes]`: the share of each class in the weighted vote of the nearest rows of `bank` (Wu et
/// al. 2018, "Unsupervised feature learning via non-parametric instance discrimination"). `labels` are one per row of the
/// bank. With few labels the bank is the labeled images; with many it measures the representation. From very many on nearly all of the
/// nearest rows vote, see [`nearest`].
///
/// # Errors
/// An empty bank, labels that do not fit it, features of different length, an option out of range.
pub fn knn(
    bank: &Features,
    labels: &[u32],
    classes: usize,
    queries: &Features,
    options: &KnnOptions,
) -> Result<Vec<f32>, EvalError> {
    options.check()?;
    if labels.is_empty() || labels.len() * bank.dim != bank.data.len() {
        return Err(EvalError::Input(format!(
            "the bank of a kNN classifier needs a label for each image, but {} labels stand against {} images",
            labels.len(),
            bank.data.len() / bank.dim.max(1)
        )));
    }
    if let Some(label) = labels.iter().find(|&&label| label as usize >= classes) {
        return Err(EvalError::Input(format!("label {label} lies outside the {classes} classes")));
    }
    let mut out = Vec::with_capacity(queries.data.len() / queries.dim.max(1) * classes);
    for neighbors in nearest(bank, queries, options.k)? {
        out.extend(vote(&neighbors, labels, classes, options.temperature));
    }
    Ok(out)
}

/// Each class's share of the weighted vote; `neighbors` best first.
pub(crate) fn vote(neighbors: &[Neighbor], labels: &[u32], classes: usize, temperature: f64) -> Vec<f32> {
    let mut votes = vec![0.0_f64; classes];
    // Relative to the nearest, so that no temperature can overflow.
    let best = neighbors.first().map_or(0.0, |n| f64::from(n.similarity));
    for neighbor in neighbors {
        let weight = ((f64::from(neighbor.similarity) - best) / temperature).exp();
        votes[labels[neighbor.index as usize] as usize] += weight;
    }
    let sum: f64 = votes.iter().sum();
    votes.iter().map(|v| (v / sum) as f32).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn votes_by_hand() {
        let bank = Features { data: vec![1.0, 0.0, 0.6, 0.8, 0.0, 1.0], dim: 2, rows: vec![0, 1, 2] };
        let query = Features { data: vec![1.0, 0.0], dim: 2, rows: vec![0] };
        let options = KnnOptions { k: 2, temperature: 0.5 };
        // Similarities 1, 0.6, 0: the first two vote with e^2 and e^1.2.
        let votes = knn(&bank, &[1, 0, 0], 3, &query, &options).unwrap();
        let share = 2.0_f64.exp() / (2.0_f64.exp() + 1.2_f64.exp());
        assert!((f64::from(votes[1]) - share).abs() < 1e-6 && votes[2] == 0.0);
        assert!((votes[0] + votes[1] - 1.0).abs() < 1e-6);
        // A tiny temperature is the nearest neighbor alone.
        let sharp = knn(&bank, &[1, 0, 0], 3, &query, &KnnOptions { k: 3, temperature: 1e-4 }).unwrap();
        assert_eq!(sharp, [0.0, 1.0, 0.0]);
    }

    #[test]
    fn what_cannot_vote_is_refused() {
        let bank = Features { data: vec![1.0, 0.0], dim: 2, rows: vec![0] };
        let ask = |labels: &[u32], options: KnnOptions| knn(&bank, labels, 2, &bank, &options).unwrap_err().to_string();
        assert!(ask(&[], KnnOptions::default()).contains("0 labels"));
        assert!(ask(&[5], KnnOptions::default()).contains("label 5"));
        assert!(ask(&[0], KnnOptions { k: 0, ..KnnOptions::default() }).contains('k'));
        assert!(ask(&[0], KnnOptions { temperature: 0.0, ..KnnOptions::default() }).contains("temperature"));
    }
}
