//! Whether classes are alike often, and making them so.

/// Turns of rows and columns; the shares hardly move after ten.
const TURNS: usize = 20;
/// Spread labels look balanced while no class has less than a half or more than twice its part.
const FACTOR: f64 = 2.0;

/// Rows of `[rows, classes]` at sum 1; rows of zeros stay so.
pub(super) fn rows_to_one(mass: &mut [f64], classes: usize) {
    for row in mass.chunks_exact_mut(classes) {
        let sum: f64 = row.iter().sum();
        if sum > 0.0 {
            for value in row {
                *value /= sum;
            }
        }
    }
}

/// Scales columns to equal sums and rows to one in turns (Sinkhorn and Knopp 1967), ending with the rows. Only the classes
/// that `occur` have a part.
pub(super) fn even_out(mass: &mut [f64], occur: &[bool]) {
    let classes = occur.len();
    for _ in 0..TURNS {
        let sums = column_sums(mass, classes);
        for row in mass.chunks_exact_mut(classes) {
            for (value, sum) in row.iter_mut().zip(&sums) {
                if *sum > 0.0 {
                    *value /= sum;
                }
            }
        }
        rows_to_one(mass, classes);
    }
}

/// The smallest and the largest part of a class that occurs, relative to equal parts.
pub(super) fn extremes(mass: &[f64], occur: &[bool]) -> (f64, f64) {
    let sums = column_sums(mass, occur.len());
    let total: f64 = sums.iter().sum();
    let count = occur.iter().filter(|&&occurs| occurs).count() as f64;
    let parts = sums.iter().zip(occur).filter(|(_, occurs)| **occurs).map(|(sum, _)| sum / total * count);
    parts.fold((f64::INFINITY, 0.0), |(low, high), part| (f64::min(low, part), f64::max(high, part)))
}

/// Whether parts lie within [`FACTOR`] of equal ones.
pub(super) fn looks_balanced((low, high): (f64, f64)) -> bool {
    low >= 1.0 / FACTOR && high <= FACTOR
}

fn column_sums(mass: &[f64], classes: usize) -> Vec<f64> {
    let mut sums = vec![0.0; classes];
    for row in mass.chunks_exact(classes) {
        for (sum, value) in sums.iter_mut().zip(row) {
            *sum += value;
        }
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_make_one_and_classes_the_same() {
        // Class 2 never occurs; class 0 had two thirds of all.
        let mut mass = vec![0.9, 0.1, 0.0, 0.8, 0.2, 0.0, 0.6, 0.4, 0.0, 0.4, 0.6, 0.0];
        let occur = [true, true, false];
        let (low, high) = extremes(&mass, &occur);
        assert!((low - 1.3 / 2.0).abs() < 1e-12 && (high - 2.7 / 2.0).abs() < 1e-12);
        even_out(&mut mass, &occur);
        for row in mass.chunks_exact(3) {
            assert!((row.iter().sum::<f64>() - 1.0).abs() < 1e-12);
        }
        let sums = column_sums(&mass, 3);
        assert!((sums[0] - 2.0).abs() < 1e-3 && (sums[1] - 2.0).abs() < 1e-3 && sums[2] == 0.0, "{sums:?}");
        // The order within a class stays.
        assert!(mass[0] > mass[3] && mass[3] > mass[6] && mass[6] > mass[9]);
        assert!(looks_balanced((0.5, 2.0)) && !looks_balanced((0.4, 1.5)) && !looks_balanced((0.9, 2.1)));
    }

    #[test]
    fn rows_of_zeros_stay() {
        let mut mass = vec![0.0, 0.0, 0.5, 0.5, 0.2, 0.8];
        even_out(&mut mass, &[true, true]);
        assert_eq!(mass[..2], [0.0, 0.0]);
        assert!(mass.iter().all(|value| value.is_finite()));
    }
}
