//! How similar views of one image are, and of different ones.

use super::normalized_rows;

/// Mean cosines between views.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Similarity {
    /// Of two views of the same image: near 1 when views agree.
    pub positive: f64,
    /// Of views of different images: near 0 when images are told apart, near 1 when all is the same.
    pub negative: f64,
}

/// See [`Similarity`]. `first` and `second` hold rows of `d` numbers, views of the same images in the same order; each first
/// is held against each second. `negative` is 0 for a single image, all is 0 without.
pub fn similarity(first: &[f32], second: &[f32], d: usize) -> Similarity {
    let (a, b) = (normalized_rows(first, d), normalized_rows(second, d));
    let n = a.len().min(b.len()) / d.max(1);
    let mut sums = (vec![0.0; d], vec![0.0; d]);
    let mut positive = 0.0;
    for (x, y) in a.chunks_exact(d.max(1)).zip(b.chunks_exact(d.max(1))) {
        positive += x.iter().zip(y).map(|(x, y)| x * y).sum::<f64>();
        sums.0.iter_mut().zip(x).for_each(|(sum, x)| *sum += x);
        sums.1.iter_mut().zip(y).for_each(|(sum, y)| *sum += y);
    }
    // The sum over all pairs is the product of the sums.
    let all: f64 = sums.0.iter().zip(&sums.1).map(|(x, y)| x * y).sum();
    let pairs = (n * n.saturating_sub(1)) as f64;
    Similarity {
        positive: positive / n.max(1) as f64,
        negative: if pairs > 0.0 { (all - positive) / pairs } else { 0.0 },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reference::numbers;

    #[test]
    fn both_equal_pytorch() {
        let found = similarity(&numbers(24, 0.1), &numbers(24, 0.5), 6);
        assert!((found.positive - 0.519_700_535_8).abs() < 1e-6, "{found:?}");
        assert!((found.negative + 0.055_586_511_9).abs() < 1e-6, "{found:?}");
    }

    #[test]
    fn known_extremes() {
        let same = similarity(&[2.0; 12], &[1.0; 12], 3);
        assert!((same.positive - 1.0).abs() < 1e-12 && (same.negative - 1.0).abs() < 1e-12);
        assert_eq!(similarity(&[1.0, 0.0], &[3.0, 0.0], 2), Similarity { positive: 1.0, negative: 0.0 });
        assert_eq!(similarity(&[], &[], 2), Similarity { positive: 0.0, negative: 0.0 });
    }
}
