//! Losses: tensors in, the mean loss out.

mod barlow_twins;
mod counting;
mod cross_entropy;
mod decoupled;
mod deepcluster;
mod dino;
mod imitation;
mod kmeans;
mod lejepa;
mod moco;
mod negative_cosine;
mod nnclr;
mod nt_xent;
mod patches;
mod queue;
mod reconstruction;
mod soft_cross_entropy;
mod supcon;
mod swav;
mod triplet;
mod vicreg;

use burn::tensor::{DType, FloatDType, Tensor};

pub use barlow_twins::barlow_twins;
pub use counting::counting;
pub use cross_entropy::{cross_entropy, weighted_cross_entropy};
pub use decoupled::{decoupled, decoupled_weighted};
pub use deepcluster::{DeepCluster, DeepClusterOptions};
pub use dino::{Dino, teacher_temperature};
pub use imitation::{imitated_directions, imitated_likenesses, imitated_values, imitation, likenesses};
pub use kmeans::{Clusters, KMeans, spherical_kmeans};
pub use lejepa::{lejepa, random_slices, sigreg};
pub use moco::{moco, moco_symmetric, moco_v3};
pub use negative_cosine::{byol, negative_cosine, simsiam};
pub use nnclr::{nearest_neighbors, nnclr};
pub use nt_xent::nt_xent;
pub use patches::patch_normalized;
pub use queue::FeatureQueue;
pub use reconstruction::{Distance, l1_loss, l2_loss, smooth_l1_loss, weighted_distance};
pub use soft_cross_entropy::soft_cross_entropy;
pub use supcon::supcon;
pub use swav::{SWAV_EPSILON, SWAV_ITERATIONS, Swav, sinkhorn, swav};
pub use triplet::triplet;
pub use vicreg::{VicReg, vicreg};

use crate::{ObjectiveError, Result};

/// Least length that [`l2_normalize`] divides by, as in `torch.nn.functional.normalize`.
const LEAST_LENGTH: f64 = 1e-12;

/// Subtracted from a logit that does not take part; its exponential is then exactly 0, without infinities in the graph.
const ABSENT: f64 = 1e9;

/// Rows of `x` (`[n, d]`) at length 1, in f32. A row of zeros stays zero.
pub fn l2_normalize(x: Tensor<2>) -> Tensor<2> {
    let x = in_f32(x);
    let length = x.clone().mul(x.clone()).sum_dim(1).clamp_min(LEAST_LENGTH * LEAST_LENGTH).sqrt();
    x.div(length)
}

/// Whether a loss that compares the images of a batch with each other has any to compare: to be asked once, before the
/// first step. (Every loss of this crate gives a finite value for a single image, but not one to learn from.)
///
/// # Errors
/// [`ObjectiveError::SmallBatch`] for fewer than 2 images.
pub fn check_batch(method: &'static str, images: usize) -> Result<()> {
    if images < 2 { Err(ObjectiveError::SmallBatch { method, images }) } else { Ok(()) }
}

/// Whether there are enough samples to find so many prototypes among: those of a clustering are images, those of
/// [`sinkhorn`] images of a batch and of its queue (where fewer work, but then each image spreads over several).
///
/// # Errors
/// [`ObjectiveError::Prototypes`] for more prototypes than samples, or none.
pub fn check_prototypes(prototypes: usize, samples: usize) -> Result<()> {
    if prototypes == 0 || prototypes > samples {
        return Err(ObjectiveError::Prototypes { prototypes, samples });
    }
    Ok(())
}

/// The same numbers in f32, whatever precision the network computes in: exponentials and long sums need it.
fn in_f32<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    if x.dtype() == DType::F32 { x } else { x.cast(FloatDType::F32) }
}

/// `log sum exp` of each row, `[n, k]` to `[n, 1]`, shifted by the row's maximum.
fn log_sum_exp(x: Tensor<2>) -> Tensor<2> {
    let highest = x.clone().inner().max_dim(1);
    x.sub(highest.clone()).exp().sum_dim(1).log().add(highest)
}

/// The unit matrix, outside of any gradient graph.
fn eye(size: usize, like: &Tensor<2>) -> Tensor<2> {
    Tensor::eye(size, &like.device().without_autodiff())
}

/// The sum of `x` weighted by `weights` (broadcast to its shape), over the sum of the weights; 0 where all weights are 0.
fn weighted_mean<const D: usize>(x: Tensor<D>, weights: Tensor<D>) -> Tensor<1> {
    let weights = in_f32(weights).inner();
    x.mul(weights.clone()).sum().div(weights.sum().clamp_min(LEAST_LENGTH))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reference::{assert_gradient, numbers, plain};

    #[test]
    fn rows_have_length_one_and_zeros_stay_zero() {
        let x = Tensor::<2>::from_floats([[3.0, -4.0], [0.0, 0.0], [1e-6, 0.0]], &plain());
        assert_eq!(l2_normalize(x).try_into_vec_as::<f32>().unwrap(), [0.6, -0.8, 0.0, 0.0, 1.0, 0.0]);
    }

    #[test]
    fn the_gradient_is_that_of_the_formula() {
        let weight = Tensor::<2>::from_data(burn::tensor::TensorData::new(numbers(12, 1.7), [3, 4]), &plain());
        assert_gradient(&numbers(12, 0.2), [3, 4], |x| l2_normalize(x).mul(weight.clone()).sum());
    }

    #[test]
    fn a_row_of_zeros_has_a_finite_gradient() {
        let x = Tensor::<2>::zeros([1, 3], &plain()).autodiff().require_grad();
        let gradient = x.grad(&l2_normalize(x.clone()).sum().backward()).unwrap();
        assert!(gradient.try_into_vec_as::<f32>().unwrap().iter().all(|g| g.is_finite()));
    }

    #[test]
    fn half_precision_is_computed_in_single() {
        let x = Tensor::<2>::from_floats([[3.0, -4.0]], &plain()).cast(FloatDType::BF16);
        assert_eq!(l2_normalize(x).dtype(), DType::F32);
    }

    #[test]
    fn a_batch_of_one_is_refused_in_words() {
        let error = check_batch("simclr", 1).unwrap_err().to_string();
        assert!(error.starts_with("simclr compares") && error.ends_with("at least 2"), "{error}");
        assert!(check_batch("simclr", 2).is_ok());
    }

    #[test]
    fn more_prototypes_than_samples_and_none_are_refused() {
        let error = check_prototypes(3000, 512).unwrap_err().to_string();
        assert!(error.starts_with("3000 prototypes cannot be found among 512 samples: use 1 to 512"), "{error}");
        assert!(check_prototypes(0, 512).is_err() && check_prototypes(512, 512).is_ok());
    }
}
