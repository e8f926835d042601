//! What is wrong with a predicate, and where.

use std::{fmt, ops::Range};

use sqlparser::{parser::ParserError, tokenizer::Span};

/// A predicate that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PredicateError {
    /// The whole predicate.
    pub predicate: String,
    /// The bytes of the predicate at fault, where they are known; never inside a character.
    pub span: Option<Range<usize>>,
    /// What is wrong.
    pub message: String,
    /// What to write instead.
    pub help: Option<String>,
}

impl PredicateError {
    pub(super) fn new(predicate: &str, span: Option<Span>, message: impl Into<String>) -> Self {
        let span = span.and_then(|span| {
            let start = offset(predicate, span.start.line, span.start.column)?;
            let end = offset(predicate, span.end.line, span.end.column).unwrap_or(start).max(start);
            Some(start..end)
        });
        Self { predicate: predicate.to_owned(), span, message: message.into(), help: None }
    }

    /// The parser says where only in its text: "… at Line: 1, Column: 16".
    pub(super) fn syntax(predicate: &str, error: &ParserError) -> Self {
        let text = match error {
            ParserError::TokenizerError(text) | ParserError::ParserError(text) => text.clone(),
            ParserError::RecursionLimitExceeded => "the predicate is nested too deep".to_owned(),
        };
        let (message, place) = match text.rsplit_once(" at Line: ") {
            Some((message, place)) => (message.to_owned(), place.split_once(", Column: ")),
            None => (text, None),
        };
        let place = place.and_then(|(line, column)| offset(predicate, line.parse().ok()?, column.parse().ok()?));
        let help = "write it like label = 'coat' AND width >= 64".to_owned();
        // "found: EOF" without a place: at the end.
        let start = place.or_else(|| message.contains("EOF").then_some(predicate.len()));
        let message = message.replace("sql parser error: ", "");
        Self { predicate: predicate.to_owned(), span: start.map(|start| start..start), message, help: Some(help) }
    }

    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// Byte offset of a line and column, both counted in characters from 1; `None` for the parser's "nowhere" (line 0).
fn offset(text: &str, line: u64, column: u64) -> Option<usize> {
    let (line, column) = (usize::try_from(line).ok()?.checked_sub(1)?, usize::try_from(column).ok()?.checked_sub(1)?);
    let start: usize = text.split_inclusive('\n').take(line).map(str::len).sum();
    let rest = &text[start..];
    Some(start + rest.char_indices().nth(column).map_or(rest.len(), |(offset, _)| offset))
}

impl fmt::Display for PredicateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.message)?;
        if let Some(span) = &self.span {
            let character = self.predicate[..span.start].chars().count() + 1;
            write!(f, " (character {character} of \"{}\")", self.predicate)?;
        } else {
            write!(f, " (in \"{}\")", self.predicate)?;
        }
        match &self.help {
            Some(help) => write!(f, "; {help}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for PredicateError {}
