//! Files that a person asked for by name, and the one rule about replacing them.
//!
//! A file is replaced only where it is, to the byte, what was written there before: then writing it again is a rerun. What
//! somebody else has written, and what was changed since, stays unless the person says so. What was written is noted in a
//! small file beside it.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use crate::atomic::write_atomically;
use crate::error::{DataError, Result};

/// The note in each folder: a line for each file, its hash and its name; the last line of a name counts. While a file takes
/// the place of another one, both hashes stand there, the new one first: whenever a run is killed, what lies there is known.
pub const WRITTEN: &str = ".foretask-written";
/// In the names of files that are written and not yet in their place.
const STAGED: &str = ".foretask-new-";
/// A note longer than this is written anew without the lines that count no more.
const LONG_NOTE: u64 = 4 << 10;
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
    Ok(look(path)?.0)
}

/// What lies at `path`, and its hash where it is a file.
fn look(path: &Path) -> Result<(Found, Option<String>)> {
    if fs::symlink_metadata(path).is_err() {
        return Ok((Found::Nothing, None));
    }
    // A link to nowhere is a file of somebody else, too.
    let Ok(about) = fs::metadata(path) else { return Ok((Found::Foreign, None)) };
    if !about.is_file() {
        let what = if about.is_dir() { "it is a folder" } else { "it is not a regular file" };
        let source = std::io::Error::other(format!("{what}; give the name of a file"));
        return Err(DataError::Write { path: path.to_owned(), source });
    }
    let hash = hash(path)?;
    let found = match noted(path) {
        None => Found::Foreign,
        Some(known) if known.split(',').any(|known| known == hash) => Found::Ours,
        Some(_) => Found::Changed,
    };
    Ok((found, Some(hash)))
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
    /// The hash of what lay there when it was asked for.
    before: Option<String>,
}

impl Output {
    /// The file at `path`, unless something lies there that would be lost; with `overwrite` the person has said that it may.
    ///
    /// # Errors
    /// [`DataError::Taken`]; a path where no file can be.
    pub fn at(path: impl Into<PathBuf>, overwrite: bool) -> Result<Self> {
        let path = path.into();
        match look(&path)? {
            (Found::Changed, _) if !overwrite => Err(DataError::Taken { path, changed: true }),
            (Found::Foreign, _) if !overwrite => Err(DataError::Taken { path, changed: false }),
            (_, before) => Ok(Self { path, overwrite, before }),
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
        // One process after the other. Windows would keep ourselves from writing the note; there, the next lines have to be quick.
        let turn = open_note(&parts(&self.path).0).map_err(failed)?;
        if cfg!(unix) {
            turn.lock().ok();
        }
        let (found, now) = look(&self.path)?;
        let of_another = now.as_ref().is_some_and(|now| self.is_of_another(now, &new));
        if !self.overwrite && (matches!(found, Found::Changed | Found::Foreign) || of_another) {
            let kept = beside(&self.path);
            fs::rename(staged, &kept).map_err(failed)?;
            note(&kept, &new)?;
            return Err(DataError::TakenMeanwhile { path: self.path.clone(), kept });
        }
        match (found, now) {
            (Found::Ours, Some(now)) => note(&self.path, &format!("{new},{now}"))?,
            _ => note(&self.path, &new)?,
        }
        fs::rename(staged, &self.path).map_err(failed)?;
        note(&self.path, &new)?;
        OWN.lock().unwrap_or_else(PoisonError::into_inner).insert((absolute(&self.path), new));
        Ok(())
    }

    /// Whether what lies there now is what another process has written since [`Output::at`].
    fn is_of_another(&self, now: &str, new: &str) -> bool {
        let own = || {
            let own = OWN.lock().unwrap_or_else(PoisonError::into_inner);
            own.contains(&(absolute(&self.path), now.to_owned()))
        };
        now != new && self.before.as_deref() != Some(now) && !own()
    }
}

fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

/// What this process has put into its place: a script may write a file twice.
static OWN: Mutex<BTreeSet<(PathBuf, String)>> = Mutex::new(BTreeSet::new());

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
mod tests;
