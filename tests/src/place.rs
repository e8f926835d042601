//! A folder to work in.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use crate::{Done, Running, binary, fixture, root};

/// A temporary folder in which `datasets` leads to the repository's datasets. It is deleted when dropped.
#[derive(Debug)]
pub struct Place(TempDir);

impl Place {
    /// A new one.
    #[allow(clippy::new_without_default, reason = "making a folder is no default")]
    pub fn new() -> Self {
        let folder = tempfile::Builder::new().prefix("foretask-").tempdir().expect("a temporary folder");
        std::os::unix::fs::symlink(root().join("datasets"), folder.path().join("datasets")).expect("a link");
        Self(folder)
    }

    /// A path inside.
    pub fn path(&self, inner: impl AsRef<Path>) -> PathBuf {
        self.0.path().join(inner)
    }

    /// Writes a file inside, with its folders.
    pub fn write(&self, inner: impl AsRef<Path>, contents: impl AsRef<[u8]>) {
        let path = self.path(inner);
        fs::create_dir_all(path.parent().expect("inside")).expect("a folder");
        fs::write(path, contents).expect("a file");
    }

    /// Pictures of clothes, gray and of 28 pixels, in folders of their classes below `folder`: of each class those of these numbers,
    /// from 0 to 7.
    pub fn clothes(&self, folder: &str, classes: &[&str], numbers: impl IntoIterator<Item = usize>) {
        for number in numbers {
            for class in classes {
                let picture = fs::read(fixture(&format!("clothes/{class}/{number:02}.png"))).expect("a picture");
                self.write(format!("{folder}/{class}/{number:02}.png"), picture);
            }
        }
    }

    /// `foretask` with these arguments, to be run here. It has to find its libraries by itself and to print the same
    /// everywhere.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(binary());
        command.args(arguments).current_dir(self.0.path()).env_remove("LD_LIBRARY_PATH").env_remove("RUST_BACKTRACE");
        command.env("NO_COLOR", "1").env("FORETASK_CHECKPOINT_EVERY", "0.05s");
        command
    }

    /// Starts it.
    pub fn start(&self, arguments: &[&str]) -> Running {
        Running::start(&mut self.command(arguments))
    }

    /// Runs it to its end.
    pub fn foretask(&self, arguments: &[&str]) -> Done {
        self.start(arguments).finish()
    }

    /// Runs it to its end, with variables of the environment.
    pub fn foretask_with(&self, variables: &[(&str, &str)], arguments: &[&str]) -> Done {
        let mut command = self.command(arguments);
        Running::start(command.envs(variables.iter().copied())).finish()
    }

    /// The folders of all runs of a script, oldest first.
    pub fn runs(&self, script: &str) -> Vec<PathBuf> {
        let mut runs: Vec<PathBuf> = match fs::read_dir(self.path("runs").join(script)) {
            Ok(entries) => entries.flatten().map(|entry| entry.path()).collect(),
            Err(_) => Vec::new(),
        };
        // The clock's second names a run; a second run in it gets a number that sorts behind.
        runs.sort_by_key(|run| (run.metadata().and_then(|m| m.created()).ok(), run.clone()));
        runs
    }

    /// The latest run of a script.
    #[track_caller]
    pub fn latest(&self, script: &str) -> PathBuf {
        self.runs(script).pop().unwrap_or_else(|| panic!("{script} has no run in {}", self.path("runs").display()))
    }

    /// The files of every stage but its lock, by the stage's folder and their own name.
    pub fn stage_files(&self) -> Vec<PathBuf> {
        let stages = fs::read_dir(self.path("runs/.stages")).into_iter().flatten().flatten();
        let files = stages.flat_map(|stage| fs::read_dir(stage.path()).into_iter().flatten().flatten());
        let mut files: Vec<PathBuf> = files.map(|file| file.path()).filter(|path| !path.ends_with("lock")).collect();
        files.sort();
        files
    }

    /// Every checkpoint of unfinished stages.
    pub fn checkpoints(&self) -> Vec<PathBuf> {
        let stages = fs::read_dir(self.path("runs/.stages")).into_iter().flatten().flatten();
        let files = stages.flat_map(|stage| fs::read_dir(stage.path()).into_iter().flatten().flatten());
        files.map(|file| file.path()).filter(|path| is_checkpoint(path)).collect()
    }
}

fn is_checkpoint(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("checkpoint"))
}

/// A JSON file.
#[track_caller]
pub fn json(path: &Path) -> Value {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The lines of a run's results but those that say how long something took.
#[track_caller]
pub fn timeless(run: &Path) -> String {
    let path = run.join("results.json");
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    text.lines()
        .filter(|line| !line.contains("seconds\":"))
        .map(|line| format!("{line}\n"))
        .collect::<Vec<_>>()
        .concat()
}

/// The bytes of every weights file of a run, by name.
#[track_caller]
pub fn weights(run: &Path) -> BTreeMap<String, Vec<u8>> {
    let folder = run.join("weights");
    let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let files: BTreeMap<String, Vec<u8>> = entries
        .flatten()
        .map(|entry| (entry.file_name().to_string_lossy().into_owned(), fs::read(entry.path()).expect("a file")))
        .collect();
    assert!(!files.is_empty(), "{} holds no weights", folder.display());
    files
}
