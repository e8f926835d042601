//! Texts of scripts, and the way from Rhai's line and column to bytes.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, Mutex};

use foretask_experiment::RunSource;
use rhai::{AST, Position};

/// A script's text with the name it is shown by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Path as the user gave it, or a made-up name such as `example`.
    pub name: String,
    /// The whole text.
    pub text: String,
}

impl Source {
    /// As a run remembers it.
    pub(crate) fn of_run(&self) -> RunSource {
        RunSource { name: self.name.clone(), script: Some(self.text.clone()) }
    }

    /// The byte at Rhai's position (lines and characters from 1). Past the end: the last line's end.
    pub(crate) fn offset(&self, position: Position) -> usize {
        let (Some(line), column) = (position.line(), position.position().unwrap_or(1)) else {
            return self.text.trim_end().len();
        };
        let start = self.text.split_inclusive('\n').take(line - 1).map(str::len).sum::<usize>();
        let rest = self.text.get(start..).unwrap_or_default();
        let line_text = rest.split('\n').next().unwrap_or_default();
        start + line_text.char_indices().nth(column.max(1) - 1).map_or(line_text.len(), |(at, _)| at)
    }

    /// Line number from 1 of a byte.
    pub fn line(&self, offset: usize) -> usize {
        self.text.as_bytes().iter().take(offset).filter(|byte| **byte == b'\n').count() + 1
    }

    /// Line and column (in characters) of a byte, from 1.
    pub fn line_and_column(&self, offset: usize) -> (usize, usize) {
        let before = self.text.get(..offset).unwrap_or(&self.text);
        let start = before.rfind('\n').map_or(0, |at| at + 1);
        (self.line(offset), before[start..].chars().count() + 1)
    }

    /// The word at a line and column; of a function without name its parameters.
    pub(crate) fn word_at(&self, line: usize, column: usize) -> Range<usize> {
        let at = |number: usize| u16::try_from(number.max(1)).unwrap_or(u16::MAX);
        let start = self.offset(Position::new(at(line), at(column)));
        let rest = self.text.get(start..).unwrap_or_default();
        match rest.strip_prefix('|').and_then(|rest| rest.find('|')) {
            Some(parameters) => start..start + parameters + 2,
            None => self.word(start),
        }
    }

    /// The identifier, number or text that starts at `start`; one character where none does.
    pub(crate) fn word(&self, start: usize) -> Range<usize> {
        let rest = self.text.get(start..).unwrap_or_default();
        if rest.starts_with(['"', '`']) {
            return self.expression(start);
        }
        let word = rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len());
        let one = rest.chars().next().map_or(0, char::len_utf8);
        start..start + word.max(one)
    }

    /// The whole argument or value that starts at `start`: up to the comma, bracket or semicolon that ends it, at most
    /// to the end of its line.
    pub(crate) fn expression(&self, start: usize) -> Range<usize> {
        let rest = self.text.get(start..).unwrap_or_default();
        let mut depth = 0_i32;
        let mut quote: Option<char> = None;
        let mut escaped = false;
        let mut end = rest.len();
        for (at, c) in rest.char_indices() {
            if c == '\n' {
                end = at;
                break;
            }
            if let Some(open) = quote {
                if !escaped && c == open {
                    quote = None;
                }
                escaped = c == '\\' && !escaped;
                continue;
            }
            match c {
                '"' | '`' | '\'' => quote = Some(c),
                '/' if rest[at..].starts_with("//") => {
                    end = at;
                    break;
                }
                '(' | '[' | '{' => depth += 1,
                ')' | ']' | '}' => depth -= 1,
                _ => {}
            }
            if depth < 0 || (depth == 0 && matches!(c, ',' | ';')) {
                end = at;
                break;
            }
        }
        let length = rest[..end].trim_end().len().max(rest.chars().next().map_or(0, char::len_utf8));
        start..start + length
    }
}

/// The main script and what it imported, with their syntax trees once parsed.
#[derive(Debug, Default)]
pub(crate) struct Sources(Mutex<BTreeMap<String, Parsed>>);

/// A text and its tree, if it could be parsed.
type Parsed = (Arc<Source>, Option<Arc<AST>>);

impl Sources {
    pub(crate) fn put(&self, source: Arc<Source>, ast: Option<Arc<AST>>) {
        if let Ok(mut map) = self.0.lock() {
            map.insert(source.name.clone(), (source, ast));
        }
    }

    pub(crate) fn get(&self, name: &str) -> Option<Parsed> {
        self.0.lock().ok()?.get(name).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(text: &str) -> Source {
        Source { name: "t".into(), text: text.into() }
    }

    #[test]
    fn positions_count_characters_not_bytes() {
        let source = source("let é = 1;\nprint(naïve);");
        let at = source.offset(Position::new(2, 7));
        assert_eq!(&source.text[source.word(at)], "naïve");
        assert_eq!(source.line(at), 2);
        assert_eq!(source.line_and_column(at), (2, 7));
        assert_eq!(&source.text[source.word_at(2, 7)], "naïve");
    }

    #[test]
    fn an_argument_ends_at_its_comma() {
        let source = source("f(data.split(\"a,b\"), #{ x: [1, 2] }, 3) // c");
        assert_eq!(&source.text[source.expression(2)], "data.split(\"a,b\")");
        assert_eq!(&source.text[source.expression(21)], "#{ x: [1, 2] }");
    }
}
