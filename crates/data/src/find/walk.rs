//! Every real folder below a root, once.

use std::{
    cmp::Reverse,
    collections::{HashSet, VecDeque},
    fs::{self, DirEntry, FileType},
    io,
    path::{Path, PathBuf},
};

use super::{Passed, Reason, is_unnamed_image, watch::EntryCounter};

/// What an entry of a folder is, links followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    Folder,
    File,
}

/// What to do with it.
pub(super) enum Verdict<S> {
    /// Look into the folder, with what is known there.
    Enter(S),
    Take,
    /// Take it where its first bytes are those of an image.
    Look(Reason),
    Pass(Reason),
    /// Nobody asked for it.
    Leave,
}

/// A folder to look into.
struct Folder<S> {
    /// The way from the root, with `/` behind it where it is not empty.
    prefix: String,
    /// Where it lies, without links.
    real: PathBuf,
    state: S,
}

/// Folders of the system in which every read is made up.
const MADE_UP: [&str; 3] = ["/proc", "/sys", "/dev"];

/// Paths relative to `root`, sorted, of the files that `choose` takes. It is told the state of the folder, the name, and what
/// it is; what follows for a subfolder is its state. A link leads into a folder only where nothing else does, whatever order
/// the system lists them in.
///
/// The error names the folder that cannot be read.
pub(super) fn walk<S: Clone>(
    root: &Path,
    state: S,
    choose: impl Fn(&S, &str, Found) -> Verdict<S>,
    passed: &mut Passed,
) -> Result<Vec<String>, (PathBuf, io::Error)> {
    let real = fs::canonicalize(root).map_err(|error| (root.to_owned(), error))?;
    let mut walker = Walker {
        root,
        choose,
        passed,
        links: Vec::new(),
        seen: HashSet::new(),
        paths: Vec::new(),
        watch: EntryCounter::new(root),
    };
    let mut trees = VecDeque::from([Folder { prefix: String::new(), real, state }]);
    while let Some(tree) = trees.pop_front() {
        let mut folders = vec![tree];
        while let Some(folder) = folders.pop() {
            walker.look(folder, &mut folders)?;
        }
        // What is there really has been seen; now for what is only linked, in an order that does not depend on the system.
        // The shallowest link to a folder is the one that counts.
        walker.links.sort_by_key(|link| Reverse((link.prefix.matches('/').count(), link.prefix.clone())));
        while trees.is_empty() {
            let Some(link) = walker.links.pop() else { break };
            trees.extend(walker.follow(link));
        }
    }
    walker.paths.sort_unstable();
    Ok(walker.paths)
}

struct Walker<'a, S, C> {
    root: &'a Path,
    choose: C,
    passed: &'a mut Passed,
    /// Links to folders that have not been followed; `real` is where the link itself lies.
    links: Vec<Folder<S>>,
    seen: HashSet<PathBuf>,
    paths: Vec<String>,
    watch: EntryCounter,
}

impl<S: Clone, C: Fn(&S, &str, Found) -> Verdict<S>> Walker<'_, S, C> {
    fn look(&mut self, folder: Folder<S>, folders: &mut Vec<Folder<S>>) -> Result<(), (PathBuf, io::Error)> {
        if !self.seen.insert(folder.real.clone()) {
            self.passed.add(Reason::Again, folder.prefix.trim_end_matches('/'));
            return Ok(());
        }
        let path = self.root.join(&folder.prefix);
        let failed = |error| (path.clone(), error);
        let entries = match fs::read_dir(&path) {
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied && !folder.prefix.is_empty() => {
                self.passed.add(Reason::Locked, folder.prefix.trim_end_matches('/'));
                return Ok(());
            }
            entries => entries.map_err(failed)?,
        };
        for entry in entries {
            let entry = entry.map_err(failed)?;
            self.watch.entry(self.paths.len()).map_err(failed)?;
            self.entry(&folder, &entry, folders).map_err(|error| (entry.path(), error))?;
        }
        Ok(())
    }

    fn entry(&mut self, folder: &Folder<S>, entry: &DirEntry, folders: &mut Vec<Folder<S>>) -> io::Result<()> {
        let file_name = entry.file_name();
        let name = file_name.to_string_lossy();
        let path = || format!("{}{name}", folder.prefix);
        let kind = entry.file_type()?;
        let is_link = kind.is_symlink();
        // A link to nothing counts as a file: it then shows up as missing.
        let kind: Option<FileType> =
            if is_link { fs::metadata(entry.path()).ok().map(|target| target.file_type()) } else { Some(kind) };
        let found = if kind.is_some_and(|kind| kind.is_dir()) { Found::Folder } else { Found::File };
        match (self.choose)(&folder.state, &name, found) {
            // Nothing finds again what is called by such a name in a table.
            Verdict::Enter(_) | Verdict::Take if file_name.to_str().is_none() => {
                self.passed.add(Reason::NoText, &path());
            }
            Verdict::Enter(state) => {
                let real = folder.real.join(&file_name);
                if MADE_UP.iter().any(|made_up| real == Path::new(made_up)) {
                    self.passed.add(Reason::System, &path());
                    return Ok(());
                }
                let below = Folder { prefix: path() + "/", real, state };
                if is_link { self.links.push(below) } else { folders.push(below) }
            }
            Verdict::Take => match kind.and_then(foretask_files::special) {
                Some(what) => self.passed.add(Reason::Special(what), &path()),
                None => self.paths.push(path()),
            },
            Verdict::Look(_) if kind.and_then(foretask_files::special).is_none() && is_unnamed_image(entry.path()) => {
                self.paths.push(path());
            }
            Verdict::Pass(reason) | Verdict::Look(reason) => self.passed.add(reason, &path()),
            Verdict::Leave => {}
        }
        Ok(())
    }

    /// The folder that a link leads to, where it leads somewhere new.
    fn follow(&mut self, link: Folder<S>) -> Option<Folder<S>> {
        let name = link.prefix.trim_end_matches('/').to_owned();
        let Ok(real) = fs::canonicalize(&link.real) else {
            self.passed.add(Reason::Locked, &name);
            return None;
        };
        if link.real.starts_with(&real) {
            self.passed.add(Reason::Circle, &name);
            return None;
        }
        if self.seen.contains(&real) {
            self.passed.add(Reason::Again, &name);
            return None;
        }
        Some(Folder { real, ..link })
    }
}
