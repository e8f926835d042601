//! Where entries come from: a person at a terminal, with history and completion, or a pipe.

use std::io::{BufRead as _, IsTerminal as _};
use std::path::{Path, PathBuf};

use foretask_script::{Error, Repl, is_open};
use rustyline::error::ReadlineError;
use rustyline::history::DefaultHistory;
use rustyline::{Config, Editor};

use super::helper::Helper;

/// Beside the stages, so that every project remembers what was said about it.
const HISTORY: &str = ".repl-history";
const PROMPT: &str = "> ";

/// What comes next.
pub(super) enum Entry {
    /// One or several lines that belong together.
    Line(String),
    /// A line given up by Ctrl-C, or an empty one.
    Nothing,
}

pub(super) enum Entries {
    Terminal { editor: Box<Editor<Helper, DefaultHistory>>, history: PathBuf },
    Pipe,
}

impl Entries {
    /// Entries of standard input; a terminal's history lies in `out`.
    pub(super) fn open(out: &Path) -> Result<Self, Error> {
        if !(std::io::stdin().is_terminal() && std::io::stdout().is_terminal()) {
            return Ok(Self::Pipe);
        }
        let config = Config::builder().auto_add_history(false).build();
        let mut editor = Editor::with_config(config).map_err(unreadable)?;
        editor.set_helper(Some(Helper::default()));
        let history = out.join(HISTORY);
        // The first session has none.
        editor.load_history(&history).ok();
        Ok(Self::Terminal { editor: Box::new(editor), history })
    }

    /// Whether somebody sits there.
    pub(super) fn watched(&self) -> bool {
        matches!(self, Self::Terminal { .. })
    }

    /// The next entry; `None` at the end.
    pub(super) fn next(&mut self, session: &Repl) -> Result<Option<Entry>, Error> {
        match self {
            Self::Pipe => piped(),
            Self::Terminal { editor, history } => {
                if let Some(helper) = editor.helper_mut() {
                    helper.names = session.names();
                }
                match editor.readline(PROMPT) {
                    Ok(line) if line.trim().is_empty() => Ok(Some(Entry::Nothing)),
                    Ok(line) => {
                        editor.add_history_entry(&line).map_err(unreadable)?;
                        // A history that cannot be kept is no reason to stop.
                        if history.parent().is_some_and(|folder| std::fs::create_dir_all(folder).is_ok()) {
                            editor.append_history(history).ok();
                        }
                        Ok(Some(Entry::Line(line)))
                    }
                    Err(ReadlineError::Interrupted) => Ok(Some(Entry::Nothing)),
                    Err(ReadlineError::Eof) => Ok(None),
                    Err(error) => Err(unreadable(error)),
                }
            }
        }
    }
}

/// Lines of the pipe until all brackets are closed.
fn piped() -> Result<Option<Entry>, Error> {
    let mut text = String::new();
    let mut input = std::io::stdin().lock();
    loop {
        let count = input.read_line(&mut text).map_err(|error| unreadable(ReadlineError::Io(error)))?;
        if count > 0 && is_open(&text) {
            continue;
        }
        return Ok(match (count, text.trim().is_empty()) {
            (0, true) => None,
            (_, true) => Some(Entry::Nothing),
            (_, false) => Some(Entry::Line(text)),
        });
    }
}

fn unreadable(error: ReadlineError) -> Error {
    Error::failed(format!("entries cannot be read: {error}"), None)
}
