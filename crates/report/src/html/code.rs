//! The script with its comments, strings, numbers and keywords marked.

use crate::plot::escape;

const KEYWORDS: [&str; 20] = [
    "let", "const", "fn", "if", "else", "switch", "for", "in", "while", "loop", "do", "until", "break", "continue",
    "return", "throw", "true", "false", "import", "private",
];

/// Each line as HTML; marks never span lines.
pub(super) fn lines(text: &str) -> Vec<String> {
    let mut html = String::with_capacity(text.len() * 2);
    let mut rest = text.strip_suffix('\n').unwrap_or(text);
    while let Some(first) = rest.chars().next() {
        let (class, length) = token(rest, first);
        let (token, after) = rest.split_at(length);
        match class {
            None => html.push_str(&escape(token)),
            Some(class) => {
                let mark = |line: &str| format!(r#"<span class="{class}">{}</span>"#, escape(line));
                html.push_str(&token.split('\n').map(mark).collect::<Vec<_>>().join("\n"));
            }
        }
        rest = after;
    }
    html.split('\n').map(|line| line.trim_end_matches('\r').to_owned()).collect()
}

/// The class and the length in bytes of the token at the start, at least one character.
fn token(rest: &str, first: char) -> (Option<&'static str>, usize) {
    let to_end_of =
        |pattern: &str, from: usize| rest[from..].find(pattern).map_or(rest.len(), |at| from + at + pattern.len());
    match first {
        '/' if rest.starts_with("//") => (Some("c"), rest.find('\n').unwrap_or(rest.len())),
        '/' if rest.starts_with("/*") => (Some("c"), to_end_of("*/", 2)),
        '`' => (Some("s"), to_end_of("`", 1)),
        '"' => (Some("s"), string(rest)),
        '0'..='9' => {
            let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '.')).unwrap_or(rest.len());
            (Some("n"), end)
        }
        _ if first.is_alphabetic() || first == '_' => {
            let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len());
            (KEYWORDS.contains(&&rest[..end]).then_some("k"), end)
        }
        _ => (None, first.len_utf8()),
    }
}

/// Length of the quoted string at the start; it ends with its quote, its line, or the text.
fn string(rest: &str) -> usize {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            '\n' => return at,
            '"' if !escaped => return at + 1,
            _ => escaped = c == '\\' && !escaped,
        }
    }
    rest.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_marked_line_by_line() {
        assert_eq!(
            lines("let n = 10; // <ten>\n/* a\nb */ f(\"x \\\" // y\")\n"),
            [
                r#"<span class="k">let</span> n = <span class="n">10</span>; <span class="c">// &lt;ten&gt;</span>"#,
                r#"<span class="c">/* a</span>"#,
                r#"<span class="c">b */</span> f(<span class="s">&quot;x \&quot; // y&quot;</span>)"#,
            ]
        );
    }

    #[test]
    fn broken_scripts_are_shown_too() {
        for text in ["", "\"open", "/* open", "`open", "\"\\", "é∑ = 1", "<script>alert(1)</script>", "a\r\nb"] {
            let html = lines(text);
            assert_eq!(html.len(), text.split('\n').count());
            assert!(!html.concat().contains("<script"), "{html:?}");
        }
    }
}
