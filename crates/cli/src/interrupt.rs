//! Ctrl-C: the first asks the stage to finish its step and save, the second quits at once.

use crate::out::note;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use foretask_experiment::Interrupt;
use foretask_script::Error;

/// Signals of a moment count as one in a process that a launcher started: it passes on what the terminal has sent already.
const ONE_REQUEST: Duration = Duration::from_secs(3);

/// Whether that is so here.
static ONCE: AtomicBool = AtomicBool::new(false);

/// When the first request came, where those of a moment count as one.
static FIRST: Mutex<Option<Instant>> = Mutex::new(None);

/// Whether another process of the same run says what happens.
static SILENT: AtomicBool = AtomicBool::new(false);

/// Requests to stop in a process that starts others, to be passed on to them.
static COUNT: AtomicUsize = AtomicUsize::new(0);

/// Who is asked to stop, and whether that was done already.
static ASKED: Mutex<Option<(Interrupt, bool)>> = Mutex::new(None);

/// From here on, Ctrl-C and termination signals are listened to.
pub(crate) fn listen() -> Result<(), Error> {
    ctrlc::set_handler(|| {
        let mut asked = ASKED.lock().unwrap_or_else(PoisonError::into_inner);
        match &mut *asked {
            Some((interrupt, again @ false)) => {
                interrupt.request();
                *again = true;
                is_the_same_request();
                if !SILENT.load(Ordering::Relaxed) {
                    note!("\nFinishing this step and saving; Ctrl-C again quits at once.");
                }
            }
            Some((_, true)) if is_the_same_request() => {}
            Some((_, true)) | None => std::process::exit(130),
        }
    })
    .map_err(|error| Error::failed(format!("Ctrl-C cannot be listened to: {error}"), None))
}

/// From here on, signals are counted, and end nothing.
pub(crate) fn count() -> Result<&'static AtomicUsize, Error> {
    ctrlc::set_handler(|| {
        COUNT.fetch_add(1, Ordering::Relaxed);
    })
    .map_err(|error| Error::failed(format!("Ctrl-C cannot be listened to: {error}"), None))?;
    Ok(&COUNT)
}

/// From here on, signals within a moment of the first one are the same request; a rank that follows is `silent` about it.
pub(crate) fn counts_once(silent: bool) {
    SILENT.store(silent, Ordering::Relaxed);
    ONCE.store(true, Ordering::Relaxed);
}

fn is_the_same_request() -> bool {
    let mut first = FIRST.lock().unwrap_or_else(PoisonError::into_inner);
    ONCE.load(Ordering::Relaxed) && first.get_or_insert_with(Instant::now).elapsed() < ONE_REQUEST
}

/// From here on, Ctrl-C asks `interrupt`.
pub(crate) fn goes_to(interrupt: &Interrupt) {
    *ASKED.lock().unwrap_or_else(PoisonError::into_inner) = Some((interrupt.clone(), false));
}

/// Whether somebody has pressed Ctrl-C while something runs that can be stopped.
pub(crate) fn is_asked() -> bool {
    matches!(*ASKED.lock().unwrap_or_else(PoisonError::into_inner), Some((_, true)))
}

/// Nothing runs that could be stopped: Ctrl-C ends the process.
pub(crate) fn ends_the_process() {
    *ASKED.lock().unwrap_or_else(PoisonError::into_inner) = None;
}

/// The command of this process, as it can be pasted into a shell.
pub(crate) fn same_command() -> String {
    arguments().map(|argument| quoted(&argument)).collect::<Vec<_>>().join(" ")
}

/// Those of this process; what is no text stands there as well as it can.
pub(crate) fn arguments() -> impl Iterator<Item = String> {
    std::env::args_os().map(|argument| argument.to_string_lossy().into_owned())
}

fn quoted(argument: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_./=:,@+%".contains(c);
    if !argument.is_empty() && argument.chars().all(plain) {
        argument.to_owned()
    } else {
        format!("'{}'", argument.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn arguments_survive_the_shell() {
        assert_eq!(quoted("scripts/quick-start.rhai"), "scripts/quick-start.rhai");
        assert_eq!(quoted("my script.rhai"), "'my script.rhai'");
        assert_eq!(quoted("it's"), r"'it'\''s'");
        assert_eq!(quoted(""), "''");
    }
}
