//! One process at a time works in a folder.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{self, Read, Seek, Write},
    path::Path,
};

/// The file that is locked.
pub const LOCK: &str = "lock";

/// Held while a process works in a folder; ends with the process at the latest.
#[derive(Debug)]
pub struct Lock(#[expect(dead_code, reason = "holding the file is holding the lock")] File);

/// The lock is another process's; its number, if it could be read.
#[derive(Debug)]
pub struct Held(pub Option<u32>);

impl Lock {
    /// Takes the lock that the file [`LOCK`] in `folder` stands for, or says who has it.
    ///
    /// # Errors
    /// Where the file cannot be made.
    pub fn take(folder: &Path) -> io::Result<Result<Self, Held>> {
        Self::at(&folder.join(LOCK))
    }

    /// Takes the lock that a file at `path` stands for, which is made where it is missing, or says who has it.
    ///
    /// # Errors
    /// Where the file cannot be made.
    pub fn at(path: &Path) -> io::Result<Result<Self, Held>> {
        let mut file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
        match file.try_lock() {
            Ok(()) => {
                file.set_len(0)?;
                file.rewind()?;
                writeln!(file, "{}", std::process::id())?;
                Ok(Ok(Self(file)))
            }
            Err(TryLockError::WouldBlock) => {
                let mut text = String::new();
                file.take(20).read_to_string(&mut text).ok();
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
        let first = Lock::take(folder.path()).unwrap().unwrap();
        let Held(pid) = Lock::take(folder.path()).unwrap().unwrap_err();
        assert_eq!(pid, Some(std::process::id()));
        drop(first);
        assert!(Lock::take(folder.path()).unwrap().is_ok());
    }

    #[test]
    fn a_dead_process_holds_nothing() {
        let folder = tempfile::tempdir().unwrap();
        // What `kill -9` leaves behind: a lock file naming a process, and nobody holding it.
        std::fs::write(folder.path().join("lock"), "999999\n").unwrap();
        assert!(Lock::take(folder.path()).unwrap().is_ok());
    }
}
