//! `repl`: a script entered line by line, at a terminal or through a pipe.

mod entries;
mod helper;

use crate::out::{self, note, say};
use foretask_experiment::{ErrorKind, Interrupt};
use foretask_script::{Error, Repl};

use self::entries::{Entries, Entry};
use super::script::watched;
use crate::args::Common;
use crate::{interrupt, render};

const GREETING: &str = "`words` lists what can be said, `words NAME` explains a word; Ctrl-D ends.";

const HELP: &str = "\
Enter what a script may hold; what was defined stays, and what an entry comes to is printed.
  words, words NAME   the words of the language; one of them with its options and examples
  Tab, arrows         complete a name, recall an entry
  Ctrl-C              stops a running stage, which is saved: the same entry goes on with it
  exit, Ctrl-D        ends
An entry ends with its line, or where its last bracket closes.";

/// What a line asks of the prompt rather than of the language.
#[derive(Debug, PartialEq, Eq)]
enum Command<'a> {
    Help,
    Exit,
    Words(Option<&'a str>),
}

/// The command that a line is, unless it is an entry. A variable of the same name goes first.
fn command(line: &str, defines: impl Fn(&str) -> bool) -> Option<Command<'_>> {
    let line = line.trim().trim_end_matches(';');
    let (first, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    if defines(first) {
        return None;
    }
    let rest = rest.trim();
    let name = rest.chars().all(|c| c.is_alphanumeric() || c == '_');
    match (first, rest) {
        ("help", "") => Some(Command::Help),
        ("exit" | "quit", "") => Some(Command::Exit),
        ("words", "") => Some(Command::Words(None)),
        ("words", word) if name => Some(Command::Words(Some(word))),
        _ => None,
    }
}

pub(crate) fn repl(common: Common) -> Result<(), Error> {
    let settings = watched(common)?;
    interrupt::listen()?;
    let mut session = Repl::new(&settings)?;
    let mut entries = Entries::open(&settings.out)?;
    if entries.watched() {
        say!("foretask {}. {GREETING}", env!("CARGO_PKG_VERSION"));
    }
    let mut worst = None;
    while let Some(entry) = entries.next(&session)? {
        let Entry::Line(line) = entry else { continue };
        match command(&line, |name| session.defines(name)) {
            Some(Command::Exit) => break,
            Some(Command::Help) => say!("{HELP}"),
            Some(Command::Words(None)) => out::print(&foretask_script::overview()),
            Some(Command::Words(Some(name))) => match foretask_script::explain_word(name) {
                Ok(text) => out::print(&text),
                Err(error) => worst = Some(shown(&error)),
            },
            None => {
                let stop = Interrupt::new();
                interrupt::goes_to(&stop);
                let outcome = session.enter(&line, &stop);
                interrupt::ends_the_process();
                match outcome {
                    Ok(value) => value.into_iter().for_each(|value| say!("{value}")),
                    Err(error) => {
                        worst = Some(shown(&error));
                        if error.kind() == ErrorKind::Interrupted {
                            if !entries.watched() {
                                break;
                            }
                            note!("To go on: enter the same again (arrow up).");
                        }
                    }
                }
            }
        }
    }
    if let Some(folder) = session.close()? {
        note!("Results: {}", folder.display());
    }
    match worst.filter(|_| !entries.watched()) {
        // Whoever wrote into the pipe cannot read along; the error was shown where it happened.
        Some(kind) => std::process::exit(i32::from(kind.exit_code())),
        None => Ok(()),
    }
}

/// Shows an error and goes on.
fn shown(error: &Error) -> ErrorKind {
    out::colored(&render::error(error, render::Style::of_stderr()));
    error.kind()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_told_from_entries() {
        let nothing = |_: &str| false;
        assert_eq!(command(" words ", nothing), Some(Command::Words(None)));
        assert_eq!(command("words pretrain;", nothing), Some(Command::Words(Some("pretrain"))));
        assert_eq!(command("exit", nothing), Some(Command::Exit));
        assert_eq!(command("quit", nothing), Some(Command::Exit));
        assert_eq!(command("help", nothing), Some(Command::Help));
        for entry in ["words = 3", "let words = 3;", "words + 1", "pretrain", "help(1)", ""] {
            assert_eq!(command(entry, nothing), None, "{entry}");
        }
        assert_eq!(command("words", |name| name == "words"), None);
    }
}
