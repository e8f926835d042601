#![doc = include_str!("../README.md")]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod args;
mod bar;
mod interrupt;
mod lines;
#[cfg(test)]
mod mistakes;
mod pictures;
mod progress;
mod render;
mod terminal;
mod verbs;

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    restore_broken_pipe();
    foretask_script::prepare_process();
    let arguments = args::Arguments::parse();
    match verbs::dispatch(arguments.verb) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprint!("{}", render::error(&error, render::Look::of_stderr()));
            if error.kind() == foretask_script::ErrorKind::Interrupted {
                eprintln!("To go on: {}", interrupt::same_command());
            }
            ExitCode::from(error.kind().exit_code())
        }
    }
}

/// `foretask words | head` must end quietly instead of panicking on the closed pipe.
fn restore_broken_pipe() {
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        let text = info.payload().downcast_ref::<String>().map_or("", String::as_str);
        if text.contains("failed printing to stdout") {
            std::process::exit(0);
        }
        before(info);
    }));
}
