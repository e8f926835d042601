//! How much each row is every other's neighbor.

use foretask_train::Features;
use rayon::prelude::*;

/// The entropy of a row's neighbors is met to this.
const TOLERANCE: f64 = 1e-5;
/// Most halvings of the search for it.
const HALVINGS: usize = 100;

/// Joint probabilities `[rows, rows]` that make one in all: Gaussian neighborhoods, each row's as wide as gives it `perplexity`
/// neighbors, made symmetric.
pub(super) fn joint(features: &Features, perplexity: f64) -> Vec<f32> {
    let rows = features.len();
    let conditional: Vec<Vec<f64>> =
        (0..rows).into_par_iter().map(|row| neighborhood(&distances(features, row), row, perplexity)).collect();
    let mut joint = vec![0.0; rows * rows];
    joint.par_chunks_mut(rows).enumerate().for_each(|(i, out)| {
        for (j, value) in out.iter_mut().enumerate() {
            *value = ((conditional[i][j] + conditional[j][i]) / (2 * rows) as f64) as f32;
        }
    });
    joint
}

/// Squared distances from one row to all.
fn distances(features: &Features, row: usize) -> Vec<f64> {
    let own = features.row(row);
    let squared = |other: usize| {
        own.iter().zip(features.row(other)).map(|(a, b)| (f64::from(*a) - f64::from(*b)).powi(2)).sum::<f64>()
    };
    (0..features.len()).map(squared).collect()
}

/// `exp(-precision * distance)` over the other rows, brought to one, with the precision at which its entropy is that of
/// `perplexity` equal neighbors.
fn neighborhood(distances: &[f64], row: usize, perplexity: f64) -> Vec<f64> {
    let least = distances.iter().enumerate().filter(|(other, _)| *other != row).map(|(_, d)| *d);
    let least = least.fold(f64::INFINITY, f64::min);
    let (mut low, mut high, mut precision) = (0.0_f64, f64::INFINITY, 1.0_f64);
    let mut found = vec![0.0; distances.len()];
    for _ in 0..HALVINGS {
        let mut sum = 0.0;
        for (other, (value, distance)) in found.iter_mut().zip(distances).enumerate() {
            // Measured from the nearest one, which leaves the shares as they are and keeps them from vanishing.
            *value = if other == row { 0.0 } else { (-precision * (distance - least)).exp() };
            sum += *value;
        }
        let mut entropy = 0.0;
        for value in &mut found {
            *value /= sum;
            if *value > 0.0 {
                entropy -= *value * value.ln();
            }
        }
        let excess = entropy - perplexity.ln();
        if excess.abs() <= TOLERANCE {
            break;
        }
        if excess > 0.0 {
            low = precision;
            precision = if high.is_infinite() { precision * 2.0 } else { f64::midpoint(precision, high) };
        } else {
            high = precision;
            precision = f64::midpoint(precision, low);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::tests::{groups, waves};
    use super::*;

    #[test]
    fn every_row_has_as_many_neighbors_as_asked_for() {
        let features = groups();
        for (row, perplexity) in [(0, 5.0), (17, 30.0), (119, 39.0)] {
            let found = neighborhood(&distances(&features, row), row, perplexity);
            let entropy: f64 = found.iter().filter(|p| **p > 0.0).map(|p| -p * p.ln()).sum();
            assert!((entropy - f64::ln(perplexity)).abs() <= 1e-5);
            assert!((found.iter().sum::<f64>() - 1.0).abs() < 1e-12 && found[row] == 0.0);
        }
    }

    #[test]
    fn agrees_with_scikit_learn() {
        // scikit-learn 1.9.1, _joint_probabilities at perplexity 10, whose entropies are met to 1e-5 as well.
        let joint = joint(&waves(), 10.0);
        for (row, other, expected) in
            [(0, 1, 1.139_748_6e-4), (0, 17, 1.716_217_5e-5), (59, 3, 2.089_821_6e-3), (30, 31, 2.116_325_9e-4)]
        {
            let found = f64::from(joint[row * 60 + other]);
            assert!((found / expected - 1.0).abs() < 2e-4, "{row} {other}: {found} for {expected}");
        }
    }

    #[test]
    fn joint_probabilities_are_symmetric_and_make_one() {
        let joint = joint(&groups(), 12.0);
        assert!((joint.iter().map(|v| f64::from(*v)).sum::<f64>() - 1.0).abs() < 1e-5);
        for i in 0..120 {
            assert_eq!(joint[i * 121], 0.0);
            assert!((0..120).all(|j| joint[i * 120 + j] == joint[j * 120 + i]));
        }
    }
}
