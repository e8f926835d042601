//! The error that ends the command as one object of JSON, for programs that call this one.

use foretask_experiment::ErrorKind;
use foretask_script::{Error, ScriptError};
use serde::Serialize;

use crate::render::{self, Style};

/// An error as data. What is not known is `null`.
#[derive(Debug, Serialize)]
pub(crate) struct ErrorData<'a> {
    /// What is wrong, in one sentence.
    message: String,
    /// The way out.
    help: Option<String>,
    /// `usage`: the input is wrong; `run`: it failed nevertheless; `interrupted`: the same command goes on.
    kind: &'static str,
    /// The exit code.
    code: u8,
    /// The file of the place, as the command line or an import names it.
    path: Option<&'a str>,
    /// Of the place, from 1.
    line: Option<usize>,
    /// Characters up to the place in its line, from 1.
    column: Option<usize>,
    /// The word at fault, as it stands there.
    word: Option<String>,
    /// All that a person is told.
    text: String,
}

impl<'a> ErrorData<'a> {
    /// The error that ends a verb; `to_go_on` is the command that does so after an interruption.
    pub(crate) fn of(error: &'a Error, to_go_on: Option<String>) -> Self {
        let (message, help) = render::words(error);
        let place = match error {
            Error::Script(error) if error.kind != ErrorKind::Interrupted => Some(Place::of(error)),
            _ => None,
        };
        let Place { path, line, column, word } = place.unwrap_or_default();
        Self {
            message,
            help: to_go_on.or(help),
            kind: match error.kind() {
                ErrorKind::Input => "usage",
                ErrorKind::Failed => "run",
                ErrorKind::Interrupted => "interrupted",
            },
            code: error.kind().exit_code(),
            path,
            line,
            column,
            word,
            text: render::error(error, Style::PAGE),
        }
    }

    /// A command line that is not understood, as clap says it.
    pub(crate) fn of_usage(told: &clap::Error) -> Self {
        let text = told.render().to_string();
        let (message, help) = text.trim_end().split_once("\n\n").unwrap_or((text.trim_end(), ""));
        let words: Vec<&str> = message.split_whitespace().collect();
        let message = words.join(" ");
        Self {
            message: message.strip_prefix("error: ").unwrap_or(&message).to_owned(),
            help: (!help.is_empty()).then(|| help.trim().to_owned()),
            kind: "usage",
            code: u8::try_from(told.exit_code()).unwrap_or(1),
            path: None,
            line: None,
            column: None,
            word: None,
            text,
        }
    }

    /// The object, on one line.
    pub(crate) fn line(&self) -> String {
        // Texts and numbers alone: there is nothing that JSON does not hold.
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// Where in a script.
#[derive(Default)]
struct Place<'a> {
    path: Option<&'a str>,
    line: Option<usize>,
    column: Option<usize>,
    word: Option<String>,
}

impl<'a> Place<'a> {
    fn of(error: &'a ScriptError) -> Self {
        let source = &error.source_text;
        // What is missing at the end is missed behind the last word, as the text has it.
        let (line, column) = source.line_and_column(error.span.start.min(source.text.trim_end().len()));
        let word = source.text.get(error.span.clone()).filter(|word| !word.is_empty());
        let word = word.map(render::brief);
        Self { path: Some(&source.name), line: Some(line), column: Some(column), word }
    }
}

#[cfg(test)]
mod tests {
    use foretask_experiment::Settings;
    use foretask_script::Source;
    use serde_json::{Value, json};

    use super::*;

    /// What is said of a script, as data and as text.
    fn said(text: &str) -> (Value, String) {
        let folder = tempfile::tempdir().unwrap();
        let settings = Settings::new(folder.path().join("runs"));
        let source = Source { name: "a.rhai".into(), text: text.to_owned() };
        let error = foretask_script::check(source, &settings).unwrap_err();
        let line = ErrorData::of(&error, None).line();
        assert_eq!(line.lines().count(), 1, "{line}");
        (serde_json::from_str(&line).unwrap(), render::error(&error, Style::PLAIN))
    }

    #[test]
    fn a_mistake_in_a_script_has_the_place_that_the_text_names() {
        for (text, place, word) in [
            ("let x = 1;\nreportt(\"a\", #{});", (2, 1), json!("reportt")),
            ("let net = resnet10(#{\n    widht: 16,\n});\n", (2, 5), json!("widht")),
            ("let e = \"é\"; let b = daat;", (1, 22), json!("daat")),
            ("let a = 1;\nlet f = finetune(\n", (2, 18), Value::Null),
        ] {
            let (data, rendered) = said(text);
            assert_eq!((&data["line"], &data["column"]), (&json!(place.0), &json!(place.1)), "{data}");
            assert!(rendered.contains(&format!("[a.rhai:{}:{}]", place.0, place.1)), "{rendered}");
            assert!(rendered.contains(data["message"].as_str().unwrap()), "{rendered}{data}");
            assert_eq!((&data["word"], &data["path"]), (&word, &json!("a.rhai")), "{data}");
            assert_eq!((&data["kind"], &data["code"]), (&json!("usage"), &json!(2)));
            assert!(data["text"].as_str().unwrap().contains("  × "), "{data}");
        }
        let (data, _) = said("let x = 1;\nreportt(\"a\", #{});");
        assert_eq!(data["message"], "there is no word `reportt`");
        assert!(data["help"].as_str().unwrap().starts_with("did you mean `report`?"), "{data}");
    }

    #[test]
    fn an_error_without_a_place_has_none() {
        let data = |error: Error, to_go_on| serde_json::to_value(ErrorData::of(&error, to_go_on)).unwrap();
        let failed = data(Error::failed("the disk is full", "make room".to_owned()), None);
        let expected = json!({
            "message": "the disk is full", "help": "make room", "kind": "run", "code": 1,
            "path": null, "line": null, "column": null, "word": null, "text": failed["text"],
        });
        assert_eq!(failed, expected);
        let stopped = foretask_experiment::Error::interrupted("saved in runs").into();
        let stopped = data(stopped, Some("To go on: foretask run a.rhai".into()));
        assert_eq!((&stopped["kind"], &stopped["code"]), (&json!("interrupted"), &json!(130)));
        assert_eq!(stopped["help"], "To go on: foretask run a.rhai");
    }

    #[test]
    fn a_command_line_that_is_not_understood_is_an_error_too() {
        use clap::Parser as _;

        let told = crate::args::Arguments::try_parse_from(["foretask", "run", "--sett", "a=1"]).unwrap_err();
        let data = serde_json::to_value(ErrorData::of_usage(&told)).unwrap();
        let message = data["message"].as_str().unwrap();
        assert!(message.starts_with("unexpected argument '--sett'"), "{data}");
        assert!(data["help"].as_str().unwrap().contains("Usage: foretask run"), "{data}");
        assert_eq!((&data["kind"], &data["code"]), (&json!("usage"), &json!(2)));
    }
}
