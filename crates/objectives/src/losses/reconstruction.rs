//! Distances between what was restored and the original.

use burn::tensor::Tensor;

use super::{in_f32, weighted_mean};

/// How the difference of two numbers is measured.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Distance {
    /// Absolute.
    L1,
    /// Squared.
    L2,
    /// `d² / (2 beta)` up to `beta`, `|d| - beta / 2` beyond, as PyTorch's `smooth_l1_loss`.
    SmoothL1 {
        /// Where the parabola ends.
        beta: f64,
    },
}

impl Distance {
    fn between<const D: usize>(self, output: Tensor<D>, target: Tensor<D>) -> Tensor<D> {
        let difference = in_f32(output).sub(in_f32(target));
        match self {
            Self::L1 => difference.abs(),
            Self::L2 => difference.clone().mul(difference),
            Self::SmoothL1 { beta } if beta <= 0.0 => difference.abs(),
            Self::SmoothL1 { beta } => {
                let length = difference.abs();
                let near = length.clone().clamp_max(beta);
                near.clone().mul(length.sub(near.mul_scalar(0.5))).div_scalar(beta)
            }
        }
    }
}

/// Mean absolute difference over all elements, shape `[1]`.
///
/// # Panics
/// Where the shapes differ.
pub fn l1_loss<const D: usize>(output: Tensor<D>, target: Tensor<D>) -> Tensor<1> {
    assert_eq!(output.dims(), target.dims(), "l1_loss needs equal shapes");
    Distance::L1.between(output, target).mean()
}

/// Mean squared difference over all elements, of images as of vectors, shape `[1]`.
///
/// # Panics
/// Where the shapes differ.
pub fn l2_loss<const D: usize>(output: Tensor<D>, target: Tensor<D>) -> Tensor<1> {
    assert_eq!(output.dims(), target.dims(), "l2_loss needs equal shapes");
    Distance::L2.between(output, target).mean()
}

/// Mean [`Distance::SmoothL1`] over all elements, shape `[1]`; `beta` = 1 is PyTorch's default.
///
/// # Panics
/// Where the shapes differ.
pub fn smooth_l1_loss<const D: usize>(output: Tensor<D>, target: Tensor<D>, beta: f64) -> Tensor<1> {
    assert_eq!(output.dims(), target.dims(), "smooth_l1_loss needs equal shapes");
    Distance::SmoothL1 { beta }.between(output, target).mean()
}

/// Mean distance over the places that count: `output` and `target` are `[n, c, h, w]`, `weights` `[n, 1, h, w]` (1 in a
/// hole or under a mask, 0 elsewhere, or anything between). The mean over channels at each place, weighted, over the sum of
/// the weights; shape `[1]`, and 0 where all weights are 0.
///
/// # Panics
/// Where the shapes do not fit.
pub fn weighted_distance(output: Tensor<4>, target: Tensor<4>, weights: Tensor<4>, distance: Distance) -> Tensor<1> {
    let [n, _, h, w] = output.dims();
    assert_eq!(output.dims(), target.dims(), "weighted_distance needs equal shapes");
    assert_eq!(weights.dims(), [n, 1, h, w], "weighted_distance needs a weight for each place");
    weighted_mean(distance.between(output, target).mean_dim(1), weights)
}

#[cfg(test)]
mod tests {
    use burn::tensor::TensorData;

    use super::*;
    use crate::reference::{assert_gradient, assert_matches, number, numbers, plain, wave};

    #[test]
    fn values_by_hand() {
        let a = Tensor::<2>::from_floats([[1.0, -2.0], [0.5, 3.0]], &plain());
        let b = Tensor::<2>::from_floats([[0.0, 2.0], [0.5, 1.0]], &plain());
        assert!((number(l1_loss(a.clone(), b.clone())) - 7.0 / 4.0).abs() < 1e-6);
        assert!((number(l2_loss(a.clone(), b.clone())) - 21.0 / 4.0).abs() < 1e-6);
        // beta 2: 1/4, 4 - 1, 0, and 2 at the edge: 4/4.
        assert!((number(smooth_l1_loss(a.clone(), b.clone(), 2.0)) - 4.25 / 4.0).abs() < 1e-6);
        assert!((number(smooth_l1_loss(a, b, 0.0)) - 7.0 / 4.0).abs() < 1e-6);
    }

    #[test]
    fn the_gradient_is_that_of_the_formula() {
        let target = Tensor::<2>::from_data(TensorData::new(numbers(12, 0.9), [3, 4]), &plain());
        assert_gradient(&numbers(12, 0.3), [3, 4], |x| l1_loss(x, target.clone()));
        assert_gradient(&numbers(12, 0.3), [3, 4], |x| l2_loss(x, target.clone()));
    }

    #[test]
    fn weighted_and_plain_values_and_gradients_are_pytorchs() {
        let (output, target) = ([wave([2, 3, 4, 4], 0.1, 2.0)], || wave([2, 3, 4, 4], 0.5, 1.0));
        let weights = wave([2, 1, 4, 4], 0.9, 1.0).abs();
        let weighted = [
            (
                Distance::L1,
                0.652_205_639_3,
                [0.125_614_835_0, -0.004_604_540_4, 0.013_055_837_4, 0.014_226_483_1, 0.001_542_369_2],
            ),
            (
                Distance::L2,
                0.590_789_062_5,
                [0.189_183_967_5, -0.000_583_376_3, 0.026_366_499_3, 0.040_333_626_6, 0.002_401_860_0],
            ),
            (
                Distance::SmoothL1 { beta: 0.5 },
                0.434_442_496_3,
                [0.108_230_786_0, -0.000_583_376_3, 0.013_055_837_4, 0.014_226_483_1, 0.001_542_369_2],
            ),
            (
                Distance::SmoothL1 { beta: 1.0 },
                0.287_156_369_0,
                [0.085_448_947_2, -0.000_291_688_1, 0.013_055_837_4, 0.014_226_483_1, 0.001_200_930_0],
            ),
        ];
        for (distance, expected, slope) in weighted {
            let loss = |x: &[Tensor<4>]| weighted_distance(x[0].clone(), target(), weights.clone(), distance);
            assert_matches(&output, loss, expected, &[slope]);
        }
        let plain = [
            (
                0.5,
                0.437_409_134_4,
                [0.086_233_516_6, -0.001_319_748_7, 0.010_416_666_7, 0.010_416_666_7, 0.010_416_666_7],
            ),
            (
                1.0,
                0.291_593_546_6,
                [0.069_400_720_9, -0.000_659_874_3, 0.010_416_666_7, 0.010_416_666_7, 0.008_110_695_8],
            ),
        ];
        for (beta, expected, slope) in plain {
            assert_matches(&output, |x| smooth_l1_loss(x[0].clone(), target(), beta), expected, &[slope]);
        }
    }

    #[test]
    fn nothing_to_restore_costs_nothing() {
        let (a, b) = (wave([1, 2, 3, 3], 0.1, 1.0), wave([1, 2, 3, 3], 0.4, 1.0));
        let nowhere = Tensor::<4>::zeros([1, 1, 3, 3], &plain());
        assert_eq!(number(weighted_distance(a, b, nowhere, Distance::L2)), 0.0);
    }
}
