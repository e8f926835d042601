//! What several draws of labels say together.

use serde::{Deserialize, Serialize};

use crate::{EvalError, student};

/// Mean and spread of one figure over draws.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// The figure of every draw, in the order of the draws.
    pub values: Vec<f64>,
    /// Their mean.
    pub mean: f64,
    /// Standard deviation with n - 1; none for a single draw.
    pub sd: Option<f64>,
    /// 95 % interval of the mean by Student's t with n - 1 degrees of freedom; none for a single draw. It speaks of the
    /// draw of the labels (and of what else differed between draws), not of the choice of test images.
    pub interval: Option<(f64, f64)>,
}

impl Summary {
    /// Summarizes the figure of every draw.
    ///
    /// # Errors
    /// [`EvalError::Input`] where there is no value or one that is not finite.
    pub fn of(values: &[f64]) -> Result<Self, EvalError> {
        if values.is_empty() {
            return Err(EvalError::Input("there is no value to summarize; evaluate at least one draw".into()));
        }
        if let Some(at) = values.iter().position(|v| !v.is_finite()) {
            return Err(EvalError::Input(format!("the value of draw {} is not finite", at + 1)));
        }
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        if values.len() == 1 {
            return Ok(Self { values: values.to_vec(), mean, sd: None, interval: None });
        }
        let sd = (values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt();
        let half = student::quantile(0.975, n - 1.0) * sd / n.sqrt();
        Ok(Self { values: values.to_vec(), mean, sd: Some(sd), interval: Some((mean - half, mean + half)) })
    }
}

/// The difference of two results over the same draws: far sharper than two means side by side, because most of the
/// spread between draws is the draw itself and cancels.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Paired {
    /// `ours - other` of every draw, its mean, deviation and 95 % interval.
    pub difference: Summary,
    /// Draws in which ours is higher.
    pub higher: usize,
    /// Draws in which ours is lower.
    pub lower: usize,
    /// Two-sided p value of the paired t test; none for a single draw.
    pub p_value: Option<f64>,
    /// What follows.
    pub verdict: Verdict,
}

/// The outcome of a paired comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Higher, with the 95 % interval wholly above 0.
    Higher,
    /// Lower, with the 95 % interval wholly below 0.
    Lower,
    /// The interval holds 0, or there is only one draw.
    Unclear,
}

/// Compares two results draw by draw.
///
/// # Errors
/// [`EvalError::Input`] where the numbers of draws differ or there is none.
pub fn paired(ours: &[f64], other: &[f64]) -> Result<Paired, EvalError> {
    if ours.len() != other.len() {
        return Err(EvalError::Input(format!(
            "a paired comparison needs the same draws on both sides, but one has {} and the other {}",
            ours.len(),
            other.len()
        )));
    }
    let differences: Vec<f64> = ours.iter().zip(other).map(|(a, b)| a - b).collect();
    let difference = Summary::of(&differences)?;
    let n = differences.len() as f64;
    let p_value = difference.sd.map(|sd| {
        if sd == 0.0 {
            return if difference.mean == 0.0 { 1.0 } else { 0.0 };
        }
        2.0 * student::cumulative(-(difference.mean / (sd / n.sqrt())).abs(), n - 1.0)
    });
    let verdict = match difference.interval {
        Some((low, _)) if low > 0.0 => Verdict::Higher,
        Some((_, high)) if high < 0.0 => Verdict::Lower,
        _ => Verdict::Unclear,
    };
    let higher = differences.iter().filter(|d| **d > 0.0).count();
    let lower = differences.iter().filter(|d| **d < 0.0).count();
    Ok(Paired { difference, higher, lower, p_value, verdict })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_draws_by_hand() {
        // Mean 72, deviations -2, 0, 2: variance 8 / 2 = 4; interval 72 ± 4.302653 * 2 / sqrt(3).
        let summary = Summary::of(&[70.0, 72.0, 74.0]).unwrap();
        assert_eq!((summary.mean, summary.sd), (72.0, Some(2.0)));
        let (low, high) = summary.interval.unwrap();
        let half = 4.302_652_73 * 2.0 / 3.0_f64.sqrt();
        assert!((low - (72.0 - half)).abs() < 1e-6 && (high - (72.0 + half)).abs() < 1e-6);
    }

    #[test]
    fn one_draw_has_no_spread_and_none_is_an_error() {
        let one = Summary::of(&[5.0]).unwrap();
        assert_eq!((one.mean, one.sd, one.interval), (5.0, None, None));
        assert!(Summary::of(&[]).is_err() && Summary::of(&[1.0, f64::NAN]).is_err());
    }

    #[test]
    fn paired_agrees_with_scipy() {
        // scipy 1.17.1, stats.ttest_rel: statistic 3.1646805, p 0.0870135735850518.
        let found = paired(&[73.1, 71.0, 75.2], &[70.4, 69.9, 71.3]).unwrap();
        assert!((found.p_value.unwrap() - 0.087_013_573_585_05).abs() < 1e-10);
        assert_eq!((found.higher, found.lower, found.verdict), (3, 0, Verdict::Unclear));
        assert!((found.difference.mean - 7.7 / 3.0).abs() < 1e-9);
        assert!(paired(&[1.0], &[1.0, 2.0]).is_err());
    }

    #[test]
    fn verdicts_follow_the_interval() {
        let other = [70.0, 71.0, 72.0, 73.0];
        let shifted = |by: f64| other.map(|v| v + by + 0.01 * (v - 71.5));
        assert_eq!(paired(&shifted(3.0), &other).unwrap().verdict, Verdict::Higher);
        assert_eq!(paired(&shifted(-3.0), &other).unwrap().verdict, Verdict::Lower);
        assert_eq!(paired(&other, &other).unwrap().p_value, Some(1.0));
        assert_eq!(paired(&[3.0], &[1.0]).unwrap().verdict, Verdict::Unclear);
    }
}
