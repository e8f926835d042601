#![doc = include_str!("../README.md")]
// Printing past `out` would panic on a closed pipe.
#![deny(clippy::print_stdout, clippy::print_stderr)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod args;
mod as_data;
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

use args::ErrorForm;
use as_data::ErrorData;
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
            Err(error) => failed(&error, arguments.errors),
        },
        Err(told) if told.use_stderr() && ErrorForm::asked_for(interrupt::arguments()) == ErrorForm::Json => {
            out::json_note(&ErrorData::of_usage(&told).line());
            u8::try_from(told.exit_code()).unwrap_or(1)
        }
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
fn failed(error: &Error, form: ErrorForm) -> u8 {
    let interrupted = error.kind() == ErrorKind::Interrupted;
    let to_go_on = interrupted.then(|| format!("To go on: {}", interrupt::same_command()));
    match form {
        ErrorForm::Text => {
            out::colored(&render::error(error, render::Style::of_stderr()));
            to_go_on.into_iter().for_each(out::note_line);
        }
        ErrorForm::Json => out::json_note(&ErrorData::of(error, to_go_on).line()),
    }
    error.kind().exit_code()
}
