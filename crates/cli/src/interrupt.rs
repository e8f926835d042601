//! Ctrl-C: the first asks the stage to finish its step and save, the second quits at once.

use crate::out::note;
use std::sync::{Mutex, PoisonError};

use foretask_experiment::Interrupt;
use foretask_script::Error;

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
                note!("\nFinishing this step and saving; Ctrl-C again quits at once.");
            }
            Some((_, true)) | None => std::process::exit(130),
        }
    })
    .map_err(|error| Error::failed(format!("Ctrl-C cannot be listened to: {error}"), None))
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
