//! The steps that compile and run tests.

use std::process::Command;

use anyhow::Result;

use super::step::{DEFAULT, Outcome};
use crate::run::{cargo, root, run, works};
use crate::tools::{ensure_debian, python_file};

/// Binaries too, because the end-to-end tests run `foretask` as a user would.
pub(crate) fn build() -> Result<Outcome> {
    run(cargo(&["build", "--all-targets"]).args(DEFAULT))?;
    Ok(Outcome::passed())
}

pub(crate) fn test() -> Result<Outcome> {
    let browser = ensure_debian(&["chromium", "--version"], "chromium");
    if let Err(error) = &browser {
        println!("the test that opens a report in a browser will be skipped: {error:#}");
    }
    // The labeling page is looked at for whoever cannot see it; without, its other tests run.
    if let Err(error) = python_file("axe", "axe-playwright-python==0.1.8", "axe_playwright_python/axe.min.js") {
        println!("axe-core is not to be had here: {error:#}");
    }
    let mut note = match browser {
        Ok(()) => String::new(),
        Err(_) => "without a browser".to_owned(),
    };
    if let Err(error) = ensure_debian(&["sh", "-c", "ldconfig -p | grep -q libheif.so.1"], "libheif1") {
        println!("HEIC and AVIF are named, not read: {error:#}");
    }
    if works(&mut cargo(&["nextest", "--version"])) {
        run(for_tests(&mut cargo(&["nextest", "run", "--no-fail-fast"])).args(DEFAULT))?;
    } else {
        println!("cargo-nextest is not installed: cargo test runs the same tests, one crate after another");
        run(for_tests(&mut cargo(&["test", "--no-fail-fast", "--lib", "--bins", "--tests"])).args(DEFAULT))?;
        note = [note, "cargo test in place of nextest".to_owned()]
            .into_iter()
            .filter(|n| !n.is_empty())
            .collect::<Vec<_>>()
            .join(", ");
    }
    Ok(Outcome::Passed(note))
}

pub(crate) fn doctest() -> Result<Outcome> {
    run(for_tests(&mut cargo(&["test", "--doc"])).args(DEFAULT))?;
    Ok(Outcome::passed())
}

/// Features of the tests with libtorch. DICOM is among them because both compile the same crates once more.
const LIBTORCH: [&str; 2] = ["--features", "foretask/libtorch,foretask-models/libtorch,foretask/dicom"];

/// The crates in which libtorch makes a difference, with it, and those tests of training which compare devices or start several processes. Nothing
/// above them names a backend. `foretask` is always among the packages: it brings the features of all others, so that only
/// what depends on libtorch is compiled once more, and polars is not. It has no library, and so no test here.
pub(crate) fn torch() -> Result<Outcome> {
    let layers = ["-p", "foretask", "-p", "foretask-backend", "-p", "foretask-models"];
    let training = ["-p", "foretask", "-p", "foretask-models", "-p", "foretask-train"];
    let of_devices = ["--", "with_libtorch", "on_device", "on_ranks"];
    let test: &[&str] = if works(&mut cargo(&["nextest", "--version"])) { &["nextest", "run"] } else { &["test"] };
    let with = |packages: &[&str], filter: &[&str]| {
        run(for_tests(&mut cargo(test)).args(["--release", "--lib"]).args(packages).args(LIBTORCH).args(filter))
    };
    with(&layers, &[])?;
    with(&training, &of_devices)?;
    with(&["-p", "foretask", "-p", "foretask-models", "-p", "foretask-data"], &["--", "dicom"])?;
    Ok(Outcome::passed())
}

/// Snapshots are compared, never rewritten. Documentation examples are linked by rustdoc without our build scripts' search
/// path, so the loader is told where libtorch is; the end-to-end tests take that away again before they start `foretask`.
pub(crate) fn for_tests(command: &mut Command) -> &mut Command {
    let libtorch = std::env::var_os("LIBTORCH").map_or_else(|| root().join("third_party/libtorch"), Into::into);
    command.env("INSTA_UPDATE", "no").env("LD_LIBRARY_PATH", libtorch.join("lib"))
}
