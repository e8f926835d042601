//! Lints and documents each crate with what it was compiled from. Apart, `cargo clippy` and `cargo doc` would first check the seven
//! hundred crates below ours, which are built for the tests in any case: ten minutes on two cores.
//!
//! cargo is told that this program is the compiler of the workspace's crates (`RUSTC_WORKSPACE_WRAPPER`). It calls the real one,
//! then clippy and rustdoc with the same arguments, and has them write where nobody looks.

use std::path::Path;
use std::process::{Command, ExitCode, ExitStatus};

use anyhow::{Context, Result};

use super::binary::release_folder;
use crate::run::{cargo, works};
use crate::tidy::has_extension;

/// Where clippy and rustdoc write; that it is set says that this process stands in for the compiler.
const SCRATCH: &str = "FORETASK_LINT_SCRATCH";

/// Starts this task once more, so that whatever cargo builds in it is linted and documented as well; how it ended. `None` where it is
/// so already, or where it cannot be, which is said.
pub(super) fn again() -> Result<Option<ExitStatus>> {
    if std::env::var_os(SCRATCH).is_some() {
        return Ok(None);
    }
    if !works(&mut cargo(&["clippy", "--version"])) {
        println!("nothing is linted, for there is no clippy: rustup component add clippy");
        return Ok(None);
    }
    let folder = release_folder()?.with_file_name("lint");
    std::fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    // A copy, because the build replaces the file that runs now.
    let (own, program) = (std::env::current_exe().context("cannot find this program")?, folder.join("rustc-and-lints"));
    std::fs::copy(&own, &program).with_context(|| format!("cannot copy it to {}", program.display()))?;
    let mut task = Command::new(own);
    task.args(std::env::args_os().skip(1)).env("RUSTC_WORKSPACE_WRAPPER", program).env(SCRATCH, folder);
    task.status().context("cannot start this program again").map(Some)
}

/// The exit code of the compiler and the linters, where cargo calls this program as the compiler.
pub(crate) fn as_compiler() -> Option<ExitCode> {
    let scratch = std::env::var(SCRATCH).ok()?;
    let mut arguments = std::env::args().skip(1);
    let compiler = arguments.next().filter(|program| Path::new(program).file_stem().is_some_and(|s| s == "rustc"))?;
    let arguments: Vec<String> = arguments.collect();
    Some(match compile(&compiler, &arguments, &scratch) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    })
}

fn compile(compiler: &str, arguments: &[String], scratch: &str) -> Result<bool> {
    let succeeds = |command: &mut Command| {
        let status = command.status().with_context(|| format!("cannot start {}", command.get_program().display()));
        status.map(|status| status.success())
    };
    if !succeeds(Command::new(compiler).args(arguments))? {
        return Ok(false);
    }
    if is_question(arguments) {
        return Ok(true);
    }
    let mut clippy = Command::new("clippy-driver");
    // How `cargo clippy -- -D warnings` tells it.
    clippy.env("CLIPPY_ARGS", "-D__CLIPPY_HACKERY__warnings__CLIPPY_HACKERY__");
    if !succeeds(clippy.arg(compiler).args(elsewhere(arguments, scratch)).arg("--emit=metadata"))? {
        return Ok(false);
    }
    if !is_documented(arguments) {
        return Ok(true);
    }
    let mut rustdoc = Command::new("rustdoc");
    rustdoc.args(elsewhere(arguments, scratch)).args(["-D", "warnings"]);
    // As `cargo doc` does: whoever reads a program's documentation works on it.
    if arguments.iter().any(|argument| argument == "bin") {
        rustdoc.arg("--document-private-items");
    }
    succeeds(&mut rustdoc)
}

/// Whether cargo asks what the compiler can do: nothing is compiled then.
fn is_question(arguments: &[String]) -> bool {
    let asked = |argument: &String| argument.starts_with("--print") || argument == "-vV";
    arguments.iter().any(asked)
}

/// Libraries and programs: neither tests nor examples nor build scripts.
fn is_documented(arguments: &[String]) -> bool {
    let is_source = |argument: &&String| has_extension(argument, "rs") && argument.contains("src/");
    arguments.iter().any(|argument| is_source(&argument)) && !arguments.iter().any(|argument| argument == "--test")
}

/// The arguments, writing into another folder and announcing no file to cargo; without what only a compiler that links takes.
fn elsewhere(arguments: &[String], scratch: &str) -> Vec<String> {
    let mut kept = vec!["--out-dir".to_owned(), scratch.to_owned()];
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--out-dir" | "-l" => _ = arguments.next(),
            other if other.starts_with("--emit=") || other.starts_with("-l") => {}
            other if other.starts_with("--json=") => {
                let wanted = other.trim_start_matches("--json=").split(',').filter(|what| *what != "artifacts");
                kept.push(format!("--json={}", wanted.collect::<Vec<_>>().join(",")));
            }
            other => kept.push(other.to_owned()),
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split(' ').map(str::to_owned).collect()
    }

    #[test]
    fn linters_write_elsewhere_and_announce_nothing() {
        let called = words(
            "--crate-name a --edition=2024 crates/a/src/lib.rs --error-format=json --json=diagnostic-rendered-ansi,artifacts \
             --crate-type lib --emit=dep-info,metadata,link -C opt-level=3 --out-dir target/release/deps -L deps -l torch -lc10",
        );
        let expected = "--out-dir target/lint --crate-name a --edition=2024 crates/a/src/lib.rs --error-format=json \
                        --json=diagnostic-rendered-ansi --crate-type lib -C opt-level=3 -L deps";
        assert_eq!(elsewhere(&called, "target/lint").join(" "), expected);
    }

    #[test]
    fn questions_are_told_from_crates() {
        assert!(is_question(&words("-vV")));
        assert!(is_question(&words("- --crate-name ___ --print=file-names --crate-type lib --print=cfg")));
        assert!(!is_question(&words("--crate-name a crates/a/src/lib.rs --crate-type lib")));
    }

    #[test]
    fn libraries_and_programs_are_documented() {
        assert!(is_documented(&words("--crate-name a crates/a/src/lib.rs --crate-type lib")));
        assert!(is_documented(&words("--crate-name foretask crates/cli/src/main.rs --crate-type bin")));
        assert!(!is_documented(&words("--crate-name a crates/a/src/lib.rs --test")));
        assert!(!is_documented(&words("--crate-name build_script_build crates/a/build.rs --crate-type bin")));
        assert!(!is_documented(&words("--crate-name small crates/a/examples/small.rs --crate-type bin")));
    }
}
