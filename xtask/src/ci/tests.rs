//! The steps that compile and run tests.

use std::process::Command;

use anyhow::Result;

use super::{Outcome, SELECTION};
use crate::run::{cargo, root, run, works};
use crate::tools::ensure_debian;

/// Binaries too, because the end-to-end tests run `foretask` as a user would.
pub(crate) fn build() -> Result<Outcome> {
    run(cargo(&["build", "--all-targets"]).args(SELECTION))?;
    Ok(Outcome::passed())
}

pub(crate) fn test() -> Result<Outcome> {
    let browser = ensure_debian(&["chromium", "--version"], "chromium");
    if let Err(error) = &browser {
        println!("the test that opens a report in a browser will be skipped: {error:#}");
    }
    let mut note = match browser {
        Ok(()) => String::new(),
        Err(_) => "without a browser".to_owned(),
    };
    if works(&mut cargo(&["nextest", "--version"])) {
        run(for_tests(&mut cargo(&["nextest", "run", "--no-fail-fast"])).args(SELECTION))?;
    } else {
        println!("cargo-nextest is not installed: cargo test runs the same tests, one crate after another");
        run(for_tests(&mut cargo(&["test", "--no-fail-fast", "--lib", "--bins", "--tests"])).args(SELECTION))?;
        note = [note, "cargo test in place of nextest".to_owned()]
            .into_iter()
            .filter(|n| !n.is_empty())
            .collect::<Vec<_>>()
            .join(", ");
    }
    Ok(Outcome::Passed(note))
}

pub(crate) fn doctest() -> Result<Outcome> {
    run(for_tests(&mut cargo(&["test", "--doc"])).args(SELECTION))?;
    Ok(Outcome::passed())
}

/// Snapshots are compared, never rewritten. Documentation examples are linked by rustdoc without our build scripts' search
/// path, so the loader is told where libtorch is; the end-to-end tests take that away again before they start `foretask`.
pub(crate) fn for_tests(command: &mut Command) -> &mut Command {
    let libtorch = std::env::var_os("LIBTORCH").map_or_else(|| root().join("third_party/libtorch"), Into::into);
    command.env("INSTA_UPDATE", "no").env("LD_LIBRARY_PATH", libtorch.join("lib"))
}
