//! Damaged files: out of the way, but not lost.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

const MARK: &str = ".damaged";

/// Renames `x` to `x.damaged`, or `x.damaged-2`, … where there is one already; the new path.
///
/// # Errors
/// What the file system says.
pub fn set_aside(path: &Path) -> io::Result<PathBuf> {
    let name = path.file_name().ok_or(io::ErrorKind::IsADirectory)?.to_string_lossy();
    let mut number = 1;
    let free = loop {
        let suffix = if number == 1 { String::new() } else { format!("-{number}") };
        let free = path.with_file_name(format!("{name}{MARK}{suffix}"));
        if free.symlink_metadata().is_err() {
            break free;
        }
        number += 1;
    };
    fs::rename(path, &free)?;
    Ok(free)
}

/// Whether a file's name is one that [`set_aside`] gives.
pub fn is_aside(name: &str) -> bool {
    name.rsplit_once(MARK).is_some_and(|(_, number)| {
        number.is_empty() || number.strip_prefix('-').is_some_and(|digits| digits.bytes().all(|b| b.is_ascii_digit()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_damaged_file_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("checkpoint.ftckpt");
        for (text, name) in [("a", "checkpoint.ftckpt.damaged"), ("b", "checkpoint.ftckpt.damaged-2")] {
            fs::write(&path, text).unwrap();
            let kept = set_aside(&path).unwrap();
            assert_eq!(
                (kept.file_name().unwrap().to_str().unwrap(), fs::read_to_string(&kept).unwrap().as_str()),
                (name, text)
            );
            assert!(!path.exists() && is_aside(name));
        }
        assert!(!is_aside("checkpoint.ftckpt") && !is_aside("a.damaged-x"));
        assert!(set_aside(&path).is_err());
    }
}
