//! What every process keeps to, whatever it was fed.

use anyhow::{Result, bail, ensure};

use super::process::Done;

/// Words that a user must never read.
const PANIC: &[&str] = &[
    "panicked at",
    "RUST_BACKTRACE",
    "stack backtrace",
    "overflowed its stack",
    "memory allocation of",
    "entered unreachable code",
    "AddressSanitizer",
];

/// Said, without its blanks, before the rows and paths of bad images.
pub(super) const BAD_ROWS: &str = "imagescannotbeused";

/// Last lines of the output that are shown of a failure.
const SHOWN: usize = 12;

/// It ended by itself, with one of our exit codes, and without panic text.
pub(super) fn orderly(done: &Done) -> Result<()> {
    ensure!(!done.hung, "still running after {:.0} s: {}", done.time.as_secs_f64(), told(done));
    if let Some(signal) = done.signal {
        bail!("ended by signal {signal}: {}", told(done));
    }
    ensure!(matches!(done.code, Some(0..=2)), "exit code {:?}: {}", done.code, told(done));
    if let Some(words) = PANIC.iter().find(|words| done.printed.contains(**words)) {
        bail!("panic text (\"{words}\"): {}", told(done));
    }
    Ok(())
}

/// Orderly, with exit code 0.
pub(super) fn succeeded(done: &Done) -> Result<()> {
    orderly(done)?;
    ensure!(done.code == Some(0), "exit code {:?}: {}", done.code, told(done));
    Ok(())
}

/// Orderly; and a refusal says what is wrong with which of these files.
pub(super) fn orderly_about(done: &Done, files: &[&str]) -> Result<()> {
    orderly(done)?;
    if done.code == Some(0) {
        return Ok(());
    }
    // Messages are wrapped to the terminal's width, with a bar before each line.
    let plain: String = done.printed.chars().filter(|c| !c.is_whitespace() && *c != '│').collect();
    ensure!(files.iter().any(|file| plain.contains(file)), "the message names no file of {files:?}: {}", told(done));
    Ok(())
}

/// The command and the end of what it printed.
pub(super) fn told(done: &Done) -> String {
    let lines: Vec<&str> = done.printed.lines().filter(|line| !line.trim().is_empty()).collect();
    let last = &lines[lines.len().saturating_sub(SHOWN)..];
    format!("{}\n        {}", done.command, last.join("\n        "))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn done(code: Option<i32>, signal: Option<i32>, printed: &str) -> Done {
        let (command, time) = ("foretask run x".to_owned(), Duration::from_secs(1));
        Done { command, code, signal, hung: false, printed: printed.to_owned(), time }
    }

    fn said(result: Result<()>) -> String {
        result.unwrap_err().to_string()
    }

    #[test]
    fn signals_panics_and_foreign_codes_are_no_order() {
        assert!(orderly(&done(Some(2), None, "error: no such split")).is_ok());
        assert!(said(orderly(&done(None, Some(11), ""))).contains("ended by signal 11"));
        assert!(said(orderly(&done(Some(101), None, ""))).contains("exit code Some(101)"));
        assert!(said(orderly(&done(Some(0), None, "thread 'main' panicked at src"))).contains("panic text"));
        assert!(said(orderly(&Done { hung: true, ..done(None, Some(9), "") })).contains("still running"));
        assert!(said(succeeded(&done(Some(1), None, "no"))).contains("foretask run x\n        no"));
    }

    #[test]
    fn a_wrapped_message_still_names_its_file() {
        let wrapped = done(Some(2), None, "  × the file long-na\n  │ me.png is truncated");
        assert!(orderly_about(&wrapped, &["long-name.png"]).is_ok());
        assert!(said(orderly_about(&wrapped, &["other.png"])).contains("names no file"));
        assert!(orderly_about(&done(Some(0), None, ""), &["other.png"]).is_ok());
    }
}
