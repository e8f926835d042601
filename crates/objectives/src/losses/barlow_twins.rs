//! Dimensions of two views that agree each with itself and with no other.

use burn::tensor::Tensor;

use super::{eye, in_f32};

/// Added to the variance, as by PyTorch's batch norm, which the authors' code standardizes with.
const EPSILON: f64 = 1e-5;

/// The loss of Barlow Twins (Zbontar et al. 2021, "Barlow twins: self-supervised learning via redundancy reduction",
/// <https://arxiv.org/abs/2103.03230>, equation 1).
///
/// `first` and `second` are `[n, d]` embeddings of two views of the same n images. Each dimension is standardized over the
/// batch (biased variance); with C their cross-correlation over n, the loss is
/// `sum (1 - C(i,i))² + lambda sum over i != j of C(i,j)²`, shape `[1]`. The authors have `lambda` = 0.0051 and 8192
/// dimensions. The sum grows with d: scale it (solo-learn has 0.1 for small images) rather than the learning rate. One
/// image has no correlations, and the loss is d.
///
/// # Panics
/// Where the shapes differ.
pub fn barlow_twins(first: Tensor<2>, second: Tensor<2>, lambda: f64) -> Tensor<1> {
    assert_eq!(first.dims(), second.dims(), "barlow_twins needs two views of the same images");
    let [n, d] = first.dims();
    let correlation = standardized(first).transpose().matmul(standardized(second)).div_scalar(n as f64);
    let unit = eye(d, &correlation);
    let weights = unit.clone().mul_scalar(1.0 - lambda).add_scalar(lambda);
    let difference = correlation.sub(unit);
    difference.clone().mul(difference).mul(weights).sum()
}

/// Columns of mean 0 and variance 1.
fn standardized(x: Tensor<2>) -> Tensor<2> {
    let x = in_f32(x);
    let centered = x.clone().sub(x.mean_dim(0));
    let variance = centered.clone().mul(centered.clone()).mean_dim(0);
    centered.div(variance.add_scalar(EPSILON).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reference::{assert_matches, leaf, number, plain, wave};

    fn views() -> [Tensor<2>; 2] {
        [wave([5, 4], 0.1, 2.0), wave([5, 4], 0.5, 3.0)]
    }

    #[test]
    fn values_and_gradients_are_lightlys() {
        // BarlowTwinsLoss, in f64.
        let cases = [
            (
                0.0051,
                0.790_594_410_9,
                [0.873_915_756_2, -0.178_586_747_9, 0.114_903_174_3, 0.166_146_527_2, -0.063_238_595_5],
                [0.564_924_100_7, 0.009_068_284_6, -0.296_598_212_0, -0.141_102_452_5, -0.001_427_632_2],
            ),
            (
                0.5,
                2.091_082_227_7,
                [1.026_613_885_0, -0.197_807_582_5, 0.039_035_156_8, 0.068_776_709_5, -0.095_185_477_3],
                [0.675_310_287_7, 0.121_607_645_1, -0.196_981_124_4, -0.096_925_254_0, -0.000_095_304_9],
            ),
        ];
        for (lambda, expected, first, second) in cases {
            let loss = |x: &[Tensor<2>]| barlow_twins(x[0].clone(), x[1].clone(), lambda);
            assert_matches(&views(), loss, expected, &[first, second]);
        }
    }

    #[test]
    fn known_extremes() {
        // Two dimensions, uncorrelated over four images, equal views: solved.
        let corners = Tensor::<2>::from_floats([[1.0, 1.0], [-1.0, 1.0], [1.0, -1.0], [-1.0, -1.0]], &plain());
        assert!(number(barlow_twins(corners.clone(), corners.clone(), 0.0051)) < 1e-6);
        // All dimensions the same: d (d - 1) off-diagonal ones.
        let line = Tensor::<2>::from_floats([[1.0, 1.0, 1.0], [-1.0, -1.0, -1.0]], &plain());
        assert!((number(barlow_twins(line.clone(), line, 0.5)) - 3.0).abs() < 1e-3);
        // Collapsed, or one image: no correlation at all, and no NaN on the way back.
        for n in [1, 4] {
            let x = leaf(Tensor::<2>::ones([n, 7], &plain()));
            let loss = barlow_twins(x.clone(), x.clone(), 0.0051);
            assert!((number(loss.clone()) - 7.0).abs() < 1e-5);
            assert!(x.grad(&loss.backward()).unwrap().try_into_vec_as::<f32>().unwrap().iter().all(|g| g.is_finite()));
        }
    }
}
