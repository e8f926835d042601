//! Looking through folders takes time where there are millions of files; somebody may want to see it, or to stop it.

use std::{
    io,
    path::{Path, PathBuf},
    sync::OnceLock,
};

/// How far a look through folders has come.
#[derive(Clone, Copy, Debug)]
pub struct Scanning<'a> {
    /// Where it began.
    pub root: &'a Path,
    /// Files and folders seen.
    pub entries: u64,
    /// Files among them that were asked for.
    pub found: u64,
}

type Watcher = Box<dyn Fn(&Scanning<'_>) -> Result<(), String> + Send + Sync>;

static WATCHER: OnceLock<Watcher> = OnceLock::new();

/// Entries between two calls.
const EVERY: u64 = 4096;

/// Has `watch` called every few thousand entries of every look through folders of this process; where it fails, the look ends with its
/// reason. The first call counts.
pub fn watch_scans(watch: impl Fn(&Scanning<'_>) -> Result<(), String> + Send + Sync + 'static) {
    let _ = WATCHER.set(Box::new(watch));
}

/// Counts the entries of one look.
pub(super) struct EntryCounter {
    root: PathBuf,
    entries: u64,
}

impl EntryCounter {
    pub(super) fn new(root: &Path) -> Self {
        Self { root: root.to_owned(), entries: 0 }
    }

    pub(super) fn entry(&mut self, found: usize) -> io::Result<()> {
        self.entries += 1;
        if !self.entries.is_multiple_of(EVERY) {
            return Ok(());
        }
        let Some(watch) = WATCHER.get() else { return Ok(()) };
        watch(&Scanning { root: &self.root, entries: self.entries, found: found as u64 }).map_err(io::Error::other)
    }
}
