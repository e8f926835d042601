//! Effective rank of features.

use super::spectrum::singular_values;

/// Added to each share, so that a rank that is not full has a logarithm.
const EPSILON: f64 = 1e-7;

/// `RankMe` (Garrido et al. 2023, "RankMe: assessing the downstream performance of pretrained self-supervised
/// representations by their rank"): the exponential of the entropy of the singular values' shares,
/// `exp(-sum p log p)` with `p = sigma / sum(sigma) + 1e-7`.
///
/// `data` holds rows of `d` numbers; the result lies between 1 and the smaller of rows and `d` (a hair above, because of
/// the added constant). 0 where all numbers are 0. The cost grows with the cube of that smaller number: a few hundred
/// rows are plenty.
pub fn effective_rank(data: &[f32], d: usize) -> f64 {
    let values = singular_values(data, d);
    let sum: f64 = values.iter().sum();
    if sum <= 0.0 {
        return 0.0;
    }
    let entropy = |sigma: &f64| {
        let share = sigma / sum + EPSILON;
        -share * share.ln()
    };
    values.iter().map(entropy).sum::<f64>().exp()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reference::numbers;

    #[test]
    fn equals_numpy() {
        // numpy: s = svd(z); p = s / s.sum() + 1e-7; exp(-sum(p * log(p))) of the 40 x 7 test numbers (of rank 4).
        assert!((effective_rank(&numbers(280, 0.4), 7) - 3.818_092_289_1).abs() < 1e-5);
    }

    #[test]
    fn known_ranks() {
        let mut identity = vec![0.0; 64];
        (0..8).for_each(|i| identity[9 * i] = 2.5);
        assert!((effective_rank(&identity, 8) - 8.0).abs() < 1e-4);
        let one_direction: Vec<f32> = (1..=10).flat_map(|i| [i as f32, -2.0 * i as f32, 0.5 * i as f32]).collect();
        assert!((effective_rank(&one_direction, 3) - 1.0).abs() < 1e-4);
        assert_eq!(effective_rank(&[0.0; 12], 3), 0.0);
    }
}
