//! Files that are written whole or not at all.

use std::{
    fs::{self, File},
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
    replace(path, |file| write(file).map_err(failed), failed)
}

/// [`write_atomically_with`] for writers that may fail for reasons of their own; their result is handed through.
pub(crate) fn write_atomically_if<T>(
    path: impl AsRef<Path>,
    write: impl FnOnce(&mut BufWriter<File>) -> Result<T>,
) -> Result<T> {
    let path = path.as_ref();
    replace(path, write, |source| DataError::Write { path: path.to_owned(), source })
}

fn replace<T>(
    path: &Path,
    write: impl FnOnce(&mut BufWriter<File>) -> Result<T>,
    failed: impl Fn(io::Error) -> DataError + Copy,
) -> Result<T> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let name = path.file_name().ok_or_else(|| failed(io::ErrorKind::IsADirectory.into()))?.to_string_lossy();
    fs::create_dir_all(folder).map_err(failed)?;
    let mut builder = tempfile::Builder::new();
    let prefix = format!(".{name}.");
    // In the same folder, because only a rename within one file system is atomic.
    builder.prefix(&prefix).suffix(".tmp");
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let temporary = builder.tempfile_in(folder).map_err(failed)?;
    let (file, temporary) = temporary.into_parts();
    let mut file = BufWriter::with_capacity(1 << 16, file);
    let result = write(&mut file)?;
    let file = file.into_inner().map_err(|error| failed(error.into_error()))?;
    file.sync_all().map_err(failed)?;
    drop(file);
    temporary.persist(path).map_err(|failure| failed(failure.error))?;
    // The rename itself must survive a power cut. Folders cannot be opened everywhere; there it is best effort.
    if let Ok(folder) = File::open(folder) {
        let _ = folder.sync_all();
    }
    Ok(result)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect()
    }

    #[test]
    fn writes_replaces_and_leaves_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/er/file.txt");
        write_atomically(&path, "one").unwrap();
        write_atomically(&path, b"two").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "two");
        assert_eq!(names(path.parent().unwrap()), ["file.txt"]);
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

    #[cfg(unix)]
    #[test]
    fn others_may_read_what_the_umask_allows() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let (plain, atomic) = (folder.path().join("plain"), folder.path().join("atomic"));
        fs::write(&plain, "x").unwrap();
        write_atomically(&atomic, "x").unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode(&atomic), mode(&plain));
    }
}
