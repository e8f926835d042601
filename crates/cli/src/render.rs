//! Errors as a person reads them: the script's line with the word underlined, what was expected, the way out.

use std::fmt;
use std::io::IsTerminal;

use foretask_experiment::{ErrorKind, shown};
use foretask_script::{Error, ScriptError};
use miette::{Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, NamedSource, Severity, SourceCode};

/// Where an error is shown.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Look {
    color: bool,
    width: usize,
}

impl Look {
    /// As fits standard error: colored on a terminal unless `NO_COLOR` is set.
    pub(crate) fn of_stderr() -> Self {
        let terminal = std::io::stderr().is_terminal();
        Self { color: terminal && std::env::var_os("NO_COLOR").is_none(), width: 110 }
    }

    /// The same on every machine: lines break nowhere, since temporary paths differ in length.
    #[cfg(test)]
    pub(crate) const PLAIN: Self = Self { color: false, width: 1000 };
}

/// The error as text.
pub(crate) fn error(error: &Error, look: Look) -> String {
    let theme = if look.color { GraphicalTheme::unicode() } else { GraphicalTheme::unicode_nocolor() };
    let handler = GraphicalReportHandler::new_themed(theme).with_width(look.width).with_context_lines(1);
    let report = match error {
        // Nothing in the script is wrong, so nothing of it is shown.
        Error::Script(error) if error.kind == ErrorKind::Interrupted => return format!("{}\n", shown(&error.message)),
        Error::Script(error) => Shown::of_script(error),
        Error::Plain(error) => Shown {
            kind: error.kind,
            message: shown(&error.message).into_owned(),
            help: error.help.as_deref().map(|help| shown(help).into_owned()),
            source: None,
            labels: Vec::new(),
        },
        other => Shown {
            kind: other.kind(),
            message: shown(&other.to_string()).into_owned(),
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
    source: Option<NamedSource<String>>,
    labels: Vec<LabeledSpan>,
}

impl Shown {
    fn of_script(error: &ScriptError) -> Self {
        let label = shown(&error.label).into_owned();
        let mut labels = vec![LabeledSpan::new_primary_with_span(Some(label), error.span.clone())];
        let mut help = error.help.as_deref().map(|help| shown(help).into_owned());
        for frame in error.trace.iter().rev() {
            if frame.source.name == error.source_text.name {
                labels.push(LabeledSpan::new_with_span(
                    Some(format!("in `{}`, called here", frame.name)),
                    frame.span.clone(),
                ));
            } else {
                let line = frame.source.line(frame.span.start);
                let text = format!("reached through `{}`, {}:{line}", frame.name, frame.source.name);
                help = Some(help.map_or_else(|| text.clone(), |help| format!("{help}\n{text}")));
            }
        }
        let source = NamedSource::new(shown(&error.source_text.name), in_place(&error.source_text.text));
        Self { kind: error.kind, message: shown(&error.message).into_owned(), help, source: Some(source), labels }
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
