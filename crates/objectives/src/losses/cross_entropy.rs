//! Cross-entropy with optional label smoothing.

use burn::tensor::activation::log_softmax;
use burn::tensor::{Int, Tensor};

/// Mean cross-entropy of `logits` (`[n, classes]`) against class indices (`[n]`), shape `[1]`.
///
/// With `smoothing` s the target is `1 - s` on the class plus `s / classes` on every class (Szegedy et al. 2016,
/// "Rethinking the inception architecture", in PyTorch's form); 0 is the plain loss.
///
/// # Panics
/// Where the lengths differ or a class is out of range.
pub fn cross_entropy(logits: Tensor<2>, classes: Tensor<1, Int>, smoothing: f64) -> Tensor<1> {
    let [n, _] = logits.dims();
    let log = log_softmax(logits, 1);
    let own = log.clone().gather(1, classes.reshape([n, 1])).mean();
    if smoothing == 0.0 {
        return own.neg();
    }
    own.mul_scalar(smoothing - 1.0).sub(log.mean().mul_scalar(smoothing))
}

/// As [`cross_entropy`] where an image counts what its class counts: `weights` are `[classes]`.
///
/// In PyTorch's form (`CrossEntropyLoss(weight, label_smoothing)`): each term -log p of a class is multiplied by the weight of that class,
/// and the sum is divided by the weights of the images' own classes.
///
/// # Panics
/// Where the lengths differ or a class is out of range.
pub fn weighted_cross_entropy(
    logits: Tensor<2>,
    classes: Tensor<1, Int>,
    weights: Tensor<1>,
    smoothing: f64,
) -> Tensor<1> {
    let [n, k] = logits.dims();
    let log = log_softmax(logits, 1).mul(weights.clone().reshape([1, k]));
    let total = weights.gather(0, classes.clone()).sum();
    let own = log.clone().gather(1, classes.reshape([n, 1])).sum().mul_scalar(1.0 - smoothing);
    let spread = if smoothing == 0.0 { own } else { own.add(log.sum().mul_scalar(smoothing / k as f64)) };
    spread.div(total).neg()
}

#[cfg(test)]
mod tests {
    use burn::tensor::TensorData;

    use super::*;
    use crate::reference::{assert_gradient, number, numbers, plain};

    fn classes() -> Tensor<1, Int> {
        Tensor::from_data([0, 3, 4, 1], &plain())
    }

    fn logits() -> Vec<f32> {
        numbers(20, 0.2).iter().map(|x| x * 6.0).collect()
    }

    #[test]
    fn values_are_those_of_the_formula_in_f64() {
        // numpy: mean of (1 - s) * -log p[class] + s * -mean(log p).
        for (smoothing, expected) in [(0.0, 3.299_679_804_4), (0.1, 3.301_410_338_8)] {
            let logits = Tensor::<2>::from_data(TensorData::new(logits(), [4, 5]), &plain());
            let loss = number(cross_entropy(logits, classes(), smoothing));
            assert!((loss - expected).abs() < 1e-5, "{smoothing}: {loss} instead of {expected}");
        }
    }

    fn weights() -> Tensor<1> {
        Tensor::from_floats([0.5, 2.0, 1.0, 0.25, 3.0], &plain())
    }

    #[test]
    fn weighted_values_are_those_of_the_formula_in_f64() {
        // Python: PyTorch's form, in f64.
        for (smoothing, expected) in [(0.0, 3.164_495_190_6), (0.1, 3.150_618_682_1)] {
            let logits = Tensor::<2>::from_data(TensorData::new(logits(), [4, 5]), &plain());
            let loss = number(weighted_cross_entropy(logits.clone(), classes(), weights(), smoothing));
            assert!((loss - expected).abs() < 1e-5, "{smoothing}: {loss} instead of {expected}");
            let even = number(weighted_cross_entropy(logits.clone(), classes(), weights() * 0.0 + 3.0, smoothing));
            assert!((even - number(cross_entropy(logits, classes(), smoothing))).abs() < 1e-5);
        }
    }

    #[test]
    fn equal_logits_give_the_logarithm_of_the_classes_and_large_ones_stay_finite() {
        let equal = Tensor::<2>::full([4, 5], 1e4, &plain());
        assert!((number(cross_entropy(equal, classes(), 0.1)) - 5.0_f64.ln()).abs() < 1e-5);
        let far = Tensor::<2>::from_floats([[-1e4, 1e4], [1e4, -1e4]], &plain());
        let loss = number(cross_entropy(far, Tensor::from_data([0, 0], &plain()), 0.0));
        assert!((loss - 1e4).abs() < 1.0, "{loss}");
    }

    #[test]
    fn the_gradient_is_that_of_the_formula() {
        for smoothing in [0.0, 0.1] {
            assert_gradient(&logits(), [4, 5], |x| cross_entropy(x, classes(), smoothing));
            assert_gradient(&logits(), [4, 5], |x| weighted_cross_entropy(x, classes(), weights(), smoothing));
        }
    }
}
