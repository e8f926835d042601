//! One thing tried: its name, its folder, its random numbers.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context, Result};
use foretask_random::{Key, Rng};

use super::process::{Done, LIMIT, Running};
use super::workshop::Workshop;

/// No look at a damaged file takes longer.
const LOOK_LIMIT: Duration = Duration::from_secs(30);

/// A case GROUP/KIND/NUMBER. Its name and the seed decide everything random in it.
#[derive(Debug)]
pub(super) struct Case {
    pub(super) group: &'static str,
    pub(super) kind: &'static str,
    pub(super) number: u64,
    seed: u64,
    folder: PathBuf,
    started: AtomicUsize,
}

/// How a case that did not fail ended.
pub(super) enum Tried {
    /// All was as it must be.
    Held,
    /// It could not be tried here, for this reason.
    Skipped(String),
}

impl Case {
    pub(super) fn new(group: &'static str, kind: &'static str, number: u64, seed: u64) -> Self {
        let folder = Workshop::folder().join("cases").join(format!("{group}-{kind}-{number}"));
        Self { group, kind, number, seed, folder, started: AtomicUsize::new(0) }
    }

    pub(super) fn name(&self) -> String {
        format!("{}/{}/{}", self.group, self.kind, self.number)
    }

    /// The command that tries it again.
    pub(super) fn again(&self) -> String {
        format!("cargo xtask torture --seed {} --case {}", self.seed, self.name())
    }

    /// Its random numbers.
    pub(super) fn rng(&self) -> Rng {
        Key::new(self.seed).named(self.group).named(self.kind).with(self.number).rng()
    }

    /// The folder it works in, made empty at first use.
    pub(super) fn place(&self) -> Result<PathBuf> {
        let place = self.folder.join("place");
        if !place.is_dir() {
            fs::create_dir_all(&place).with_context(|| format!("cannot make {}", place.display()))?;
        }
        Ok(place)
    }

    /// Where it keeps what processes print; kept if it fails.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Removes what an earlier try, or this one, has left.
    pub(super) fn clear(&self) -> Result<()> {
        if self.folder.exists() {
            fs::remove_dir_all(&self.folder).with_context(|| format!("cannot remove {}", self.folder.display()))?;
        }
        Ok(())
    }

    /// Starts a command; what it prints is kept beside the place.
    pub(super) fn start(&self, command: &mut Command) -> Result<Running> {
        self.place()?;
        let number = self.started.fetch_add(1, Ordering::Relaxed) + 1;
        Running::start(command, &self.folder.join(format!("printed-{number}.txt")))
    }

    /// Runs a command that only looks at a file to its end.
    pub(super) fn look(&self, command: &mut Command) -> Result<Done> {
        self.start(command)?.finish(LOOK_LIMIT)
    }

    /// Runs a command to its end.
    pub(super) fn finish(&self, command: &mut Command) -> Result<Done> {
        self.start(command)?.finish(LIMIT)
    }
}
