//! The README's command.

use anyhow::Result;

use super::binary::foretask;
use super::scripts;
use super::step::Outcome;
use crate::run::{cargo, command, run};

/// Builds with default features, as a newcomer does, and uses what was built.
pub(crate) fn build() -> Result<Outcome> {
    run(&mut cargo(&["build", "--release", "--package", "foretask"]))?;
    let program = foretask()?;
    let program = program.to_string_lossy();
    run(&mut command(&program, &["devices"]))?;
    run(&mut command(&program, &["doctor"]))?;
    scripts::run_one("scripts/quickstart.rhai")?;
    let size = std::fs::metadata(&*program)?.len();
    Ok(Outcome::Passed(format!("foretask is {:.1} MB", size as f64 / 1e6)))
}
