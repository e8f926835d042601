//! The files of the repository.

use anyhow::{Context, Result};

use crate::run::{command, read, root};

/// A file of the repository: tracked, or new and not ignored.
pub(crate) struct File {
    /// Relative to the root, with `/`.
    pub(crate) path: String,
    /// `None` when it is not text.
    pub(crate) text: Option<String>,
}

/// Whether a path ends in `.extension`.
pub(crate) fn has_extension(path: &str, extension: &str) -> bool {
    std::path::Path::new(path).extension().is_some_and(|e| e == extension)
}

/// All of them.
pub(super) fn all() -> Result<Vec<File>> {
    let list = read(&mut command("git", &["ls-files", "--cached", "--others", "--exclude-standard", "-z"]))
        .context("the files of the repository are asked of git")?;
    let mut files = Vec::new();
    for path in list.split('\0').filter(|path| !path.is_empty()) {
        // A tracked file that was deleted but not yet committed is not there.
        if let Ok(bytes) = std::fs::read(root().join(path)) {
            files.push(File { path: path.to_owned(), text: String::from_utf8(bytes).ok() });
        }
    }
    Ok(files)
}
