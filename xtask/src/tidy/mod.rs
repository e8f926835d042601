//! `cargo xtask tidy`: tests about the repository itself. Each check returns sentences; any sentence fails the task.

mod circles;
mod dependencies;
mod documents;
mod files;
mod functions;
mod layers;
mod licenses;
pub(crate) mod metadata;
mod registry;
mod spdx;
mod text;
mod tokens;

use anyhow::{Result, bail};
pub(crate) use files::{File, has_extension};

use crate::run::root;

/// Runs the task.
pub(crate) fn run() -> Result<()> {
    let files = files::all()?;
    let metadata = metadata::load()?;
    let members = metadata::members_of(&metadata);
    let externals = metadata::externals_of(&metadata);
    let checks: [(&str, Vec<String>); 10] = [
        ("layers", layers::check(&members)),
        ("circles", circles::check(&files, &members)),
        ("dependencies", dependencies::check(&files)),
        ("licenses", licenses::check(&externals)),
        ("documents", documents::check(&files, &members)),
        ("registry", registry::check(&files, &members)),
        ("text", text::check(&files)),
        ("length", text::check_lengths(&files)),
        ("functions", functions::check(&files)),
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
    if problems > 0 {
        bail!("{problems} problems, listed above");
    }
    Ok(())
}
