//! Temporary files whose writers died.

use std::{
    collections::BTreeSet,
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

/// In the name of every temporary file, so that nobody else's is taken for one of ours.
pub(crate) const MARK: &str = ".foretask-";
pub(crate) const ENDING: &str = ".tmp";

/// Whether a file's name is that of one of our temporary files.
pub fn is_temporary(name: &str) -> bool {
    name.starts_with('.') && name.ends_with(ENDING) && name.contains(MARK)
}

/// Clears the temporary files in `folder` whose writers are gone: a living one holds a lock on its own. What cannot be
/// looked at or removed stays; it is only wasted space.
pub fn sweep(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let regular = entry.file_type().is_ok_and(|kind| kind.is_file());
        if regular && is_temporary(&entry.file_name().to_string_lossy()) {
            remove_unless_held(&entry.path()).ok();
        }
    }
}

/// [`sweep`], but once in the life of this process for each folder.
pub(crate) fn sweep_once(folder: &Path) {
    static SWEPT: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());
    if SWEPT.lock().unwrap_or_else(PoisonError::into_inner).insert(folder.to_owned()) {
        sweep(folder);
    }
}

fn remove_unless_held(path: &Path) -> io::Result<()> {
    let file = File::open(path)?;
    // Held until the file is gone, so that its maker, should it be about to lock it, sees that it lost it.
    if file.try_lock().is_ok() { fs::remove_file(path) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_nobody_holds_and_what_is_ours_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let (dead, alive) = (".a.json.foretask-AbC123.tmp", ".a.json.foretask-XyZ789.tmp");
        let others = ["a.json", ".a.json.tmp", ".a.swp", "b.foretask-AbC123.tmp"];
        for name in others.iter().chain([&dead, &alive]) {
            fs::write(path(name), "x").unwrap();
        }
        let held = File::open(path(alive)).unwrap();
        held.lock().unwrap();
        sweep(folder.path());
        assert!(!path(dead).exists() && path(alive).exists());
        assert!(others.iter().all(|name| path(name).exists()));
        drop(held);
        sweep(folder.path());
        assert!(!path(alive).exists());
        sweep(&path("no such folder"));
    }
}
