//! Ctrl-C: the first asks the stage to finish its step and save, the second quits at once.

use std::sync::atomic::{AtomicU32, Ordering};

use foretask_script::{Error, Interrupt};

static ASKED: AtomicU32 = AtomicU32::new(0);

/// From here on, Ctrl-C and termination signals go to `interrupt`.
pub(crate) fn listen(interrupt: &Interrupt) -> Result<(), Error> {
    let interrupt = interrupt.clone();
    ctrlc::set_handler(move || {
        if ASKED.fetch_add(1, Ordering::SeqCst) > 0 {
            std::process::exit(130);
        }
        interrupt.request();
        eprintln!("\nFinishing this step and saving; Ctrl-C again quits at once.");
    })
    .map_err(|error| Error::failed(format!("Ctrl-C cannot be listened to: {error}"), None))
}

/// The command of this process, as it can be pasted into a shell.
pub(crate) fn same_command() -> String {
    std::env::args().map(|argument| quoted(&argument)).collect::<Vec<_>>().join(" ")
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
