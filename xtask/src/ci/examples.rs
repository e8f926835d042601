//! Runs every crate's examples, as they were built.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::binary::release_folder;
use super::step::Outcome;
use super::tests::for_tests;
use crate::run::{command, root};
use crate::tidy::metadata;

/// Examples that are not run here, and why.
const NOT_RUN: &[(&str, &str)] = &[
    ("fashion_mini", "it makes the shipped dataset anew from files that are not here"),
    ("import_torch", "it reads weights that are not here"),
    ("throughput", "it measures for minutes"),
    ("neighbors", "it measures for minutes"),
    ("pretrain", "it measures for minutes"),
    ("views_per_second", "it measures for minutes"),
];

/// Every example, without arguments.
pub(crate) fn run() -> Result<Outcome> {
    let programs = release_folder()?.join("examples");
    let mut count = 0;
    for package in metadata::members()? {
        for example in package.examples {
            if let Some((_, reason)) = NOT_RUN.iter().find(|(name, _)| *name == example) {
                println!("--- {}: {example} is not run: {reason}", package.name);
                continue;
            }
            let program = programs.join(&example);
            if !program.is_file() {
                bail!("{example} of {} is not built; run `cargo xtask ci --only build` first", package.name);
            }
            println!("--- {}: {example}", package.name);
            let folder = scratch(&example)?;
            let mut example_run = command(&program.to_string_lossy(), &[]);
            crate::run::run(for_tests(example_run.current_dir(folder)))
                .with_context(|| format!("example {example} of {}", package.name))?;
            count += 1;
        }
    }
    Ok(Outcome::Passed(format!("{count} examples")))
}

/// An empty folder to run in, so that what an example writes does not end up in the repository. Datasets are found in it
/// as they are at the repository's root.
fn scratch(example: &str) -> Result<PathBuf> {
    let folder = root().join("target/ci-runs/examples").join(example);
    if folder.is_dir() {
        std::fs::remove_dir_all(&folder).with_context(|| format!("cannot empty {}", folder.display()))?;
    }
    std::fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    link(&root().join("datasets"), &folder.join("datasets"))?;
    Ok(folder)
}

fn link(target: &Path, link: &Path) -> Result<()> {
    #[cfg(unix)]
    std::os::unix::fs::symlink(target, link).with_context(|| format!("cannot link {}", link.display()))?;
    #[cfg(not(unix))]
    bail!("examples are run on Unix only: {} cannot be linked to {}", link.display(), target.display());
    Ok(())
}
