//! The reference of the script language, made from the table of words.

use std::fmt::Write as _;

use crate::custom;
use crate::errors::Error;
use crate::values::PROPERTIES;
use crate::words::{self, Theme, Word};

const WIDTH: usize = 100;

/// One line per word, theme by theme.
pub fn overview() -> String {
    let width = words::names().map(str::len).max().unwrap_or(0) + 3;
    let mut text = String::new();
    for theme in themes() {
        let _ = writeln!(text, "{}", theme.title());
        for word in words::all().filter(|word| word.theme == theme) {
            let name = if word.is_method() { format!(".{}", word.name) } else { word.name.to_owned() };
            let _ = writeln!(text, "  {name:<width$}{}", word.summary);
        }
        text.push('\n');
    }
    text.push_str("`foretask words NAME` explains one word, with options and examples.\n");
    text
}

/// Everything about one word, or about the properties of one type.
///
/// # Errors
/// [`Error::Plain`] naming the nearest word when there is none of this name.
pub fn explain_word(name: &str) -> Result<String, Error> {
    let bare = name.trim_start_matches('.').trim_end_matches("()");
    if let Some(word) = words::find(bare) {
        return Ok(full(word));
    }
    if let Some(owner) = owners().find(|owner| owner.eq_ignore_ascii_case(bare)) {
        return Ok(type_page(owner));
    }
    if let Some(owner) = custom::owners().find(|owner| owner.eq_ignore_ascii_case(bare)) {
        return Ok(custom::page(owner));
    }
    let help = match words::nearest_word(bare) {
        Some(near) => format!("did you mean `foretask words {near}`?"),
        None => "`foretask words` lists every word".to_owned(),
    };
    Err(Error::input(format!("there is no word `{bare}`"), help))
}

/// The whole reference as Markdown.
pub fn markdown() -> String {
    let mut text = String::from("# Words of the script language\n\nMade by `foretask words --markdown`.\n");
    for theme in themes() {
        let _ = write!(text, "\n## {}\n", theme.title());
        for word in words::all().filter(|word| word.theme == theme) {
            let _ = write!(text, "\n### {}\n\n", word.name);
            let _ = write!(text, "```\n{}\n```\n\n{}.", word.signature_lines().join("\n"), word.summary);
            if !word.about.is_empty() {
                let _ = write!(text, " {}", word.about);
            }
            text.push('\n');
            for (title, body) in [("Use it when", word.use_when), ("Not when", word.not_when)] {
                if !body.is_empty() {
                    let _ = write!(text, "\n*{title}:* {body}.\n");
                }
            }
            let options = word.option_docs();
            if !options.is_empty() {
                text.push_str("\n| option | value | default | |\n|---|---|---|---|\n");
                for option in options {
                    let cell = |text: &str| text.replace('|', "\\|");
                    let (kind, default) = (cell(&option.kind), cell(&option.default));
                    let _ = writeln!(text, "| `{}` | {kind} | {default} | {} |", option.name, cell(&option.about));
                }
            }
            for example in word.examples {
                let _ = write!(text, "\n```rhai\n// {}\n{}\n```\n", example.about, example.script);
            }
        }
    }
    text.push_str(&custom::markdown());
    text.push_str("\n## Properties of values\n\n| value | property | |\n|---|---|---|\n");
    for (owner, name, about) in PROPERTIES {
        let _ = writeln!(text, "| {owner} | `.{name}` | {about} |");
    }
    text
}

fn themes() -> impl Iterator<Item = Theme> {
    let mut themes: Vec<Theme> = words::all().map(|word| word.theme).collect();
    themes.sort_unstable();
    themes.dedup();
    themes.into_iter()
}

fn owners() -> impl Iterator<Item = &'static str> {
    let mut owners: Vec<&str> = PROPERTIES.iter().map(|(owner, ..)| *owner).collect();
    owners.dedup();
    owners.into_iter()
}

fn full(word: &Word) -> String {
    let mut text = String::new();
    for line in word.signature_lines() {
        let _ = writeln!(text, "{line}");
    }
    let _ = writeln!(text, "\n{}.", word.summary);
    if !word.about.is_empty() {
        let _ = writeln!(text, "{}", wrapped(word.about, ""));
    }
    for (title, body) in [("Use it when", word.use_when), ("Not when", word.not_when)] {
        if !body.is_empty() {
            let _ = writeln!(text, "\n{}", wrapped(&format!("{title}: {body}."), "  "));
        }
    }
    let options = word.option_docs();
    if !options.is_empty() {
        text.push_str("\nOptions\n");
        let width = options.iter().map(|option| option.name.len()).max().unwrap_or(0) + 2;
        for option in options {
            let head = format!("  {:<width$}{} (default {})", option.name, option.kind, option.default);
            let _ = writeln!(text, "{head}");
            let indent = " ".repeat(width + 2);
            let _ = writeln!(text, "{indent}{}", wrapped(&option.about, &indent));
        }
    }
    let owner = word.signatures.first().map(|signature| signature.returns.short()).unwrap_or_default();
    let properties = properties(owner);
    if !properties.is_empty() {
        let _ = writeln!(text, "\nProperties of what comes out ({owner})");
        text.push_str(&properties);
    }
    text.push_str(if word.examples.len() == 1 { "\nExample\n" } else { "\nExamples\n" });
    for (index, example) in word.examples.iter().enumerate() {
        if index > 0 {
            text.push('\n');
        }
        let _ = writeln!(text, "  // {}", example.about);
        for line in example.script.lines() {
            let _ = writeln!(text, "  {line}");
        }
    }
    text
}

/// The properties of a type, a line each: nothing where it has none.
fn properties(owner: &str) -> String {
    let own = || PROPERTIES.iter().filter(|(kind, ..)| *kind == owner);
    let width = own().map(|(_, name, _)| name.len() + 2).max().unwrap_or_default().max(12);
    own().fold(String::new(), |text, (_, name, about)| format!("{text}  .{name:<width$}{about}\n"))
}

fn type_page(owner: &str) -> String {
    let mut text = format!("{owner}\n\nProperties\n{}\nWords\n", properties(owner));
    for word in words::all().filter(|word| word.method_of(owner)) {
        let _ = writeln!(text, "  .{:<12}{}", word.name, word.summary);
    }
    text
}

/// Breaks lines at spaces; every line but the first begins with `indent`.
fn wrapped(text: &str, indent: &str) -> String {
    let mut out = String::new();
    let mut column = indent.len();
    for word in text.split_whitespace() {
        let length = word.chars().count();
        if column > indent.len() && column + 1 + length > WIDTH {
            let _ = write!(out, "\n{indent}");
            column = indent.len();
        } else if column > indent.len() {
            out.push(' ');
            column += 1;
        }
        out.push_str(word);
        column += length;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_in_the_reference() {
        let (overview, markdown) = (overview(), markdown());
        for word in words::all() {
            assert!(overview.contains(word.summary), "{}", word.name);
            assert!(markdown.contains(&format!("### {}\n", word.name)), "{}", word.name);
            assert!(explain_word(word.name).unwrap().contains(word.summary));
        }
    }

    #[test]
    fn a_misspelt_word_names_the_nearest() {
        let Error::Plain(error) = explain_word("finetuen").unwrap_err() else { panic!("another error") };
        assert_eq!(error.help.as_deref(), Some("did you mean `foretask words finetune`?"));
    }

    #[test]
    fn long_lines_break() {
        let text = wrapped(&"word ".repeat(60), "    ");
        assert!(text.lines().count() > 2 && text.lines().all(|line| line.chars().count() <= WIDTH));
    }
}
