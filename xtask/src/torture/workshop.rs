//! What all cases share: the binary, a tiny dataset, undisturbed runs, and files to be mutated, each made once.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, anyhow};

use super::experiments::{self, SCRIPT};
use super::process::{LIMIT, Running};
use super::product::Product;
use super::verdict;
use crate::run::root;

/// What an undisturbed run left, and where.
#[derive(Debug)]
pub(super) struct Undisturbed {
    pub(super) place: PathBuf,
    pub(super) product: Product,
    pub(super) time: Duration,
}

type Once<T> = Arc<OnceLock<Result<Arc<T>, String>>>;

/// The shared things.
pub(super) struct Workshop {
    binary: PathBuf,
    images: PathBuf,
    runs: Mutex<BTreeMap<&'static str, Once<Undisturbed>>>,
    fixtures: Mutex<BTreeMap<&'static str, Once<PathBuf>>>,
}

impl Workshop {
    /// Where everything happens.
    pub(super) fn folder() -> PathBuf {
        root().join("target/torture")
    }

    /// An empty one around a built binary.
    pub(super) fn new(binary: PathBuf) -> Result<Self> {
        let folder = Self::folder();
        for old in ["undisturbed", "fixtures", "cases"] {
            let old = folder.join(old);
            if old.exists() {
                fs::remove_dir_all(&old).with_context(|| format!("cannot empty {}", old.display()))?;
            }
        }
        Ok(Self { binary, images: crate::ci::drawn_images()?, runs: Mutex::default(), fixtures: Mutex::default() })
    }

    /// `foretask` with these arguments, to be run in a folder. Every run is held to 16 GiB of address space, so that an
    /// endless allocation becomes a failure of its case before it becomes the machine's.
    pub(super) fn foretask(&self, place: &Path, arguments: &[&str]) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", "ulimit -v 16777216; exec \"$0\" \"$@\""]).arg(&self.binary).args(arguments);
        command.current_dir(place).env_remove("LD_LIBRARY_PATH").env_remove("RUST_BACKTRACE");
        command.envs([("NO_COLOR", "1"), ("FORETASK_CHECKPOINT_EVERY", "0.1s")]);
        command
    }

    /// `foretask run` of the experiment that lies in a folder.
    pub(super) fn run(&self, place: &Path) -> Command {
        self.foretask(place, &["run", SCRIPT, "--device", "flex"])
    }

    /// Puts an experiment and its images into a folder.
    pub(super) fn lay_out(&self, place: &Path, experiment: &str) -> Result<()> {
        let script = experiments::script(experiment).with_context(|| format!("there is no experiment {experiment}"))?;
        fs::create_dir_all(place).with_context(|| format!("cannot make {}", place.display()))?;
        fs::write(place.join(SCRIPT), script)?;
        std::os::unix::fs::symlink(&self.images, place.join(experiments::IMAGES))?;
        Ok(())
    }

    /// The folder of drawn images: SPLIT/CLASS/NUMBER.png.
    pub(super) fn images(&self) -> &Path {
        &self.images
    }

    /// An experiment that nobody disturbed.
    pub(super) fn undisturbed(&self, experiment: &'static str) -> Result<Arc<Undisturbed>> {
        let place = Self::folder().join("undisturbed").join(experiment).join("place");
        once(&self.runs, experiment, || {
            self.lay_out(&place, experiment)?;
            let done = Running::start(&mut self.run(&place), &place.with_file_name("printed.txt"))?.finish(LIMIT)?;
            verdict::succeeded(&done).context("the undisturbed run")?;
            Ok(Undisturbed { product: Product::of(&place)?, time: done.time, place: place.clone() })
        })
    }

    /// A folder of files, filled by `make` at the first call.
    pub(super) fn fixture(&self, name: &'static str, make: impl FnOnce(&Path) -> Result<()>) -> Result<PathBuf> {
        let folder = Self::folder().join("fixtures").join(name);
        let made = once(&self.fixtures, name, || {
            fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
            make(&folder).with_context(|| format!("making {name}"))?;
            Ok(folder)
        })?;
        Ok((*made).clone())
    }

    /// Runs `foretask` to make something that is needed.
    pub(super) fn make(&self, place: &Path, arguments: &[&str]) -> Result<()> {
        let log = place.with_extension("txt");
        verdict::succeeded(&Running::start(&mut self.foretask(place, arguments), &log)?.finish(LIMIT)?)
    }
}

/// The value under `name`, made by whoever comes first; others wait for it.
fn once<T>(
    known: &Mutex<BTreeMap<&'static str, Once<T>>>,
    name: &'static str,
    make: impl FnOnce() -> Result<T>,
) -> Result<Arc<T>> {
    let cell = known.lock().unwrap_or_else(PoisonError::into_inner).entry(name).or_default().clone();
    cell.get_or_init(|| make().map(Arc::new).map_err(|error| format!("{error:#}"))).clone().map_err(|e| anyhow!(e))
}
