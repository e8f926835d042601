//! Limited-memory BFGS with a strong-Wolfe line search, in f64 on the host.
//!
//! Two-loop recursion and line search after Nocedal and Wright, "Numerical Optimization" (2006), algorithms 7.4, 3.5 and
//! 3.6. Close to the minimum the decrease of the value drowns in rounding; there the slope alone decides (the approximate
//! Wolfe condition of Hager and Zhang 2005), so that the gradient can be driven far below the square root of the precision.

use std::collections::VecDeque;

use crate::TrainError;

/// Sufficient decrease.
const C1: f64 = 1e-4;
/// Curvature.
const C2: f64 = 0.9;
/// Pairs (step, change of gradient) remembered.
const MEMORY: usize = 12;
/// Evaluations one line search may take.
const LINE_SEARCH_LIMIT: usize = 40;
/// Relative rounding error of a value of the objective.
const VALUE_NOISE: f64 = 1e-13;

/// Where the search ended.
#[derive(Clone, Debug)]
pub(crate) struct Minimum {
    pub(crate) x: Vec<f64>,
    pub(crate) value: f64,
    /// Largest absolute component of the gradient.
    pub(crate) gradient: f64,
    pub(crate) iterations: usize,
    pub(crate) converged: bool,
}

/// Minimizes `objective`, which writes the gradient at its first argument into its second and returns the value.
/// Ends when no component of the gradient exceeds `tolerance`, after `max_iterations`, or when no step improves; fails where
/// the objective does.
pub(crate) fn minimize(
    start: Vec<f64>,
    tolerance: f64,
    max_iterations: usize,
    mut objective: impl FnMut(&[f64], &mut [f64]) -> Result<f64, TrainError>,
) -> Result<Minimum, TrainError> {
    let n = start.len();
    let mut x = start;
    let mut gradient = vec![0.0; n];
    let mut value = objective(&x, &mut gradient)?;
    let mut memory: VecDeque<Pair> = VecDeque::with_capacity(MEMORY);
    let mut iterations = 0;
    while max_abs(&gradient) > tolerance && iterations < max_iterations && value.is_finite() {
        iterations += 1;
        let mut direction = descent(&gradient, &memory);
        let mut slope = dot(&direction, &gradient);
        if slope >= 0.0 {
            memory.clear();
            direction = gradient.iter().map(|g| -g).collect();
            slope = dot(&direction, &gradient);
        }
        // The first step has no curvature to go by: at most a unit of length.
        let trial = if memory.is_empty() { (1.0 / max_abs(&gradient)).min(1.0) } else { 1.0 };
        let line = Line { x: &x, direction: &direction, value, slope };
        let Some(found) = line_search(&line, trial, &mut objective)? else {
            if memory.is_empty() {
                break;
            }
            memory.clear();
            continue;
        };
        let step: Vec<f64> = found.x.iter().zip(&x).map(|(new, old)| new - old).collect();
        let change: Vec<f64> = found.gradient.iter().zip(&gradient).map(|(new, old)| new - old).collect();
        let curvature = dot(&step, &change);
        if curvature > f64::EPSILON * dot(&change, &change).sqrt() * dot(&step, &step).sqrt() {
            if memory.len() == MEMORY {
                memory.pop_front();
            }
            memory.push_back(Pair { step, change, curvature });
        }
        (x, gradient, value) = (found.x, found.gradient, found.value);
    }
    let largest = max_abs(&gradient);
    Ok(Minimum { x, value, gradient: largest, iterations, converged: largest <= tolerance })
}

struct Pair {
    step: Vec<f64>,
    change: Vec<f64>,
    curvature: f64,
}

/// Minus the approximate inverse Hessian times the gradient.
fn descent(gradient: &[f64], memory: &VecDeque<Pair>) -> Vec<f64> {
    let mut q: Vec<f64> = gradient.iter().map(|g| -g).collect();
    let mut weights = vec![0.0; memory.len()];
    for (weight, pair) in weights.iter_mut().zip(memory).rev() {
        *weight = dot(&pair.step, &q) / pair.curvature;
        add_scaled(&mut q, -*weight, &pair.change);
    }
    if let Some(last) = memory.back() {
        let scale = last.curvature / dot(&last.change, &last.change);
        for v in &mut q {
            *v *= scale;
        }
    }
    for (weight, pair) in weights.iter().zip(memory) {
        let correction = weight - dot(&pair.change, &q) / pair.curvature;
        add_scaled(&mut q, correction, &pair.step);
    }
    q
}

struct Point {
    at: f64,
    value: f64,
    slope: f64,
    x: Vec<f64>,
    gradient: Vec<f64>,
}

/// Where a line search begins and where it goes.
struct Line<'a> {
    x: &'a [f64],
    direction: &'a [f64],
    /// Of the objective at `x`.
    value: f64,
    /// Of the objective along `direction` at `x`.
    slope: f64,
}

/// A point on the line that satisfies the strong Wolfe conditions, or none. The first one tried is `trial` directions away.
fn line_search(
    line: &Line<'_>,
    trial: f64,
    objective: &mut impl FnMut(&[f64], &mut [f64]) -> Result<f64, TrainError>,
) -> Result<Option<Point>, TrainError> {
    let Line { x, direction, value, slope } = *line;
    let mut probe = |at: f64| {
        let moved: Vec<f64> = x.iter().zip(direction).map(|(x, d)| x + at * d).collect();
        let mut gradient = vec![0.0; x.len()];
        let value = objective(&moved, &mut gradient)?;
        let slope = dot(&gradient, direction);
        Ok(Point { at, value, slope, x: moved, gradient })
    };
    let flat = value.abs() * VALUE_NOISE;
    let fell = |p: &Point| {
        p.value <= value + C1 * p.at * slope || (p.value <= value + flat && p.slope <= (2.0 * C1 - 1.0) * slope)
    };
    let leveled = |p: &Point| p.slope.abs() <= -C2 * slope;

    // Grow the step until it brackets a minimum.
    let mut low = (0.0, value, slope);
    let mut at = trial;
    let mut high = None;
    let mut evaluations = 0;
    while evaluations < LINE_SEARCH_LIMIT {
        evaluations += 1;
        let point = probe(at)?;
        if !point.value.is_finite() {
            // Overflow: as if the value were far above.
            at = 0.5 * (low.0 + at);
            continue;
        }
        if !fell(&point) || (evaluations > 1 && point.value > low.1 + flat) {
            high = Some((point.at, point.value, point.slope));
            break;
        }
        if leveled(&point) {
            return Ok(Some(point));
        }
        let here = (point.at, point.value, point.slope);
        if point.slope >= 0.0 {
            high = Some(low);
            low = here;
            break;
        }
        low = here;
        at *= 2.5;
    }

    // Shrink the bracket. `low` is the best point that fell; its slope points towards `high`.
    let Some(mut high) = high else {
        // Still falling at the last step tried.
        return (low.0 > 0.0).then(|| probe(low.0)).transpose();
    };
    while evaluations < LINE_SEARCH_LIMIT {
        evaluations += 1;
        let point = probe(interpolate(low, high))?;
        let here = (point.at, point.value, point.slope);
        if !point.value.is_finite() || !fell(&point) || point.value > low.1 + flat {
            high = here;
        } else {
            if leveled(&point) {
                return Ok(Some(point));
            }
            if point.slope * (high.0 - low.0) >= 0.0 {
                high = low;
            }
            low = here;
        }
        if (high.0 - low.0).abs() <= 1e-14 * low.0.abs().max(1e-300) {
            break;
        }
    }
    // The curvature condition could not be met; any real decrease still is progress.
    (low.0 > 0.0 && low.1 < value).then(|| probe(low.0)).transpose()
}

/// Minimum of the cubic through two (place, value, slope), kept off the ends of the bracket.
fn interpolate(low: (f64, f64, f64), high: (f64, f64, f64)) -> f64 {
    let (a, b) = (low.0, high.0);
    let width = b - a;
    let middle = a + 0.5 * width;
    if !high.1.is_finite() || !high.2.is_finite() {
        return middle;
    }
    let d1 = low.2 + high.2 - 3.0 * (high.1 - low.1) / width;
    let inside = d1 * d1 - low.2 * high.2;
    if inside < 0.0 {
        return middle;
    }
    let d2 = inside.sqrt() * width.signum();
    let at = b - width * (high.2 + d2 - d1) / (high.2 - low.2 + 2.0 * d2);
    let (near, far) = (a + 0.1 * width, b - 0.1 * width);
    let (least, most) = (near.min(far), near.max(far));
    if at.is_finite() { at.clamp(least, most) } else { middle }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn add_scaled(target: &mut [f64], scale: f64, source: &[f64]) {
    for (t, s) in target.iter_mut().zip(source) {
        *t += scale * s;
    }
}

fn max_abs(values: &[f64]) -> f64 {
    // NaN counts as the largest, so that a broken objective never looks converged.
    values.iter().fold(0.0, |most: f64, v| if v.is_nan() { f64::INFINITY } else { most.max(v.abs()) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rosenbrock_in_ten_dimensions() {
        let found = minimize(vec![-1.2; 10], 1e-10, 2000, |x, g| {
            g.fill(0.0);
            let mut value = 0.0;
            for i in 0..x.len() - 1 {
                let (a, b) = (1.0 - x[i], x[i + 1] - x[i] * x[i]);
                value += a * a + 100.0 * b * b;
                g[i] += -2.0 * a - 400.0 * x[i] * b;
                g[i + 1] += 200.0 * b;
            }
            Ok(value)
        })
        .unwrap();
        assert!(found.converged && found.iterations < 300, "{found:?}");
        // The chain has the minimum (1, …, 1) and a local one near (-1, 1, …, 1); either is a zero of the gradient.
        assert!(found.x[1..].iter().all(|x| (x - 1.0).abs() < 1e-6), "{:?}", found.x);
    }

    #[test]
    fn ill_conditioned_quadratic_reaches_the_tolerance() {
        let scales: Vec<f64> = (0..50).map(|i| 10_f64.powf(f64::from(i) / 12.0)).collect();
        let found = minimize(vec![3.0; 50], 1e-9, 2000, |x, g| {
            let mut value = 0.5;
            for i in 0..x.len() {
                g[i] = scales[i] * (x[i] - 1.0);
                value += 0.5 * scales[i] * (x[i] - 1.0).powi(2);
            }
            Ok(value)
        })
        .unwrap();
        // scipy's L-BFGS-B with 12 pairs stops at 2.5e-7 after 995 iterations, where the value no longer changes.
        assert!(found.converged && found.iterations < 1400, "{} {}", found.iterations, found.gradient);
    }

    #[test]
    fn an_objective_that_overflows_is_stepped_back_from() {
        // exp(x) - x from far left with a first step that would overflow.
        let found = minimize(vec![-30.0], 1e-8, 200, |x, g| {
            g[0] = 1e4 * (x[0].exp() - 1.0);
            Ok(1e4 * (x[0].exp() - x[0]))
        })
        .unwrap();
        assert!(found.converged && found.x[0].abs() < 1e-6, "{found:?}");
    }

    #[test]
    fn not_a_number_is_never_converged() {
        let found = minimize(vec![1.0], 1e-8, 20, |_, g| {
            g[0] = f64::NAN;
            Ok(f64::NAN)
        })
        .unwrap();
        assert!(!found.converged);
    }

    #[test]
    fn a_failing_objective_ends_the_search() {
        let mut calls = 0;
        let found = minimize(vec![3.0], 1e-300, 1000, |x, g| {
            calls += 1;
            g[0] = x[0].powi(3);
            if calls > 5 { Err(TrainError::Stopped) } else { Ok(x[0].powi(4) / 4.0) }
        });
        assert!(matches!(found, Err(TrainError::Stopped)) && calls == 6, "{calls}");
    }
}
