//! A two-dimensional picture of features.

use foretask_random::Key;
use foretask_train::Features;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// Features seen along their two directions of largest variance.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Projection {
    /// A point per row.
    pub points: Vec<[f32; 2]>,
    /// Share of the total variance along either axis, 0 to 1.
    pub explained: [f64; 2],
}

/// Directions carried along beside the two sought, so that the iteration converges where eigenvalues lie close.
const WIDTH: usize = 8;
/// Most turns of the iteration.
const TURNS: usize = 300;
/// Rows summed together before partial sums are added in order: the same bits on any number of threads.
const BLOCK: usize = 256;

/// Principal components by subspace iteration with Rayleigh-Ritz projection (Halko, Martinsson and Tropp 2011), in f64,
/// from a fixed start. Each axis points to where its largest loading is positive, so the picture does not flip between
/// runs. Without variance all points lie at the origin.
pub fn pca(features: &Features) -> Projection {
    let dim = features.dim.max(1);
    let rows = features.data.len() / dim;
    let centered = centered(&features.data, dim);
    let total: f64 = centered.iter().map(|v| v * v).sum();
    let width = WIDTH.min(dim);
    let mut rng = Key::new(0).named("pca").rng();
    let mut basis: Vec<Vec<f64>> = (0..width).map(|_| (0..dim).map(|_| f64::from(rng.normal())).collect()).collect();
    orthonormalize(&mut basis);
    let mut values = vec![0.0; width];
    if total > 0.0 {
        for _ in 0..TURNS {
            let images = covariance_times(&centered, dim, &basis);
            // The best directions within the subspace: eigenvectors of the small matrix basisᵀ C basis.
            let small: Vec<Vec<f64>> = basis.iter().map(|b| images.iter().map(|i| dot(b, i)).collect()).collect();
            let (found, rotation) = jacobi(small);
            let drift: f64 = found.iter().zip(&values).take(2).map(|(new, old)| (new - old).abs()).sum();
            values = found;
            basis = rotate(&images, &rotation);
            orthonormalize(&mut basis);
            if drift <= 1e-13 * total {
                break;
            }
        }
    }
    basis.truncate(2);
    for axis in &mut basis {
        let most = axis.iter().copied().fold(0.0, |most: f64, v| if v.abs() > most.abs() { v } else { most });
        if most < 0.0 {
            for v in axis.iter_mut() {
                *v = -*v;
            }
        }
    }
    let along = |row: &[f64], axis: usize| basis.get(axis).map_or(0.0, |b| dot(row, b) as f32);
    let points = centered.chunks_exact(dim).map(|row| [along(row, 0), along(row, 1)]).collect::<Vec<_>>();
    debug_assert_eq!(points.len(), rows);
    let share = |axis: usize| if total > 0.0 { values.get(axis).copied().unwrap_or(0.0).max(0.0) / total } else { 0.0 };
    Projection { points, explained: [share(0), share(1)] }
}

fn centered(data: &[f32], dim: usize) -> Vec<f64> {
    let rows = (data.len() / dim).max(1) as f64;
    let mut mean = vec![0.0; dim];
    for row in data.chunks_exact(dim) {
        for (m, v) in mean.iter_mut().zip(row) {
            *m += f64::from(*v);
        }
    }
    for m in &mut mean {
        *m /= rows;
    }
    data.chunks_exact(dim).flat_map(|row| row.iter().zip(&mean).map(|(v, m)| f64::from(*v) - m)).collect()
}

/// `XᵀX v` for every vector of `basis`.
fn covariance_times(x: &[f64], dim: usize, basis: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let parts: Vec<Vec<Vec<f64>>> = x
        .par_chunks(BLOCK * dim)
        .map(|block| {
            let mut sums = vec![vec![0.0; dim]; basis.len()];
            for row in block.chunks_exact(dim) {
                for (sum, direction) in sums.iter_mut().zip(basis) {
                    let score = dot(row, direction);
                    for (s, v) in sum.iter_mut().zip(row) {
                        *s += score * v;
                    }
                }
            }
            sums
        })
        .collect();
    let mut out = vec![vec![0.0; dim]; basis.len()];
    for part in &parts {
        for (to, from) in out.iter_mut().zip(part) {
            for (t, f) in to.iter_mut().zip(from) {
                *t += f;
            }
        }
    }
    out
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    const LANES: usize = 4;
    let mut sums = [0.0; LANES];
    let (mut a_parts, mut b_parts) = (a.chunks_exact(LANES), b.chunks_exact(LANES));
    for (x, y) in a_parts.by_ref().zip(b_parts.by_ref()) {
        for lane in 0..LANES {
            sums[lane] += x[lane] * y[lane];
        }
    }
    let rest: f64 = a_parts.remainder().iter().zip(b_parts.remainder()).map(|(x, y)| x * y).sum();
    (sums[0] + sums[1]) + (sums[2] + sums[3]) + rest
}

/// Gram and Schmidt, twice for full precision; a vector that vanishes becomes zero.
fn orthonormalize(basis: &mut [Vec<f64>]) {
    for i in 0..basis.len() {
        let (before, rest) = basis.split_at_mut(i);
        let vector = &mut rest[0];
        let length = dot(vector, vector).sqrt();
        for _ in 0..2 {
            for other in before.iter() {
                let share = dot(vector, other);
                for (v, o) in vector.iter_mut().zip(other) {
                    *v -= share * o;
                }
            }
        }
        let norm = dot(vector, vector).sqrt();
        let scale = if norm > 1e-12 * length && norm > 0.0 { 1.0 / norm } else { 0.0 };
        for v in vector.iter_mut() {
            *v *= scale;
        }
    }
}

/// `out[i] = sum_j rotation[i][j] * vectors[j]`.
fn rotate(vectors: &[Vec<f64>], rotation: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let combine = |weights: &Vec<f64>| {
        let mut out = vec![0.0; vectors[0].len()];
        for (weight, vector) in weights.iter().zip(vectors) {
            for (o, v) in out.iter_mut().zip(vector) {
                *o += weight * v;
            }
        }
        out
    };
    rotation.iter().map(combine).collect()
}

/// Eigenvalues, largest first, and eigenvectors (as rows) of a small symmetric matrix, by cyclic Jacobi rotations.
fn jacobi(mut a: Vec<Vec<f64>>) -> (Vec<f64>, Vec<Vec<f64>>) {
    let n = a.len();
    let mut vectors: Vec<Vec<f64>> = (0..n).map(|i| (0..n).map(|j| f64::from(u8::from(i == j))).collect()).collect();
    for _ in 0..60 {
        let off: f64 = (0..n).flat_map(|i| (0..i).map(move |j| (i, j))).map(|(i, j)| a[i][j].powi(2)).sum();
        let diagonal: f64 = (0..n).map(|i| a[i][i].powi(2)).sum();
        if off <= 1e-32 * diagonal {
            break;
        }
        for p in 0..n {
            for q in p + 1..n {
                if a[p][q] == 0.0 {
                    continue;
                }
                let theta = (a[q][q] - a[p][p]) / (2.0 * a[p][q]);
                let sign = if theta < 0.0 { -1.0 } else { 1.0 };
                let t = sign / (theta.abs() + (theta * theta + 1.0).sqrt());
                let c = 1.0 / (t * t + 1.0).sqrt();
                let s = t * c;
                for row in &mut a {
                    (row[p], row[q]) = (c * row[p] - s * row[q], s * row[p] + c * row[q]);
                }
                for matrix in [&mut a, &mut vectors] {
                    // p < q, so both rows can be held at once.
                    let (before, after) = matrix.split_at_mut(q);
                    for (x, y) in before[p].iter_mut().zip(&mut after[0]) {
                        (*x, *y) = (c * *x - s * *y, s * *x + c * *y);
                    }
                }
            }
        }
    }
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|&i, &j| a[j][j].total_cmp(&a[i][i]));
    (order.iter().map(|&i| a[i][i]).collect(), order.iter().map(|&i| vectors[i].clone()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn features(data: Vec<f32>, dim: usize) -> Features {
        let rows = (0..(data.len() / dim) as u64).collect();
        Features { data, dim, rows }
    }

    #[test]
    fn a_tilted_line_is_one_axis() {
        // Points t * (3, 4) + (10, 20): all variance along (0.6, 0.8).
        let data = [-2.0_f32, -1.0, 0.0, 1.0, 2.0].iter().flat_map(|t| [10.0 + 3.0 * t, 20.0 + 4.0 * t]).collect();
        let found = pca(&features(data, 2));
        let expected = [-10.0, -5.0, 0.0, 5.0, 10.0];
        for (point, at) in found.points.iter().zip(expected) {
            assert!((point[0] - at).abs() < 1e-5 && point[1].abs() < 1e-5, "{found:?}");
        }
        assert!((found.explained[0] - 1.0).abs() < 1e-12 && found.explained[1] < 1e-12);
    }

    #[test]
    fn agrees_with_scikit_learn() {
        // scikit-learn 1.9.1, PCA(2, svd_solver="full"): explained_variance_ratio_ and the first two points, signs by the largest loading.
        let data = (0..30 * 6).map(|at| {
            let (i, j) = ((at / 6) as f64, (at % 6) as f64);
            ((0.7 * i + 1.3 * j + 0.1 * i * j).sin() * (1.0 + j)) as f32
        });
        let found = pca(&features(data.collect(), 6));
        assert!((found.explained[0] - 0.567_711_533_835).abs() < 1e-9, "{:?}", found.explained);
        assert!((found.explained[1] - 0.274_094_682_478).abs() < 1e-9, "{:?}", found.explained);
        for (point, expected) in found.points.iter().zip([[2.729_38, -1.787_638], [3.048_073, -5.128_564]]) {
            assert!((point[0] - expected[0]).abs() < 1e-4 && (point[1] - expected[1]).abs() < 1e-4, "{point:?}");
        }
    }

    #[test]
    fn threads_do_not_change_a_bit_and_nothing_is_no_trouble() {
        let mut rng = Key::new(3).rng();
        let many = features((0..1000 * 20).map(|_| rng.normal()).collect(), 20);
        let run =
            |threads| rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(|| pca(&many));
        assert_eq!(run(1), run(3));
        assert_eq!(pca(&features(vec![1.0; 12], 3)).points, [[0.0; 2]; 4]);
        assert_eq!(pca(&features(vec![1.0, 2.0], 1)).points[0][1], 0.0);
        assert!(pca(&Features { data: vec![], dim: 5, rows: vec![] }).points.is_empty());
    }
}
