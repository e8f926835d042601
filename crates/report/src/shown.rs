//! Texts of others as they are shown: names of files, labels, results.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Whether a character does something to the terminal or to the order of what stands around it instead of being seen.
fn acts(c: char) -> bool {
    match c {
        '\n' | '\t' => false,
        // Marks, embeddings, overrides and isolates of direction; separators that few programs count as line breaks.
        '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => true,
        c => c.is_control(),
    }
}

/// The text with such characters written out: the escape character as `\u{1b}`, the override of direction as `\u{202e}`.
/// Line breaks and tabs stay.
///
/// ```
/// assert_eq!(foretask_report::shown("cat\u{1b}[2J.png"), "cat\\u{1b}[2J.png");
/// ```
pub fn shown(text: &str) -> Cow<'_, str> {
    if !text.contains(acts) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if acts(c) {
            // Writing into a string cannot fail.
            let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
        } else {
            out.push(c);
        }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_acts_is_written_out_and_the_rest_stays() {
        assert_eq!(shown("a\u{1b}]0;title\u{7}b\u{9b}2J\u{7f}\r"), "a\\u{1b}]0;title\\u{7}b\\u{9b}2J\\u{7f}\\u{d}");
        assert_eq!(shown("gpj.\u{202e}exe\u{2066}"), "gpj.\\u{202e}exe\\u{2066}");
        for text in ["Käfer\n\tクワガタ", "👩‍🔬 می‌خواهم", "a\\u{1b}", ""] {
            assert!(matches!(shown(text), Cow::Borrowed(same) if same == text));
        }
    }
}
