//! Center and scale of features.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// Mean and standard deviation of every feature, taken over the unlabeled pool or over the labeled images.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Standardization {
    /// `[dim]`.
    pub mean: Vec<f32>,
    /// `[dim]`, population standard deviation (divided by n); 1 for a feature that does not vary.
    pub std: Vec<f32>,
}

impl Standardization {
    /// The statistics of `data`, `[rows, dim]`. A feature whose deviation is below a ten-thousandth of the average one is
    /// taken as constant: dividing by it would only magnify rounding.
    pub fn of(data: &[f32], dim: usize) -> Self {
        let rows = data.len().checked_div(dim).unwrap_or(0).max(1) as f64;
        let mut mean = vec![0.0_f64; dim];
        for row in data.chunks_exact(dim.max(1)) {
            for (m, v) in mean.iter_mut().zip(row) {
                *m += f64::from(*v);
            }
        }
        for m in &mut mean {
            *m /= rows;
        }
        let mut std = vec![0.0_f64; dim];
        for row in data.chunks_exact(dim.max(1)) {
            for ((s, v), m) in std.iter_mut().zip(row).zip(&mean) {
                *s += (f64::from(*v) - m).powi(2);
            }
        }
        for s in &mut std {
            *s = (*s / rows).sqrt();
        }
        let least = 1e-4 * std.iter().sum::<f64>() / dim.max(1) as f64;
        Self {
            mean: mean.iter().map(|&m| m as f32).collect(),
            std: std.iter().map(|&s| if s > least { s as f32 } else { 1.0 }).collect(),
        }
    }

    /// The statistics with one common scale for all features: their root mean square deviation. For pixels, whose
    /// differing deviations carry meaning (the border hardly varies and says nothing).
    pub fn common_scale(data: &[f32], dim: usize) -> Self {
        let own = Self::of(data, dim);
        let rows = data.len().checked_div(dim).unwrap_or(0).max(1) as f64;
        let mut square = 0.0;
        for row in data.chunks_exact(dim.max(1)) {
            square += row.iter().zip(&own.mean).map(|(v, m)| f64::from(v - m).powi(2)).sum::<f64>();
        }
        let scale = (square / rows / dim.max(1) as f64).sqrt();
        let scale = if scale > 0.0 { scale as f32 } else { 1.0 };
        Self { std: vec![scale; dim], mean: own.mean }
    }

    /// A standardized copy of `data`, `[rows, dim]`.
    pub fn apply(&self, data: &[f32]) -> Vec<f32> {
        let mut out = data.to_vec();
        out.par_chunks_mut(self.mean.len().max(1)).with_min_len(64).for_each(|row| {
            for ((v, m), s) in row.iter_mut().zip(&self.mean).zip(&self.std) {
                *v = (*v - m) / s;
            }
        });
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand_with_a_constant_feature() {
        let data = [1.0, 5.0, 10.0, 3.0, 5.0, 14.0];
        let found = Standardization::of(&data, 3);
        assert_eq!(found, Standardization { mean: vec![2.0, 5.0, 12.0], std: vec![1.0, 1.0, 2.0] });
        assert_eq!(found.apply(&data), [-1.0, 0.0, -1.0, 1.0, 0.0, 1.0]);
        // (1 + 0 + 4) / 3 under the root.
        let common = Standardization::common_scale(&data, 3);
        assert!(common.std.iter().all(|s| (s - (5.0_f32 / 3.0).sqrt()).abs() < 1e-6), "{common:?}");
    }
}
