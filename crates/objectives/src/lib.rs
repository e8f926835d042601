#![doc = include_str!("../README.md")]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod diagnostics;
mod error;
mod losses;
mod momentum;
#[cfg(test)]
mod reference;
mod state;

/// The tensor library of this crate's signatures, in the version whose tensors it takes and gives.
pub use burn;
pub use diagnostics::{
    Collapse, CollapseEvidence, CollapseRisk, PrototypeUse, Similarity, alignment, collapsed, effective_rank,
    embedding_std, mean_entropy, prototype_use, psnr, retrieval_accuracy, similarity, singular_values, ssim,
    symmetric_eigenvalues, uniformity,
};
pub use error::{ObjectiveError, Result};
pub use losses::{
    Clusters, DeepCluster, DeepClusterOptions, Dino, Distance, FeatureQueue, KMeans, SWAV_EPSILON, SWAV_ITERATIONS,
    Swav, VicReg, barlow_twins, byol, check_batch, check_prototypes, counting, cross_entropy, decoupled,
    decoupled_weighted, imitated_directions, imitated_likenesses, imitated_values, imitation, l1_loss, l2_loss,
    l2_normalize, lejepa, likenesses, moco, moco_symmetric, moco_v3, nearest_neighbors, negative_cosine, nnclr,
    nt_xent, patch_normalized, random_slices, sigreg, simsiam, sinkhorn, smooth_l1_loss, soft_cross_entropy,
    spherical_kmeans, supcon, swav, teacher_temperature, triplet, vicreg, weighted_cross_entropy, weighted_distance,
};
pub use momentum::{cosine_momentum, ema_update, ema_update_state, teacher_of};
