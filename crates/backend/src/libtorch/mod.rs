//! Everything that names libtorch.
// burn-tch is declared deprecated by burn; this module is the one place that uses it.
#![allow(deprecated)]

pub(crate) mod openmp;
pub(crate) mod shim;

use std::fs;
use std::path::PathBuf;

/// libtorch on the CPU.
pub(crate) fn cpu() -> burn::tensor::Device {
    burn::tensor::Device::libtorch()
}

/// libtorch on a GPU.
pub(crate) fn cuda(index: usize) -> burn::tensor::Device {
    burn::tensor::Device::libtorch_cuda(index)
}

/// How many GPUs libtorch can use.
pub(crate) fn cuda_devices() -> usize {
    if tch::Cuda::is_available() { usize::try_from(tch::Cuda::device_count()).unwrap_or(0) } else { 0 }
}

/// Whether the linked libtorch has CUDA code in it.
pub(crate) fn built_with_cuda() -> bool {
    tch::utils::has_cuda()
}

/// The size of libtorch's own pool.
pub(crate) fn set_threads(threads: usize) {
    tch::set_num_threads(i32::try_from(threads).unwrap_or(i32::MAX));
}

/// The size of libtorch's own pool.
pub(crate) fn threads() -> usize {
    usize::try_from(tch::get_num_threads()).unwrap_or(0)
}

/// The folder from which libtorch was loaded.
pub(crate) fn loaded_from() -> Option<PathBuf> {
    let maps = fs::read_to_string("/proc/self/maps").ok()?;
    let line = maps.lines().find(|line| line.ends_with("/libtorch_cpu.so"))?;
    let path = PathBuf::from(line.split_whitespace().last()?);
    path.parent().map(ToOwned::to_owned)
}

/// The version of the loaded libtorch: 2.9.0.
pub(crate) fn version() -> Option<String> {
    let text = fs::read_to_string(loaded_from()?.parent()?.join("build-version")).ok()?;
    Some(text.trim().to_owned())
}
