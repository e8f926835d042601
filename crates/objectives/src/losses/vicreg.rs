//! Agreement with variance kept up and covariance kept down.

use burn::tensor::Tensor;

use super::{eye, in_f32};

/// Added to the variance, as in the authors' code.
const EPSILON: f64 = 1e-4;

/// Weights of the three terms of [`vicreg`]; the default is the paper's.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct VicReg {
    /// Of the mean squared difference between views.
    pub invariance: f64,
    /// Of the hinge that keeps each dimension's standard deviation at 1.
    pub variance: f64,
    /// Of the squared covariances between dimensions.
    pub covariance: f64,
}

impl Default for VicReg {
    fn default() -> Self {
        Self { invariance: 25.0, variance: 25.0, covariance: 1.0 }
    }
}

/// The loss of `VICReg` (Bardes, Ponce and `LeCun` 2022,
/// <https://arxiv.org/abs/2105.04906>), as in the authors' code.
///
/// `first` and `second` are `[n, d]` embeddings of two views of the same n images, not normalized. Shape `[1]`:
/// - invariance: mean squared difference over all n d numbers;
/// - variance: mean over dimensions of `max(0, 1 - sqrt(var + 1e-4))`, mean of both views (the authors halve each;
///   solo-learn sums them, twice the weight), `var` over n - 1;
/// - covariance: sum of the squared covariances (over n - 1) between different dimensions, over d, summed over both views.
///
/// One image has no variance: the variance term is then at its highest, the covariance 0.
///
/// # Panics
/// Where the shapes differ.
pub fn vicreg(first: Tensor<2>, second: Tensor<2>, weights: &VicReg) -> Tensor<1> {
    assert_eq!(first.dims(), second.dims(), "vicreg needs two views of the same images");
    let (first, second) = (in_f32(first), in_f32(second));
    let difference = first.clone().sub(second.clone());
    let invariance = difference.clone().mul(difference).mean();
    let (variance1, covariance1) = spread(first);
    let (variance2, covariance2) = spread(second);
    invariance
        .mul_scalar(weights.invariance)
        .add(variance1.add(variance2).mul_scalar(0.5 * weights.variance))
        .add(covariance1.add(covariance2).mul_scalar(weights.covariance))
}

/// The variance and the covariance term of one view.
fn spread(x: Tensor<2>) -> (Tensor<1>, Tensor<1>) {
    let [n, d] = x.dims();
    let free = n.saturating_sub(1).max(1) as f64;
    let centered = x.clone().sub(x.mean_dim(0));
    let variance = centered.clone().mul(centered.clone()).sum_dim(0).div_scalar(free);
    let hinge = variance.add_scalar(EPSILON).sqrt().neg().add_scalar(1.0).clamp_min(0.0).mean();
    let covariance = centered.clone().transpose().matmul(centered).div_scalar(free);
    let others = eye(d, &covariance).neg().add_scalar(1.0);
    let covariance = covariance.mul(others);
    (hinge, covariance.clone().mul(covariance).sum().div_scalar(d as f64))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reference::{assert_matches, leaf, number, plain, wave};

    #[test]
    fn values_and_gradients_are_the_authors() {
        // lightly's VICRegLoss, which is the authors' formula, in f64.
        let large = [wave([5, 4], 0.1, 2.0), wave([5, 4], 0.5, 3.0)];
        let loss = |x: &[Tensor<2>]| vicreg(x[0].clone(), x[1].clone(), &VicReg::default());
        assert_matches(
            &large,
            loss,
            46.573_661_976_3,
            &[
                [13.075_988_597_4, -1.848_189_283_2, 0.135_455_682_0, 3.921_503_816_5, -3.014_792_295_8],
                [18.601_382_321_5, 1.807_712_252_9, -1.520_669_629_7, -4.266_320_492_8, 4.619_528_386_9],
            ],
        );
        let small = [wave([5, 4], 0.1, 0.2), wave([5, 4], 0.5, 0.3)];
        assert_matches(
            &small,
            loss,
            22.131_485_899_5,
            &[
                [3.315_274_051_9, -0.437_387_586_0, -1.168_466_155_8, -0.479_588_244_2, -0.927_867_726_3],
                [2.270_106_862_8, -0.479_132_625_4, -0.525_191_862_2, -0.224_844_812_8, -0.566_024_744_3],
            ],
        );
        let weights = VicReg { invariance: 1.0, variance: 2.0, covariance: 3.0 };
        assert_matches(
            &large,
            |x| vicreg(x[0].clone(), x[1].clone(), &weights),
            33.481_829_739_5,
            &[
                [3.869_360_458_3, -0.383_534_666_2, 0.445_953_873_0, 0.865_662_755_1, -0.050_911_916_9],
                [21.062_114_987_6, 1.120_648_354_2, -0.779_718_525_7, -1.900_112_783_9, 4.865_120_190_0],
            ],
        );
    }

    #[test]
    fn a_collapsed_batch_and_a_single_image_pay_the_full_variance_term() {
        for n in [1, 4] {
            let x = leaf(Tensor::<2>::ones([n, 6], &plain()));
            let loss = vicreg(x.clone(), x.clone(), &VicReg::default());
            assert!((number(loss.clone()) - 25.0 * 0.99).abs() < 1e-4);
            assert!(x.grad(&loss.backward()).unwrap().try_into_vec_as::<f32>().unwrap().iter().all(|g| g.is_finite()));
        }
    }
}
