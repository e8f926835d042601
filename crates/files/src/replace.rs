//! Files that are written whole or not at all.

use std::{
    fs::{self, File},
    io::{self, BufWriter, Write},
    path::Path,
};

use tempfile::{NamedTempFile, TempPath};

use crate::sweep::{ENDING, MARK, sweep_once};

/// Longest part of a file's name that its temporary file repeats: names may take 255 bytes in all.
const SHOWN: usize = 120;
/// A file is lost to a sweep at most once; more than this and something else is wrong.
const TRIES: usize = 16;

/// Replaces the file at `path` by `bytes`: whoever looks sees the old file or the new one, never a part, even after a crash
/// or a full disk. Missing parent folders are made.
///
/// # Errors
/// What the file system says; the old file is then untouched and no temporary file is left.
pub fn write(path: impl AsRef<Path>, bytes: impl AsRef<[u8]>) -> io::Result<()> {
    replace(path.as_ref(), |file| file.write_all(bytes.as_ref()), |error| error)
}

/// [`write()`] for what is too big or too awkward to hold in one buffer, by a writer that may fail for reasons of its own:
/// `writer` gets the temporary file, which is flushed, synced and renamed to `path` after `writer` has succeeded.
///
/// # Errors
/// The error of `writer`, or what `failed` makes of those of the file system.
pub fn replace<T, E>(
    path: &Path,
    writer: impl FnOnce(&mut BufWriter<File>) -> Result<T, E>,
    failed: impl Fn(io::Error) -> E + Copy,
) -> Result<T, E> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let name = path.file_name().ok_or_else(|| failed(io::ErrorKind::IsADirectory.into()))?.to_string_lossy();
    fs::create_dir_all(folder).map_err(failed)?;
    sweep_once(folder);
    let (file, temporary) = temporary_in(folder, &name).map_err(failed)?;
    let mut file = BufWriter::with_capacity(1 << 16, file);
    let result = writer(&mut file)?;
    let file = file.into_inner().map_err(|error| failed(error.into_error()))?;
    file.sync_all().map_err(failed)?;
    temporary.persist(path).map_err(|failure| failed(failure.error))?;
    // Until the file has its name its lock says that its writer lives.
    drop(file);
    // The rename itself must survive a power cut. Folders cannot be opened everywhere; there it is best effort.
    if let Ok(folder) = File::open(folder) {
        let _ = folder.sync_all();
    }
    Ok(result)
}

/// A locked temporary file in the same folder, because only a rename within one file system is atomic.
fn temporary_in(folder: &Path, name: &str) -> io::Result<(File, TempPath)> {
    let shown: String = name.char_indices().take_while(|(at, c)| at + c.len_utf8() <= SHOWN).map(|(_, c)| c).collect();
    let prefix = format!(".{shown}{MARK}");
    for _ in 0..TRIES {
        let mut builder = tempfile::Builder::new();
        builder.prefix(&prefix).suffix(ENDING);
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        let (file, path) = builder.tempfile_in(folder).map(NamedTempFile::into_parts)?;
        // Another process may have taken the new file for one whose writer died, before it was locked. Where files cannot be
        // locked, nobody sweeps them either.
        let taken = matches!(file.try_lock(), Err(fs::TryLockError::WouldBlock));
        if !taken && path.exists() {
            return Ok((file, path));
        }
    }
    Err(io::Error::other("its temporary file vanishes again and again"))
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
        write(&path, "one").unwrap();
        write(&path, b"two").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "two");
        assert_eq!(names(path.parent().unwrap()), ["file.txt"]);
    }

    #[cfg(unix)]
    #[test]
    fn others_may_read_what_the_umask_allows() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let (plain, atomic) = (folder.path().join("plain"), folder.path().join("atomic"));
        fs::write(&plain, "x").unwrap();
        write(&atomic, "x").unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode(&atomic), mode(&plain));
    }

    #[test]
    fn the_longest_name_a_file_may_have_can_be_written() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["x".repeat(255), "ü".repeat(127)] {
            write(folder.path().join(&name), "x").unwrap();
            assert!(names(folder.path()).contains(&name));
        }
    }

    #[test]
    fn writing_into_a_folder_clears_what_a_killed_writer_left() {
        let folder = tempfile::tempdir().unwrap();
        let left = folder.path().join(".report.html.foretask-AbC123.tmp");
        fs::write(&left, "half").unwrap();
        write(folder.path().join("results.json"), "{}").unwrap();
        assert_eq!(names(folder.path()), ["results.json"]);
    }

    #[test]
    fn a_file_that_is_being_written_survives_other_sweeps() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        let written: io::Result<()> = replace(
            &path,
            |file| {
                crate::sweep(folder.path());
                file.write_all(b"whole")
            },
            |error| error,
        );
        written.unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "whole");
    }
}
