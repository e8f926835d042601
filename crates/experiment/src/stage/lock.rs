//! One process at a time works on a stage.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::Path;

/// The file that is locked.
pub(super) const LOCK: &str = "lock";

/// Held while a stage runs; dropped with the process at the latest.
#[derive(Debug)]
pub(crate) struct StageLock(#[expect(dead_code, reason = "holding the file is holding the lock")] File);

/// The lock is another process's; its number, if it could be read.
#[derive(Debug)]
pub(crate) struct Held(pub(crate) Option<u32>);

impl StageLock {
    /// Takes the lock of `folder`, or says who has it.
    pub(crate) fn take(folder: &Path) -> std::io::Result<Result<Self, Held>> {
        let mut file =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).open(folder.join(LOCK))?;
        match file.try_lock() {
            Ok(()) => {
                file.set_len(0)?;
                file.rewind()?;
                writeln!(file, "{}", std::process::id())?;
                Ok(Ok(Self(file)))
            }
            Err(TryLockError::WouldBlock) => {
                let mut text = String::new();
                file.read_to_string(&mut text).ok();
                Ok(Err(Held(text.trim().parse().ok())))
            }
            Err(TryLockError::Error(error)) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_taker_learns_who_holds_it() {
        let folder = tempfile::tempdir().unwrap();
        let first = StageLock::take(folder.path()).unwrap().unwrap();
        let Held(pid) = StageLock::take(folder.path()).unwrap().unwrap_err();
        assert_eq!(pid, Some(std::process::id()));
        drop(first);
        assert!(StageLock::take(folder.path()).unwrap().is_ok());
    }

    #[test]
    fn a_dead_process_holds_nothing() {
        let folder = tempfile::tempdir().unwrap();
        // What `kill -9` leaves behind: a lock file naming a process, and nobody holding it.
        std::fs::write(folder.path().join("lock"), "999999\n").unwrap();
        assert!(StageLock::take(folder.path()).unwrap().is_ok());
    }
}
