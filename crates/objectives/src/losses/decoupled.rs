//! The contrastive loss without the positive in its denominator.

use burn::tensor::Tensor;
use burn::tensor::activation::softmax;

use super::{ABSENT, eye, l2_normalize, log_sum_exp};

/// Decoupled contrastive loss, DCL (Yeh et al. 2021, "Decoupled contrastive learning",
/// <https://arxiv.org/abs/2110.06848>, equation 6): NT-Xent with the positive taken out of the denominator, which lets
/// small batches learn.
///
/// `first` and `second` are `[n, d]` embeddings of two views of the same n images, of any length. With z the 2n
/// normalized rows and s = z·z / `temperature`, the loss of row i with partner j is
/// `-s(i,j) + log sum over k of exp(s(i,k))`, k running over the views of the other images; returned is its mean over
/// all 2n rows, shape `[1]`. With one image there are no others, and only `-s(i,j)` is left.
///
/// # Panics
/// Where the shapes differ.
pub fn decoupled(first: Tensor<2>, second: Tensor<2>, temperature: f64) -> Tensor<1> {
    loss(first, second, temperature, None)
}

/// [`decoupled`] with the positives weighted by a negative von Mises-Fisher function, DCLW (the same paper, section 4.2):
/// image i has the weight `2 - n softmax(z1·z2 / sigma)(i)`, the softmax taken over the images, so that pairs that are
/// still far apart count more. No gradient flows through the weights. The paper has `sigma` = 0.5.
///
/// # Panics
/// Where the shapes differ.
pub fn decoupled_weighted(first: Tensor<2>, second: Tensor<2>, temperature: f64, sigma: f64) -> Tensor<1> {
    loss(first, second, temperature, Some(sigma))
}

fn loss(first: Tensor<2>, second: Tensor<2>, temperature: f64, sigma: Option<f64>) -> Tensor<1> {
    assert_eq!(first.dims(), second.dims(), "the decoupled loss needs two views of the same images");
    let [n, _] = first.dims();
    let first = l2_normalize(first);
    let second = l2_normalize(second);
    let positive = first.clone().mul(second.clone()).sum_dim(1);
    let weighted = match sigma {
        Some(sigma) => {
            let share = softmax(positive.clone().inner().div_scalar(sigma), 0);
            positive.mul(share.mul_scalar(-(n as f64)).add_scalar(2.0))
        }
        None => positive,
    };
    let positive = weighted.mean().mul_scalar(1.0 / temperature);
    if n < 2 {
        return positive.neg();
    }
    let z = Tensor::cat(vec![first, second], 0);
    let images = eye(n, &z).repeat(&[2, 2]);
    let similarity = z.clone().matmul(z.transpose()).mul_scalar(1.0 / temperature).sub(images.mul_scalar(ABSENT));
    log_sum_exp(similarity).mean().sub(positive)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reference::{assert_matches, number, plain, wave};

    fn views() -> [Tensor<2>; 2] {
        [wave([4, 6], 0.1, 1.0), wave([4, 6], 0.5, 1.0)]
    }

    #[test]
    fn values_and_gradients_are_lightlys() {
        // lightly's DCLLoss and DCLWLoss, in f64.
        let plain = [
            (
                0.1,
                1.244_000_119_5,
                [4.722_509_117_9, -0.298_962_224_2, -0.530_683_825_1, 0.358_548_697_3, -0.172_586_165_5],
                [4.208_707_572_6, 0.490_998_709_3, -0.964_106_536_4, -1.564_291_119_8, 0.524_599_344_4],
            ),
            (
                0.5,
                1.239_052_091_0,
                [1.013_070_721_0, -0.098_783_041_6, -0.079_991_792_0, 0.084_440_730_1, -0.075_424_732_7],
                [0.896_269_203_0, 0.103_375_116_4, -0.171_006_140_5, -0.338_904_402_9, 0.073_446_480_2],
            ),
        ];
        for (temperature, expected, first, second) in plain {
            let loss = |x: &[Tensor<2>]| decoupled(x[0].clone(), x[1].clone(), temperature);
            assert_matches(&views(), loss, expected, &[first, second]);
        }
        let weighted = [
            (
                0.1,
                2.813_045_696_0,
                [6.480_844_036_2, -0.765_071_817_8, -0.840_701_018_2, 0.590_902_503_8, 0.017_910_694_3],
                [5.827_485_223_3, 0.434_505_349_5, -2.034_179_334_1, -2.896_550_645_1, 0.261_528_444_3],
            ),
            (
                0.5,
                1.552_861_206_3,
                [1.374_723_275_6, -0.192_004_960_3, -0.141_995_230_7, 0.130_911_491_4, -0.037_325_360_7],
                [1.228_962_910_5, 0.092_076_444_5, -0.385_020_700_1, -0.605_356_308_0, 0.020_832_300_1],
            ),
        ];
        for (temperature, expected, first, second) in weighted {
            let loss = |x: &[Tensor<2>]| decoupled_weighted(x[0].clone(), x[1].clone(), temperature, 0.5);
            assert_matches(&views(), loss, expected, &[first, second]);
        }
    }

    #[test]
    fn known_extremes() {
        // All views equal: 2n - 2 negatives, each as similar as the partner.
        let same = Tensor::<2>::ones([5, 3], &plain());
        assert!((number(decoupled(same.clone(), same.clone(), 0.1)) - 8.0_f64.ln()).abs() < 1e-5);
        assert!((number(decoupled_weighted(same.clone(), same, 0.1, 0.5)) - 8.0_f64.ln()).abs() < 1e-5);
        // One image: nothing to be told apart from, only its own similarity over the temperature.
        let one = Tensor::<2>::ones([1, 3], &plain());
        assert!((number(decoupled(one.clone(), one.clone(), 0.2)) + 5.0).abs() < 1e-5);
        assert!((number(decoupled_weighted(one.clone(), one, 0.2, 0.5)) + 5.0).abs() < 1e-5);
    }
}
