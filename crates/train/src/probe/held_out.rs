//! What classifiers say of labeled images that they have not learned from: what a temperature is fitted to.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::cross_validation::stratified_folds;
use super::{LinearProbe, ProbeOptions, Standardization, linear_probe};
use crate::{Features, Interrupt, TrainError};

/// Parts that the labeled images are left out in; as many as there are images up to this number.
const MOST_PARTS: usize = 10;
/// From so many labels on a single part says enough.
const ONE_PART_FROM: usize = 1000;
/// The hundredth of a logit says nothing about a temperature.
const TOLERANCE: f64 = 1e-3;

/// Answers for labeled images, each by a classifier that has not learned from that image.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct HeldOut {
    /// `[images, classes]`.
    pub logits: Vec<f32>,
    /// Class of each image.
    pub labels: Vec<u32>,
    /// How they were held out, in words.
    pub how: String,
    /// Where the encoder has learned from labels, too: how far (1 - cosine) each image is from the nearest of those that were
    /// not held out, in the features of the encoder that has not seen it. Empty for probes, whose features know no labels.
    #[serde(default)]
    pub distances: Vec<f32>,
}

impl HeldOut {
    /// Number of images.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// Adds the answers of a linear classifier to some images.
    pub fn add(&mut self, head: &LinearProbe, features: &[f32], labels: &[u32]) {
        self.logits.extend(head.logits(features));
        self.labels.extend(labels);
    }
}

/// The answers of probes like [`linear_probe`]'s, each fitted without a part of the labeled images and asked about that part.
/// An image that is alone in its class is never left out: nobody could know its class then.
///
/// # Errors
/// As [`linear_probe`].
pub fn held_out_logits(
    features: &Features,
    labels: &[u32],
    classes: usize,
    statistics: Option<&Standardization>,
    options: &ProbeOptions,
) -> Result<HeldOut, TrainError> {
    let options = ProbeOptions { tolerance: options.tolerance.max(TOLERANCE), ..options.clone() };
    let own;
    let statistics = if let Some(given) = statistics {
        given
    } else {
        // Of all labeled images, as the probe itself has them; they say nothing about labels.
        own = Standardization::of(&features.data, features.dim);
        &own
    };
    let parts = parts(labels, options.seed);
    let asked = Interrupt::of_this_thread();
    let answers: Vec<Result<HeldOut, TrainError>> = parts
        .par_iter()
        .map(|held| {
            let kept: Vec<u32> = (0..labels.len() as u32).filter(|i| held.binary_search(i).is_err()).collect();
            let of = |rows: &[u32]| rows.iter().map(|&i| labels[i as usize]).collect::<Vec<u32>>();
            let (some, known) = (features.select(&kept), of(&kept));
            let probe = asked.obeyed(|| linear_probe(&some, &known, classes, Some(statistics), &options))?;
            let mut answers = HeldOut::default();
            answers.add(&probe, &features.select(held).data, &of(held));
            Ok(answers)
        })
        .collect();
    let how = format!("{} probes, each fitted without a part of the labeled images", parts.len());
    let mut all = HeldOut { how, ..HeldOut::default() };
    for part in answers {
        let part = part?;
        all.logits.extend(part.logits);
        all.labels.extend(part.labels);
    }
    Ok(all)
}

/// The images to leave out together. Every part leaves two classes at least to learn from.
fn parts(labels: &[u32], seed: u64) -> Vec<Vec<u32>> {
    let several = |label: &u32| labels.iter().filter(|other| *other == label).nth(1).is_some();
    let positions: Vec<u32> = (0..labels.len() as u32).filter(|&i| several(&labels[i as usize])).collect();
    let chosen: Vec<u32> = positions.iter().map(|&i| labels[i as usize]).collect();
    let folds = MOST_PARTS.min(chosen.len());
    let whole_class = |part: &[u32]| {
        part.iter().any(|&i| {
            let label = labels[i as usize];
            let inside = part.iter().filter(|&&j| labels[j as usize] == label).count();
            inside == labels.iter().filter(|&&other| other == label).count()
        })
    };
    let folded = |folds: usize| -> Vec<Vec<u32>> {
        let parts = stratified_folds(&chosen, folds, seed);
        let parts = parts.iter().filter(|part| !part.is_empty());
        parts.map(|part| part.iter().map(|&at| positions[at]).collect()).collect()
    };
    if chosen.is_empty() {
        return Vec::new();
    }
    let mut dealt = folded(folds);
    if labels.len() >= ONE_PART_FROM {
        dealt.truncate(1);
    }
    // Dealt in turn across classes, two images of a pair may meet in one part where there are few parts; alone they never do.
    if dealt.iter().any(|part| whole_class(part)) { folded(chosen.len()) } else { dealt }
}

#[cfg(test)]
mod tests {
    use foretask_random::Key;

    use super::*;

    #[test]
    fn every_image_is_left_out_once_but_one_that_is_alone() {
        let labels: Vec<u32> = (0..30).map(|i| i % 3).chain([7]).collect();
        let parts = parts(&labels, 4);
        assert_eq!(parts.len(), MOST_PARTS);
        let mut all = parts.concat();
        all.sort_unstable();
        assert_eq!(all, (0..30).collect::<Vec<_>>());
        assert!(super::parts(&[0, 1, 2], 0).is_empty());
        let many: Vec<u32> = (0..ONE_PART_FROM as u32).map(|i| i % 4).collect();
        assert_eq!(super::parts(&many, 0).iter().map(Vec::len).collect::<Vec<_>>(), [ONE_PART_FROM / MOST_PARTS]);
        // Pairs are parted.
        let pairs: Vec<u32> = (0..24).map(|i| i / 2).collect();
        for part in super::parts(&pairs, 1) {
            let mut classes: Vec<u32> = part.iter().map(|&i| pairs[i as usize]).collect();
            classes.dedup();
            assert_eq!(classes.len(), part.len());
        }
    }

    #[test]
    fn labels_without_reason_are_not_recognized_when_held_out() {
        let mut rng = Key::new(3).rng();
        let (rows, dim) = (60, 40);
        let data: Vec<f32> = (0..rows * dim).map(|_| rng.normal()).collect();
        let features = Features { data, dim, rows: (0..rows as u64).collect() };
        let labels: Vec<u32> = (0..rows as u32).map(|i| i % 2).collect();
        let options = ProbeOptions::default();
        let right = |logits: &[f32], labels: &[u32]| {
            logits.chunks_exact(2).zip(labels).filter(|(row, label)| crate::largest(row) == **label as usize).count()
        };
        let fitted = linear_probe(&features, &labels, 2, None, &options).unwrap();
        assert_eq!(right(&fitted.logits(&features.data), &labels), rows);
        let held = held_out_logits(&features, &labels, 2, None, &options).unwrap();
        assert_eq!((held.len(), held.logits.len()), (rows, 2 * rows));
        let found = right(&held.logits, &held.labels);
        assert!((15..=45).contains(&found), "{found} of {rows} right by nothing but noise");
    }
}
