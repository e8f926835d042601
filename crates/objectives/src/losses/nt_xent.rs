//! The contrastive loss of SimCLR.

use burn::tensor::Tensor;

use super::{ABSENT, eye, l2_normalize, log_sum_exp};

/// NT-Xent, the normalized temperature-scaled cross-entropy (Chen et al. 2020, "A simple framework for contrastive
/// learning of visual representations", equation 1).
///
/// `first` and `second` are `[n, d]` embeddings of two views of the same n images, of any length (they are normalized
/// here). With z the 2n normalized rows and s = z·z / `temperature`, the loss of row i with partner j is
/// `-s(i,j) + log sum over k != i of exp(s(i,k))`; returned is its mean over all 2n rows (both directions), shape
/// `[1]`. Every other view of the batch is a negative. With one image there are none, and the loss is 0.
///
/// # Panics
/// Where the shapes differ.
pub fn nt_xent(first: Tensor<2>, second: Tensor<2>, temperature: f64) -> Tensor<1> {
    assert_eq!(first.dims(), second.dims(), "nt_xent needs two views of the same images, equally many of each");
    let [n, _] = first.dims();
    let first = l2_normalize(first);
    let second = l2_normalize(second);
    let positive = first.clone().mul(second.clone()).sum().mul_scalar(1.0 / (n as f64 * temperature));
    let z = Tensor::cat(vec![first, second], 0);
    let itself = eye(2 * n, &z).mul_scalar(ABSENT);
    let similarity = z.clone().matmul(z.transpose()).mul_scalar(1.0 / temperature).sub(itself);
    log_sum_exp(similarity).mean().sub(positive)
}

#[cfg(test)]
mod tests {
    use burn::tensor::TensorData;

    use super::*;
    use crate::reference::{assert_gradient, number, numbers, plain};

    fn views(seed: f64) -> Tensor<2> {
        Tensor::from_data(TensorData::new(numbers(24, seed), [4, 6]), &plain())
    }

    #[test]
    fn values_are_those_of_the_formula_in_f64() {
        // numpy: z normalized, s = z z^T / t with -inf on the diagonal, mean of logsumexp(s) - s[i, partner].
        let expected =
            [(0.07, 2.497_158_821_5), (0.2, 1.483_134_553_4), (0.5, 1.513_648_049_5), (1.0, 1.665_456_311_9)];
        for (temperature, expected) in expected {
            let loss = number(nt_xent(views(0.1), views(0.5), temperature));
            assert!((loss - expected).abs() < 1e-5, "{temperature}: {loss} instead of {expected}");
            let swapped = number(nt_xent(views(0.5), views(0.1), temperature));
            assert!((loss - swapped).abs() < 1e-6, "symmetric");
        }
    }

    #[test]
    fn known_extremes() {
        // All views equal: every other view is as similar as the partner, so the loss is log(2n - 1).
        let same = Tensor::<2>::ones([5, 3], &plain());
        assert!((number(nt_xent(same.clone(), same, 0.1)) - 9.0_f64.ln()).abs() < 1e-5);
        // Orthogonal pairs at a low temperature: solved.
        let apart = Tensor::<2>::eye(4, &plain());
        assert!(number(nt_xent(apart.clone(), apart, 0.05)) < 1e-5);
        // One image has no negatives.
        let one = Tensor::<2>::ones([1, 3], &plain());
        assert_eq!(number(nt_xent(one.clone(), one, 0.2)), 0.0);
    }

    #[test]
    fn the_length_of_an_embedding_does_not_matter() {
        let (a, b) =
            (number(nt_xent(views(0.1), views(0.5), 0.2)), number(nt_xent(views(0.1) * 1e4, views(0.5) * 1e-4, 0.2)));
        assert!((a - b).abs() < 1e-5, "{a} {b}");
    }

    #[test]
    fn low_temperatures_stay_finite() {
        for temperature in [1e-2, 1e-3] {
            assert!(number(nt_xent(views(0.1), views(0.5), temperature)).is_finite());
            let x = views(0.1).autodiff().require_grad();
            let gradient = x.grad(&nt_xent(x.clone(), views(0.5), temperature).backward()).unwrap();
            assert!(gradient.try_into_vec_as::<f32>().unwrap().iter().all(|g| g.is_finite()));
        }
    }

    #[test]
    fn the_gradient_is_that_of_the_formula() {
        assert_gradient(&numbers(24, 0.1), [4, 6], |x| nt_xent(x, views(0.5), 0.5));
        assert_gradient(&numbers(24, 0.5), [4, 6], |x| nt_xent(views(0.1), x, 0.2));
    }
}
