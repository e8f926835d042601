//! Environment variables that change how work is done, never what it results in. Tests need them to interrupt
//! between checkpoints of short stages and to compare numbers of threads; users may, on machines with slow disks or
//! many cores.

use std::time::Duration;

use foretask_train::{Budget, CHECKPOINT_EVERY};

use crate::error::Error;

/// Threads that make batches; computing needs the cores, too.
const THREADS: &str = "FORETASK_LOADER_THREADS";
/// Time between checkpoints, as `5s` or `10m`.
const CHECKPOINTS: &str = "FORETASK_CHECKPOINT_EVERY";

/// Time that a look through folders may take.
const SCANS: &str = "FORETASK_SCAN_LIMIT";

/// Half of the cores, at most 8, unless `FORETASK_LOADER_THREADS` says otherwise.
pub(crate) fn loader_threads() -> Result<usize, Error> {
    let Ok(text) = std::env::var(THREADS) else {
        return Ok(std::thread::available_parallelism().map_or(1, |cores| (cores.get() / 2).clamp(1, 8)));
    };
    match text.trim().parse() {
        Ok(threads @ 1..=256) => Ok(threads),
        _ => Err(refused(THREADS, &text, "a whole number from 1 to 256")),
    }
}

/// Half a minute, unless `FORETASK_CHECKPOINT_EVERY` says otherwise.
pub(crate) fn checkpoint_every() -> Result<Duration, Error> {
    let Ok(text) = std::env::var(CHECKPOINTS) else { return Ok(CHECKPOINT_EVERY) };
    Budget::parse(&text).map(|time| time.0).map_err(|_| refused(CHECKPOINTS, &text, "a time such as 5s or 10m"))
}

/// How long a look through folders may take: ten minutes, unless `FORETASK_SCAN_LIMIT` says otherwise.
///
/// # Errors
/// Where it says something else than a time.
pub fn scan_limit() -> Result<Duration, Error> {
    let Ok(text) = std::env::var(SCANS) else { return Ok(Duration::from_mins(10)) };
    Budget::parse(&text).map(|time| time.0).map_err(|_| refused(SCANS, &text, "a time such as 30s or 2h"))
}

fn refused(name: &str, text: &str, expected: &str) -> Error {
    Error::input(format!("the environment variable {name} is \"{text}\"; expected {expected}"))
        .help(format!("correct it, or remove it with `unset {name}`"))
}
