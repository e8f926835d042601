//! The `foretask` binary as cargo builds it, and the README's command.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};

use super::{Outcome, scripts};
use crate::run::{cargo, command, run};
use crate::tidy::metadata;

/// Where cargo puts release builds.
pub(crate) fn release_folder() -> Result<PathBuf> {
    let metadata = metadata::load()?;
    let target = metadata["target_directory"].as_str().context("cargo metadata names no target folder")?;
    Ok(PathBuf::from(target).join("release"))
}

/// The built binary.
pub(crate) fn foretask() -> Result<PathBuf> {
    let program = release_folder()?.join("foretask");
    if !program.is_file() {
        bail!("{} is not built; run `cargo xtask ci --only build` first", program.display());
    }
    Ok(program)
}

/// Builds with default features, as a newcomer does, and uses what was built.
pub(crate) fn default_build() -> Result<Outcome> {
    run(&mut cargo(&["build", "--release", "--package", "foretask"]))?;
    let program = foretask()?;
    let program = program.to_string_lossy();
    run(&mut command(&program, &["devices"]))?;
    run(&mut command(&program, &["doctor"]))?;
    scripts::run_one("scripts/quickstart.rhai")?;
    let size = std::fs::metadata(&*program)?.len();
    Ok(Outcome::Passed(format!("foretask is {:.1} MB", size as f64 / 1e6)))
}
