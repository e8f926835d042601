//! What the line editor asks: whether an entry is whole, and how a name goes on.

use foretask_script::is_open;
use rustyline::Context;
use rustyline::completion::Completer;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::validate::{ValidationContext, ValidationResult, Validator};

/// Knows the words and what the session has defined.
#[derive(Debug, Default)]
pub(super) struct Helper {
    pub(super) names: Vec<String>,
}

impl Helper {
    /// Where the name before `at` begins, and the names that begin like it.
    fn candidates(&self, line: &str, at: usize) -> (usize, Vec<String>) {
        let before = line.get(..at).unwrap_or(line);
        let start = before
            .rfind(|c: char| !(c.is_alphanumeric() || c == '_'))
            .map_or(0, |last| last + before[last..].chars().next().map_or(1, char::len_utf8));
        let begun = &before[start..];
        if begun.is_empty() {
            return (start, Vec::new());
        }
        (start, self.names.iter().filter(|name| name.starts_with(begun)).cloned().collect())
    }
}

impl Completer for Helper {
    type Candidate = String;

    fn complete(&self, line: &str, at: usize, _: &Context<'_>) -> rustyline::Result<(usize, Vec<String>)> {
        Ok(self.candidates(line, at))
    }
}

impl Validator for Helper {
    fn validate(&self, context: &mut ValidationContext<'_>) -> rustyline::Result<ValidationResult> {
        Ok(if is_open(context.input()) { ValidationResult::Incomplete } else { ValidationResult::Valid(None) })
    }
}

impl Hinter for Helper {
    type Hint = String;
}

impl Highlighter for Helper {}

impl rustyline::Helper for Helper {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_go_on_from_where_the_cursor_stands() {
        let helper = Helper { names: ["param", "pretrain", "print", "data"].map(str::to_owned).to_vec() };
        assert_eq!(helper.candidates("let a = pr", 10), (8, vec!["pretrain".to_owned(), "print".to_owned()]));
        assert_eq!(helper.candidates("f(da, 1)", 4), (2, vec!["data".to_owned()]));
        assert_eq!(helper.candidates("größe.pa", 10), (8, vec!["param".to_owned()]));
        assert_eq!(helper.candidates("f( ", 3), (3, vec![]));
    }
}
