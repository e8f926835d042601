//! What pretraining is worth in labels: how many of them training from scratch needs for the same accuracy.

use serde::{Deserialize, Serialize};

use crate::{EvalError, Paired};

/// One point of an accuracy curve: labels a class, and the mean accuracy reached with them.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct CurvePoint {
    /// Labels a class, above 0; the mean over classes where they differ.
    pub labels: f64,
    /// Mean accuracy.
    pub accuracy: f64,
}

/// A number of labels a class, as far as a curve tells.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "bound", content = "labels")]
pub enum Worth {
    /// Interpolated between two points of the curve.
    About(f64),
    /// The curve ends at this many labels before it gets as high.
    MoreThan(f64),
    /// The curve begins at this many labels and is higher already.
    FewerThan(f64),
}

impl Worth {
    /// The number, or the end of the curve that it lies beyond.
    pub fn labels(self) -> f64 {
        match self {
            Self::About(labels) | Self::MoreThan(labels) | Self::FewerThan(labels) => labels,
        }
    }
}

/// How many labels of the reference a result at one number of labels is worth.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Savings {
    /// By the mean difference.
    pub worth: Worth,
    /// By the two ends of the difference's 95 % interval; none for a single draw.
    pub interval: Option<(Worth, Worth)>,
}

/// Where a curve reaches `accuracy`, from its point number `at` on: to the right where it lies below there, to the left
/// where it lies above. Accuracy is taken to change evenly with the logarithm of the labels between two points. Looked
/// for from `at`, so that a gain at `at` is always worth more labels than there are, even where luck has bent the curve.
///
/// `curve` is in the order of its labels.
fn reached(curve: &[CurvePoint], at: usize, accuracy: f64) -> Worth {
    let here = curve[at];
    let between = |low: CurvePoint, high: CurvePoint| {
        let share = (accuracy - low.accuracy) / (high.accuracy - low.accuracy);
        Worth::About((low.labels.ln() + share * (high.labels.ln() - low.labels.ln())).exp())
    };
    if accuracy > here.accuracy {
        let found = curve[at..].windows(2).find(|pair| pair[1].accuracy >= accuracy);
        return found.map_or(Worth::MoreThan(curve[curve.len() - 1].labels), |pair| between(pair[0], pair[1]));
    }
    if accuracy < here.accuracy {
        let found = curve[..=at].windows(2).rev().find(|pair| pair[0].accuracy <= accuracy);
        return found.map_or(Worth::FewerThan(curve[0].labels), |pair| between(pair[0], pair[1]));
    }
    Worth::About(here.labels)
}

/// What a result at point `at` of the reference's mean `curve` is worth in labels of the reference. `paired` is the
/// result minus the reference at that point; its interval becomes that of the labels, so that both say the same: labels
/// are saved for sure where the difference is for sure. The luck in the other points of the curve is not in it.
///
/// # Errors
/// [`EvalError::Input`] where the curve has no point `at`, or its labels are not positive and ascending.
pub fn savings(curve: &[CurvePoint], at: usize, paired: &Paired) -> Result<Savings, EvalError> {
    let ascending = curve.windows(2).all(|pair| pair[0].labels < pair[1].labels);
    if at >= curve.len() || !ascending || curve.iter().any(|point| point.labels <= 0.0 || !point.accuracy.is_finite()) {
        return Err(EvalError::Input(
            "labels can only be read off a curve of finite accuracies over ascending numbers of labels".into(),
        ));
    }
    let worth = |difference: f64| reached(curve, at, curve[at].accuracy + difference);
    Ok(Savings {
        worth: worth(paired.difference.mean),
        interval: paired.difference.interval.map(|(low, high)| (worth(low), worth(high))),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::paired;

    fn curve(points: &[(f64, f64)]) -> Vec<CurvePoint> {
        points.iter().map(|&(labels, accuracy)| CurvePoint { labels, accuracy }).collect()
    }

    fn worth(points: &[(f64, f64)], at: usize, accuracy: f64) -> Worth {
        reached(&curve(points), at, accuracy)
    }

    #[track_caller]
    fn about(found: Worth, expected: f64) {
        assert!(matches!(found, Worth::About(labels) if (labels - expected).abs() < 1e-9), "{found:?} {expected}");
    }

    const SCRATCH: &[(f64, f64)] = &[(1.0, 0.40), (10.0, 0.60), (100.0, 0.80)];

    #[test]
    fn interpolated_on_the_logarithm_by_hand() {
        // Half way from 10 to 100 on the logarithm is sqrt(1000); a quarter from 1 to 10 is 10^0.25.
        about(worth(SCRATCH, 1, 0.70), 1000.0_f64.sqrt());
        about(worth(SCRATCH, 0, 0.45), 10.0_f64.powf(0.25));
        about(worth(SCRATCH, 2, 0.45), 10.0_f64.powf(0.25));
        about(worth(SCRATCH, 1, 0.60), 10.0);
        about(worth(SCRATCH, 1, 0.80), 100.0);
    }

    #[test]
    fn beyond_the_curve_it_is_a_bound() {
        assert_eq!(worth(SCRATCH, 1, 0.81), Worth::MoreThan(100.0));
        assert_eq!(worth(SCRATCH, 2, 0.81), Worth::MoreThan(100.0));
        assert_eq!(worth(SCRATCH, 1, 0.39), Worth::FewerThan(1.0));
        assert_eq!(worth(SCRATCH, 0, 0.39), Worth::FewerThan(1.0));
        assert_eq!(worth(&SCRATCH[..1], 0, 0.5), Worth::MoreThan(1.0));
    }

    #[test]
    fn a_bent_curve_never_turns_a_gain_into_a_loss() {
        // By luck 5 labels were better than 10. A gain at 10 is worth more than 10, a loss less.
        let bent = &[(1.0, 0.4), (5.0, 0.65), (10.0, 0.6), (100.0, 0.8)];
        about(worth(bent, 2, 0.62), 10.0 * 10.0_f64.powf(0.1));
        about(worth(bent, 2, 0.55), 5.0_f64.powf(0.6));
        // And where it is level, to the far end of it.
        about(worth(&[(1.0, 0.4), (10.0, 0.4), (100.0, 0.6)], 0, 0.5), 1000.0_f64.sqrt());
    }

    #[test]
    fn the_interval_is_that_of_the_difference() {
        // Differences 0.08, 0.10, 0.12: mean 0.1, sd 0.02, half width 4.302652729749462 * 0.02 / sqrt(3) = 0.0496827...
        // (scipy 1.17.1: stats.t.interval(0.95, 2, 0.1, 0.02 / 3**0.5) = 0.05031725, 0.14968275).
        let found = paired(&[0.68, 0.70, 0.72], &[0.60, 0.60, 0.60]).unwrap();
        let saved = savings(&curve(SCRATCH), 1, &found).unwrap();
        about(saved.worth, 1000.0_f64.sqrt());
        let (low, high) = saved.interval.unwrap();
        assert!((low.labels() - 10.0 * 10.0_f64.powf(0.050_317_25 / 0.2)).abs() < 1e-4, "{low:?}");
        assert!((high.labels() - 10.0 * 10.0_f64.powf(0.149_682_75 / 0.2)).abs() < 1e-4, "{high:?}");
        let one = savings(&curve(SCRATCH), 1, &paired(&[0.9], &[0.6]).unwrap()).unwrap();
        assert_eq!((one.worth, one.interval), (Worth::MoreThan(100.0), None));
    }

    #[test]
    fn what_is_no_curve_is_refused() {
        let one = paired(&[0.5], &[0.4]).unwrap();
        assert!(savings(&[], 0, &one).is_err());
        assert!(savings(&curve(&[(10.0, 0.5), (1.0, 0.4)]), 0, &one).is_err());
        assert!(savings(&curve(&[(0.0, 0.5)]), 0, &one).is_err());
    }
}
