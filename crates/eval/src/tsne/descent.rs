//! The descent from the first picture to the last.

use foretask_train::stop_if_asked;
use rayon::prelude::*;

use crate::EvalError;

/// How much more strongly neighbors pull during the first steps.
const EXAGGERATION: f32 = 12.0;
/// Momentum during the exaggerated steps, and after.
const MOMENTUM: (f32, f32) = (0.5, 0.8);
/// Smallest factor a coordinate's step comes down to.
const LEAST_GAIN: f32 = 0.01;

/// Shortest step; with few points longer ones swing about, and end in pictures twice as far from the truth.
const LEAST_RATE: f32 = 10.0;

/// Points after `iterations` steps of gradient descent with momentum and gains (van der Maaten's original schedule, step length
/// after Belkina et al. 2019). Fails on a request to stop that this thread obeys.
pub(super) fn descend(joint: &[f32], mut points: Vec<[f32; 2]>, iterations: usize) -> Result<Vec<[f32; 2]>, EvalError> {
    let rate = (points.len() as f32 / EXAGGERATION / 4.0).max(LEAST_RATE);
    let mut speed = vec![[0.0_f32; 2]; points.len()];
    let mut gains = vec![[1.0_f32; 2]; points.len()];
    for iteration in 0..iterations {
        stop_if_asked()?;
        let early = iteration < iterations / 4;
        let (pull, momentum) = if early { (EXAGGERATION, MOMENTUM.0) } else { (1.0, MOMENTUM.1) };
        let gradient = gradient(joint, &points, pull);
        for (((point, speed), gains), gradient) in points.iter_mut().zip(&mut speed).zip(&mut gains).zip(&gradient) {
            for axis in 0..2 {
                // Steps grow while they go on downwards, and shrink where they overshoot.
                let onward = speed[axis] * gradient[axis] < 0.0;
                gains[axis] = if onward { gains[axis] + 0.2 } else { (gains[axis] * 0.8).max(LEAST_GAIN) };
                speed[axis] = momentum * speed[axis] - rate * gains[axis] * gradient[axis];
                point[axis] += speed[axis];
            }
        }
        center(&mut points);
    }
    Ok(points)
}

/// Only distances count; a drift of all points would cost precision.
fn center(points: &mut [[f32; 2]]) {
    let count = points.len() as f64;
    for axis in 0..2 {
        let mean = (points.iter().map(|point| f64::from(point[axis])).sum::<f64>() / count) as f32;
        for point in points.iter_mut() {
            point[axis] -= mean;
        }
    }
}

/// `4 * sum_j (pull * p_ij - q_ij) w_ij (y_i - y_j)` for each point, `w = 1 / (1 + |y_i - y_j|²)`, `q = w / sum w`.
fn gradient(joint: &[f32], points: &[[f32; 2]], pull: f32) -> Vec<[f32; 2]> {
    let (xs, ys): (Vec<f32>, Vec<f32>) = points.iter().map(|point| (point[0], point[1])).unzip();
    // Each row for itself, which does all work twice and needs no order among threads.
    let rows: Vec<Forces> = joint
        .par_chunks(points.len())
        .zip(points)
        .with_min_len(32)
        .map(|(joint, point)| forces(joint, &xs, &ys, *point))
        .collect();
    // The row's own distance of 0 counts 1 in its sum.
    let total: f64 = rows.iter().map(|row| f64::from(row.weight) - 1.0).sum();
    let share = (1.0 / total.max(f64::MIN_POSITIVE)) as f32;
    let along = |row: &Forces, axis: usize| 4.0 * (pull * row.together[axis] - share * row.apart[axis]);
    rows.iter().map(|row| [along(row, 0), along(row, 1)]).collect()
}

/// What acts on one point.
struct Forces {
    together: [f32; 2],
    apart: [f32; 2],
    weight: f32,
}

fn forces(joint: &[f32], xs: &[f32], ys: &[f32], point: [f32; 2]) -> Forces {
    // Interleaved sums, so that they vectorize.
    const LANES: usize = 8;
    let mut sums = [[0.0_f32; LANES]; 5];
    let mut add = |lane: usize, p: f32, x: f32, y: f32| {
        let (dx, dy) = (point[0] - x, point[1] - y);
        let weight = 1.0 / (1.0 + dx * dx + dy * dy);
        let (near, far) = (p * weight, weight * weight);
        sums[0][lane] += near * dx;
        sums[1][lane] += near * dy;
        sums[2][lane] += far * dx;
        sums[3][lane] += far * dy;
        sums[4][lane] += weight;
    };
    let whole = joint.len() - joint.len() % LANES;
    for ((p, x), y) in joint.chunks_exact(LANES).zip(xs.chunks_exact(LANES)).zip(ys.chunks_exact(LANES)) {
        for lane in 0..LANES {
            add(lane, p[lane], x[lane], y[lane]);
        }
    }
    for at in whole..joint.len() {
        add(0, joint[at], xs[at], ys[at]);
    }
    let [a, b, c, d, weight] = sums.map(|s| ((s[0] + s[1]) + (s[2] + s[3])) + ((s[4] + s[5]) + (s[6] + s[7])));
    Forces { together: [a, b], apart: [c, d], weight }
}

/// Kullback-Leibler divergence of the picture from `joint`, in nats.
pub(super) fn divergence(joint: &[f32], points: &[[f32; 2]]) -> f64 {
    let weight = |a: &[f32; 2], b: &[f32; 2]| {
        let (dx, dy) = (f64::from(a[0]) - f64::from(b[0]), f64::from(a[1]) - f64::from(b[1]));
        1.0 / (1.0 + dx * dx + dy * dy)
    };
    let sums: Vec<(f64, f64)> = joint
        .par_chunks(points.len())
        .zip(points)
        .map(|(joint, point)| {
            let (mut weights, mut cross) = (-1.0, 0.0);
            for (p, other) in joint.iter().zip(points) {
                let weight = weight(point, other);
                weights += weight;
                if *p > 0.0 {
                    let p = f64::from(*p);
                    cross += p * (p.ln() - weight.ln());
                }
            }
            (weights, cross)
        })
        .collect();
    // p ln(p / q) with q = w / W is p (ln p - ln w) + p ln W, and all p make one.
    let total: f64 = sums.iter().map(|sum| sum.0).sum();
    sums.iter().map(|sum| sum.1).sum::<f64>() + total.max(f64::MIN_POSITIVE).ln()
}

#[cfg(test)]
mod tests {
    use super::super::affinity::joint;
    use super::super::tests::groups;
    use super::*;

    fn circle(rows: usize) -> Vec<[f32; 2]> {
        (0..rows).map(|i| [(i as f32 * 0.7).sin(), (i as f32 * 1.1).cos()]).collect()
    }

    #[test]
    fn the_gradient_is_that_of_the_divergence() {
        let joint = joint(&groups(), 10.0);
        let points = circle(120);
        let found = gradient(&joint, &points, 1.0);
        for (row, axis) in [(0, 0), (7, 1), (63, 0), (119, 1)] {
            let moved = |by: f32| {
                let mut points = points.clone();
                points[row][axis] += by;
                divergence(&joint, &points)
            };
            let expected = (moved(1e-3) - moved(-1e-3)) / 2e-3;
            assert!((f64::from(found[row][axis]) - expected).abs() < 2e-5, "{} {expected}", found[row][axis]);
        }
    }

    #[test]
    fn the_divergence_falls() {
        let joint = joint(&groups(), 10.0);
        let at = |steps| divergence(&joint, &descend(&joint, circle(120), steps).unwrap());
        // In its first quarter the descent follows exaggerated neighborhoods, so each of these is a descent to its end.
        let found = [0, 120, 500].map(at);
        assert!(found.is_sorted_by(|a, b| a > b), "{found:?}");
    }
}
