//! Eigenvalues and singular values on the host.

/// Singular values of a matrix, largest first: as many as the smaller of rows and `columns`.
///
/// They are roots of the eigenvalues of the smaller Gram matrix, in f64: those below about 1e-8 of the largest are
/// rounding noise.
pub fn singular_values(data: &[f32], columns: usize) -> Vec<f64> {
    let columns = columns.max(1);
    let rows = data.len() / columns;
    let size = rows.min(columns);
    let vectors: Vec<Vec<f64>> = if rows <= columns {
        data.chunks_exact(columns).map(|row| row.iter().map(|&x| f64::from(x)).collect()).collect()
    } else {
        (0..columns).map(|j| (0..rows).map(|i| f64::from(data[i * columns + j])).collect()).collect()
    };
    let mut gram = vec![0.0; size * size];
    for i in 0..size {
        for j in 0..=i {
            let dot: f64 = vectors[i].iter().zip(&vectors[j]).map(|(a, b)| a * b).sum();
            gram[i * size + j] = dot;
            gram[j * size + i] = dot;
        }
    }
    symmetric_eigenvalues(gram, size).into_iter().map(|value| value.max(0.0).sqrt()).collect()
}

/// Eigenvalues of a symmetric matrix of `n` by `n` numbers, largest first: Householder's reduction to three diagonals,
/// then the QL method with implicit shifts (Wilkinson and Reinsch 1971, contributions II/2 and II/4).
///
/// # Panics
/// Where `matrix` holds other than `n * n` numbers.
pub fn symmetric_eigenvalues(mut matrix: Vec<f64>, n: usize) -> Vec<f64> {
    assert_eq!(matrix.len(), n * n, "a matrix of {n} by {n}");
    let (mut diagonal, mut beside) = tridiagonal(&mut matrix, n);
    ql(&mut diagonal, &mut beside);
    diagonal.sort_by(|a, b| b.total_cmp(a));
    diagonal
}

/// Diagonal, and the numbers beside it (the first of which is unused). Works on the lower triangle, row by row.
fn tridiagonal(a: &mut [f64], n: usize) -> (Vec<f64>, Vec<f64>) {
    let mut beside = vec![0.0; n];
    for i in (1..n).rev() {
        let (above, row) = a.split_at_mut(i * n);
        let row = &mut row[..i];
        let scale: f64 = row.iter().map(|x| x.abs()).sum();
        if i == 1 || scale == 0.0 {
            beside[i] = row[i - 1];
            continue;
        }
        for x in row.iter_mut() {
            *x /= scale;
        }
        let mut h: f64 = row.iter().map(|x| x * x).sum();
        let f = row[i - 1];
        let g = -h.sqrt().copysign(f);
        beside[i] = scale * g;
        h -= f * g;
        row[i - 1] = f - g;
        // p = A u / h, by rows of the lower triangle; then A -= u q' + q u' with q = p - (u·p / 2h) u.
        let mut p = vec![0.0; i];
        for j in 0..i {
            let own = &above[j * n..j * n + j];
            let mut sum = above[j * n + j] * row[j];
            for (k, &x) in own.iter().enumerate() {
                sum += x * row[k];
                p[k] += x * row[j];
            }
            p[j] += sum;
        }
        for x in &mut p {
            *x /= h;
        }
        let half = p.iter().zip(&*row).map(|(x, u)| x * u).sum::<f64>() / (2.0 * h);
        p.iter_mut().zip(&*row).for_each(|(x, u)| *x -= half * u);
        for j in 0..i {
            let (u, q) = (row[j], p[j]);
            let own = &mut above[j * n..=j * n + j];
            own.iter_mut().zip(row.iter().zip(&p)).for_each(|(x, (uk, qk))| *x -= u * qk + q * uk);
        }
    }
    ((0..n).map(|i| a[i * n + i]).collect(), beside)
}

/// Turns the diagonal into the eigenvalues.
fn ql(d: &mut [f64], e: &mut [f64]) {
    /// Far more than the two or three turns an eigenvalue takes; reached only by numbers that are not finite.
    const MOST_TURNS: usize = 100;
    let n = d.len();
    if n == 0 {
        return;
    }
    e.rotate_left(1);
    e[n - 1] = 0.0;
    for l in 0..n {
        for _ in 0..MOST_TURNS {
            let small = |m: &usize| e[*m].abs() <= f64::EPSILON * (d[*m].abs() + d[*m + 1].abs());
            let m = (l..n - 1).find(small).unwrap_or(n - 1);
            if m == l {
                break;
            }
            let mut g = (d[l + 1] - d[l]) / (2.0 * e[l]);
            g = d[m] - d[l] + e[l] / (g + g.hypot(1.0).copysign(g));
            let (mut s, mut c, mut p) = (1.0, 1.0, 0.0);
            let mut split = false;
            for i in (l..m).rev() {
                let f = s * e[i];
                let b = c * e[i];
                let r = f.hypot(g);
                e[i + 1] = r;
                if r == 0.0 {
                    d[i + 1] -= p;
                    e[m] = 0.0;
                    split = true;
                    break;
                }
                s = f / r;
                c = g / r;
                g = d[i + 1] - p;
                let r = (d[i] - g) * s + 2.0 * c * b;
                p = s * r;
                d[i + 1] = g + p;
                g = c * r - b;
            }
            if !split {
                d[l] -= p;
                e[l] = g;
                e[m] = 0.0;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reference::numbers;

    fn close(ours: &[f64], expected: &[f64]) {
        assert_eq!(ours.len(), expected.len());
        ours.iter().zip(expected).for_each(|(a, b)| assert!((a - b).abs() < 1e-9, "{ours:?}"));
    }

    #[test]
    fn eigenvalues_equal_numpy() {
        let numbers = numbers(36, 0.6);
        let sum = |i: usize, j: usize| f64::from(numbers[6 * i + j]) + f64::from(numbers[6 * j + i]);
        let matrix = (0..36).map(|k| sum(k / 6, k % 6)).collect();
        // numpy: eigvalsh(A + A^T).
        let expected = [
            2.239_635_598_315_913_5,
            0.709_868_604_137_512_7,
            0.143_629_267_007_757_97,
            -0.018_030_117_621_509_415,
            -1.118_228_428_987_718_5,
            -2.894_194_551_746_286_6,
        ];
        close(&symmetric_eigenvalues(matrix, 6), &expected);
    }

    #[test]
    fn eigenvalues_of_known_matrices() {
        close(&symmetric_eigenvalues(vec![], 0), &[]);
        close(&symmetric_eigenvalues(vec![3.0], 1), &[3.0]);
        close(&symmetric_eigenvalues(vec![2.0, 1.0, 1.0, 2.0], 2), &[3.0, 1.0]);
        close(&symmetric_eigenvalues(vec![0.0; 9], 3), &[0.0; 3]);
        // The second difference matrix: 2 - 2 cos(k pi / (n + 1)).
        let n = 50;
        let mut matrix = vec![0.0; n * n];
        for i in 0..n {
            matrix[i * n + i] = 2.0;
            if i > 0 {
                matrix[i * n + i - 1] = -1.0;
                matrix[(i - 1) * n + i] = -1.0;
            }
        }
        let value = |k: usize| 2.0 - 2.0 * (k as f64 * std::f64::consts::PI / (n + 1) as f64).cos();
        close(&symmetric_eigenvalues(matrix, n), &(1..=n).rev().map(value).collect::<Vec<_>>());
    }

    #[test]
    fn singular_values_equal_numpy_for_tall_and_wide() {
        let wave = |i: usize| ((i * i) as f64 * 0.37 + 0.2).sin() as f32;
        let tall: Vec<f32> = (0..60).map(wave).collect();
        let wide: Vec<f32> = (0..60).map(|k| tall[(k % 12) * 5 + k / 12]).collect();
        // numpy: svd of the 12 x 5 matrix.
        let expected = [
            3.097_802_974_779_748_6,
            2.901_521_415_057_431_8,
            2.279_036_776_939_243,
            1.811_911_056_279_287,
            1.387_103_335_285_783,
        ];
        close(&singular_values(&tall, 5), &expected);
        close(&singular_values(&wide, 12), &expected);
    }
}
