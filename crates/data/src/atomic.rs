//! Files that are written whole or not at all, with errors that name them.

use std::{
    fs::File,
    io::{self, BufWriter, Write},
    path::Path,
};

use crate::error::{DataError, Result};

/// Replaces the file at `path` by `bytes`: whoever looks sees the old file or the new one, never a part, even after a
/// crash or a full disk. Missing parent folders are made.
///
/// # Errors
/// [`DataError::Write`] naming `path`; the old file is then untouched and no temporary file is left.
pub fn write_atomically(path: impl AsRef<Path>, bytes: impl AsRef<[u8]>) -> Result<()> {
    write_atomically_with(path, |file| file.write_all(bytes.as_ref()))
}

/// [`write_atomically`] for what is too big or too awkward to hold in one buffer: `write` gets the temporary file, which
/// is flushed, synced and renamed to `path` after `write` has succeeded.
///
/// # Errors
/// [`DataError::Write`] naming `path` with the error of `write` or of the file system.
pub fn write_atomically_with(
    path: impl AsRef<Path>,
    write: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>,
) -> Result<()> {
    let path = path.as_ref();
    let failed = |source| DataError::Write { path: path.to_owned(), source };
    foretask_files::replace(path, |file| write(file).map_err(failed), failed)
}

/// [`write_atomically_with`] for writers that may fail for reasons of their own; their result is handed through.
pub(crate) fn write_atomically_if<T>(
    path: impl AsRef<Path>,
    write: impl FnOnce(&mut BufWriter<File>) -> Result<T>,
) -> Result<T> {
    let path = path.as_ref();
    foretask_files::replace(path, write, |source| DataError::Write { path: path.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect()
    }

    #[test]
    fn a_failed_write_keeps_the_old_file_and_names_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("results.json");
        write_atomically(&path, "old").unwrap();
        let error = write_atomically_with(&path, |file| {
            file.write_all(b"half")?;
            Err(io::ErrorKind::StorageFull.into())
        })
        .unwrap_err();
        assert_eq!(fs::read_to_string(&path).unwrap(), "old");
        assert_eq!(names(folder.path()), ["results.json"]);
        let text = error.to_string();
        assert!(text.contains("results.json") && text.contains("free some space"), "{text}");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_names_the_file_and_the_way_out() {
        // /dev/full accepts no byte; it stands in for the disk behind the temporary file.
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("weights.safetensors");
        let error = write_atomically_with(&path, |_| File::options().write(true).open("/dev/full")?.write_all(b"x"))
            .unwrap_err();
        let text = error.to_string();
        assert!(text.contains("weights.safetensors") && text.contains("free some space"), "{text}");
        assert!(!path.exists());
    }
}
