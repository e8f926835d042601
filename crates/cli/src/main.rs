#![doc = include_str!("../README.md")]
// Printing past `out` would panic on a closed pipe.
#![deny(clippy::print_stdout, clippy::print_stderr)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod args;
mod bar;
mod browser;
mod excerpt;
mod interrupt;
mod lines;
#[cfg(test)]
mod mistakes;
mod out;
mod pictures;
mod progress;
mod render;
mod terminal;
mod verbs;

use std::process::ExitCode;

use clap::Parser as _;
use foretask_experiment::{ErrorKind, tools::caught};
use foretask_script::Error;

fn main() -> ExitCode {
    let prepared = foretask_experiment::tools::prepare_process();
    if let Ok(Some(warning)) = &prepared {
        out::note!("Warning: {warning}");
    }
    let code = match args::Arguments::try_parse() {
        Ok(arguments) => match prepared.map_err(Error::from).and_then(|_| caught(|| verbs::dispatch(arguments.verb))) {
            Ok(()) => 0,
            Err(error) => failed(&error),
        },
        // Help and version are no mistakes, and go to standard output.
        Err(told) => {
            let printed = told.print();
            u8::try_from(told.exit_code()).unwrap_or(1).max(out::undelivered(printed.err()))
        }
    };
    let undelivered = out::undelivered(out::finish());
    ExitCode::from(if code == 0 { undelivered } else { code })
}

/// Says what went wrong; the exit code that stands for it.
fn failed(error: &Error) -> u8 {
    out::colored(&render::error(error, render::Style::of_stderr()));
    if error.kind() == ErrorKind::Interrupted {
        out::note!("To go on: {}", interrupt::same_command());
    }
    error.kind().exit_code()
}
