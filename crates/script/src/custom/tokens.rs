//! Just enough of the script language's lexer to tell code from comments, spaces and texts.

use std::ops::Range;

/// A piece of code, by its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) bytes: Range<usize>,
    pub(super) kind: TokenKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TokenKind {
    /// A name, a keyword or a number.
    Word,
    /// A text or character in its quotes, with whatever is in it.
    Text,
    /// One of `( ) [ ] { } , ;`.
    Bracket,
    /// A run of other signs.
    Sign,
}

/// The tokens of `text` from byte `from` on; comments and spaces are left out.
pub(super) fn tokens(text: &str, from: usize) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut at = from;
    while let Some(c) = rest(text, at).chars().next() {
        let start = at;
        let kind = if let Some(end) = space_or_comment(text, at) {
            at = end;
            continue;
        } else if let Some(end) = literal(text, at) {
            at = end;
            TokenKind::Text
        } else if is_word(c) {
            at += rest(text, at).find(|c| !is_word(c)).unwrap_or(rest(text, at).len());
            TokenKind::Word
        } else if is_bracket(c) {
            at += 1;
            TokenKind::Bracket
        } else {
            at += c.len_utf8();
            while let Some(c) = rest(text, at).chars().next() {
                if is_word(c) || is_bracket(c) || space_or_comment(text, at).is_some() || literal(text, at).is_some() {
                    break;
                }
                at += c.len_utf8();
            }
            TokenKind::Sign
        };
        tokens.push(Token { bytes: start..at, kind });
    }
    tokens
}

fn rest(text: &str, at: usize) -> &str {
    text.get(at..).unwrap_or_default()
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

const fn is_bracket(c: char) -> bool {
    matches!(c, '(' | ')' | '[' | ']' | '{' | '}' | ',' | ';')
}

/// The end of the space or comment that begins at `at`.
fn space_or_comment(text: &str, at: usize) -> Option<usize> {
    let code = rest(text, at);
    if code.starts_with("//") {
        return Some(at + code.find('\n').unwrap_or(code.len()));
    }
    if code.starts_with("/*") {
        let (mut depth, mut end) = (0_usize, at);
        loop {
            let code = rest(text, end);
            if code.starts_with("/*") {
                depth += 1;
                end += 2;
            } else if code.starts_with("*/") {
                depth -= 1;
                end += 2;
                if depth == 0 {
                    return Some(end);
                }
            } else {
                match code.chars().next() {
                    Some(c) => end += c.len_utf8(),
                    None => return Some(end),
                }
            }
        }
    }
    let c = code.chars().next()?;
    c.is_whitespace().then(|| at + c.len_utf8())
}

/// The end of the text that begins at `at`.
fn literal(text: &str, at: usize) -> Option<usize> {
    let code = rest(text, at);
    match code.chars().next()? {
        quote @ ('"' | '\'') => {
            let mut escaped = false;
            for (offset, c) in code.char_indices().skip(1) {
                match c {
                    _ if escaped => escaped = false,
                    '\\' => escaped = true,
                    c if c == quote => return Some(at + offset + 1),
                    _ => {}
                }
            }
            Some(text.len())
        }
        '`' => Some(interpolated(text, at + 1)),
        '#' => {
            let hashes = code.len() - code.trim_start_matches('#').len();
            let body = code[hashes..].strip_prefix('"')?;
            let close = format!("\"{}", "#".repeat(hashes));
            Some(body.find(&close).map_or(text.len(), |end| at + hashes + 1 + end + close.len()))
        }
        _ => None,
    }
}

/// The end of a text in backquotes, which may hold code as `${ … }`, which may hold texts.
fn interpolated(text: &str, from: usize) -> usize {
    let mut at = from;
    loop {
        let code = rest(text, at);
        if code.starts_with("``") {
            at += 2;
        } else if code.starts_with('`') {
            return at + 1;
        } else if code.starts_with("${") {
            at = block(text, at + 2);
        } else {
            match code.chars().next() {
                Some(c) => at += c.len_utf8(),
                None => return at,
            }
        }
    }
}

/// The end of code up to the brace that closes it.
fn block(text: &str, from: usize) -> usize {
    let (mut depth, mut at) = (1_usize, from);
    loop {
        if let Some(end) = space_or_comment(text, at).or_else(|| literal(text, at)) {
            at = end;
            continue;
        }
        match rest(text, at).chars().next() {
            Some('{') => depth += 1,
            Some('}') => depth -= 1,
            Some(_) => {}
            None => return at,
        }
        at += rest(text, at).chars().next().map_or(0, char::len_utf8);
        if depth == 0 {
            return at;
        }
    }
}

/// Whether `text` goes on: a bracket, a text in backquotes or a comment is open at its end. What is closed twice, or a text
/// in quotes that its line does not end, is a mistake and no reason to wait for more.
pub fn is_open(text: &str) -> bool {
    let (mut depth, mut end) = (0_i64, 0);
    for token in tokens(text, 0) {
        end = token.bytes.end;
        let code = &text[token.bytes.clone()];
        match (token.kind, code.chars().next()) {
            (TokenKind::Bracket, Some('(' | '[' | '{')) => depth += 1,
            (TokenKind::Bracket, Some(')' | ']' | '}')) => depth -= 1,
            (TokenKind::Text, Some('"' | '\'')) => {
                let ended = code.len() > 1 && code.ends_with(['"', '\'']);
                if !ended || code.replace("\\\n", "").contains('\n') {
                    return false;
                }
            }
            (TokenKind::Text, Some('`')) if end == text.len() && (code.len() == 1 || !code.ends_with('`')) => {
                return true;
            }
            (TokenKind::Text, Some('#')) if end == text.len() && !code.ends_with(['"', '#']) => return true,
            _ => {}
        }
    }
    // Behind the last token there are only spaces and comments.
    let comments = rest(text, end);
    let last = comments.rfind("/*").filter(|&at| !comments[..at].rsplit('\n').next().unwrap_or("").contains("//"));
    depth > 0 || last.is_some_and(|at| !comments[at..].contains("*/"))
}

/// The tokens of the function whose parameters begin at byte `from` (`|a, b| …` or `(a, b) { … }`), to its end.
pub(super) fn function(text: &str, from: usize) -> Vec<Token> {
    let all = tokens(text, from);
    let is = |token: &Token, word: &str| &text[token.bytes.clone()] == word;
    let closure = all.first().is_some_and(|token| text[token.bytes.clone()].starts_with('|'));
    let parameters = match all.first() {
        Some(first) if is(first, "||") => 1,
        _ if closure => {
            all.iter().skip(1).position(|token| text[token.bytes.clone()].starts_with('|')).map_or(1, |at| at + 2)
        }
        _ => all.iter().position(|token| is(token, ")")).map_or(1, |at| at + 1),
    };
    let braced = all.get(parameters).is_some_and(|token| is(token, "{"));
    let mut depth = 0_i32;
    for (at, token) in all.iter().enumerate().skip(parameters) {
        if token.kind != TokenKind::Bracket {
            continue;
        }
        match &text[token.bytes.clone()] {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => depth -= 1,
            // A comma or semicolon ends a body without braces.
            _ if depth == 0 => return all[..at].to_vec(),
            _ => {}
        }
        if braced && depth == 0 {
            return all[..=at].to_vec();
        }
        if depth < 0 {
            return all[..at].to_vec();
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Vec<&str> {
        tokens(text, 0).into_iter().map(|token| &text[token.bytes]).collect()
    }

    #[test]
    fn comments_and_spaces_are_no_tokens() {
        assert_eq!(shown("a /* b /* c */ d */ + // e\n  f(0.5)"), ["a", "+", "f", "(", "0", ".", "5", ")"]);
        assert_eq!(shown("x - -y"), ["x", "-", "-", "y"]);
    }

    #[test]
    fn texts_are_one_token_whatever_is_in_them() {
        assert_eq!(shown(r#"f("a // \" b", 'c')"#), ["f", "(", r#""a // \" b""#, ",", "'c'", ")"]);
        assert_eq!(shown("`a ${ f(\"}\") + `x` } b` c"), ["`a ${ f(\"}\") + `x` } b`", "c"]);
        assert_eq!(shown("#\"a \" b\"# d #{ }"), ["#\"a \" b\"#", "d", "#", "{", "}"]);
    }

    #[test]
    fn what_is_open_goes_on() {
        for text in
            ["f(1,", "let a = #{\n  b: [1,\n", "`a ${ f(", "`a\n", "x /* y\n", "if a {\n f(\"}\");", "/* ( */ f("]
        {
            assert!(is_open(text), "{text}");
        }
        for text in [
            "",
            "f(1)",
            "f(1))",
            "print(\"a)",
            "f('a",
            "`(`",
            "x // (",
            "x // /*",
            "x /* ( */",
            "\"(\"",
            "f(\"a\n",
            "let a =",
        ] {
            assert!(!is_open(text), "{text}");
        }
    }

    #[test]
    fn a_function_ends_where_it_ends() {
        let ends = |text: &str| {
            let tokens = function(text, 0);
            text[..tokens.last().unwrap().bytes.end].to_owned()
        };
        assert_eq!(ends("|a, b| { a; b }; c"), "|a, b| { a; b }");
        assert_eq!(ends("|a, b| #{ x: a, y: [b] }, #{ classes: 2 })"), "|a, b| #{ x: a, y: [b] }");
        assert_eq!(ends("|a| a.f(1, 2); b"), "|a| a.f(1, 2)");
        assert_eq!(ends("|| 3)"), "|| 3");
        assert_eq!(ends("(a, b) { if a { b } else { 3 } } fn c() {}"), "(a, b) { if a { b } else { 3 } }");
    }
}
