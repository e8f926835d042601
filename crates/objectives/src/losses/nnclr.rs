//! Contrast with the nearest neighbor of a view instead of the view itself.

use burn::tensor::Tensor;

use super::{l2_normalize, log_sum_exp};

/// The nearest row of `support` (`[size, d]`) by cosine for each row of `z` (`[n, d]`): `[n, d]`, without graph.
///
/// # Panics
/// Where the lengths of rows differ.
pub fn nearest_neighbors(z: Tensor<2>, support: Tensor<2>) -> Tensor<2> {
    let support = support.inner();
    // The length of `z` does not change which is nearest.
    let nearest = z.inner().matmul(l2_normalize(support.clone()).transpose()).argmax(1);
    let [n, _] = nearest.dims();
    support.select(0, nearest.reshape([n]))
}

/// The loss of NNCLR in one direction (Dwibedi et al. 2021, "With a little help from my friends",
/// <https://arxiv.org/abs/2104.14548>, equation 3 and the paper's pseudo-code).
///
/// `neighbors` are the [`nearest_neighbors`] of the first views' projections in a support queue, `prediction` the
/// predictor's outputs of the second views, both `[n, d]` of any length. Each neighbor must find its own prediction among
/// those of the batch, by cosine over `temperature` (0.1). Shape `[1]`; the paper trains on the mean of both directions,
/// and updates the support with the projections after the loss. No gradient reaches `neighbors`. With one image it is 0.
/// (lightly contrasts both within and across the two sets, as in NT-Xent; this follows the paper.)
///
/// # Panics
/// Where the shapes differ.
pub fn nnclr(neighbors: Tensor<2>, prediction: Tensor<2>, temperature: f64) -> Tensor<1> {
    assert_eq!(neighbors.dims(), prediction.dims(), "nnclr needs a prediction for each neighbor");
    let neighbors = l2_normalize(neighbors.inner());
    let prediction = l2_normalize(prediction);
    let positive = neighbors.clone().mul(prediction.clone()).sum_dim(1).mean().mul_scalar(1.0 / temperature);
    let logits = neighbors.matmul(prediction.transpose()).mul_scalar(1.0 / temperature);
    log_sum_exp(logits).mean().sub(positive)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reference::{assert_matches, leaf, number, receives_gradient, wave};

    fn neighbors() -> Tensor<2> {
        nearest_neighbors(wave([4, 6], 0.5, 1.0), l2_normalize(wave([10, 6], 0.9, 1.0)))
    }

    #[test]
    fn neighbors_are_those_of_numpy() {
        let support = l2_normalize(wave([10, 6], 0.9, 1.0)).try_into_vec_as::<f32>().unwrap();
        let expected: Vec<f32> = [3, 4, 7, 6].iter().flat_map(|&i| support[6 * i..6 * i + 6].to_vec()).collect();
        assert_eq!(neighbors().try_into_vec_as::<f32>().unwrap(), expected);
    }

    #[test]
    fn values_and_gradients_are_solo_learns() {
        // nnclr_loss_func, in f64.
        let cases = [
            (
                0.1,
                1.699_603_031_5,
                [3.581_506_727_9, 0.699_805_556_6, 0.284_688_920_3, -0.138_604_664_9, -0.061_727_366_9],
            ),
            (
                0.2,
                1.072_004_839_6,
                [1.616_842_191_1, 0.179_509_604_7, 0.089_144_994_3, -0.011_892_775_6, 0.059_206_523_8],
            ),
        ];
        for (temperature, expected, slope) in cases {
            let loss = |x: &[Tensor<2>]| nnclr(neighbors(), x[0].clone(), temperature);
            assert_matches(&[wave([4, 6], 0.1, 1.0)], loss, expected, &[slope]);
        }
    }

    #[test]
    fn neighbors_get_no_gradient_and_one_image_costs_nothing() {
        let (z, support) = (leaf(wave([4, 6], 0.5, 1.0)), wave([10, 6], 0.9, 1.0));
        assert!(!nearest_neighbors(z, support).is_autodiff());
        let (neighbors, prediction) = (leaf(neighbors()), leaf(wave([4, 6], 0.1, 1.0)));
        let loss = || nnclr(neighbors.clone(), prediction.clone(), 0.1);
        assert!(!receives_gradient(&neighbors, &loss()) && receives_gradient(&prediction, &loss()));
        assert!(number(nnclr(wave([1, 6], 0.1, 1.0), wave([1, 6], 0.7, 1.0), 0.1)).abs() < 1e-5);
    }
}
