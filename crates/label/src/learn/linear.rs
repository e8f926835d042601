//! A little linear algebra.

use foretask_random::Key;
use rayon::prelude::*;

/// The lower triangle `L` of `A = L Lᵀ`.
#[derive(Debug)]
pub(crate) struct Cholesky {
    lower: Vec<f64>,
    size: usize,
}

impl Cholesky {
    /// Of a symmetric matrix `[size, size]` that is positive definite; where rounding says otherwise, a little is added.
    pub(crate) fn of(mut matrix: Vec<f64>, size: usize) -> Self {
        for row in 0..size {
            for column in 0..=row {
                let product: f64 = (0..column).map(|k| matrix[row * size + k] * matrix[column * size + k]).sum();
                let rest = matrix[row * size + column] - product;
                matrix[row * size + column] =
                    if row == column { rest.max(1e-12).sqrt() } else { rest / matrix[column * size + column] };
            }
        }
        Self { lower: matrix, size }
    }

    /// `L x = b`.
    pub(crate) fn solve_lower(&self, b: &[f64]) -> Vec<f64> {
        let mut x = b.to_vec();
        for row in 0..self.size {
            let known: f64 = (0..row).map(|k| self.lower[row * self.size + k] * x[k]).sum();
            x[row] = (x[row] - known) / self.lower[row * self.size + row];
        }
        x
    }

    /// `Lᵀ x = b`.
    pub(crate) fn solve_upper(&self, b: &[f64]) -> Vec<f64> {
        let mut x = b.to_vec();
        for row in (0..self.size).rev() {
            let known: f64 = (row + 1..self.size).map(|k| self.lower[k * self.size + row] * x[k]).sum();
            x[row] = (x[row] - known) / self.lower[row * self.size + row];
        }
        x
    }
}

/// Turns of the iteration; axes far down the spectrum need not be exact.
const TURNS: usize = 10;

/// The `count` directions `[count, dim]` of largest variance of centered rows `[rows, dim]`, by orthogonal iteration, each
/// scaled so that the deviation along it becomes its own square root: large directions are tamed, small ones are not blown up.
pub(crate) fn principal_axes(data: &[f32], dim: usize, count: usize, key: Key) -> Vec<f32> {
    let rows = (data.len() / dim).max(1) as f32;
    let covariance: Vec<f32> = (0..dim)
        .into_par_iter()
        .flat_map_iter(|line| {
            let mut sums = vec![0.0_f32; dim];
            for row in data.chunks_exact(dim) {
                let own = row[line] / rows;
                sums.iter_mut().zip(row).for_each(|(sum, value)| *sum += own * value);
            }
            sums
        })
        .collect();
    let mut rng = key.rng();
    let mut axes: Vec<f32> = (0..count * dim).map(|_| rng.normal()).collect();
    orthonormal(&mut axes, dim);
    let mut variances = vec![0.0_f32; count];
    for _ in 0..TURNS {
        let turned: Vec<Vec<f32>> = axes
            .par_chunks(dim)
            .map(|axis| covariance.chunks_exact(dim).map(|line| dot(line, axis)).collect())
            .collect();
        for (at, axis) in turned.iter().enumerate() {
            variances[at] = dot(axis, &axes[at * dim..][..dim]).max(0.0);
        }
        axes = turned.concat();
        orthonormal(&mut axes, dim);
    }
    let largest = variances.iter().copied().fold(0.0, f32::max);
    for (axis, variance) in axes.chunks_exact_mut(dim).zip(&variances) {
        // Where there is no variance, there is nothing but rounding.
        let scale = if *variance > 1e-6 * largest { variance.powf(-0.25) } else { 0.0 };
        for value in axis.iter_mut() {
            *value *= scale;
        }
    }
    axes
}

/// Gram and Schmidt, twice for the sake of rounding; what depends on those before it becomes 0.
fn orthonormal(axes: &mut [f32], dim: usize) {
    for at in 0..axes.len() / dim {
        let (before, rest) = axes.split_at_mut(at * dim);
        let own = &mut rest[..dim];
        let length_before = dot(own, own).sqrt();
        for _ in 0..2 {
            for other in before.chunks_exact(dim) {
                let along = dot(other, own);
                own.iter_mut().zip(other).for_each(|(value, other)| *value -= along * other);
            }
        }
        let length = dot(own, own).sqrt();
        let scale = if length > 1e-5 * length_before && length > 0.0 { length.recip() } else { 0.0 };
        for value in own.iter_mut() {
            *value *= scale;
        }
    }
}

/// The sum of products.
pub(crate) fn dot(a: &[f32], b: &[f32]) -> f32 {
    const LANES: usize = 8;
    let mut sums = [0.0_f32; LANES];
    let (parts, others) = (a.chunks_exact(LANES), b.chunks_exact(LANES));
    let rest: f32 = parts.remainder().iter().zip(others.remainder()).map(|(a, b)| a * b).sum();
    for (part, other) in parts.zip(others) {
        for lane in 0..LANES {
            sums[lane] += part[lane] * other[lane];
        }
    }
    sums.iter().sum::<f32>() + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_root_by_hand() {
        // [[4, 2], [2, 5]] = [[2, 0], [1, 2]] times its transpose.
        let root = Cholesky::of(vec![4.0, 2.0, 2.0, 5.0], 2);
        assert_eq!(root.solve_lower(&[2.0, 5.0]), [1.0, 2.0]);
        assert_eq!(root.solve_upper(&[4.0, 4.0]), [1.0, 2.0]);
    }

    #[test]
    fn axes_follow_the_variance() {
        let mut rng = Key::new(3).rng();
        // Variances 16 along (1, 1, 0), 4 along (0, 0, 1), 0.01 along (1, -1, 0).
        let data: Vec<f32> = (0..4000)
            .flat_map(|_| {
                let (a, b, c) = (4.0 * rng.normal(), 0.1 * rng.normal(), 2.0 * rng.normal());
                [(a + b) * 0.5_f32.sqrt(), (a - b) * 0.5_f32.sqrt(), c]
            })
            .collect();
        let axes = principal_axes(&data, 3, 2, Key::new(0));
        let unit = |axis: &[f32]| axis.iter().map(|v| v.abs() / dot(axis, axis).sqrt()).collect::<Vec<_>>();
        let (first, second) = (unit(&axes[..3]), unit(&axes[3..]));
        assert!((first[0] - 0.707).abs() < 0.02 && first[2] < 0.05, "{first:?}");
        assert!(second[2] > 0.99, "{second:?}");
        // Lengths are the variances to the power of -1/4.
        assert!((dot(&axes[..3], &axes[..3]).sqrt() - 0.5).abs() < 0.02);
    }
}
