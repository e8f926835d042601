//! Errors as a person reads them: the script's line with the word underlined, what was expected, the way out.

use std::fmt;
use std::io::IsTerminal;

use foretask_experiment::{ErrorKind, shown};
use foretask_script::{Error, ScriptError};
use miette::{Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, Severity, SourceCode};

use crate::excerpt::Excerpt;

/// Where an error is shown.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Style {
    color: bool,
    width: usize,
}

impl Style {
    /// As fits standard error: colored on a terminal unless `NO_COLOR` is set.
    pub(crate) fn of_stderr() -> Self {
        let terminal = std::io::stderr().is_terminal();
        Self { color: terminal && std::env::var_os("NO_COLOR").is_none(), width: 110 }
    }

    /// For whoever keeps the text: as wide as on a terminal, without colors.
    pub(crate) const PAGE: Self = Self { color: false, width: 110 };

    /// The same on every machine: lines break nowhere, since temporary paths differ in length.
    #[cfg(test)]
    pub(crate) const PLAIN: Self = Self { color: false, width: 1000 };
}

/// The error as text.
pub(crate) fn error(error: &Error, style: Style) -> String {
    let theme = if style.color { GraphicalTheme::unicode() } else { GraphicalTheme::unicode_nocolor() };
    let handler = GraphicalReportHandler::new_themed(theme).with_width(style.width).with_context_lines(1);
    let report = match error {
        // Nothing in the script is wrong, so nothing of it is shown.
        Error::Script(error) if error.kind == ErrorKind::Interrupted => return format!("{}\n", shown(&error.message)),
        Error::Script(error) => Shown::of_script(error),
        Error::Plain(error) => Shown {
            kind: error.kind,
            message: brief(&error.message),
            help: error.help.as_deref().map(brief),
            source: None,
            labels: Vec::new(),
        },
        other => Shown {
            kind: other.kind(),
            message: brief(&other.to_string()),
            help: None,
            source: None,
            labels: Vec::new(),
        },
    };
    let mut text = String::new();
    match handler.render_report(&mut text, &report) {
        Ok(()) => text,
        Err(_) => format!("{}\n", report.message),
    }
}

/// What is wrong, and the way out: the words of the text, without its lines and places.
pub(crate) fn words(error: &Error) -> (String, Option<String>) {
    match error {
        Error::Script(error) => (brief(&error.message), Shown::of_script(error).help),
        Error::Plain(error) => (brief(&error.message), error.help.as_deref().map(brief)),
        other => (brief(&other.to_string()), None),
    }
}

/// Characters of a message; only one that quotes what somebody else wrote is longer.
const MOST: usize = 4_000;

/// A text as it can be shown, without the middle of one that is far too long.
pub(crate) fn brief(text: &str) -> String {
    let text = shown(text);
    let count = text.chars().count();
    if count <= MOST {
        return text.into_owned();
    }
    let start: String = text.chars().take(MOST / 2).collect();
    let end: String = text.chars().skip(count - MOST / 2).collect();
    format!("{start} […] {end}")
}

/// A script's text with marks of the same length where something would act on the terminal, so that places stay true.
fn in_place(text: &str) -> String {
    let mark = |c: char| match (shown(c.encode_utf8(&mut [0; 4])).len() == c.len_utf8(), c.len_utf8()) {
        // Of the line ends of Windows.
        _ if c == '\r' => ' ',
        (true, _) => c,
        (false, 1) => '?',
        (false, 2) => '¿',
        (false, _) => '\u{fffd}',
    };
    text.chars().map(mark).collect()
}

#[derive(Debug)]
struct Shown {
    kind: ErrorKind,
    message: String,
    help: Option<String>,
    source: Option<Excerpt>,
    labels: Vec<LabeledSpan>,
}

impl Shown {
    fn of_script(error: &ScriptError) -> Self {
        let mut told = vec![brief(&error.label)];
        let mut spans = vec![error.span.clone()];
        let mut help = error.help.as_deref().map(brief);
        for frame in error.trace.iter().rev() {
            if frame.source.name == error.source_text.name {
                told.push(format!("in `{}`, called here", frame.name));
                spans.push(frame.span.clone());
            } else {
                let line = frame.source.line(frame.span.start);
                let text = format!("reached through `{}`, {}:{line}", frame.name, frame.source.name);
                help = Some(help.map_or_else(|| text.clone(), |help| format!("{help}\n{text}")));
            }
        }
        let (name, text) = (shown(&error.source_text.name).into_owned(), in_place(&error.source_text.text));
        let source = Excerpt::new(name, &text, &mut spans);
        let mut labels: Vec<LabeledSpan> =
            told.into_iter().zip(spans).map(|(told, span)| LabeledSpan::new_with_span(Some(told), span)).collect();
        if let Some(first) = labels.first_mut() {
            *first = LabeledSpan::new_primary_with_span(first.label().map(str::to_owned), *first.inner());
        }
        Self { kind: error.kind, message: brief(&error.message), help, source: Some(source), labels }
    }
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Shown {}

impl Diagnostic for Shown {
    fn severity(&self) -> Option<Severity> {
        Some(if self.kind == ErrorKind::Interrupted { Severity::Advice } else { Severity::Error })
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.help.as_ref().map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.source.as_ref().map(|source| source as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        Some(Box::new(self.labels.iter().cloned()))
    }
}
