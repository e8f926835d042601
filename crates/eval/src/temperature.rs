//! One number that makes a classifier's probabilities honest.

use crate::EvalError;

/// The temperature by which `logits`, `[rows, classes]`, must be divided so that the mean cross-entropy on `labels` is
/// least (Guo et al. 2017, "On calibration of modern neural networks"); between 0.05 and 20. The logits must be of images
/// the classifier was not trained on. Accuracy does not change.
///
/// # Errors
/// [`EvalError::Input`] where there is no label, or the labels do not fit the logits.
pub fn fit_temperature(logits: &[f32], classes: usize, labels: &[u32]) -> Result<f64, EvalError> {
    fit(logits, classes, labels, 0.0)
}

/// As [`fit_temperature`], but with n labels no answer counts as more certain than (n + 1) / (n + 2), the rest shared by the
/// other classes, as Platt (1999, "Probabilistic outputs for support vector machines") does it for two: a few answers that
/// all happen to be right are no reason for boundless confidence.
///
/// # Errors
/// As [`fit_temperature`].
pub fn fit_temperature_cautiously(logits: &[f32], classes: usize, labels: &[u32]) -> Result<f64, EvalError> {
    fit(logits, classes, labels, 1.0 / (labels.len() as f64 + 2.0))
}

fn fit(logits: &[f32], classes: usize, labels: &[u32], doubt: f64) -> Result<f64, EvalError> {
    let fits = classes > 0 && logits.len() == labels.len() * classes;
    if labels.is_empty() || !fits || labels.iter().any(|&label| label as usize >= classes) {
        return Err(EvalError::Input(format!(
            "a temperature needs held-out labels that fit the logits, but {} labels stand against {} logits of {classes} classes",
            labels.len(),
            logits.len()
        )));
    }
    let other = if classes > 1 { doubt / (classes - 1) as f64 } else { 0.0 };
    let loss = |log_temperature: f64| -> f64 {
        let scale = (-log_temperature).exp();
        let rows = logits.chunks_exact(classes).zip(labels);
        rows.map(|(row, &label)| {
            let most = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            let shifted = |v: f32| scale * f64::from(v - most);
            let sum: f64 = row.iter().map(|v| shifted(*v)).sum();
            let right = shifted(row[label as usize]);
            row.iter().map(|v| shifted(*v).exp()).sum::<f64>().ln() - (1.0 - doubt) * right - other * (sum - right)
        })
        .sum()
    };
    // Convex in 1 / temperature, so it has one valley in its logarithm too: golden-section search.
    let golden = 0.5 * (5.0_f64.sqrt() - 1.0);
    let (mut low, mut high) = (0.05_f64.ln(), 20.0_f64.ln());
    let (mut a, mut b) = (high - golden * (high - low), low + golden * (high - low));
    let (mut at_a, mut at_b) = (loss(a), loss(b));
    while high - low > 1e-6 {
        if at_a <= at_b {
            (high, b, at_b) = (b, a, at_a);
            a = high - golden * (high - low);
            at_a = loss(a);
        } else {
            (low, a, at_a) = (a, b, at_b);
            b = low + golden * (high - low);
            at_b = loss(b);
        }
    }
    Ok((0.5 * (low + high)).exp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overconfidence_is_measured_exactly() {
        // Logit difference 4, right 3 times of 4: the best probability is 3/4, so 4 / T = ln 3.
        let logits: Vec<f32> = [4.0, 0.0].repeat(4);
        let temperature = fit_temperature(&logits, 2, &[0, 0, 0, 1]).unwrap();
        assert!((temperature - 4.0 / 3.0_f64.ln()).abs() < 1e-4, "{temperature}");
    }

    #[test]
    fn caution_is_the_rule_of_succession() {
        // Four answers of four right with a difference of 4: the best probability is 5/6, so 4 / T = ln 5.
        let logits: Vec<f32> = [4.0, 0.0].repeat(4);
        let temperature = fit_temperature_cautiously(&logits, 2, &[0; 4]).unwrap();
        assert!((temperature - 4.0 / 5.0_f64.ln()).abs() < 1e-4, "{temperature}");
        // Three of four right: 3/4 of 5/6 and 1/4 of 1/6 is 2/3, so 4 / T = ln 2.
        let temperature = fit_temperature_cautiously(&logits, 2, &[0, 0, 0, 1]).unwrap();
        assert!((temperature - 4.0 / 2.0_f64.ln()).abs() < 1e-4, "{temperature}");
    }

    #[test]
    fn never_wrong_stops_at_the_bound_and_misfits_are_refused() {
        assert!((fit_temperature(&[1.0, 0.0], 2, &[0]).unwrap() - 0.05).abs() < 1e-4);
        assert!(fit_temperature(&[1.0, 0.0], 2, &[]).is_err());
        assert!(fit_temperature(&[1.0, 0.0], 2, &[2]).is_err());
        assert!(fit_temperature(&[1.0], 2, &[0]).is_err());
    }
}
