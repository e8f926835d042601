//! PyTorch and lightly: their Python environment, and the same cases through `peer/peer.py`.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::cases::Case;
use super::run::{arguments, on_cores, window};
use super::statistics::Sample;
use crate::run::command;
use crate::tools::python_environment;

/// What is installed; pinned.
const REQUIREMENTS: &str = "xtask/src/bench/peer/requirements.txt";
const SCRIPT: &str = "xtask/src/bench/peer/peer.py";
/// Its environment, ignored by git. About 7 GB, most of it CUDA libraries that the wheels ask for.
const FOLDER: &str = ".peer";

/// A Python that has torch and lightly in it.
pub(crate) struct Peer {
    python: PathBuf,
}

impl Peer {
    /// The given Python, or one with the pinned packages, installed if need be.
    pub(crate) fn ready(python: Option<&Path>) -> Result<Self> {
        if let Some(python) = python {
            return Ok(Self { python: python.to_owned() });
        }
        let python = python_environment(FOLDER, REQUIREMENTS).context(
            "the peer could not be installed; with a Python that has torch, torchvision and lightly already: \
             `cargo xtask bench --peer-python PYTHON`",
        )?;
        Ok(Self { python })
    }

    /// The peer's side of a case.
    pub(crate) fn command(&self, case: &Case, threads: usize, seconds: f64, photos: &Path, workers: usize) -> Command {
        let mut run = on_cores(&self.python.to_string_lossy(), threads);
        run.arg(SCRIPT).args(arguments(case, threads, seconds, photos)).args(["--workers", &workers.to_string()]);
        run
    }

    /// The number of loader workers that it is fastest with, each tried once.
    pub(crate) fn best_workers(&self, case: &Case, threads: usize, seconds: f64, photos: &Path) -> Result<usize> {
        if !case.loads() {
            return Ok(0);
        }
        let tries = (0..=threads)
            .map(|workers| Ok((workers, window(&mut self.command(case, threads, seconds, photos, workers), seconds)?)));
        Ok(fastest(&tries.collect::<Result<Vec<_>>>()?))
    }

    /// Versions, as Python tells them.
    pub(crate) fn versions(&self) -> String {
        let ask = "import lightly, torch, torchvision; \
                   print(f'torch {torch.__version__}, torchvision {torchvision.__version__}, lightly {lightly.__version__}')";
        let answer = crate::run::read(&mut command(&self.python.to_string_lossy(), &["-c", ask]));
        answer.map(|text| text.trim().to_owned()).unwrap_or_default()
    }
}

fn fastest(tries: &[(usize, Sample)]) -> usize {
    let rate = |sample: &Sample| sample.images / sample.seconds;
    tries.iter().max_by(|(_, a), (_, b)| rate(a).total_cmp(&rate(b))).map_or(0, |(workers, _)| *workers)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::root;

    #[test]
    fn the_fastest_number_of_workers_is_taken() {
        let sample = |images| Sample {
            images,
            seconds: 2.0,
            cpu_seconds: 1.0,
            peak_bytes: 1.0,
            load: 0.0,
            flops_per_image: None,
        };
        assert_eq!(fastest(&[(0, sample(10.0)), (1, sample(30.0)), (2, sample(20.0))]), 1);
        assert_eq!(fastest(&[]), 0);
    }

    #[test]
    fn a_given_python_is_used_as_it_is() {
        let peer = Peer::ready(Some(Path::new("/opt/python"))).unwrap();
        let case = super::super::cases::CASES[0];
        let shown = crate::run::shown(&peer.command(&case, 1, 3.0, Path::new("photos"), 2));
        assert!(shown.contains(&format!("/opt/python {SCRIPT} data --threads 1 --seconds 3")), "{shown}");
        assert!(shown.ends_with("--workers 2"), "{shown}");
        assert!(root().join(SCRIPT).is_file() && root().join(REQUIREMENTS).is_file());
    }
}
