//! The `foretask` binary as cargo builds it.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};

use crate::tidy::metadata;

/// Where cargo puts release builds.
pub(crate) fn release_folder() -> Result<PathBuf> {
    let metadata = metadata::load()?;
    let target = metadata["target_directory"].as_str().context("cargo metadata names no target folder")?;
    Ok(PathBuf::from(target).join("release"))
}

/// The built binary.
pub(crate) fn foretask() -> Result<PathBuf> {
    let program = release_folder()?.join(format!("foretask{}", std::env::consts::EXE_SUFFIX));
    if !program.is_file() {
        bail!("{} is not built; run `cargo xtask ci --only build` first", program.display());
    }
    Ok(program)
}
