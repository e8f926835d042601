#![doc = include_str!("../README.md")]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod gauges;
mod losses;
#[cfg(test)]
mod reference;

pub use gauges::{
    alignment, effective_rank, embedding_std, psnr, retrieval_accuracy, singular_values, ssim, symmetric_eigenvalues,
    uniformity,
};
pub use losses::{cross_entropy, l1_loss, l2_loss, l2_normalize, nt_xent};
