//! Files that a person asked for by name, and the one rule about replacing them.
//!
//! A file is replaced only where it is, to the byte, what was written there before: then writing it again is a rerun. What
//! somebody else has written, and what was changed since, stays unless the person says so. What was written is noted in a
//! small file beside it.

use std::fs::{self, File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use crate::atomic::write_atomically;
use crate::error::{DataError, Result};

/// The note in each folder: a line for each file, its hash and its name; the last line of a name counts. In place of the hash
/// stands `writing` before the file is written, so that a run that is killed meanwhile can be run again.
pub const WRITTEN: &str = ".foretask-written";
const WRITING: &str = "writing";
/// In place of the hash where nothing came of it and the file is somebody else's.
const NOT_OURS: &str = "-";
/// A note longer than this is written anew without the lines that count no more.
const LONG_NOTE: u64 = 64 << 10;

/// What lies at a path, as far as writing there matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// Nothing.
    Nothing,
    /// What was written there before, unchanged.
    Ours,
    /// What was written there before and changed since.
    Changed,
    /// A file that was never written.
    Foreign,
}

/// What lies at `path`.
///
/// # Errors
/// Where it cannot be read, or is no regular file.
pub fn found_at(path: &Path) -> Result<Found> {
    if fs::symlink_metadata(path).is_err() {
        return Ok(Found::Nothing);
    }
    // A link to nowhere is a file of somebody else, too.
    let Ok(about) = fs::metadata(path) else { return Ok(Found::Foreign) };
    if !about.is_file() {
        let what = if about.is_dir() { "it is a folder" } else { "it is not a regular file" };
        let source = std::io::Error::other(format!("{what}; give the name of a file"));
        return Err(DataError::Write { path: path.to_owned(), source });
    }
    Ok(match noted(path) {
        None => Found::Foreign,
        Some(known) if known == NOT_OURS => Found::Foreign,
        Some(known) if known == WRITING || known == hash(path)? => Found::Ours,
        Some(_) => Found::Changed,
    })
}

/// What the note says of a file: its hash, [`WRITING`], [`NOT_OURS`].
fn noted(path: &Path) -> Option<String> {
    let (folder, name) = parts(path);
    let note = fs::read_to_string(folder.join(WRITTEN)).ok()?;
    lines(&note).filter(|line| line.1 == name).last().map(|(hash, _)| hash.to_owned())
}

/// A file that may be written.
#[derive(Debug, Clone)]
pub struct Output {
    path: PathBuf,
}

impl Output {
    /// The file at `path`, unless something lies there that would be lost; with `overwrite` the person has said that it may.
    ///
    /// # Errors
    /// [`DataError::Taken`]; a path where no file can be.
    pub fn at(path: impl Into<PathBuf>, overwrite: bool) -> Result<Self> {
        let path = path.into();
        match found_at(&path)? {
            Found::Changed if !overwrite => Err(DataError::Taken { path, changed: true }),
            Found::Foreign if !overwrite => Err(DataError::Taken { path, changed: false }),
            _ => Ok(Self { path }),
        }
    }

    /// Where it will lie.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes it by `write` and notes what was written.
    ///
    /// # Errors
    /// Those of `write`; [`DataError::Write`] where the note cannot be written.
    pub fn write<T, E: From<DataError>>(&self, write: impl FnOnce(&Path) -> Result<T, E>) -> Result<T, E> {
        let (folder, _) = parts(&self.path);
        fs::create_dir_all(folder).map_err(|source| DataError::Write { path: self.path.clone(), source })?;
        let before = noted(&self.path).unwrap_or_else(|| NOT_OURS.to_owned());
        note(&self.path, WRITING)?;
        let written = write(&self.path);
        // A file that could not be written is still what it was.
        note(&self.path, &if written.is_ok() { hash(&self.path)? } else { before })?;
        written
    }
}

/// Notes that what lies at `path` is ours, or about to be.
fn note(path: &Path, hash: &str) -> Result<()> {
    let (folder, name) = parts(path);
    let file = folder.join(WRITTEN);
    let failed = |source| DataError::Write { path: file.clone(), source };
    let line = format!("{hash} {}\n", serde_json::Value::from(name));
    if fs::metadata(&file).is_ok_and(|about| about.len() > LONG_NOTE) {
        let old = fs::read_to_string(&file).unwrap_or_default();
        write_atomically(&file, shortened(&old, &folder))?;
    }
    // One write of a whole line: processes that write into the same folder do not mix theirs.
    let mut note = OpenOptions::new().create(true).append(true).open(&file).map_err(failed)?;
    note.write_all(line.as_bytes()).map_err(failed)
}

/// The last line of each file that is still there.
fn shortened(note: &str, folder: &Path) -> String {
    let all: Vec<(&str, String)> = lines(note).collect();
    let last = |at: usize| !all[at + 1..].iter().any(|later| later.1 == all[at].1);
    let kept = (0..all.len()).filter(|&at| last(at) && folder.join(&all[at].1).exists());
    kept.map(|at| format!("{} {}\n", all[at].0, serde_json::Value::from(all[at].1.as_str())))
        .collect::<Vec<_>>()
        .concat()
}

/// Hash and name of each line; what is no such line is passed over.
fn lines(note: &str) -> impl Iterator<Item = (&str, String)> {
    note.lines().filter_map(|line| {
        let (hash, name) = line.split_once(' ')?;
        Some((hash, serde_json::from_str(name).ok()?))
    })
}

fn parts(path: &Path) -> (PathBuf, String) {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    (folder.to_path_buf(), path.file_name().unwrap_or_default().to_string_lossy().into_owned())
}

fn hash(path: &Path) -> Result<String> {
    let mut file = File::open(path).map_err(DataError::read(path))?;
    let (mut hasher, mut buffer) = (blake3::Hasher::new(), vec![0; 1 << 16]);
    loop {
        match file.read(&mut buffer).map_err(DataError::read(path))? {
            0 => return Ok(hasher.finalize().to_hex().to_string()),
            count => hasher.update(&buffer[..count]),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(path: &Path, text: &str, overwrite: bool) -> Result<()> {
        Output::at(path, overwrite)?.write(|path| write_atomically(path, text))
    }

    #[test]
    fn what_we_wrote_is_replaced_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("labels \"1\".csv");
        put(&path, "one", false).unwrap();
        put(&path, "two", false).unwrap();
        assert_eq!((fs::read_to_string(&path).unwrap().as_str(), found_at(&path).unwrap()), ("two", Found::Ours));
        // A person changes it.
        fs::write(&path, "two, mended").unwrap();
        let error = put(&path, "three", false).unwrap_err().to_string();
        assert!(error.contains("labels") && error.contains("changed since"), "{error}");
        assert_eq!(fs::read_to_string(&path).unwrap(), "two, mended");
        put(&path, "three", true).unwrap();
        put(&path, "four", false).unwrap();
        // What was once written there and is back again was not written last.
        fs::write(&path, "one").unwrap();
        assert_eq!(found_at(&path).unwrap(), Found::Changed);

        let mine = folder.path().join("mine.csv");
        fs::write(&mine, "by hand").unwrap();
        let error = put(&mine, "x", false).unwrap_err().to_string();
        assert!(
            error.contains("mine.csv") && error.contains("--force") && error.contains("overwrite: true"),
            "{error}"
        );
        assert_eq!(fs::read_to_string(&mine).unwrap(), "by hand");
        // Gone is gone: the place is free.
        fs::remove_file(&mine).unwrap();
        put(&mine, "x", false).unwrap();
    }

    #[test]
    fn a_write_that_was_killed_can_be_done_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.csv");
        // Killed when the file was there and its hash was not noted yet.
        note(&path, WRITING).unwrap();
        fs::write(&path, "new").unwrap();
        put(&path, "again", false).unwrap();
        fs::write(&path, "mine").unwrap();
        assert_eq!(found_at(&path).unwrap(), Found::Changed);
        // One that failed leaves the file what it was: changed by a person, and not to be replaced.
        let failed = |path: &Path| Err::<(), _>(DataError::NotFound { path: path.to_owned() });
        assert!(Output::at(&path, true).unwrap().write(failed).is_err());
        assert_eq!(found_at(&path).unwrap(), Found::Changed);
        let other = folder.path().join("other");
        fs::write(&other, "mine").unwrap();
        assert!(Output::at(&other, true).unwrap().write(failed).is_err());
        assert_eq!(found_at(&other).unwrap(), Found::Foreign);
    }

    #[test]
    fn a_file_elsewhere_or_without_its_note_is_somebody_elses() {
        let folder = tempfile::tempdir().unwrap();
        let (one, two) = (folder.path().join("one"), folder.path().join("two"));
        put(&one, "same", false).unwrap();
        fs::copy(&one, &two).unwrap();
        assert_eq!(found_at(&two).unwrap(), Found::Foreign);
        fs::write(folder.path().join(WRITTEN), "nonsense\n\u{fffd} \"one\" \"two\"\n").unwrap();
        assert_eq!(found_at(&one).unwrap(), Found::Foreign);
    }

    #[test]
    fn a_long_note_is_shortened_and_still_true() {
        let folder = tempfile::tempdir().unwrap();
        let gone = folder.path().join("gone");
        put(&gone, "x", false).unwrap();
        fs::remove_file(&gone).unwrap();
        let path = folder.path().join("many.csv");
        for i in 0..1_000 {
            put(&path, &i.to_string(), false).unwrap();
        }
        let note = fs::read_to_string(folder.path().join(WRITTEN)).unwrap();
        assert!(note.len() < 80 << 10 && !note.contains("gone"), "{}", note.len());
        assert_eq!(found_at(&path).unwrap(), Found::Ours);
    }

    #[cfg(unix)]
    #[test]
    fn folders_devices_and_links_to_nowhere_are_no_place() {
        assert!(Output::at("/dev/null", true).unwrap_err().to_string().contains("not a regular file"));
        let folder = tempfile::tempdir().unwrap();
        assert!(Output::at(folder.path(), true).unwrap_err().to_string().contains("folder"));
        let link = folder.path().join("link");
        std::os::unix::fs::symlink("nowhere", &link).unwrap();
        assert!(matches!(Output::at(&link, false), Err(DataError::Taken { .. })));
    }
}
