//! A second witness beside the graph: a classifier that was fitted to the same labels.

use super::balance;
use crate::EvalError;

/// Probabilities `[rows, classes]` of every row, by a classifier that saw these labels and no other. `None` in the argument is a row
/// whose label it must not know.
pub(crate) type Opinion<'a> = dyn Fn(&[Option<u32>]) -> Result<Vec<f32>, EvalError> + 'a;

/// The least that either can say of a class: neither forbids what the other is sure of, and where nothing arrived along the graph the
/// opinion stands alone.
const LEAST: f64 = 1e-6;

/// Multiplies the shares `[rows, classes]` by what the opinion says, as of two witnesses who know nothing of each other (a product of
/// experts, Hinton 2002), and evens classes out again where they are `balanced`. Classes that do not `occur` keep nothing.
pub(super) fn join(shares: &mut [f64], opinion: &[f32], occur: &[bool], balanced: bool) {
    let classes = occur.len();
    for (row, said) in shares.chunks_exact_mut(classes).zip(opinion.chunks_exact(classes)) {
        for ((share, said), occurs) in row.iter_mut().zip(said).zip(occur) {
            *share = if *occurs { share.max(LEAST) * f64::from(*said).max(LEAST) } else { 0.0 };
        }
    }
    balance::rows_to_one(shares, classes);
    if balanced {
        balance::even_out(shares, occur);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_witnesses_worked_by_hand() {
        // 0.6 * 0.75 against 0.4 * 0.25; the third class occurs nowhere. The second row was reached by nothing.
        let mut shares = vec![0.6, 0.4, 0.0, 0.0, 0.0, 0.0];
        join(&mut shares, &[0.75, 0.25, 0.0, 0.25, 0.5, 0.25], &[true, true, false], false);
        let expected = [0.45 / 0.55, 0.1 / 0.55, 0.0, 1.0 / 3.0, 2.0 / 3.0, 0.0];
        for (found, expected) in shares.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-12, "{shares:?}");
        }
    }

    #[test]
    fn balanced_classes_are_evened_out_again() {
        let mut shares = vec![0.5; 4];
        join(&mut shares, &[0.9, 0.1, 0.8, 0.2], &[true, true], true);
        assert!((shares[0] + shares[2] - 1.0).abs() < 1e-3, "{shares:?}");
        assert!(shares[0] > shares[2]);
    }
}
