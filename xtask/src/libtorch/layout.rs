//! Which file goes where.
//!
//! For a CPU: headers and five libraries (`libtorch_cpu` is built with CUDA hooks, so it wants CUDA's run-time and profiling
//! libraries even on a machine without a GPU). For CUDA: every library, and NVIDIA's packages in `nvidia/` beside the
//! libtorch folder, where the wheel's libraries look for them by their own search path (`$ORIGIN/../../nvidia/*/lib`).

use std::fmt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::source::Source;
use super::version::VERSION;

/// Which libraries are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Cpu,
    Cuda,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Cpu => "cpu",
            Self::Cuda => "cuda",
        })
    }
}

/// Where one file of a source goes.
#[derive(Debug, PartialEq, Eq)]
enum Destination {
    /// Inside the libtorch folder.
    Libtorch(PathBuf),
    /// Inside the folder of NVIDIA's packages.
    Nvidia(PathBuf),
}

/// The files to unpack, by source.
pub(crate) struct Layout {
    kind: Kind,
    files: Vec<Vec<(String, Destination)>>,
}

impl Layout {
    /// Picks the files, and says which are missing.
    pub(crate) fn plan(kind: Kind, sources: &[Source]) -> Result<Self> {
        let place_all = |source: &Source| {
            source.names.iter().filter_map(|name| Some((name.clone(), place(kind, name)?))).collect::<Vec<_>>()
        };
        let files: Vec<Vec<(String, Destination)>> = sources.iter().map(place_all).collect();
        let has = |wanted: &str| files.iter().flatten().any(|(name, _)| name.ends_with(wanted));
        let mut missing = Vec::new();
        let mut need = |file: &'static str, package: &str| {
            if !has(file) {
                missing.push(format!("{file} (of {package})"));
            }
        };
        let torch = format!("torch=={VERSION}");
        need("lib/libtorch_cpu.so", &torch);
        need("lib/libc10.so", &torch);
        need("include/torch/csrc/api/include/torch/torch.h", &torch);
        if is_wheel(sources) {
            need("libcudart.so.12", "nvidia-cuda-runtime-cu12");
            need("libcupti.so.12", "nvidia-cuda-cupti-cu12");
        }
        if kind == Kind::Cuda {
            need("lib/libtorch_cuda.so", &torch);
        }
        if !missing.is_empty() {
            let looked: Vec<_> = sources.iter().map(|source| source.path.display().to_string()).collect();
            bail!("missing: {}; looked in {}", missing.join(", "), looked.join(", "));
        }
        check_version(sources)?;
        Ok(Self { kind, files })
    }

    /// Unpacks everything.
    pub(crate) fn unpack(&self, sources: &[Source], libtorch: &Path, nvidia: &Path) -> Result<()> {
        for (source, files) in sources.iter().zip(&self.files) {
            let destination = |place: &Destination| match place {
                Destination::Libtorch(path) => libtorch.join(path),
                Destination::Nvidia(path) => nvidia.join(path),
            };
            let files: Vec<_> = files.iter().map(|(name, place)| (name.clone(), destination(place))).collect();
            source.unpack(&files)?;
        }
        if self.kind == Kind::Cpu {
            // The wheel's own libtorch.so drags in CUDA; to the linker this text is a library as well.
            let script = libtorch.join("lib/libtorch.so");
            std::fs::write(&script, "INPUT(-ltorch_cpu)\n")
                .with_context(|| format!("cannot write {}", script.display()))?;
        }
        Ok(())
    }
}

/// The packages of NVIDIA's that the torch wheel asks for, as `name==version`.
pub(crate) fn requirements(kind: Kind, sources: &[Source]) -> Result<Vec<String>> {
    let metadata = metadata(sources)?.context("the torch wheel has no METADATA")?;
    let all = metadata
        .lines()
        .filter_map(|line| line.strip_prefix("Requires-Dist: nvidia-"))
        .filter_map(|rest| rest.split(';').next())
        .map(|requirement| format!("nvidia-{}", requirement.trim()));
    Ok(all
        .filter(|r| kind == Kind::Cuda || r.starts_with("nvidia-cuda-runtime-") || r.starts_with("nvidia-cuda-cupti-"))
        .collect())
}

fn metadata(sources: &[Source]) -> Result<Option<String>> {
    for source in sources {
        let name = source.names.iter().find(|n| n.starts_with("torch-") && n.ends_with(".dist-info/METADATA"));
        if let Some(name) = name {
            return source.text(name).map(Some);
        }
    }
    Ok(None)
}

fn is_wheel(sources: &[Source]) -> bool {
    sources.iter().any(|source| source.names.iter().any(|name| name.starts_with("torch/include/")))
}

/// Refuses another version, where the source tells its version.
fn check_version(sources: &[Source]) -> Result<()> {
    let from_metadata = metadata(sources)?
        .and_then(|text| text.lines().find_map(|line| line.strip_prefix("Version: ")).map(str::to_owned));
    let file = |source: &Source| source.names.iter().find(|name| name.ends_with("build-version")).cloned();
    let from_file = sources.iter().find_map(|source| Some((source, file(source)?)));
    let from_file = from_file.map(|(source, name)| source.text(&name)).transpose()?;
    let number =
        from_metadata.or(from_file).as_deref().map(|v| v.trim().split('+').next().unwrap_or_default().to_owned());
    match number {
        Some(number) if number != VERSION => bail!("this is libtorch {number}, but {VERSION} is needed"),
        _ => Ok(()),
    }
}

fn place(kind: Kind, name: &str) -> Option<Destination> {
    let in_torch = ["torch/", "libtorch/", ""].iter().find_map(|prefix| {
        let rest = name.strip_prefix(prefix)?;
        (rest.starts_with("include/") || rest.starts_with("lib/")).then_some(rest)
    });
    if let Some(inner) = in_torch {
        let file = inner.strip_prefix("lib/");
        let wanted = match file {
            None => true,
            Some(file) if kind == Kind::Cpu => {
                matches!(file, "libtorch_cpu.so" | "libc10.so")
                    || ["libgomp", "libcudart.so.", "libcupti.so."].iter().any(|prefix| file.starts_with(prefix))
            }
            Some(file) => file.contains(".so") && !file.contains("python") && !file.contains('/'),
        };
        return wanted.then(|| Destination::Libtorch(inner.into()));
    }
    let (package, file) = name.strip_prefix("nvidia/")?.split_once("/lib/")?;
    match kind {
        Kind::Cpu => matches!((package, file), ("cuda_runtime", "libcudart.so.12") | ("cuda_cupti", "libcupti.so.12"))
            .then(|| Destination::Libtorch(Path::new("lib").join(file))),
        Kind::Cuda => file.contains(".so").then(|| Destination::Nvidia(Path::new(package).join("lib").join(file))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn libtorch(path: &str) -> Destination {
        Destination::Libtorch(path.into())
    }

    #[test]
    fn a_cpu_keeps_headers_and_five_libraries() {
        let cpu = |name| place(Kind::Cpu, name);
        assert_eq!(cpu("torch/include/ATen/ATen.h"), Some(libtorch("include/ATen/ATen.h")));
        assert_eq!(cpu("torch/lib/libtorch_cpu.so"), Some(libtorch("lib/libtorch_cpu.so")));
        assert_eq!(cpu("torch/lib/libgomp.so.1"), Some(libtorch("lib/libgomp.so.1")));
        assert_eq!(cpu("libtorch/lib/libgomp-24e2ab19.so.1"), Some(libtorch("lib/libgomp-24e2ab19.so.1")));
        assert_eq!(cpu("nvidia/cuda_runtime/lib/libcudart.so.12"), Some(libtorch("lib/libcudart.so.12")));
        assert_eq!(cpu("torch/lib/libtorch_cuda.so"), None);
        assert_eq!(cpu("torch/lib/libtorch.so"), None, "replaced by a linker script");
        assert_eq!(cpu("nvidia/cuda_cupti/lib/libnvperf_host.so"), None);
        assert_eq!(cpu("torch/nn/functional.py"), None);
    }

    #[test]
    fn cuda_keeps_all_libraries_where_their_search_path_looks() {
        let cuda = |name| place(Kind::Cuda, name);
        assert_eq!(cuda("torch/lib/libtorch_cuda.so"), Some(libtorch("lib/libtorch_cuda.so")));
        assert_eq!(cuda("torch/lib/libtorch.so"), Some(libtorch("lib/libtorch.so")));
        assert_eq!(cuda("nvidia/cudnn/lib/libcudnn.so.9"), Some(Destination::Nvidia("cudnn/lib/libcudnn.so.9".into())));
        assert_eq!(cuda("torch/lib/libtorch_python.so"), None);
        assert_eq!(cuda("nvidia/cudnn/include/cudnn.h"), None);
    }

    #[test]
    fn what_is_missing_is_named() {
        let source = Source { path: "wheels".into(), names: vec!["torch/include/ATen/ATen.h".into()] };
        let error = Layout::plan(Kind::Cpu, &[source]).err().unwrap().to_string();
        assert!(error.contains("lib/libtorch_cpu.so (of torch==2.9.0)"), "{error}");
        assert!(error.contains("libcupti.so.12 (of nvidia-cuda-cupti-cu12)"), "{error}");
    }
}
