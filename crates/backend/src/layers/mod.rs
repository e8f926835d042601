//! Thin layers with PyTorch's field names and semantics.
//!
//! Models are built from these only. Each layer's work goes through one function of this crate, so that a faster way of
//! doing it (a fused operation of one backend) slips in under every model at once.

mod activation;
mod attention;
mod conv;
mod drop_path;
mod fork;
mod layer_norm;
mod linear;
mod norm;
mod pool;
mod resize;
mod statistic;

pub use activation::{add_relu, gelu, relu};
pub use attention::attention;
pub use conv::Conv2d;
pub use drop_path::{drop_path, with_draws};
pub use fork::fork;
pub use layer_norm::LayerNorm;
pub use linear::Linear;
pub use norm::{BatchNorm, measuring_statistics, with_batch_statistics};
pub use pool::{global_avg_pool, max_pool, mean_pool};
pub use resize::{upsample_bilinear, upsample_nearest};
pub use statistic::Statistic;

pub use crate::kernels::relu::Activation;
