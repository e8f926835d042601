//! Devices by name.

use std::fmt;

use crate::{BackendError, Result};

/// A place to compute, found by its name with [`device`]. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Device {
    name: String,
    plain: burn::tensor::Device,
}

impl Device {
    /// The resolved name: `flex`, `libtorch` or `libtorch:cuda:0`; never `auto`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// burn's device without a gradient graph: for inference, evaluation, teachers.
    pub fn plain(&self) -> burn::tensor::Device {
        self.plain.clone()
    }

    /// burn's device with automatic differentiation: for training.
    pub fn training(&self) -> burn::tensor::Device {
        self.plain.clone().autodiff()
    }

    /// Whether it computes in memory of its own, to which every batch has to travel.
    pub fn is_gpu(&self) -> bool {
        self.name.contains("cuda")
    }

    /// Whether two runs with the same seed give the same bits here. True on CPUs.
    pub fn is_deterministic(&self) -> bool {
        !self.is_gpu()
    }
}

impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

/// One line of the list of devices.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct DeviceInfo {
    /// The name that [`device`] takes.
    pub name: String,
    /// What it is, in words.
    pub about: String,
    /// Whether `auto` chooses it on this machine.
    pub default: bool,
    /// Why it cannot be used here, and what to do about it; `None` where it can.
    pub missing: Option<String>,
}

/// How to get libtorch into a build.
pub(crate) const GET_LIBTORCH: &str =
    "In a checkout of Foretask, run `cargo xtask libtorch`, then `cargo foretask-torch …`";
/// How to get libtorch with CUDA into a build.
pub(crate) const GET_CUDA: &str =
    "In a checkout of Foretask, run `cargo xtask libtorch --cuda`, then `cargo foretask-torch …`";

/// The device of a name: `auto`, `flex`, `libtorch`, `libtorch:cuda:N` (`cuda:N` and `cuda` mean the same).
///
/// `auto` takes the fastest that this build and machine have: libtorch on the first GPU, else flex. On CPUs the two are equally
/// fast in `f32` (flex needs 0.8 to 1.2 of libtorch's CPU time), and flex holds 0.3 to 0.9 of its memory (docs/src/bench.md).
///
/// # Errors
/// [`BackendError::UnknownDevice`] for any other name; [`BackendError::DeviceUnavailable`] where this build lacks the
/// backend or the machine the GPU, with the commands that change it.
pub fn device(name: &str) -> Result<Device> {
    let wanted = name.trim().to_ascii_lowercase();
    match wanted.as_str() {
        "auto" | "" => Ok(automatic()),
        "flex" | "cpu" => Ok(flex()),
        "libtorch" | "libtorch:cpu" => libtorch_cpu(name),
        other => match cuda_index(other) {
            Some(index) => libtorch_cuda(name, index),
            None => Err(BackendError::UnknownDevice { name: name.to_owned(), hint: hint(&wanted) }),
        },
    }
}

/// Every device that this program knows, with what is missing to use it.
pub fn devices() -> Vec<DeviceInfo> {
    let default = automatic().name;
    let mut list = vec![
        DeviceInfo {
            name: "flex".into(),
            about: format!("pure Rust on {} CPU thread(s), nothing to install", crate::threads()),
            default: default == "flex",
            missing: None,
        },
        DeviceInfo {
            name: "libtorch".into(),
            about: if crate::cpu::has_bf16() {
                "libtorch on the CPU, f32 or bf16".into()
            } else {
                "libtorch on the CPU".into()
            },
            default: default == "libtorch",
            missing: libtorch_cpu("libtorch").err().map(|error| error.to_string()),
        },
    ];
    for index in 0..cuda_count().max(1) {
        let name = format!("libtorch:cuda:{index}");
        list.push(DeviceInfo {
            about: format!("libtorch on NVIDIA GPU {index}, f32 or bf16"),
            default: default == name,
            missing: libtorch_cuda(&name, index).err().map(|error| error.to_string()),
            name,
        });
    }
    list
}

fn automatic() -> Device {
    libtorch_cuda("libtorch:cuda:0", 0).unwrap_or_else(|_| flex())
}

fn flex() -> Device {
    Device { name: "flex".into(), plain: burn::tensor::Device::flex() }
}

/// The N of `cuda`, `cuda:N`, `libtorch:cuda` and `libtorch:cuda:N`.
fn cuda_index(name: &str) -> Option<usize> {
    let rest = name.strip_prefix("libtorch:").unwrap_or(name).strip_prefix("cuda")?;
    if rest.is_empty() { Some(0) } else { rest.strip_prefix(':')?.parse().ok() }
}

fn hint(name: &str) -> String {
    let near = [
        ("torch", "libtorch"),
        ("gpu", "libtorch:cuda:0"),
        ("nvidia", "libtorch:cuda:0"),
        ("fle", "flex"),
        ("lib", "libtorch"),
    ];
    near.iter()
        .find(|(part, _)| name.contains(part))
        .map_or_else(String::new, |(_, known)| format!(", did you mean {known}?"))
}

#[cfg(feature = "libtorch")]
fn cuda_count() -> usize {
    crate::libtorch::cuda_devices()
}

#[cfg(not(feature = "libtorch"))]
fn cuda_count() -> usize {
    0
}

#[cfg(feature = "libtorch")]
#[allow(clippy::unnecessary_wraps)] // Builds without libtorch have an error to give.
fn libtorch_cpu(_: &str) -> Result<Device> {
    Ok(Device { name: "libtorch".into(), plain: crate::libtorch::cpu() })
}

#[cfg(not(feature = "libtorch"))]
fn libtorch_cpu(name: &str) -> Result<Device> {
    let reason = "this build has no libtorch".into();
    Err(BackendError::DeviceUnavailable { name: name.to_owned(), reason, fix: GET_LIBTORCH.into() })
}

#[cfg(feature = "libtorch")]
fn libtorch_cuda(name: &str, index: usize) -> Result<Device> {
    let (reason, fix) = match crate::libtorch::cuda_devices() {
        0 if crate::libtorch::built_with_cuda() => {
            ("libtorch sees no NVIDIA GPU".to_owned(), "Check `nvidia-smi`, or choose --device libtorch".to_owned())
        }
        0 => ("the libtorch of this build has no CUDA".to_owned(), GET_CUDA.to_owned()),
        count if index >= count => {
            (format!("this machine has {count} GPU(s), numbered from 0"), format!("Choose libtorch:cuda:{}", count - 1))
        }
        _ => return Ok(Device { name: format!("libtorch:cuda:{index}"), plain: crate::libtorch::cuda(index) }),
    };
    Err(BackendError::DeviceUnavailable { name: name.to_owned(), reason, fix })
}

#[cfg(not(feature = "libtorch"))]
fn libtorch_cuda(name: &str, _: usize) -> Result<Device> {
    let reason = "this build has no libtorch, through which GPUs are used".into();
    Err(BackendError::DeviceUnavailable { name: name.to_owned(), reason, fix: GET_CUDA.into() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_resolved() {
        assert_eq!(device("flex").unwrap().name(), "flex");
        assert_ne!(device("auto").unwrap().name(), "auto");
        assert!(device("flex").unwrap().training().is_autodiff());
        assert!(!device("flex").unwrap().plain().is_autodiff());
        assert_eq!(cuda_index("cuda:3"), Some(3));
        assert_eq!(cuda_index("libtorch:cuda"), Some(0));
        assert_eq!(cuda_index("cuda:x"), None);
    }

    #[test]
    fn an_unknown_name_says_what_is_known() {
        let error = device("torch").unwrap_err().to_string();
        assert_eq!(
            error,
            "unknown device \"torch\": expected auto, flex, libtorch or libtorch:cuda:N, did you mean libtorch?"
        );
        assert!(device("cuda:x").is_err());
    }

    #[test]
    #[cfg(feature = "libtorch")]
    fn a_gpu_that_is_not_there_says_what_to_do() {
        for (name, index) in [("cuda", 0), ("cuda:7", 7), ("libtorch:cuda:7", 7)] {
            match device(name) {
                Ok(found) => assert_eq!(found.name(), format!("libtorch:cuda:{index}")),
                Err(error) => {
                    let error = error.to_string();
                    let ways = ["cargo xtask libtorch --cuda", "nvidia-smi", "Choose libtorch:cuda:"];
                    assert!(error.contains(&format!("\"{name}\"")), "{error}");
                    assert!(ways.iter().any(|way| error.contains(way)), "{error}");
                }
            }
        }
        let listed = devices();
        assert_eq!(listed.iter().map(|info| info.missing.is_some()).collect::<Vec<_>>()[..2], [false, false]);
        assert!(
            listed
                .iter()
                .filter(|info| info.name.contains("cuda"))
                .all(|info| { info.missing.is_none() == device(&info.name).is_ok() })
        );
    }

    #[test]
    #[cfg(not(feature = "libtorch"))]
    fn a_build_without_libtorch_says_how_to_get_it() {
        let error = device("libtorch").unwrap_err().to_string();
        assert!(error.contains("cargo xtask libtorch"), "{error}");
        assert!(error.contains("cargo foretask-torch"), "{error}");
        assert!(device("cuda:0").unwrap_err().to_string().contains("cargo xtask libtorch --cuda"));
        assert_eq!(device("auto").unwrap().name(), "flex");
        let missing: Vec<bool> = devices().iter().map(|device| device.missing.is_some()).collect();
        assert_eq!(missing, [false, true, true]);
    }
}
