//! How embeddings lie on the unit sphere.

use super::normalized_rows;

/// Standard deviation (over rows) of each dimension of the L2-normalized embeddings, averaged over the dimensions
/// (Chen and He 2021, "Exploring simple siamese representation learning").
///
/// `data` holds rows of `d` numbers. About `1 / sqrt(d)` for embeddings spread over the sphere, 0 when all are the
/// same. Divides by n. 0 without rows.
pub fn embedding_std(data: &[f32], d: usize) -> f64 {
    let rows = normalized_rows(data, d);
    let n = rows.len() / d.max(1);
    if n == 0 {
        return 0.0;
    }
    let mut mean = vec![0.0; d];
    for row in rows.chunks_exact(d) {
        mean.iter_mut().zip(row).for_each(|(m, x)| *m += x / n as f64);
    }
    let mut variance = vec![0.0; d];
    for row in rows.chunks_exact(d) {
        variance.iter_mut().zip(row.iter().zip(&mean)).for_each(|(v, (x, m))| *v += (x - m).powi(2) / n as f64);
    }
    variance.iter().map(|v: &f64| v.sqrt()).sum::<f64>() / d as f64
}

/// Mean squared distance between the normalized embeddings of two views of the same images (Wang and Isola 2020,
/// "Understanding contrastive representation learning through alignment and uniformity on the hypersphere"). 0 is best.
///
/// `first` and `second` hold rows of `d` numbers, the same images in the same order.
pub fn alignment(first: &[f32], second: &[f32], d: usize) -> f64 {
    let (a, b) = (normalized_rows(first, d), normalized_rows(second, d));
    let n = (a.len().min(b.len()) / d.max(1)).max(1);
    a.iter().zip(&b).map(|(x, y)| (x - y).powi(2)).sum::<f64>() / n as f64
}

/// Logarithm of the mean of `exp(-2 distance²)` over all pairs of normalized embeddings (Wang and Isola 2020). The lower
/// the more evenly they are spread; 0 when all are the same, and for fewer than two rows.
pub fn uniformity(data: &[f32], d: usize) -> f64 {
    let rows = normalized_rows(data, d);
    let rows: Vec<&[f64]> = rows.chunks_exact(d.max(1)).collect();
    let mut sum = 0.0;
    for (i, a) in rows.iter().enumerate() {
        for b in &rows[..i] {
            sum += (-2.0 * a.iter().zip(*b).map(|(x, y)| (x - y).powi(2)).sum::<f64>()).exp();
        }
    }
    let pairs = rows.len() * rows.len().saturating_sub(1) / 2;
    if pairs == 0 { 0.0 } else { (sum / pairs as f64).ln() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reference::numbers;

    #[test]
    fn std_equals_numpy_and_its_extremes() {
        // numpy: (z / |z|).std(0).mean() of the 40 x 7 test numbers.
        assert!((embedding_std(&numbers(280, 0.4), 7) - 0.376_293_984_5).abs() < 1e-7);
        assert_eq!(embedding_std(&[1.0, 2.0].repeat(9), 2), 0.0);
        // The corners of a square: exactly 1 / sqrt(2).
        let corners = [1.0, 1.0, -1.0, 1.0, 1.0, -1.0, -1.0, -1.0];
        assert!((embedding_std(&corners, 2) - 0.5_f64.sqrt()).abs() < 1e-12);
        assert_eq!(embedding_std(&[], 4), 0.0);
    }

    #[test]
    fn alignment_and_uniformity_equal_numpy() {
        let (a, b) = (numbers(24, 0.1), numbers(24, 0.5));
        assert!((alignment(&a, &b, 6) - 0.960_598_928_5).abs() < 1e-7);
        assert!((uniformity(&a, 6) + 1.731_173_791_0).abs() < 1e-7);
        assert_eq!((alignment(&a, &a, 6), uniformity(&[1.0; 12], 6), uniformity(&[1.0; 6], 6)), (0.0, 0.0, 0.0));
    }
}
