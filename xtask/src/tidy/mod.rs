//! `cargo xtask tidy`: tests about the repository itself. Each check returns sentences; any sentence fails the task.

mod dependencies;
mod documents;
mod layers;
mod licenses;
pub(crate) mod metadata;
mod spdx;
mod text;

use anyhow::{Context, Result, bail};

use crate::run::{command, read, root};

/// A file of the repository: tracked, or new and not ignored.
pub(crate) struct File {
    /// Relative to the root, with `/`.
    pub(crate) path: String,
    /// `None` when it is not text.
    pub(crate) text: Option<String>,
}

/// Runs the task.
pub(crate) fn run() -> Result<()> {
    let files = files()?;
    let metadata = metadata::load()?;
    let members = metadata::members_of(&metadata);
    let externals = metadata::externals_of(&metadata);
    let checks: [(&str, Vec<String>); 6] = [
        ("layers", layers::check(&members)),
        ("dependencies", dependencies::check(&files)),
        ("licenses", licenses::check(&externals)),
        ("documents", documents::check(&files, &members)),
        ("text", text::check(&files)),
        ("line endings and paths", text::check_paths(&files, &root().to_string_lossy())),
    ];
    let mut problems = 0;
    for (name, found) in &checks {
        println!(
            "tidy {name}: {}",
            if found.is_empty() { "ok".to_owned() } else { format!("{} problems", found.len()) }
        );
        for problem in found {
            println!("  {problem}");
        }
        problems += found.len();
    }
    for note in text::long_files(&files) {
        println!("note: {note}");
    }
    if problems > 0 {
        bail!("{problems} problems, listed above");
    }
    Ok(())
}

/// Whether a path ends in `.extension`.
pub(crate) fn has_extension(path: &str, extension: &str) -> bool {
    std::path::Path::new(path).extension().is_some_and(|e| e == extension)
}

fn files() -> Result<Vec<File>> {
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
