//! The loss of multinomial logistic regression and its gradient.

use rayon::prelude::*;

use crate::{Interrupt, TrainError};

/// Rows handled together: their f64 copies stay in the first cache levels.
const TILE: usize = 16;
/// Blocks of rows summed separately, then together in order: the sum does not depend on the number of threads.
const BLOCKS: usize = 32;
/// Fewest rows worth handing to another thread.
const BLOCK_ROWS: usize = 256;

/// What each row should be told as.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Targets<'a> {
    /// A class a row.
    Classes(&'a [u32]),
    /// A class a row, and what a row of each class counts.
    Weighted(&'a [u32], &'a [f64]),
    /// A share of every class, `[rows, classes]`; the shares of a row make one.
    Shares(&'a [f32], usize),
}

impl<'a> Targets<'a> {
    /// A class a row; rows count by their class where there are `factors`.
    pub(crate) fn of(labels: &'a [u32], factors: Option<&'a [f64]>) -> Self {
        match factors {
            Some(factors) => Self::Weighted(labels, factors),
            None => Self::Classes(labels),
        }
    }

    /// Rows that have a target.
    pub(crate) fn rows(self) -> usize {
        match self {
            Self::Classes(labels) | Self::Weighted(labels, _) => labels.len(),
            Self::Shares(shares, classes) => shares.len() / classes.max(1),
        }
    }
}

/// What a classifier is fitted to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Examples<'a> {
    /// `[rows, dim]`.
    pub(crate) x: &'a [f32],
    pub(crate) dim: usize,
    pub(crate) targets: Targets<'a>,
    pub(crate) classes: usize,
}

/// Mean cross-entropy of softmax(x Wᵀ + b) plus `0.5 * strength * ||W||²`; the bias is not penalized.
pub(crate) struct Logistic<'a> {
    /// `[rows, dim]`, standardized.
    pub(crate) x: &'a [f32],
    pub(crate) targets: Targets<'a>,
    pub(crate) dim: usize,
    pub(crate) classes: usize,
    pub(crate) strength: f64,
}

impl Logistic<'_> {
    /// Numbers sought: the weights `[classes, dim]`, then the biases `[classes]`.
    pub(crate) fn parameters(&self) -> usize {
        self.classes * (self.dim + 1)
    }

    /// The value at `parameters`; its gradient is written into `gradient`.
    ///
    /// # Errors
    /// [`TrainError::Stopped`] once whom this thread obeys was asked to stop.
    pub(crate) fn evaluate(&self, parameters: &[f64], gradient: &mut [f64]) -> Result<f64, TrainError> {
        let asked = &Interrupt::of_this_thread();
        let rows = self.targets.rows();
        let block = BLOCK_ROWS.max(rows.div_ceil(BLOCKS)).next_multiple_of(TILE);
        let parts = parameters.split_at(self.classes * self.dim);
        let weight = parts.0;
        gradient.fill(0.0);
        let mut loss = 0.0;
        if rows <= block {
            loss = self.block(parts, 0..rows, gradient, asked)?;
        } else {
            let starts: Vec<usize> = (0..rows).step_by(block).collect();
            let blocks: Vec<(f64, Vec<f64>)> = starts
                .par_iter()
                .map(|&start| {
                    let mut part = vec![0.0; gradient.len()];
                    let loss = self.block(parts, start..rows.min(start + block), &mut part, asked)?;
                    Ok((loss, part))
                })
                .collect::<Result<_, TrainError>>()?;
            for (part_loss, part) in &blocks {
                loss += part_loss;
                for (g, p) in gradient.iter_mut().zip(part) {
                    *g += p;
                }
            }
        }
        let scale = 1.0 / rows as f64;
        let mut penalty = 0.0;
        let (weight_gradient, bias_gradient) = gradient.split_at_mut(weight.len());
        for (g, w) in weight_gradient.iter_mut().zip(weight) {
            *g = *g * scale + self.strength * w;
            penalty += w * w;
        }
        for g in bias_gradient {
            *g *= scale;
        }
        Ok(loss * scale + 0.5 * self.strength * penalty)
    }

    /// Sum of the losses of `range` by weights and biases; the sum of their gradients is added to `gradient`.
    fn block(
        &self,
        (weight, bias): (&[f64], &[f64]),
        range: std::ops::Range<usize>,
        gradient: &mut [f64],
        asked: &Interrupt,
    ) -> Result<f64, TrainError> {
        let (d, k) = (self.dim, self.classes);
        let mut x = vec![0.0_f64; TILE * d];
        let mut errors = vec![0.0_f64; TILE * k];
        let mut loss = 0.0;
        for start in range.clone().step_by(TILE) {
            asked.check()?;
            let count = TILE.min(range.end - start);
            let source = &self.x[start * d..(start + count) * d];
            for (to, from) in x.iter_mut().zip(source) {
                *to = f64::from(*from);
            }
            // Rows beyond the last keep error 0, so whatever they hold adds nothing.
            logits(&x, weight, bias, d, &mut errors);
            for row in 0..TILE {
                let logits = &mut errors[row * k..(row + 1) * k];
                if row < count {
                    loss += match self.targets {
                        Targets::Classes(labels) => cross_entropy(logits, labels[start + row] as usize),
                        Targets::Weighted(labels, factors) => {
                            let label = labels[start + row] as usize;
                            let factor = factors[label];
                            let loss = cross_entropy(logits, label);
                            for error in logits.iter_mut() {
                                *error *= factor;
                            }
                            factor * loss
                        }
                        Targets::Shares(shares, _) => shared_entropy(logits, &shares[(start + row) * k..][..k]),
                    };
                } else {
                    logits.fill(0.0);
                }
            }
            let (weight_gradient, bias_gradient) = gradient.split_at_mut(k * d);
            for (class, (row_gradient, bias)) in weight_gradient.chunks_exact_mut(d).zip(bias_gradient).enumerate() {
                for rows in 0..TILE / 4 {
                    let e: [f64; 4] = std::array::from_fn(|i| errors[(rows * 4 + i) * k + class]);
                    *bias += e[0] + e[1] + e[2] + e[3];
                    add_rows(row_gradient, &x[rows * 4 * d..(rows + 1) * 4 * d], e);
                }
            }
        }
        Ok(loss)
    }
}

/// `x` is `[TILE, d]`; writes `[TILE, k]`.
fn logits(x: &[f64], weight: &[f64], bias: &[f64], d: usize, out: &mut [f64]) {
    let k = bias.len();
    for (class, (w, b)) in weight.chunks_exact(d).zip(bias).enumerate() {
        for rows in 0..TILE / 4 {
            let sums = dots(&x[rows * 4 * d..(rows + 1) * 4 * d], w);
            for (i, sum) in sums.iter().enumerate() {
                out[(rows * 4 + i) * k + class] = sum + b;
            }
        }
    }
}

/// Dot products of four consecutive rows with `w`, in four interleaved sums each so that they vectorize.
fn dots(rows: &[f64], w: &[f64]) -> [f64; 4] {
    const LANES: usize = 4;
    let (steps, rest) = w.as_chunks::<LANES>();
    std::array::from_fn(|i| {
        let row = &rows[i * w.len()..(i + 1) * w.len()];
        let (row_steps, row_rest) = row.as_chunks::<LANES>();
        let mut sums = [0.0_f64; LANES];
        for (a, b) in row_steps.iter().zip(steps) {
            for lane in 0..LANES {
                sums[lane] += a[lane] * b[lane];
            }
        }
        for (a, b) in row_rest.iter().zip(rest) {
            sums[0] += a * b;
        }
        (sums[0] + sums[1]) + (sums[2] + sums[3])
    })
}

/// Adds `scales[i] * row i` of four consecutive rows to `target`.
fn add_rows(target: &mut [f64], rows: &[f64], scales: [f64; 4]) {
    let d = target.len();
    let (r0, rest) = rows.split_at(d);
    let (r1, rest) = rest.split_at(d);
    let (r2, r3) = rest.split_at(d);
    for (j, t) in target.iter_mut().enumerate() {
        *t += (scales[0] * r0[j] + scales[1] * r1[j]) + (scales[2] * r2[j] + scales[3] * r3[j]);
    }
}

/// Returns `-log softmax(logits)[label]` and turns the logits into `softmax - onehot(label)`.
fn cross_entropy(logits: &mut [f64], label: usize) -> f64 {
    let most = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let picked = logits[label] - most;
    let mut sum = 0.0;
    for v in logits.iter_mut() {
        *v = (*v - most).exp();
        sum += *v;
    }
    for v in logits.iter_mut() {
        *v /= sum;
    }
    logits[label] -= 1.0;
    sum.ln() - picked
}

/// As [`cross_entropy`] against shares of all classes: returns `-Σ share log softmax` and turns the logits into
/// `softmax - share`.
fn shared_entropy(logits: &mut [f64], shares: &[f32]) -> f64 {
    let most = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let mut picked = 0.0;
    let mut sum = 0.0;
    for (v, share) in logits.iter_mut().zip(shares) {
        picked += f64::from(*share) * (*v - most);
        *v = (*v - most).exp();
        sum += *v;
    }
    for (v, share) in logits.iter_mut().zip(shares) {
        *v = *v / sum - f64::from(*share);
    }
    sum.ln() - picked
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(rows: usize, dim: usize, classes: usize) -> (Vec<f32>, Vec<u32>) {
        let mut rng = foretask_random::Key::new(4).with(rows as u64).rng();
        let x = (0..rows * dim).map(|_| rng.normal()).collect();
        let labels = (0..rows).map(|_| rng.below(classes as u64) as u32).collect();
        (x, labels)
    }

    #[test]
    fn two_rows_by_hand() {
        // W = [[1, 0], [0, 1]], b = 0; rows (1, 0) of class 0 and (0, 2) of class 0, strength 0.5.
        let loss = Logistic {
            x: &[1.0, 0.0, 0.0, 2.0],
            targets: Targets::Classes(&[0, 0]),
            dim: 2,
            classes: 2,
            strength: 0.5,
        };
        let mut gradient = vec![0.0; 6];
        let value = loss.evaluate(&[1.0, 0.0, 0.0, 1.0, 0.0, 0.0], &mut gradient).unwrap();
        let (p, q) = (1.0 / (1.0 + (-1.0_f64).exp()), 1.0 / (1.0 + 2.0_f64.exp()));
        assert!((value - (-(p.ln() + q.ln()) / 2.0 + 0.5)).abs() < 1e-12);
        let expected = [(p - 1.0) / 2.0 + 0.5, q - 1.0, (1.0 - p) / 2.0, 1.0 - q + 0.5];
        for (got, want) in gradient.iter().zip(expected) {
            assert!((got - want).abs() < 1e-12, "{gradient:?} {expected:?}");
        }
        assert!((gradient[4] - (p - 1.0 + q - 1.0) / 2.0).abs() < 1e-12);
    }

    #[test]
    fn gradient_equals_finite_differences_over_many_blocks() {
        let (x, labels) = problem(1000, 7, 3);
        let loss = Logistic { x: &x, targets: Targets::Classes(&labels), dim: 7, classes: 3, strength: 0.3 };
        let at: Vec<f64> = (0..24).map(|i| (f64::from(i) * 0.37).sin()).collect();
        let mut gradient = vec![0.0; 24];
        loss.evaluate(&at, &mut gradient).unwrap();
        let mut unused = vec![0.0; 24];
        for i in 0..24 {
            let (mut up, mut down) = (at.clone(), at.clone());
            up[i] += 1e-5;
            down[i] -= 1e-5;
            let mut value = |at: &[f64]| loss.evaluate(at, &mut unused).unwrap();
            let slope = (value(&up) - value(&down)) / 2e-5;
            assert!((slope - gradient[i]).abs() < 1e-8, "{i}: {slope} {}", gradient[i]);
        }
    }

    #[test]
    fn shares_are_what_as_many_rows_of_classes_would_be() {
        // A row that is three quarters of class 0 and a quarter of class 2 weighs as four rows of those classes.
        let (x, _) = problem(30, 5, 3);
        let labels: Vec<u32> = (0..120).map(|i| if i % 4 == 3 { 2 } else { (i / 4) % 2 }).collect();
        let rows: Vec<f32> = x.chunks_exact(5).flat_map(|row| [row; 4].concat()).collect();
        let shares: Vec<f32> =
            (0..30).flat_map(|i| if i % 2 == 0 { [0.75, 0.0, 0.25] } else { [0.0, 0.75, 0.25] }).collect();
        let at: Vec<f64> = (0..18).map(|i| (f64::from(i) * 0.37).sin()).collect();
        let (mut one, mut other) = (vec![0.0; 18], vec![0.0; 18]);
        let classes = Logistic { x: &rows, targets: Targets::Classes(&labels), dim: 5, classes: 3, strength: 0.2 };
        let shared = Logistic { x: &x, targets: Targets::Shares(&shares, 3), dim: 5, classes: 3, strength: 0.2 };
        let values = (classes.evaluate(&at, &mut one).unwrap(), shared.evaluate(&at, &mut other).unwrap());
        assert!((values.0 - values.1).abs() < 1e-12);
        assert!(one.iter().zip(&other).all(|(a, b)| (a - b).abs() < 1e-12), "{one:?} {other:?}");
    }

    #[test]
    fn a_row_that_counts_twice_is_as_two_rows() {
        let (x, _) = problem(40, 5, 2);
        let labels: Vec<u32> = (0..40).map(|i| u32::from(i % 4 == 0)).collect();
        let mut rows = x.clone();
        let mut twice = labels.clone();
        for (row, _) in x.chunks_exact(5).zip(&labels).filter(|(_, label)| **label == 1) {
            rows.extend(row);
            twice.push(1);
        }
        // 40 rows that count 1 or 2 are 50; the mean is over rows, so factors are scaled to a mean of 1.
        let factors = [40.0 / 50.0, 80.0 / 50.0];
        let at: Vec<f64> = (0..12).map(|i| (f64::from(i) * 0.37).sin()).collect();
        let (mut one, mut other) = (vec![0.0; 12], vec![0.0; 12]);
        let counted =
            Logistic { x: &x, targets: Targets::Weighted(&labels, &factors), dim: 5, classes: 2, strength: 0.2 };
        let repeated = Logistic { x: &rows, targets: Targets::Classes(&twice), dim: 5, classes: 2, strength: 0.2 };
        let values = (counted.evaluate(&at, &mut one).unwrap(), repeated.evaluate(&at, &mut other).unwrap());
        assert!((values.0 - values.1).abs() < 1e-12, "{values:?}");
        assert!(one.iter().zip(&other).all(|(a, b)| (a - b).abs() < 1e-12), "{one:?} {other:?}");
    }

    #[test]
    fn threads_do_not_change_a_bit() {
        let (x, labels) = problem(3001, 33, 5);
        let loss = Logistic { x: &x, targets: Targets::Classes(&labels), dim: 33, classes: 5, strength: 0.01 };
        let at: Vec<f64> = (0..loss.parameters()).map(|i| (i as f64 * 0.11).cos()).collect();
        let run = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let mut gradient = vec![0.0; loss.parameters()];
            let value = pool.install(|| loss.evaluate(&at, &mut gradient).unwrap());
            (value, gradient)
        };
        assert_eq!(run(1), run(4));
    }

    #[test]
    fn a_request_reaches_every_block() {
        let (x, labels) = problem(1000, 7, 3);
        let loss = Logistic { x: &x, targets: Targets::Classes(&labels), dim: 7, classes: 3, strength: 0.3 };
        let mut gradient = vec![0.0; loss.parameters()];
        let asked = Interrupt::new();
        let at = vec![0.0; loss.parameters()];
        assert!(asked.obeyed(|| loss.evaluate(&at, &mut gradient)).is_ok());
        asked.request();
        let found = asked.obeyed(|| loss.evaluate(&at, &mut gradient));
        assert!(matches!(found, Err(TrainError::Stopped)));
    }
}
