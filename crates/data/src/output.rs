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

/// The note in each folder: a line for each file, its hash and its name; the last line of a name counts. While a file takes
/// the place of another one, both hashes stand there, the new one first: whenever a run is killed, what lies there is known.
pub const WRITTEN: &str = ".foretask-written";
/// In the names of files that are written and not yet in their place.
const STAGED: &str = ".foretask-new-";
/// A note longer than this is written anew without the lines that count no more.
const LONG_NOTE: u64 = 64 << 10;
/// Longer than any note becomes; such a file is not ours.
const MOST: u64 = 4 << 20;

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
    let hash = hash(path)?;
    Ok(match noted(path) {
        None => Found::Foreign,
        Some(known) if known.split(',').any(|known| known == hash) => Found::Ours,
        Some(_) => Found::Changed,
    })
}

/// The hashes that the note knows of a file.
fn noted(path: &Path) -> Option<String> {
    let (folder, name) = parts(path);
    let note = foretask_files::read_text(&folder.join(WRITTEN), MOST).ok()?;
    lines(&note).filter(|line| line.1 == name).last().map(|(hash, _)| hash.to_owned())
}

/// A file that may be written.
#[derive(Debug, Clone)]
pub struct Output {
    path: PathBuf,
    overwrite: bool,
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
            _ => Ok(Self { path, overwrite }),
        }
    }

    /// Where it will lie.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes it by `write`, which is given another name in the same folder with the same ending, and puts it into its place.
    ///
    /// # Errors
    /// Those of `write`; [`DataError::Write`] where nothing can be written; [`DataError::TakenMeanwhile`] where somebody has
    /// worked on the file since [`Output::at`].
    pub fn write<T, E: From<DataError>>(&self, write: impl FnOnce(&Path) -> Result<T, E>) -> Result<T, E> {
        let failed = |source| DataError::Write { path: self.path.clone(), source };
        let (folder, _) = parts(&self.path);
        fs::create_dir_all(&folder).map_err(failed)?;
        open_note(&folder).map_err(failed)?;
        let staged = staged(&self.path);
        let made = write(&staged).and_then(|made| Ok(self.put(&staged).map(|()| made)?));
        // In its place it has no such name any more.
        fs::remove_file(&staged).ok();
        made
    }

    /// Puts what was written into its place.
    fn put(&self, staged: &Path) -> Result<()> {
        let failed = |source| DataError::Write { path: self.path.clone(), source };
        let new = hash(staged)?;
        let found = found_at(&self.path)?;
        if matches!(found, Found::Changed | Found::Foreign) && !self.overwrite {
            let kept = beside(&self.path);
            fs::rename(staged, &kept).map_err(failed)?;
            note(&kept, &new)?;
            return Err(DataError::TakenMeanwhile { path: self.path.clone(), kept });
        }
        match found {
            Found::Ours => note(&self.path, &format!("{new},{}", hash(&self.path)?))?,
            _ => note(&self.path, &new)?,
        }
        fs::rename(staged, &self.path).map_err(failed)?;
        note(&self.path, &new)
    }
}

/// Where a file is written before it is put into its place. Those that killed processes left are removed.
fn staged(path: &Path) -> PathBuf {
    let (folder, name) = parts(path);
    let ending =
        Path::new(&name).extension().map(|ending| format!(".{}", ending.to_string_lossy())).unwrap_or_default();
    // Names may take 255 bytes.
    let stem = name.strip_suffix(&ending).unwrap_or(&name);
    let stem: String = stem.char_indices().take_while(|(at, c)| at + c.len_utf8() <= 120).map(|(_, c)| c).collect();
    let begin = format!(".{stem}{STAGED}");
    for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
        let found = entry.file_name();
        let number = found.to_str().and_then(|found| found.strip_prefix(&begin)?.strip_suffix(&ending));
        // Where processes cannot be looked up, what they left stays.
        let gone = |number: &str| Path::new("/proc/self").exists() && !Path::new("/proc").join(number).exists();
        if number.is_some_and(|number| number.bytes().all(|byte| byte.is_ascii_digit()) && gone(number)) {
            fs::remove_file(entry.path()).ok();
        }
    }
    folder.join(format!("{begin}{}{ending}", std::process::id()))
}

/// A free name beside a file: `labels.new.csv`, `labels.new-2.csv`, …
fn beside(path: &Path) -> PathBuf {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let ending = path.extension().map(|ending| format!(".{}", ending.to_string_lossy())).unwrap_or_default();
    let name = |number: usize| match number {
        1 => format!("{stem}.new{ending}"),
        number => format!("{stem}.new-{number}{ending}"),
    };
    let mut number = 1;
    while path.with_file_name(name(number)).symlink_metadata().is_ok() {
        number += 1;
    }
    path.with_file_name(name(number))
}

/// Notes the hashes of what lies at `path`, or is about to.
fn note(path: &Path, hashes: &str) -> Result<()> {
    let (folder, name) = parts(path);
    let file = folder.join(WRITTEN);
    let failed = |source| DataError::Write { path: file.clone(), source };
    let line = format!("{hashes} {}\n", serde_json::Value::from(name));
    if fs::metadata(&file).is_ok_and(|about| about.is_file() && about.len() > LONG_NOTE) {
        let old = foretask_files::read_text(&file, MOST).unwrap_or_default();
        write_atomically(&file, shortened(&old, &folder))?;
    }
    // One write of a whole line: processes that write into the same folder do not mix theirs.
    open_note(&folder).and_then(|mut note| note.write_all(line.as_bytes())).map_err(failed)
}

/// The note of a folder, to add to it. What is no regular file is never opened: a pipe would wait for a reader.
fn open_note(folder: &Path) -> std::io::Result<File> {
    let file = folder.join(WRITTEN);
    if fs::metadata(&file).is_ok_and(|about| !about.is_file()) {
        return Err(std::io::Error::other(format!("{} is no regular file; remove it", file.display())));
    }
    OpenOptions::new().create(true).append(true).open(file)
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
    fn killed_at_any_moment_our_file_can_be_written_again_and_another_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.csv");
        let hash_of = |text: &str| blake3::hash(text.as_bytes()).to_hex().to_string();
        put(&path, "old", false).unwrap();
        // Killed after the new hash was noted: the old file still lies there, or the new one does already.
        note(&path, &format!("{},{}", hash_of("new"), hash_of("old"))).unwrap();
        assert_eq!(found_at(&path).unwrap(), Found::Ours);
        fs::write(&path, "new").unwrap();
        assert_eq!(found_at(&path).unwrap(), Found::Ours);
        // Whatever else lies there is a person's.
        fs::write(&path, "mine").unwrap();
        assert!(put(&path, "again", false).is_err());
        assert_eq!(fs::read_to_string(&path).unwrap(), "mine");
        // Where nothing lay, too.
        let first = folder.path().join("first.csv");
        note(&first, &hash_of("new")).unwrap();
        fs::write(&first, "mine").unwrap();
        assert_eq!(found_at(&first).unwrap(), Found::Changed);
    }

    #[test]
    fn one_that_failed_leaves_the_file_what_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let (changed, other) = (folder.path().join("a.csv"), folder.path().join("other"));
        put(&changed, "ours", false).unwrap();
        fs::write(&changed, "mine").unwrap();
        fs::write(&other, "mine").unwrap();
        let failed = |path: &Path| {
            fs::write(path, "half").unwrap();
            Err::<(), _>(DataError::NotFound { path: path.to_owned() })
        };
        for (path, found) in [(&changed, Found::Changed), (&other, Found::Foreign)] {
            assert!(Output::at(path, true).unwrap().write(failed).is_err());
            assert_eq!((found_at(path).unwrap(), fs::read_to_string(path).unwrap().as_str()), (found, "mine"));
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 3, "the two and the note");
    }

    #[test]
    fn what_a_person_does_meanwhile_is_kept_and_so_is_the_result() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.csv");
        put(&path, "one", false).unwrap();
        for (number, kept) in [(2, "a.new.csv"), (3, "a.new-2.csv")] {
            fs::remove_file(&path).unwrap();
            let output = Output::at(&path, false).unwrap();
            let error = output.write(|new| {
                fs::write(&path, "mine").unwrap();
                write_atomically(new, number.to_string())
            });
            assert!(error.unwrap_err().to_string().contains(kept));
            assert_eq!(fs::read_to_string(&path).unwrap(), "mine");
            assert_eq!(fs::read_to_string(folder.path().join(kept)).unwrap(), number.to_string());
        }
        // With the person's word it is replaced.
        Output::at(&path, true).unwrap().write(|new| write_atomically(new, "four")).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "four");
    }

    #[test]
    fn what_a_killed_process_left_is_cleared_by_the_next_write() {
        let folder = tempfile::tempdir().unwrap();
        let left = folder.path().join(format!(".a{STAGED}4194305.csv"));
        let living = folder.path().join(format!(".a{STAGED}1.csv"));
        fs::write(&left, "half").unwrap();
        fs::write(&living, "half").unwrap();
        put(&folder.path().join("a.csv"), "whole", false).unwrap();
        assert!(living.exists() && left.exists() != Path::new("/proc/self").exists());
    }

    #[cfg(unix)]
    #[test]
    fn a_note_that_is_a_pipe_or_a_device_is_named_and_not_opened() {
        let folder = tempfile::tempdir().unwrap();
        let note = folder.path().join(WRITTEN);
        std::os::unix::fs::symlink("/dev/zero", &note).unwrap();
        let path = folder.path().join("a.csv");
        let error = put(&path, "x", false).unwrap_err().to_string();
        assert!(error.contains("a.csv") && error.contains(WRITTEN), "{error}");
        fs::write(&path, "mine").unwrap();
        assert_eq!(found_at(&path).unwrap(), Found::Foreign);
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
