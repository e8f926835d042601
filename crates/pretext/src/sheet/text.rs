//! Lines of text: which letter from which font, in which order and how wide, in any script.

use std::fmt::Write as _;

use rustybuzz::{Direction, UnicodeBuffer};
use unicode_bidi::BidiInfo;
use unicode_script::{Script, UnicodeScript as _};
use unicode_segmentation::UnicodeSegmentation as _;

use super::fonts::{face, font_of, is_hidden};

/// A glyph and where it stands: pixels from the left end of the line, and above the line that letters stand on.
pub(super) struct Glyph {
    pub(super) font: usize,
    pub(super) id: u16,
    pub(super) x: f32,
    pub(super) y: f32,
}

/// Pixels from one line of letters of this size to the next.
pub(super) const fn line_height(size: usize) -> usize {
    size + size.div_ceil(3)
}

/// The glyphs of a line and its width.
pub(super) fn shaped(text: &str, size: usize) -> (Vec<Glyph>, f32) {
    let text = visible(text);
    let bidi = BidiInfo::new(&text, None);
    let mut line = Vec::new();
    let mut x = 0.0;
    for paragraph in &bidi.paragraphs {
        let (levels, runs) = bidi.visual_runs(paragraph, paragraph.range.clone());
        for run in runs {
            let backwards = levels.get(run.start).is_some_and(unicode_bidi::Level::is_rtl);
            let mut pieces = pieces(&text[run]);
            if backwards {
                pieces.reverse();
            }
            for piece in pieces {
                x += shape(piece, backwards, size, x, &mut line);
            }
        }
    }
    (line, x)
}

/// The width of a line in pixels.
pub(super) fn width(text: &str, size: usize) -> f32 {
    shaped(text, size).1
}

/// What no font has, and what must not be seen in effect, as its code point: `[U+1F600]`.
fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for cluster in text.graphemes(true) {
        if font_of(cluster).is_some() && !cluster.chars().any(is_hidden) {
            shown.push_str(cluster);
            continue;
        }
        for letter in cluster.chars() {
            let known = !is_hidden(letter) && font_of(letter.encode_utf8(&mut [0; 4])).is_some();
            if known {
                shown.push(letter);
            } else {
                // Writing into a string cannot fail.
                let _ = write!(shown, "[U+{:04X}]", u32::from(letter));
            }
        }
    }
    shown
}

/// Parts of one font and one script.
fn pieces(text: &str) -> Vec<(&str, usize)> {
    let mut pieces: Vec<(std::ops::Range<usize>, usize, Script)> = Vec::new();
    for (at, cluster) in text.grapheme_indices(true) {
        let font = font_of(cluster).unwrap_or_default();
        let script = cluster.chars().next().map_or(Script::Common, |letter| letter.script());
        let shared = |script: Script| matches!(script, Script::Common | Script::Inherited);
        let end = at + cluster.len();
        match pieces.last_mut() {
            Some((range, own, of)) if *own == font && (*of == script || shared(*of) || shared(script)) => {
                range.end = end;
                if shared(*of) {
                    *of = script;
                }
            }
            _ => pieces.push((at..end, font, script)),
        }
    }
    pieces.into_iter().map(|(range, font, _)| (&text[range], font)).collect()
}

/// Adds the glyphs of a piece and its font that begins at `x`; gives its width.
fn shape((piece, font): (&str, usize), backwards: bool, size: usize, x: f32, line: &mut Vec<Glyph>) -> f32 {
    let Some(face) = face(font) else { return 0.0 };
    let scale = size as f32 / face.units_per_em() as f32;
    let mut buffer = UnicodeBuffer::new();
    buffer.push_str(piece);
    buffer.set_direction(if backwards { Direction::RightToLeft } else { Direction::LeftToRight });
    buffer.guess_segment_properties();
    let found = rustybuzz::shape(face, &[], buffer);
    let mut advance = 0.0;
    for (info, position) in found.glyph_infos().iter().zip(found.glyph_positions()) {
        line.push(Glyph {
            font,
            id: info.glyph_id as u16,
            x: x + advance + position.x_offset as f32 * scale,
            y: position.y_offset as f32 * scale,
        });
        advance += position.x_advance as f32 * scale;
    }
    advance
}

/// Breaks a text into lines of at most `room` pixels, between words where possible, never between a letter and its marks.
pub(super) fn wrap(text: &str, size: usize, room: usize) -> Vec<String> {
    let fits = |text: &str| width(text, size) <= room as f32;
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let Some(line) = lines.last_mut() else { break };
        let longer = if line.is_empty() { word.to_owned() } else { format!("{line} {word}") };
        if fits(&longer) {
            *line = longer;
            continue;
        }
        if fits(word) {
            lines.push(word.to_owned());
            continue;
        }
        if !line.is_empty() {
            lines.push(String::new());
        }
        for cluster in word.graphemes(true) {
            let Some(line) = lines.last_mut() else { break };
            let longer = format!("{line}{cluster}");
            if line.is_empty() || fits(&longer) {
                *line = longer;
            } else {
                lines.push(cluster.to_owned());
            }
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Glyphs from left to right.
    fn glyphs(text: &str) -> Vec<u16> {
        shaped(text, 12).0.iter().map(|glyph| glyph.id).collect()
    }

    #[test]
    fn text_is_broken_between_words() {
        let room = width("one two", 12).ceil() as usize;
        assert_eq!(wrap("one two three", 12, room), ["one two", "three"]);
        let narrow = width("abcd", 12).ceil() as usize;
        assert_eq!(wrap("abcdefgh kl", 12, narrow), ["abcd", "efgh", "kl"]);
        assert_eq!(wrap("", 12, 5), [""]);
        // Between letters where there are no words, and never before a mark.
        assert_eq!(wrap("猫と犬", 12, 24), ["猫と", "犬"]);
        assert!(wrap("e\u{301}e\u{301}e\u{301}", 12, 16).iter().all(|line| line.starts_with('e')));
        let lines = wrap("moved 2 left, mirrored, brightness x1.20", 11, 70);
        assert!(lines.len() > 2 && lines.iter().all(|line| width(line, 11) <= 70.0), "{lines:?}");
    }

    #[test]
    fn what_no_font_has_and_what_is_hidden_is_shown_by_its_number() {
        assert_eq!(visible("a😀b"), "a[U+1F600]b");
        assert_eq!(visible("evil\u{202e}gnp.exe\u{1b}[2J\n"), "evil[U+202E]gnp.exe[U+001B][2J[U+000A]");
        assert_eq!(visible("e\u{301} 猫"), "e\u{301} 猫");
    }

    #[test]
    fn scripts_are_shaped_and_ordered() {
        // Right to left: the first letter of the text stands last; a number in it keeps its order.
        let backwards: Vec<u16> = ["ם", "ו", "ל", "ש"].iter().flat_map(|letter| glyphs(letter)).collect();
        assert_eq!(glyphs("שלום"), backwards);
        assert_eq!(glyphs("12"), glyphs("ש 12")[..2]);
        // Joined letters are other glyphs than single ones; a vowel sign before its consonant.
        assert!(glyphs("قطة").iter().all(|glyph| !["ق", "ط"].iter().any(|letter| glyphs(letter) == [*glyph])));
        let (first, sign) = (glyphs("क")[0], glyphs("कि"));
        assert_eq!(sign.last(), Some(&first), "{sign:?}");
        // Marks take no room of their own.
        assert!((width("e\u{301}", 12) - width("é", 12)).abs() < 0.5);
    }
}
