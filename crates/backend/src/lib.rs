#![doc = include_str!("../README.md")]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod catch;
mod cpu;
mod device;
mod doctor;
mod error;
mod flex;
mod fused;
pub mod group;
mod kernels;
pub mod layers;
#[cfg(feature = "libtorch")]
mod libtorch;
mod memory;
mod optional;
mod precision;
mod rows;
mod scope;
mod state;
mod thread_time;
mod threads;
mod tokens;
pub mod update;
mod upload;

/// The tensor library of this crate's signatures, in the version whose tensors it takes and gives.
pub use burn;
pub use catch::catch;
pub use device::{Device, DeviceInfo, device, devices};
pub use doctor::{Finding, doctor};
pub use error::{BackendError, Result};
pub use memory::{available_memory_bytes, peak_memory_bytes, total_memory_bytes, tune_memory};
pub use precision::{Precision, in_f32};
pub use rows::Rows;
pub use scope::{Init, Scope};
pub use state::{HostTensor, Path, StateDict, host_tensor, is_statistic, load_state_dict, state_dict};
pub use thread_time::thread_time;
pub use threads::{check_environment, compute_alone, set_threads, threads, tune_threads};
pub use upload::{upload, upload_bytes};
