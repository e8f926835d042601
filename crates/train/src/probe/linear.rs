//! Fitting the probe and reading its answers.

use serde::{Deserialize, Serialize};

use super::lbfgs::{Minimum, minimize};
use super::logistic::{Examples, Logistic, Targets};
use super::options::{DEFAULT_STRENGTH, ProbeOptions};
use super::standardization::Standardization;
use crate::{Features, TrainError};

/// A linear classifier on raw (not standardized) features.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LinearProbe {
    /// `[classes, dim]`, the standardization folded in.
    pub weight: Vec<f32>,
    /// `[classes]`, the standardization folded in.
    pub bias: Vec<f32>,
    /// Features.
    pub dim: usize,
    /// Classes.
    pub classes: usize,
    /// The penalty it was fitted with.
    pub strength: f64,
    /// Why this penalty.
    pub reason: String,
    /// Mean cross-entropy on the labeled images plus the penalty, at the minimum.
    pub objective: f64,
    /// Largest absolute component of the gradient there.
    pub gradient: f64,
    /// Iterations of L-BFGS.
    pub iterations: usize,
    /// Whether the gradient fell below the tolerance.
    pub converged: bool,
}

/// Fits multinomial logistic regression by L-BFGS in f64 until no component of the gradient exceeds the tolerance.
///
/// `labels` are one per row of `features`, below `classes`. Features are standardized with `statistics` (of the
/// unlabeled pool, where there is one) or, without, with those of `features`; the penalty is
/// `0.5 * strength * ||W||²` on the mean loss in the standardized space, the bias is free; images count in the mean as
/// [`ProbeOptions::class_weights`] says. The answer works on raw features.
/// The same numbers come out on any number of threads.
///
/// # Errors
/// No features, labels that do not fit them, only one class, features that are not finite, an option out of range; a request
/// to stop that this thread obeys (see [`Interrupt::obeyed`](crate::Interrupt::obeyed)).
pub fn linear_probe(
    features: &Features,
    labels: &[u32],
    classes: usize,
    statistics: Option<&Standardization>,
    options: &ProbeOptions,
) -> Result<LinearProbe, TrainError> {
    options.validate()?;
    check(&features.data, features.dim, labels, classes)?;
    let factors = options.class_weights.factors(labels, classes);
    fit_on_features(features, Targets::of(labels, factors.as_deref()), classes, statistics, options)
}

/// As [`linear_probe`] from shares of the classes instead of labels, such as label spreading gives: `shares` is
/// `[rows, classes]`, and a row's shares make one.
///
/// # Errors
/// As [`linear_probe`]; also shares that are negative or do not make one.
pub fn soft_probe(
    features: &Features,
    shares: &[f32],
    classes: usize,
    statistics: Option<&Standardization>,
    options: &ProbeOptions,
) -> Result<LinearProbe, TrainError> {
    options.validate()?;
    if classes == 0 || shares.len() != features.len() * classes {
        return Err(TrainError::Labels(format!(
            "{} shares for {} rows of features and {classes} classes",
            shares.len(),
            features.len()
        )));
    }
    let whole = |row: &[f32]| row.iter().all(|&share| share >= 0.0) && (row.iter().sum::<f32>() - 1.0).abs() < 1e-3;
    if let Some(wrong) = shares.chunks_exact(classes).position(|row| !whole(row)) {
        return Err(TrainError::Labels(format!("the shares of row {wrong} are not parts of one")));
    }
    let likeliest: Vec<u32> = shares.chunks_exact(classes).map(|row| crate::largest(row) as u32).collect();
    check(&features.data, features.dim, &likeliest, classes)?;
    fit_on_features(features, Targets::Shares(shares, classes), classes, statistics, options)
}

/// With the pool's statistics where there are some, and the penalty that suits features.
fn fit_on_features(
    features: &Features,
    targets: Targets<'_>,
    classes: usize,
    statistics: Option<&Standardization>,
    options: &ProbeOptions,
) -> Result<LinearProbe, TrainError> {
    let own;
    let statistics = if let Some(given) = statistics {
        if given.mean.len() != features.dim || given.std.len() != features.dim {
            return Err(TrainError::Labels(format!(
                "the probe's features have {} numbers, but the statistics to standardize them {}; \
                 both must come from the same encoder",
                features.dim,
                given.mean.len()
            )));
        }
        given
    } else {
        own = Standardization::of(&features.data, features.dim);
        &own
    };
    let strength = options.strength.unwrap_or(DEFAULT_STRENGTH);
    let reason = if options.strength.is_some() { "given" } else { "the default for features of an encoder" };
    let examples = Examples { x: &features.data, dim: features.dim, targets, classes };
    fit_folded(examples, statistics, (strength, reason.into()), options)
}

/// The probe on raw features: fitted to standardized ones, then folded.
pub(super) fn fit_folded(
    examples: Examples<'_>,
    statistics: &Standardization,
    (strength, reason): (f64, String),
    options: &ProbeOptions,
) -> Result<LinearProbe, TrainError> {
    let x = statistics.apply(examples.x);
    let Examples { dim, classes, .. } = examples;
    let mut found = fit(Examples { x: &x, ..examples }, strength, None, options)?;
    let (weight, bias) = found.x.split_at_mut(classes * dim);
    for (row, b) in weight.chunks_exact_mut(dim).zip(bias) {
        for ((w, mean), std) in row.iter_mut().zip(&statistics.mean).zip(&statistics.std) {
            *w /= f64::from(*std);
            *b -= *w * f64::from(*mean);
        }
    }
    Ok(LinearProbe {
        strength,
        reason,
        objective: found.value,
        gradient: found.gradient,
        iterations: found.iterations,
        converged: found.converged,
        ..LinearProbe::from_parameters(&found.x, dim, classes)
    })
}

/// Minimizes over standardized features; the answer is the weights `[classes, dim]`, then the biases.
pub(super) fn fit(
    examples: Examples<'_>,
    strength: f64,
    start: Option<Vec<f64>>,
    options: &ProbeOptions,
) -> Result<Minimum, TrainError> {
    let Examples { x, dim, targets, classes } = examples;
    let problem = Logistic { x, targets, dim, classes, strength };
    let start = start.unwrap_or_else(|| vec![0.0; problem.parameters()]);
    minimize(start, options.tolerance, options.max_iterations, |at, gradient| problem.evaluate(at, gradient))
}

/// Refuses labels and features that no probe can be fitted to.
pub(super) fn check(data: &[f32], dim: usize, labels: &[u32], classes: usize) -> Result<(), TrainError> {
    let fault = |message: String| Err(TrainError::Labels(message));
    if labels.is_empty() || dim == 0 {
        return fault(
            "a probe needs labeled images, but there is none; label a few, or look at the manifest with describe"
                .into(),
        );
    }
    if data.len() != labels.len() * dim {
        return fault(format!("{} labels for {} rows of features", labels.len(), data.len() / dim));
    }
    if let Some(label) = labels.iter().find(|&&label| label as usize >= classes) {
        return fault(format!("label {label} lies outside the {classes} classes"));
    }
    if labels.iter().all(|label| *label == labels[0]) {
        return fault(format!(
            "all {} labeled images are of one class, so there is nothing to tell apart; label images of at least two classes",
            labels.len()
        ));
    }
    if let Some(at) = data.iter().position(|v| !v.is_finite()) {
        return fault(format!(
            "feature {} of image {} is not finite; the encoder's weights are broken",
            at % dim,
            at / dim
        ));
    }
    Ok(())
}

impl LinearProbe {
    pub(super) fn from_parameters(parameters: &[f64], dim: usize, classes: usize) -> Self {
        let (weight, bias) = parameters.split_at(classes * dim);
        Self {
            weight: weight.iter().map(|&w| w as f32).collect(),
            bias: bias.iter().map(|&b| b as f32).collect(),
            dim,
            classes,
            strength: 0.0,
            reason: String::new(),
            objective: f64::NAN,
            gradient: f64::NAN,
            iterations: 0,
            converged: false,
        }
    }

    /// Logits `[rows, classes]` of raw features `[rows, dim]`.
    pub fn logits(&self, features: &[f32]) -> Vec<f32> {
        let mut out = Vec::with_capacity(features.len() / self.dim.max(1) * self.classes);
        for row in features.chunks_exact(self.dim.max(1)) {
            for (weight, bias) in self.weight.chunks_exact(self.dim.max(1)).zip(&self.bias) {
                let sum: f64 = row.iter().zip(weight).map(|(x, w)| f64::from(*x) * f64::from(*w)).sum();
                out.push((sum + f64::from(*bias)) as f32);
            }
        }
        out
    }

    /// Probabilities `[rows, classes]` of raw features `[rows, dim]`.
    pub fn probabilities(&self, features: &[f32]) -> Vec<f32> {
        let mut out = self.logits(features);
        for row in out.chunks_exact_mut(self.classes.max(1)) {
            let most = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            let sum: f64 = row.iter().map(|v| f64::from(v - most).exp()).sum();
            for v in row.iter_mut() {
                *v = (f64::from(*v - most).exp() / sum) as f32;
            }
        }
        out
    }

    /// A probe given as plain values: `weight` is `[classes, dim]`, `bias` `[classes]`. Nothing is said of how it was fitted.
    pub fn of(weight: &[f32], bias: &[f32]) -> Self {
        let classes = bias.len();
        let dim = weight.len() / classes.max(1);
        let empty = Self::from_parameters(&[], 0, 0);
        Self { weight: weight.to_vec(), bias: bias.to_vec(), dim, classes, ..empty }
    }

    /// Whether each labeled row is answered rightly.
    pub(crate) fn right(&self, features: &[f32], labels: &[u32]) -> Vec<bool> {
        let logits = self.logits(features);
        logits
            .chunks_exact(self.classes)
            .zip(labels)
            .map(|(row, label)| crate::largest(row) == *label as usize)
            .collect()
    }

    /// How many of the labeled rows it gets right, and the sum of their cross-entropies, each times what its class counts.
    pub(crate) fn score(&self, features: &[f32], labels: &[u32], factors: Option<&[f64]>) -> (usize, f64) {
        let logits = self.logits(features);
        let mut correct = 0;
        let mut loss = 0.0;
        for (row, &label) in logits.chunks_exact(self.classes).zip(labels) {
            let picked = f64::from(row[label as usize]);
            let most = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            correct += usize::from(crate::largest(row) == label as usize);
            let own = row.iter().map(|v| f64::from(v - most).exp()).sum::<f64>().ln() + f64::from(most) - picked;
            loss += factors.map_or(1.0, |factors| factors[label as usize]) * own;
        }
        (correct, loss)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Three features of different size and offset, and labels that have little to do with them.
    fn case() -> (Features, Vec<u32>) {
        let data = (0..24 * 3).map(|at| {
            let (i, j) = ((at / 3) as f64, (at % 3) as f64);
            ((0.7 * i + 1.3 * j + 0.1 * i * j).sin() * (1.0 + 2.0 * j) + 0.5 * j) as f32
        });
        let features = Features { data: data.collect(), dim: 3, rows: (0..24).collect() };
        (features, (0..24).map(|i| (i * 7) % 5 % 3).collect())
    }

    fn assert_close(got: &[f32], want: &[f32], tolerance: f32) {
        assert_eq!(got.len(), want.len());
        assert!(got.iter().zip(want).all(|(g, w)| (g - w).abs() < tolerance), "{got:?}\n{want:?}");
    }

    #[test]
    fn agrees_with_scikit_learn() {
        // scikit-learn 1.9.1, LogisticRegression(C = 1 / (24 strength), solver "newton-cg", tol 1e-12) on features
        // standardized by their population statistics, folded back; biases centered, as their common shift is free.
        let (features, labels) = case();
        let options = ProbeOptions { strength: Some(0.01), tolerance: 1e-10, ..ProbeOptions::default() };
        let probe = linear_probe(&features, &labels, 3, None, &options).unwrap();
        assert!(probe.converged && probe.iterations < 60, "{probe:?}");
        let weight =
            [-0.094_216, -0.061_77, 0.043_533, -0.136_82, -0.060_399, -0.097_733, 0.231_037, 0.122_169, 0.054_2];
        assert_close(&probe.weight, &weight, 2e-6);
        let mean = probe.bias.iter().sum::<f32>() / 3.0;
        let bias: Vec<f32> = probe.bias.iter().map(|b| b - mean).collect();
        assert_close(&bias, &[0.165_756, 0.388_394, -0.55415], 2e-6);
        assert!((probe.objective - 1.028_384_3).abs() < 1e-7);
        assert_close(&probe.probabilities(&features.data)[..3], &[0.37026, 0.28037, 0.349_371], 2e-6);

        let strong = ProbeOptions { strength: Some(1.0), ..options };
        let probe = linear_probe(&features, &labels, 3, None, &strong).unwrap();
        let weight =
            [-0.001_192, -0.018_909, 0.016_792, -0.009_552, 0.011_124, -0.020_674, 0.010_744, 0.007_785, 0.003_882];
        assert_close(&probe.weight, &weight, 2e-6);
        assert!((probe.objective - 1.050_495_93).abs() < 1e-7);
    }

    #[test]
    fn statistics_of_the_pool_change_the_penalty_not_the_free_answer() {
        let (features, labels) = case();
        let pool = Standardization { mean: vec![9.0, -3.0, 1.0], std: vec![2.0, 0.5, 7.0] };
        let fit = |statistics: Option<&Standardization>, strength| {
            let options = ProbeOptions { strength: Some(strength), tolerance: 1e-9, ..ProbeOptions::default() };
            linear_probe(&features, &labels, 3, statistics, &options).unwrap().probabilities(&features.data)
        };
        assert_close(&fit(None, 0.0), &fit(Some(&pool), 0.0), 1e-4);
        let (own, pooled) = (fit(None, 0.3), fit(Some(&pool), 0.3));
        assert!(own.iter().zip(&pooled).any(|(a, b)| (a - b).abs() > 1e-3));
    }

    #[test]
    fn whole_shares_are_labels_and_broken_ones_are_refused() {
        let (features, labels) = case();
        let options = ProbeOptions { strength: Some(0.01), tolerance: 1e-10, ..ProbeOptions::default() };
        let shares: Vec<f32> =
            labels.iter().flat_map(|&label| (0..3).map(move |c| f32::from(u8::from(c == label)))).collect();
        let hard = linear_probe(&features, &labels, 3, None, &options).unwrap();
        let soft = soft_probe(&features, &shares, 3, None, &options).unwrap();
        assert_close(&soft.weight, &hard.weight, 1e-6);
        let say = |shares: &[f32]| soft_probe(&features, shares, 3, None, &options).unwrap_err().to_string();
        assert!(say(&shares[3..]).contains("69 shares for 24 rows"));
        let mut broken = shares.clone();
        broken[3] += 0.5;
        assert!(say(&broken).contains("row 1"));
        assert!(say(&[1.0, 0.0, 0.0].repeat(24)).contains("one class"));
    }

    #[test]
    fn what_cannot_be_probed_is_refused_by_name() {
        let (features, labels) = case();
        let say = |features: &Features, labels: &[u32], options: &ProbeOptions| {
            linear_probe(features, labels, 3, None, options).unwrap_err().to_string()
        };
        let plain = ProbeOptions::default();
        assert!(say(&features, &labels[..3], &plain).contains("3 labels for 24 rows"));
        assert!(say(&features, &[1; 24], &plain).contains("one class"));
        assert!(say(&features, &[7; 24], &plain).contains("outside the 3 classes"));
        let mut broken = features.clone();
        broken.data[4] = f32::NAN;
        assert!(say(&broken, &labels, &plain).contains("feature 1 of image 1"));
        let negative = ProbeOptions { strength: Some(-1.0), ..plain };
        assert!(say(&features, &labels, &negative).contains("strength"));
    }
}
