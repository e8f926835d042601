//! The contrastive loss for labeled images.

use burn::tensor::{Int, Tensor};

use super::{ABSENT, eye, l2_normalize, log_sum_exp};

/// Supervised contrastive loss (Khosla et al. 2020, "Supervised contrastive learning",
/// <https://arxiv.org/abs/2004.11362>, equation 2, `L_out`).
///
/// `z` (`[n, d]`, of any length) holds all views of all images, `classes` (`[n]`) the class of each row: views of one
/// image come with its class, once each. Rows of the same class are positives of each other, all other rows negatives;
/// with s = z·z / `temperature` on normalized rows, the loss of row i is the mean over its positives p of
/// `-s(i,p) + log sum over k != i of exp(s(i,k))`. Returned is the mean over all rows, shape `[1]`; a row without a
/// positive counts 0, as in the authors' code (whose factor temperature / 0.07 is not applied).
///
/// # Panics
/// Where the lengths differ.
pub fn supcon(z: Tensor<2>, classes: Tensor<1, Int>, temperature: f64) -> Tensor<1> {
    let [n, _] = z.dims();
    assert_eq!(classes.dims(), [n], "supcon needs a class for each row");
    let z = l2_normalize(z);
    let itself = eye(n, &z);
    let classes = classes.inner();
    let same = classes.clone().reshape([n, 1]).expand([n, n]).equal(classes.reshape([1, n]).expand([n, n]));
    let positive = same.float().sub(itself.clone());
    let similarity = z.clone().matmul(z.transpose()).mul_scalar(1.0 / temperature);
    let log_sum = log_sum_exp(similarity.clone().sub(itself.mul_scalar(ABSENT)));
    let share = positive.clone().div(positive.sum_dim(1).clamp_min(1.0));
    log_sum.expand([n, n]).sub(similarity).mul(share).sum().div_scalar(n as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nt_xent;
    use crate::reference::{assert_matches, number, plain, wave};

    fn classes(numbers: &[i64]) -> Tensor<1, Int> {
        Tensor::from_data(numbers, &plain())
    }

    #[test]
    fn values_and_gradients_are_those_of_the_authors_formula() {
        // PyTorch, f64: the authors' losses.py with base temperature = temperature.
        let cases: [(f64, [i64; 8], f64, [f64; 5]); 3] = [
            (
                0.07,
                [0, 1, 2, 1, 0, 1, 2, 1],
                11.065_273_653_0,
                [7.922_929_494_1, 1.179_673_226_5, -0.219_876_036_9, -0.514_275_160_7, 0.362_923_031_5],
            ),
            (
                0.1,
                [0, 1, 2, 1, 0, 1, 2, 1],
                7.937_952_207_8,
                [5.484_945_409_2, 0.808_297_706_5, -0.177_641_499_9, -0.346_711_107_1, 0.237_537_082_0],
            ),
            // The rows of classes 2 and 3 are alone.
            (
                0.1,
                [0, 1, 2, 1, 0, 1, 3, 1],
                6.254_556_274_3,
                [3.302_863_926_7, 0.818_360_258_8, -0.145_636_444_7, -0.356_691_250_1, 0.294_119_156_3],
            ),
        ];
        for (temperature, own, expected, slope) in cases {
            let loss = |x: &[Tensor<2>]| supcon(x[0].clone(), classes(&own), temperature);
            assert_matches(&[wave([8, 6], 0.1, 1.0)], loss, expected, &[slope]);
        }
    }

    #[test]
    fn with_a_class_for_each_image_it_is_nt_xent() {
        let (a, b) = (wave([4, 6], 0.1, 1.0), wave([4, 6], 0.5, 1.0));
        let both = Tensor::cat(vec![a.clone(), b.clone()], 0);
        let ours = number(supcon(both, classes(&[0, 1, 2, 3, 0, 1, 2, 3]), 0.2));
        assert!((ours - number(nt_xent(a, b, 0.2))).abs() < 1e-5, "{ours}");
    }

    #[test]
    fn a_single_row_costs_nothing() {
        assert_eq!(number(supcon(wave([1, 6], 0.1, 1.0), classes(&[3]), 0.1)), 0.0);
    }
}
