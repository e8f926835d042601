//! The steps that run nothing of ours.

use anyhow::Result;

use super::{Outcome, SELECTION};
use crate::run::{cargo, command, run};
use crate::tools::{ensure_debian, python_program};

pub(crate) fn fmt() -> Result<Outcome> {
    run(&mut cargo(&["fmt", "--all", "--check"]))?;
    Ok(Outcome::passed())
}

pub(crate) fn typos() -> Result<Outcome> {
    let program = match python_program("typos", "typos==1.52.0") {
        Ok(program) => program,
        Err(error) => return Ok(Outcome::Skipped(format!("typos is not to be had here: {error:#}"))),
    };
    run(&mut command(&program.to_string_lossy(), &[]))?;
    Ok(Outcome::passed())
}

pub(crate) fn tidy() -> Result<Outcome> {
    crate::tidy::run()?;
    Ok(Outcome::passed())
}

pub(crate) fn libtorch() -> Result<Outcome> {
    // torch-sys compiles C++.
    ensure_debian(&["c++", "--version"], "g++")?;
    crate::libtorch::run(&crate::libtorch::Args::default())?;
    Ok(Outcome::passed())
}

pub(crate) fn clippy() -> Result<Outcome> {
    run(cargo(&["clippy", "--all-targets"]).args(SELECTION).args(["--", "-D", "warnings"]))?;
    Ok(Outcome::passed())
}

pub(crate) fn doc() -> Result<Outcome> {
    run(cargo(&["doc", "--no-deps"]).args(SELECTION).env("RUSTDOCFLAGS", "-D warnings"))?;
    Ok(Outcome::passed())
}
