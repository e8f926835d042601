//! Cross-entropy against shares of classes at each place of a map.

use burn::tensor::Tensor;
use burn::tensor::activation::log_softmax;

use super::{in_f32, weighted_mean};

/// Mean cross-entropy over the places of a map, weighted: colorization as classification (Zhang, Isola and Efros 2016,
/// "Colorful image colorization", <https://arxiv.org/abs/1603.08511>, equation 2, divided by the sum of the weights).
///
/// `logits` and `targets` are `[n, q, h, w]`, the targets' q shares of a place summing to 1; `weights` is `[n, 1, h, w]`:
/// rebalancing by how rare the place's color is, 0 for a place that does not count. Shape `[1]`; 0 where all weights are 0.
/// Gradient flows to `logits` only.
///
/// # Panics
/// Where the shapes do not fit.
pub fn soft_cross_entropy(logits: Tensor<4>, targets: Tensor<4>, weights: Tensor<4>) -> Tensor<1> {
    let [n, _, h, w] = logits.dims();
    assert_eq!(logits.dims(), targets.dims(), "soft_cross_entropy needs equal shapes");
    assert_eq!(weights.dims(), [n, 1, h, w], "soft_cross_entropy needs a weight for each place");
    let log = log_softmax(in_f32(logits), 1).mul(in_f32(targets.inner())).sum_dim(1);
    weighted_mean(log, weights).neg()
}

#[cfg(test)]
mod tests {
    use burn::tensor::activation::softmax;

    use super::*;
    use crate::reference::{assert_matches, number, plain, wave};

    #[test]
    fn values_and_gradients_are_pytorchs() {
        let targets = || softmax(wave::<4>([2, 5, 3, 3], 0.6, 3.0), 1);
        let weights = [wave([2, 1, 3, 3], 0.9, 1.0).abs(), Tensor::ones([2, 1, 3, 3], &plain())];
        let expected = [
            (2.014_958_979_4, [0.200_840_053_7, 0.002_942_641_9, 0.024_022_699_2, 0.012_705_144_8, -0.001_431_760_7]),
            (2.070_084_975_9, [0.137_207_393_9, 0.006_996_234_1, 0.020_143_284_2, 0.009_776_767_3, -0.003_208_037_7]),
        ];
        for (weights, (expected, slope)) in weights.into_iter().zip(expected) {
            let loss = |x: &[Tensor<4>]| soft_cross_entropy(x[0].clone(), targets(), weights.clone());
            assert_matches(&[wave([2, 5, 3, 3], 0.1, 4.0)], loss, expected, &[slope]);
        }
    }

    #[test]
    fn places_without_weight_do_not_count() {
        let logits = Tensor::<4>::from_floats([[[[0.0, 50.0]], [[0.0, -50.0]]]], &plain());
        let targets = Tensor::<4>::from_floats([[[[0.5, 0.0]], [[0.5, 1.0]]]], &plain());
        let weights = Tensor::<4>::from_floats([[[[3.0, 0.0]]]], &plain());
        let loss = number(soft_cross_entropy(logits.clone(), targets.clone(), weights.clone()));
        assert!((loss - 2.0_f64.ln()).abs() < 1e-6, "{loss}");
        assert_eq!(number(soft_cross_entropy(logits, targets, weights * 0.0)), 0.0);
    }
}
