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
mod ranks;
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
    // Also of a command line that is not understood otherwise.
    let form = ErrorForm::asked_for(interrupt::arguments());
    let code = match args::Arguments::try_parse() {
        Ok(arguments) => match prepared.map_err(Error::from).and_then(|_| caught(|| verbs::dispatch(arguments.verb))) {
            Ok(()) => 0,
            Err(error) => failed(&error, form),
        },
        Err(told) if told.use_stderr() && form == ErrorForm::Json => {
            out::json_note(&ErrorData::of_usage(&told).line());
            u8::try_from(told.exit_code()).unwrap_or(1)
        }
        // Help and version are no mistakes, and go to standard output.
        Err(told) => {
            let printed = told.print();
            u8::try_from(told.exit_code()).unwrap_or(1).max(undelivered(printed.err(), form))
        }
    };
    let undelivered = undelivered(out::finish(), form);
    ExitCode::from(if code == 0 { undelivered } else { code })
}

/// Says why what was printed did not arrive, if it did not; the exit code for it.
fn undelivered(error: Option<std::io::Error>, form: ErrorForm) -> u8 {
    match (out::undelivered(error), form) {
        (None, _) => 0,
        (Some(words), ErrorForm::Text) => {
            out::note_line(words);
            1
        }
        (Some(words), ErrorForm::Json) => failed(&Error::failed(words, None), form),
    }
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
