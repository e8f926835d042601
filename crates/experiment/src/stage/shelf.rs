//! All stages of a folder of results, as they lie there: what each is, what it holds, what it was made from.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::done::{DONE, Done};
use super::memory::{MOST_DONE, STAGES};

/// Ending of a folder that is being removed: what a kill leaves of it is no stage.
const GOING: &str = ".going";
/// Hexadecimal digits of a key.
const DIGITS: usize = 32;

/// How a stage's folder stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// Its result is there.
    Finished,
    /// It was begun, and will go on from where it was.
    Unfinished,
    /// What says that it is finished cannot be read; a run would make it again.
    Damaged,
    /// What an earlier cleaning began to remove.
    Going,
}

/// A stage's folder.
#[derive(Debug)]
pub(crate) struct Shelved {
    pub(crate) key: String,
    pub(crate) folder: PathBuf,
    /// As plans show it; the name of its word where it is unfinished.
    pub(crate) title: Option<String>,
    pub(crate) standing: Standing,
    /// Bytes of its files.
    pub(crate) bytes: u64,
    /// Bytes that its removal gives back: not those of weights that lie in a run's folder, too.
    pub(crate) own_bytes: u64,
    /// Keys of the stages it was made from.
    pub(crate) upon: BTreeSet<String>,
}

/// The stages below `out`, by key; nothing where there are none. Their files are counted, not read.
///
/// # Errors
/// Where folders cannot be read.
pub(crate) fn shelf(out: &Path) -> std::io::Result<Vec<Shelved>> {
    let entries = match std::fs::read_dir(out.join(STAGES)) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        // Not through links; and nothing that a stage's folder is not called.
        if entry.file_type()?.is_dir() && is_key(name.strip_suffix(GOING).unwrap_or(&name)) {
            found.push(shelved(name, entry.path())?);
        }
    }
    found.sort_by(|a, b| a.key.cmp(&b.key));
    Ok(found)
}

fn is_key(name: &str) -> bool {
    name.len() == DIGITS && name.bytes().all(|c| c.is_ascii_digit() || (b'a'..=b'f').contains(&c))
}

fn shelved(name: String, folder: PathBuf) -> std::io::Result<Shelved> {
    let (bytes, own_bytes) = size(&folder)?;
    let (standing, done) = match foretask_files::read(&folder.join(DONE), MOST_DONE) {
        _ if name.ends_with(GOING) => (Standing::Going, None),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => (Standing::Unfinished, None),
        Err(_) => (Standing::Damaged, None),
        Ok(text) => match Done::unsealed(&text) {
            Some(done) => (Standing::Finished, Some(done)),
            None => (Standing::Damaged, None),
        },
    };
    let key = name.trim_end_matches(GOING).to_owned();
    let upon = done.iter().flat_map(|done| done.upon.keys().cloned()).collect();
    Ok(Shelved { key, folder, title: done.map(|done| done.title), standing, bytes, own_bytes, upon })
}

/// Bytes of all files below a folder, and of those that lie nowhere else.
fn size(folder: &Path) -> std::io::Result<(u64, u64)> {
    let (mut all, mut own) = (0, 0);
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        // A file that went meanwhile is a living run's.
        let Ok(about) = entry.path().symlink_metadata() else { continue };
        if about.is_dir() {
            let (below, own_below) = size(&entry.path())?;
            (all, own) = (all + below, own + own_below);
        } else {
            all += about.len();
            own += if names(&about) > 1 { 0 } else { about.len() };
        }
    }
    Ok((all, own))
}

/// How many names a file has.
#[cfg(unix)]
fn names(about: &std::fs::Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::nlink(about)
}

/// Not told here: every file counts as if it had one name.
#[cfg(not(unix))]
fn names(_about: &std::fs::Metadata) -> u64 {
    1
}

/// Removes a stage's folder, unless another process works on it; whether it is gone.
///
/// # Errors
/// What the file system says; what is left then is no stage any more.
pub(crate) fn remove(stage: &Shelved) -> std::io::Result<bool> {
    let going = if stage.standing == Standing::Going {
        stage.folder.clone()
    } else {
        match foretask_files::Lock::take(&stage.folder)? {
            Err(_) => return Ok(false),
            // An open file would keep the folder's name on some systems.
            Ok(lock) => drop(lock),
        }
        let going = stage.folder.with_file_name(format!("{}{GOING}", stage.key));
        gone(&going)?;
        // In one step: a kill must not leave half a stage under its name.
        std::fs::rename(&stage.folder, &going)?;
        going
    };
    gone(&going)?;
    Ok(true)
}

/// Removes a folder; it may have gone before.
fn gone(folder: &Path) -> std::io::Result<()> {
    match std::fs::remove_dir_all(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}
