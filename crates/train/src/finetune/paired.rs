//! Two classifiers that were asked about the same images, and what the difference between them says.

/// Percent of the answers that are right; image `i` counts `counts[i]`.
pub(super) fn share(right: &[bool], counts: &[f64]) -> f64 {
    let sum: f64 = right.iter().zip(counts).filter(|(right, _)| **right).map(|(_, count)| count).sum();
    100.0 * sum / counts.iter().sum::<f64>().max(f64::MIN_POSITIVE)
}

/// The standard error of how much better one is than the other, in points.
pub(super) fn error_of_difference(one: &[bool], other: &[bool], counts: &[f64]) -> f64 {
    let n = one.len() as f64;
    let total: f64 = counts.iter().sum();
    let differences = || one.iter().zip(other).map(|(a, b)| f64::from(i8::from(*a) - i8::from(*b))).zip(counts);
    let mean = differences().map(|(difference, count)| count * difference).sum::<f64>() / total;
    let squares: f64 = differences().map(|(difference, count)| (count * (difference - mean)).powi(2)).sum();
    100.0 * (squares * n / (n - 1.0).max(1.0)).sqrt() / total
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand() {
        let (one, other) = ([true, true, false, true], [true, false, false, false]);
        assert_eq!(share(&one, &[1.0; 4]), 75.0);
        // Differences 0, 1, 0, 1: their deviation is sqrt(1 / 3), over sqrt(4).
        assert!((error_of_difference(&one, &other, &[1.0; 4]) - 100.0 * (1.0_f64 / 12.0).sqrt()).abs() < 1e-9);
        // The one that is wrong counts as much as the three others together.
        assert_eq!(share(&one, &[1.0, 1.0, 3.0, 1.0]), 50.0);
        assert_eq!(share(&[], &[]), 0.0);
    }
}
