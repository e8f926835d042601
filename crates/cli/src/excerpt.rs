//! The part of a script that an error shows. Lines that a program wrote may be megabytes long: of such a line only what stands
//! around the place is shown.

use std::ops::Range;

use miette::{MietteError, MietteSpanContents, SourceCode, SourceSpan, SpanContents};

/// Characters of a line that is shown whole.
const WHOLE: usize = 300;
/// Characters before the place in a longer one.
const BEFORE: usize = 60;
/// Characters from there on.
const AFTER: usize = 140;

/// A text whose long lines are cut, under the name of its file.
#[derive(Debug)]
pub(crate) struct Excerpt {
    name: String,
    text: String,
    /// Characters before the place in its line of the whole text.
    column: usize,
}

impl Excerpt {
    /// Cuts what is long in `text`, around the place `spans[0]`. `spans` are moved to where they now are; those that lie in what
    /// was cut come to its edge.
    pub(crate) fn new(name: String, text: &str, spans: &mut [Range<usize>]) -> Self {
        let place = spans.first().map_or(0, |span| span.start);
        let (mut short, mut column) = (String::with_capacity(text.len().min(1 << 16)), 0);
        let mut moved: Vec<Range<usize>> = spans.to_vec();
        let mut start = 0;
        for line in text.split_inclusive('\n') {
            let content = line.trim_end_matches('\n');
            let here = start..start + line.len();
            let inside = here.contains(&place) || (place == text.len() && here.end == place);
            // Of a line without the place its beginning, or the first other place in it.
            let about = spans.iter().map(|span| span.start).find(|at| here.contains(at));
            let about = if inside { place } else { about.unwrap_or(start) } - start;
            let (kept, cut) = window(content, about);
            if inside {
                column = content.get(..about).unwrap_or(content).chars().count();
            }
            short.push_str(if cut.0 { "…" } else { "" });
            let to = short.len();
            for (old, new) in spans.iter().zip(&mut moved) {
                let at = |byte: usize| to + byte.saturating_sub(start).clamp(kept.start, kept.end) - kept.start;
                if here.contains(&old.start) || (old.start == text.len() && here.end == old.start) {
                    new.start = at(old.start);
                    new.end = new.start;
                }
                if old.end > here.start && old.end <= here.end {
                    let ending = old.end > start + content.len();
                    new.end = at(old.end) + usize::from(ending && !cut.1);
                }
            }
            short.push_str(&content[kept]);
            short.push_str(if cut.1 { "…" } else { "" });
            short.push_str(&line[content.len()..]);
            start = here.end;
        }
        for (span, moved) in spans.iter_mut().zip(moved) {
            let end = moved.end.min(short.len());
            *span = moved.start.min(end)..end;
        }
        Self { name, text: short, column }
    }
}

/// What is shown of a line around a byte of it, and whether something is cut before and behind.
fn window(line: &str, about: usize) -> (Range<usize>, (bool, bool)) {
    if line.chars().nth(WHOLE).is_none() {
        return (0..line.len(), (false, false));
    }
    let about = line.floor_char_boundary(about.min(line.len()));
    let start = line[..about].char_indices().rev().nth(BEFORE - 1).map_or(0, |(at, _)| at);
    let end = line[about..].char_indices().nth(AFTER).map_or(line.len(), |(at, _)| about + at);
    (start..end, (start > 0, end < line.len()))
}

impl SourceCode for Excerpt {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        before: usize,
        after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let found = self.text.read_span(span, before, after)?;
        // Asked for nothing around it, the place is wanted: its column is that of the script.
        let column = if (before, after) == (0, 0) { self.column } else { found.column() };
        Ok(Box::new(MietteSpanContents::new_named(
            self.name.clone(),
            found.data(),
            *found.span(),
            found.line(),
            column,
            found.line_count(),
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(text: &str, words: &[&str]) -> (Excerpt, Vec<String>) {
        let mut spans: Vec<Range<usize>> =
            words.iter().map(|word| text.find(word).map(|at| at..at + word.len()).unwrap()).collect();
        let excerpt = Excerpt::new("t".into(), text, &mut spans);
        let shown = spans.into_iter().map(|span| excerpt.text[span].to_owned()).collect();
        (excerpt, shown)
    }

    #[test]
    fn short_lines_stay_as_they_are() {
        let text = "let a = 1;\nprint(naïve);\n\nlast";
        let (excerpt, shown) = cut(text, &["naïve", "last"]);
        assert_eq!((excerpt.text.as_str(), excerpt.column), (text, 6));
        assert_eq!(shown, ["naïve", "last"]);
        let mut end = text.len()..text.len();
        assert_eq!(Excerpt::new("t".into(), text, std::slice::from_mut(&mut end)).text, text);
        assert_eq!(end, text.len()..text.len());
    }

    #[test]
    fn long_lines_are_cut_around_the_place() {
        let long = "é + ".repeat(100_000);
        let text = format!("let a = 1;\nlet b = {long}wrong(1) + {long}1;\nlet c = {long}other;\n");
        let (excerpt, shown) = cut(&text, &["wrong", "other"]);
        assert!(excerpt.text.len() < 1000, "{}", excerpt.text);
        assert_eq!(shown, ["wrong", "other"]);
        assert_eq!(excerpt.text.lines().count(), 3);
        let at = excerpt.text.find("wrong").unwrap();
        let contents = excerpt.read_span(&(at, 5).into(), 0, 0).unwrap();
        assert_eq!((contents.line(), contents.column()), (1, 8 + 400_000));
        // A place as long as the line is underlined as far as it is shown.
        let text = format!("f(\"{long}\");");
        let mut span = 2..text.len() - 2;
        let excerpt = Excerpt::new("t".into(), &text, std::slice::from_mut(&mut span));
        assert!(excerpt.text.len() < 1000 && span.start == 2 && span.end > 100, "{span:?}");
        assert!(excerpt.text.is_char_boundary(span.end));
    }
}
