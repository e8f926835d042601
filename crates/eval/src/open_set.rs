//! How well a classifier tells images of none of its classes, by how far they are from what was labeled.

use serde::{Deserialize, Serialize};

use crate::{EvalError, Nearness};

/// The share of known images that [`OpenSet::false_positive_rate`] lets pass.
const PASSED: f64 = 0.95;

/// Images of the classifier's classes and images of none of them, told apart by their distance to the nearest labeled image. All
/// shares are from 0 to 1.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OpenSet {
    /// The share of pairs of one known and one other image of which the other is farther; ties count half. 0.5 is no better than
    /// chance. The area under the ROC curve (Hendrycks and Gimpel 2017, <https://arxiv.org/abs/1610.02136>).
    pub auroc: f64,
    /// The share of other images that pass as known where 95 % of the known do (FPR95 of the literature).
    pub false_positive_rate: f64,
    /// The share of other images that `.predict` calls unlike; none where the classifier has no threshold.
    pub found: Option<f64>,
    /// The share of known images that it calls unlike.
    pub wrongly: Option<f64>,
    /// Images of the classifier's classes.
    pub known: usize,
    /// Images of none of them.
    pub others: usize,
}

/// Compares how far both are from what was labeled.
///
/// # Errors
/// [`EvalError::Input`] where there is none of either.
pub fn open_set(known: &[Nearness], others: &[Nearness]) -> Result<OpenSet, EvalError> {
    if known.is_empty() || others.is_empty() {
        let message = "images of the classes are compared with images of none of them, and there is none of one kind";
        return Err(EvalError::Input(message.into()));
    }
    let sorted = |images: &[Nearness]| {
        let mut distances: Vec<f32> = images.iter().map(|image| image.distance).collect();
        distances.sort_by(f32::total_cmp);
        distances
    };
    let (near, far) = (sorted(known), sorted(others));
    // Of the known, how many are nearer than each other image, and how many as near.
    let pairs = far.iter().map(|distance| {
        let nearer = near.partition_point(|known| known < distance);
        let equal = near.partition_point(|known| known <= distance) - nearer;
        nearer as f64 + 0.5 * equal as f64
    });
    let last = ((PASSED * near.len() as f64).ceil() as usize).clamp(1, near.len());
    let limit = near[last - 1];
    let unlike = |images: &[Nearness]| {
        let told: Option<Vec<bool>> = images.iter().map(|image| image.unlike).collect();
        told.map(|told| told.iter().filter(|unlike| **unlike).count() as f64 / told.len() as f64)
    };
    Ok(OpenSet {
        auroc: pairs.sum::<f64>() / (near.len() as f64 * far.len() as f64),
        false_positive_rate: far.partition_point(|distance| *distance <= limit) as f64 / far.len() as f64,
        found: unlike(others),
        wrongly: unlike(known),
        known: known.len(),
        others: others.len(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(distances: &[f32], threshold: Option<f32>) -> Vec<Nearness> {
        let one = |&distance: &f32| Nearness {
            distance,
            nearest: 0,
            unlike: threshold.map(|threshold| distance > threshold),
        };
        distances.iter().map(one).collect()
    }

    #[test]
    fn figures_by_hand() {
        // Nearer than 0.5, 0.9 and 0.3 are 3, 4 and 2 of the known, and one is as near as the last: 9.5 of 12 pairs.
        let known = at(&[0.3, 0.1, 0.6, 0.2], Some(0.4));
        let others = at(&[0.5, 0.9, 0.3], Some(0.4));
        let found = open_set(&known, &others).unwrap();
        assert!((found.auroc - 9.5 / 12.0).abs() < 1e-12, "{found:?}");
        // 95 % of four known images are all of them: up to 0.6, where two of the others are.
        assert_eq!(found.false_positive_rate, 2.0 / 3.0);
        assert_eq!((found.found, found.wrongly), (Some(2.0 / 3.0), Some(0.25)));
        assert_eq!((found.known, found.others), (4, 3));
    }

    #[test]
    fn what_cannot_be_told_apart_is_chance_and_nothing_is_refused() {
        let same = at(&[0.2, 0.2], None);
        let found = open_set(&same, &same).unwrap();
        assert_eq!((found.auroc, found.found), (0.5, None));
        assert!(open_set(&same, &[]).is_err());
    }
}
