//! The README's commands: in a checkout, and out of a wheel.

use anyhow::Result;

use super::binary::foretask;
use super::scripts;
use super::step::Outcome;
use crate::run::{cargo, command, root, run};
use crate::{dist, wheel};

/// Builds with default features, as a newcomer does, and asks what was built. [`ship`] runs the quickstart with it.
pub(crate) fn build() -> Result<Outcome> {
    run(&mut cargo(&["build", "--release", "--package", "foretask"]))?;
    let program = foretask()?;
    let program = program.to_string_lossy();
    run(&mut command(&program, &["devices"]))?;
    run(&mut command(&program, &["doctor"]))?;
    let size = std::fs::metadata(&*program)?.len();
    Ok(Outcome::Passed(format!("foretask is {:.1} MB", size as f64 / 1e6)))
}

/// Packs what was built, compiles nothing again, and tries the wheel where there is neither Rust nor this checkout.
pub(crate) fn ship() -> Result<Outcome> {
    let made = dist::make(&dist::Args { no_build: true, out: "target/dist".into() })?;
    let archive = format!("archive {:.1} MB", made.archive_bytes as f64 / 1e6);
    let maturin = match wheel::maturin() {
        Ok(maturin) => maturin,
        Err(error) => {
            scripts::run_one("scripts/quickstart.rhai")?;
            return Ok(Outcome::Passed(format!("{archive}; no wheel, for maturin is not to be had: {error:#}")));
        }
    };
    let wheel = wheel::make(&maturin, &root().join("target/wheel"))?;
    wheel::trial(&wheel)?;
    Ok(Outcome::Passed(format!("{archive}, wheel {:.1} MB", wheel.metadata()?.len() as f64 / 1e6)))
}
