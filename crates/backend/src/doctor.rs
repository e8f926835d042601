//! What this build and machine have, what is missing, and what to do about it.

use std::path::Path;

use serde::Serialize;

use crate::device::GET_LIBTORCH;
use crate::group::{Launch, LaunchError, engine};

/// One thing looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What was looked at: "libtorch", "CPU", "memory".
    pub what: String,
    /// How it is, in words.
    pub state: String,
    /// The command or choice that makes it better; `None` where nothing is to be done.
    pub fix: Option<String>,
}

impl Finding {
    fn new(what: &str, state: impl Into<String>, fix: Option<&str>) -> Self {
        Self { what: what.to_owned(), state: state.into(), fix: fix.map(str::to_owned) }
    }
}

/// Looks at backends, libtorch, GPUs, what joins processes, CPU features, threads and memory.
pub fn doctor() -> Vec<Finding> {
    let mut findings = vec![Finding::new("flex", "built in: pure Rust on the CPU", None)];
    findings.extend(libtorch());
    findings.push(libtorch_folder());
    findings.push(ranks(engine(), &Launch::from_environment()));
    findings.push(cpu());
    findings.push(bf16());
    findings.push(threads());
    findings.push(memory());
    findings
}

#[cfg(feature = "libtorch")]
fn libtorch() -> Vec<Finding> {
    use crate::libtorch as torch;

    let version = torch::version().unwrap_or_else(|| "of unknown version".into());
    let folder = torch::loaded_from().map_or_else(|| "an unknown folder".into(), |path| path.display().to_string());
    let state = format!("libtorch {version} linked, loaded from {folder}, {} thread(s)", torch::threads());
    let gpus = torch::cuda_devices();
    let gpu = if gpus > 0 {
        Finding::new("GPU", format!("{gpus} NVIDIA GPU(s) usable: --device libtorch:cuda:0"), None)
    } else if torch::built_with_cuda() {
        Finding::new("GPU", "libtorch has CUDA, but no GPU is usable", Some("check `nvidia-smi`"))
    } else {
        Finding::new("GPU", "the linked libtorch has no CUDA", nvidia_driver().then_some(crate::device::GET_CUDA))
    };
    vec![Finding::new("libtorch", state, None), gpu]
}

#[cfg(not(feature = "libtorch"))]
fn libtorch() -> Vec<Finding> {
    let fix = Some(GET_LIBTORCH);
    let gpu = if nvidia_driver() {
        Finding::new("GPU", "an NVIDIA driver is there, this build cannot use it", Some(crate::device::GET_CUDA))
    } else {
        Finding::new("GPU", "no NVIDIA driver found", None)
    };
    vec![Finding::new("libtorch", "not in this build (GPUs need it; CPUs do not)", fix), gpu]
}

fn nvidia_driver() -> bool {
    Path::new("/proc/driver/nvidia/version").exists()
}

fn libtorch_folder() -> Finding {
    let Some(folder) = std::env::var_os("LIBTORCH") else {
        return Finding::new("LIBTORCH", "not set in this environment (builds read it from .cargo/config.toml)", None);
    };
    let folder = Path::new(&folder);
    let version = std::fs::read_to_string(folder.join("build-version")).unwrap_or_default();
    if folder.join("lib/libtorch_cpu.so").exists() {
        let version = if version.is_empty() { "of unknown version" } else { version.trim() };
        Finding::new("LIBTORCH", format!("{} holds libtorch {version}", folder.display()), None)
    } else {
        let state = format!("{} holds no libtorch", folder.display());
        Finding::new("LIBTORCH", state, Some("Run `cargo xtask libtorch`"))
    }
}

/// What joins several processes, and what a launcher says of this one.
fn ranks(engine: Option<&str>, launch: &Result<Launch, LaunchError>) -> Finding {
    let (mut state, mut fix) = match engine {
        // Whoever builds on these crates can join processes; scripts cannot yet.
        Some(engine) => (format!("{engine}, joins processes of Rust programs; a script runs in one"), None),
        None => ("nothing in this build joins processes; a script runs in one".to_owned(), None),
    };
    match launch {
        Ok(launch) if launch.ranks > 1 => {
            state = format!("{state}. This is rank {} of {}", launch.rank, launch.ranks);
            fix = engine.is_none().then(|| GET_LIBTORCH.to_owned());
        }
        Ok(_) => {}
        Err(error) => fix = Some(error.to_string()),
    }
    Finding { what: "ranks".into(), state, fix }
}

fn cpu() -> Finding {
    let cores = crate::threads::cores();
    let features = features();
    let fix = (!features.contains(&"avx2") && cfg!(target_arch = "x86_64"))
        .then_some("this CPU lacks AVX2 or FMA: training will be several times slower");
    let features = if features.is_empty() { "no special instructions used".into() } else { features.join(", ") };
    Finding::new("CPU", format!("{cores} core(s), {features}"), fix)
}

/// The instruction sets that this program chooses code by.
fn features() -> Vec<&'static str> {
    #[cfg(target_arch = "x86_64")]
    {
        let mut found = Vec::new();
        if std::is_x86_feature_detected!("avx2") && std::is_x86_feature_detected!("fma") {
            found.extend(["avx2", "fma"]);
        }
        if std::is_x86_feature_detected!("avx512f") {
            found.push("avx512f");
        }
        if std::is_x86_feature_detected!("avx512bf16") {
            found.push("avx512bf16");
        }
        found
    }
    #[cfg(not(target_arch = "x86_64"))]
    Vec::new()
}

/// Whether training in half precision is worth anything here.
fn bf16() -> Finding {
    let usable: Vec<String> = crate::devices()
        .into_iter()
        .filter(|info| info.missing.is_none())
        .filter_map(|info| crate::device(&info.name).ok())
        .filter(|device| device.require(crate::Precision::Bf16).is_ok())
        .map(|device| device.name().to_owned())
        .collect();
    if !usable.is_empty() {
        let state = format!("precision: \"bf16\" trains faster on {}", usable.join(", "));
        return Finding::new("bf16", state, None);
    }
    if crate::cpu::has_bf16() {
        let fix = "Train with --device libtorch";
        return Finding::new("bf16", "this CPU has AVX512-BF16, which libtorch uses and flex does not", Some(fix));
    }
    Finding::new("bf16", "neither this CPU (no AVX512-BF16) nor a usable GPU has it: train in f32", None)
}

fn threads() -> Finding {
    let threads = crate::threads();
    let cores = crate::threads::cores();
    let fix = (threads > cores).then(|| format!("more threads than cores: set RAYON_NUM_THREADS={cores}"));
    Finding::new("threads", format!("{threads} compute thread(s)"), fix.as_deref())
}

fn memory() -> Finding {
    const GIB: f64 = (1_u64 << 30) as f64;
    match (crate::available_memory_bytes(), crate::total_memory_bytes()) {
        (Some(free), Some(total)) => {
            let fix = (free < 2 << 30).then_some("under 2 GiB left: choose a smaller batch_size or width");
            Finding::new("memory", format!("{:.1} of {:.1} GiB available", free as f64 / GIB, total as f64 / GIB), fix)
        }
        _ => Finding::new("memory", "this system does not tell", None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_is_looked_at_once() {
        let findings = doctor();
        let names: Vec<&str> = findings.iter().map(|finding| finding.what.as_str()).collect();
        assert_eq!(names, ["flex", "libtorch", "GPU", "LIBTORCH", "ranks", "CPU", "bf16", "threads", "memory"]);
    }

    #[test]
    #[cfg(not(feature = "libtorch"))]
    fn a_missing_libtorch_comes_with_its_command() {
        let findings = doctor();
        let fix = findings.iter().find(|finding| finding.what == "libtorch").and_then(|finding| finding.fix.as_deref());
        assert!(fix.unwrap().contains("cargo xtask libtorch"));
    }

    #[test]
    fn what_joins_processes_is_said_and_what_a_launcher_left_out() {
        let alone = Ok(Launch::alone());
        let found = ranks(Some("gloo"), &alone);
        assert!(found.state.starts_with("gloo, joins processes") && found.fix.is_none(), "{found:?}");
        let found = ranks(None, &alone);
        assert!(found.state.starts_with("nothing in this build") && found.fix.is_none(), "{found:?}");
        let started = Ok(Launch { rank: 2, ranks: 4, ..Launch::alone() });
        let found = ranks(None, &started);
        assert!(
            found.state.ends_with("This is rank 2 of 4") && found.fix.as_deref() == Some(GET_LIBTORCH),
            "{found:?}"
        );
        let half = Launch::of(&[("RANK".to_owned(), "2".to_owned())].into());
        assert!(ranks(Some("gloo"), &half).fix.unwrap().contains("lacks WORLD_SIZE"));
    }
}
