//! How good features are while their encoder still learns: judged by the labeled images alone, each by the others.

use foretask_train::{Features, Metric, ProbeOptions, held_out_logits, largest};
use serde::{Deserialize, Serialize};

use crate::knn::vote;
use crate::{EvalError, KnnOptions, nearest};

/// Options of [`OnlineJudge`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OnlineOptions {
    /// Whether neighbors vote, each image left out in turn.
    pub knn: bool,
    /// Whether a linear probe is cross-validated ([`held_out_logits`]).
    pub probe: bool,
    /// Neighbors that vote.
    pub k: usize,
    /// Most images that are looked at, evenly chosen.
    pub most: usize,
}

impl Default for OnlineOptions {
    /// Both, k = 20 as in [`KnnOptions`], on at most 1,000 images.
    fn default() -> Self {
        Self { knn: true, probe: true, k: KnnOptions::default().k, most: 1000 }
    }
}

impl OnlineOptions {
    /// Refuses values that cannot work.
    ///
    /// # Errors
    /// [`EvalError::Option`] names the value at fault.
    pub fn check(&self) -> Result<(), EvalError> {
        if !self.knn && !self.probe {
            return Err(EvalError::option(
                "probe",
                false,
                "true where `knn` is false: else nothing is left to measure",
            ));
        }
        if self.k == 0 {
            return Err(EvalError::option("k", self.k, "at least 1, for example 20"));
        }
        if self.most < 2 {
            return Err(EvalError::option("most", self.most, "at least 2, for example 1000"));
        }
        Ok(())
    }
}

/// Judges features by labels it knows. The accuracies say how well each image is told by the *others*, so that the
/// evaluation images are never needed.
#[derive(Clone, Debug)]
pub struct OnlineJudge {
    labels: Vec<u32>,
    classes: usize,
    options: OnlineOptions,
    seed: u64,
}

impl OnlineJudge {
    /// `labels` are those of the images whose features will come, below `classes`; `seed` shuffles the parts of the
    /// cross-validation.
    ///
    /// # Errors
    /// [`EvalError`] for options out of range, fewer than two classes, or a class with a single image, which no other
    /// image could ever tell.
    pub fn new(labels: Vec<u32>, classes: usize, options: OnlineOptions, seed: u64) -> Result<Self, EvalError> {
        options.check()?;
        let mut counts = vec![0_usize; classes];
        for &label in &labels {
            let Some(count) = counts.get_mut(label as usize) else {
                return Err(EvalError::Input(format!("label {label} lies outside the {classes} classes")));
            };
            *count += 1;
        }
        if counts.iter().filter(|&&count| count > 0).count() < 2 {
            return Err(EvalError::Input("online accuracies need labeled images of at least two classes".into()));
        }
        if counts.contains(&1) {
            let text = "a class with one labeled image cannot be told by the other images; online accuracies need \
                        two or more a class";
            return Err(EvalError::Input(text.into()));
        }
        Ok(Self { labels, classes, options, seed })
    }

    /// `online_knn` and `online_probe`, fractions beside the chance level. One that cannot be computed (features that are
    /// not finite) is left out.
    pub fn metrics(&self, features: &Features) -> Vec<Metric> {
        let chance = 1.0 / self.classes as f64;
        let metric =
            |name, accuracy: Result<f64, EvalError>| Some(Metric::new(name, accuracy.ok()?).against("chance", chance));
        let knn = self.options.knn.then(|| metric("online_knn", self.told_by_neighbors(features))).flatten();
        let probe = self.options.probe.then(|| metric("online_probe", self.told_by_probe(features))).flatten();
        knn.into_iter().chain(probe).collect()
    }

    /// Share of the images that their neighbors tell, without themselves.
    fn told_by_neighbors(&self, features: &Features) -> Result<f64, EvalError> {
        let temperature = KnnOptions::default().temperature;
        let mut right = 0;
        for (own, mut neighbors) in nearest(features, features, self.options.k + 1)?.into_iter().enumerate() {
            neighbors.retain(|neighbor| neighbor.index as usize != own);
            neighbors.truncate(self.options.k);
            let votes = vote(&neighbors, &self.labels, self.classes, temperature);
            right += usize::from(largest(&votes) == self.labels[own] as usize);
        }
        Ok(right as f64 / self.labels.len() as f64)
    }

    /// Share of the images that probes fitted without them tell.
    fn told_by_probe(&self, features: &Features) -> Result<f64, EvalError> {
        let options = ProbeOptions { seed: self.seed, ..ProbeOptions::default() };
        let found = held_out_logits(features, &self.labels, self.classes, None, &options)?;
        let answers = found.logits.chunks_exact(self.classes).zip(&found.labels);
        let right = answers.filter(|(row, label)| largest(row) == **label as usize).count();
        Ok(right as f64 / found.len().max(1) as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn features(rows: &[[f32; 2]]) -> Features {
        Features { data: rows.concat(), dim: 2, rows: (0..rows.len() as u64).collect() }
    }

    fn value(metrics: &[Metric], name: &str) -> f64 {
        metrics.iter().find(|metric| metric.name == name).unwrap().value
    }

    #[test]
    fn neighbors_vote_without_the_image_itself() {
        // By direction: images 0 and 1 are close, 2 and 3 are close, 4 lies beside 3 but is of the other class.
        let rows = [[1.0, 0.0], [1.0, 0.1], [0.0, 1.0], [0.1, 1.0], [0.2, 1.0]];
        let options = OnlineOptions { k: 1, probe: false, ..OnlineOptions::default() };
        let judge = OnlineJudge::new(vec![0, 0, 1, 1, 0], 2, options, 0).unwrap();
        // 0 and 1 tell each other, 2 is told by 3, 4 is told wrongly by 3; 3's nearest is 2 (0.995) or 4 (0.995):
        // cos(2,3) = 1/sqrt(1.01) = 0.99504, cos(3,4) = 1.02/sqrt(1.01*1.04) = 0.99524, so 4 tells it wrongly.
        let found = judge.metrics(&features(&rows));
        assert_eq!(found.len(), 1);
        assert!((value(&found, "online_knn") - 0.6).abs() < 1e-12);
        assert_eq!(found[0].reference.as_ref().map(|r| r.value), Some(0.5));
    }

    #[test]
    fn a_probe_tells_what_can_be_told_and_no_more() {
        let rows: Vec<[f32; 2]> = (0..40).map(|i| [if i % 2 == 0 { 1.0 } else { -1.0 }, (i % 7) as f32]).collect();
        let told: Vec<u32> = (0..40).map(|i| i % 2).collect();
        let judge = OnlineJudge::new(told, 2, OnlineOptions::default(), 0).unwrap();
        assert!(value(&judge.metrics(&features(&rows)), "online_probe") > 0.99);
        // Labels that have nothing to do with the features: about a coin's throw, far from what fitting them would give.
        let mut rng = foretask_random::Key::new(4).rng();
        let thrown: Vec<u32> = (0..40).map(|_| rng.below(2) as u32).collect();
        let judge = OnlineJudge::new(thrown, 2, OnlineOptions::default(), 0).unwrap();
        assert!(value(&judge.metrics(&features(&rows)), "online_probe") < 0.75);
    }

    #[test]
    fn what_cannot_be_judged_is_refused() {
        let refused = |labels: &[u32], classes, options| {
            OnlineJudge::new(labels.to_vec(), classes, options, 0).unwrap_err().to_string()
        };
        let usual = OnlineOptions::default;
        assert!(refused(&[0, 0, 1], 2, usual()).contains("two or more a class"));
        assert!(refused(&[0, 0], 2, usual()).contains("two classes"));
        assert!(refused(&[0, 0, 5], 2, usual()).contains("label 5"));
        let nothing = OnlineOptions { knn: false, probe: false, ..usual() };
        assert!(refused(&[0, 0, 1, 1], 2, nothing).contains("nothing is left"));
        assert!(refused(&[0, 0, 1, 1], 2, OnlineOptions { k: 0, ..usual() }).contains('k'));
    }
}
