//! Predicting another view's embedding, without negatives.

use burn::tensor::Tensor;

use super::l2_normalize;

/// The mean negative cosine between each row of `prediction` and of `target` (both `[n, d]`, of any length), shape `[1]`,
/// between -1 and 1. No gradient reaches `target`.
///
/// # Panics
/// Where the shapes differ.
pub fn negative_cosine(prediction: Tensor<2>, target: Tensor<2>) -> Tensor<1> {
    assert_eq!(prediction.dims(), target.dims(), "each prediction needs a target");
    let [n, _] = prediction.dims();
    let cosines = l2_normalize(prediction).mul(l2_normalize(target.inner())).sum();
    cosines.mul_scalar(-1.0 / n as f64)
}

/// The loss of BYOL (Grill et al. 2020, "Bootstrap your own latent", <https://arxiv.org/abs/2006.07733>, equation 2 and
/// its mirror image): `2 - 2 cos` between prediction and the momentum teacher's projection of the *other* view, summed
/// over both directions, so between 0 and 8. Shape `[1]`. (lightly's recipe has a quarter of that, plus a constant.)
///
/// # Panics
/// Where the shapes differ.
pub fn byol(predictions: [Tensor<2>; 2], teacher: [Tensor<2>; 2]) -> Tensor<1> {
    simsiam(predictions, teacher).mul_scalar(4.0).add_scalar(4.0)
}

/// The loss of `SimSiam` (Chen and He 2021, "Exploring simple siamese representation learning",
/// <https://arxiv.org/abs/2011.10566>, equation 2): [`negative_cosine`] between each view's prediction and the other view's
/// projection, mean of both directions. Shape `[1]`, between -1 and 1. No gradient reaches the projections.
///
/// # Panics
/// Where the shapes differ.
pub fn simsiam(predictions: [Tensor<2>; 2], projections: [Tensor<2>; 2]) -> Tensor<1> {
    let ([p1, p2], [z1, z2]) = (predictions, projections);
    negative_cosine(p1, z2).add(negative_cosine(p2, z1)).mul_scalar(0.5)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reference::{assert_matches, leaf, number, plain, receives_gradient, wave};

    fn targets() -> [Tensor<2>; 2] {
        [wave([4, 6], 1.3, 1.0), wave([4, 6], 0.5, 1.0)]
    }

    #[test]
    fn values_and_gradients_are_pytorchs() {
        // lightly's NegativeCosineSimilarity and solo-learn's byol_loss_func, in f64.
        let slope = [0.418_749_024_7, -0.082_886_136_8, -0.055_128_939_3, 0.041_318_414_5, -0.034_917_001_8];
        let [_, target] = targets();
        let one = |x: &[Tensor<2>]| negative_cosine(x[0].clone(), target.clone());
        assert_matches(&[wave([4, 6], 0.1, 1.0)], one, -0.519_700_535_8, &[slope]);
        let predictions = [wave([4, 6], 0.1, 1.0), wave([4, 6], 0.9, 1.0)];
        assert_matches(
            &predictions,
            |x| byol([x[0].clone(), x[1].clone()], targets()),
            1.744_525_356_7,
            &[
                [0.837_498_049_3, -0.165_772_273_6, -0.110_257_878_6, 0.082_636_829_0, -0.069_834_003_5],
                [0.722_899_661_8, 0.158_063_884_5, 0.097_179_303_8, -0.022_981_097_9, -0.162_337_971_8],
            ],
        );
        assert_matches(
            &predictions,
            |x| simsiam([x[0].clone(), x[1].clone()], targets()),
            -0.563_868_660_8,
            &[
                [0.209_374_512_3, -0.041_443_068_4, -0.027_564_469_6, 0.020_659_207_3, -0.017_458_500_9],
                [0.180_724_915_5, 0.039_515_971_1, 0.024_294_826_0, -0.005_745_274_5, -0.040_584_493_0],
            ],
        );
    }

    #[test]
    fn known_extremes() {
        let x = wave([3, 5], 0.2, 1.0);
        assert!((number(negative_cosine(x.clone() * 3.0, x.clone())) + 1.0).abs() < 1e-6);
        let pair = || [x.clone(), x.clone()];
        assert!((number(byol(pair(), pair())) - 0.0).abs() < 1e-5);
        assert!((number(byol(pair(), pair().map(Tensor::neg))) - 8.0).abs() < 1e-5);
        assert_eq!(number(negative_cosine(x.clone(), Tensor::zeros([3, 5], &plain()))), 0.0);
    }

    #[test]
    fn targets_get_no_gradient() {
        let (p, z) = (leaf(wave([4, 6], 0.1, 1.0)), leaf(wave([4, 6], 0.5, 1.0)));
        for loss in [byol, simsiam] {
            let loss = || loss([p.clone(), p.clone()], [z.clone(), z.clone()]);
            assert!(receives_gradient(&p, &loss()) && !receives_gradient(&z, &loss()));
        }
    }
}
