//! Colored half blocks: two pixels to a letter, real text beside them.

use std::fmt::Write as _;

use foretask_experiment::preview::{Picture, SheetCell, SheetRow};

use super::scale::{enlarged, pixel, shrunk};
use crate::lines::folded;

/// Between pictures.
const GAP: usize = 2;
/// Before each line.
const MARGIN: usize = 2;
/// A picture is no wider; more would fill the screen with one of them.
const WIDEST: usize = 32;
/// Nor narrower: words stand below it.
const NARROWEST: usize = 14;

/// Shows the rows of a sheet in so many columns.
pub(super) fn show(rows: &[SheetRow], columns: usize) -> String {
    let room = columns.saturating_sub(MARGIN).max(NARROWEST);
    let mut text = String::new();
    for row in rows {
        let beside = ((room + GAP) / (NARROWEST + GAP)).clamp(1, row.cells.len().max(1));
        let side = ((room + GAP) / beside - GAP).min(WIDEST);
        for cells in row.cells.chunks(beside) {
            band(cells, side, &mut text);
        }
        for line in folded(&plain(&row.notes.join("; ")), room) {
            let _ = writeln!(text, "{:MARGIN$}\x1b[2m{line}\x1b[0m", "");
        }
        text.push('\n');
    }
    text
}

/// Pictures side by side, their words below.
fn band(cells: &[SheetCell], side: usize, text: &mut String) {
    let pictures: Vec<Picture> = cells.iter().map(|cell| fitted(&cell.picture, side)).collect();
    let lines = pictures.iter().map(|picture| picture.height.div_ceil(2)).max().unwrap_or(0);
    for line in 0..lines {
        let _ = write!(text, "{:MARGIN$}", "");
        for (index, picture) in pictures.iter().enumerate() {
            let width = if line * 2 < picture.height { picture.width } else { 0 };
            half_blocks(picture, line, width, text);
            if index + 1 < pictures.len() {
                text.extend(std::iter::repeat_n(' ', side - width + GAP));
            }
        }
        text.push('\n');
    }
    let words: Vec<Vec<String>> = cells.iter().map(|cell| folded(&plain(&cell.words), side)).collect();
    for line in 0..words.iter().map(Vec::len).max().unwrap_or(0) {
        let mut shown = " ".repeat(MARGIN);
        for words in &words {
            let _ = write!(shown, "{:<width$}", words.get(line).map_or("", String::as_str), width = side + GAP);
        }
        text.push_str(shown.trim_end());
        text.push('\n');
    }
}

/// One line of letters: the upper pixel is the letter's color, the lower its background.
fn half_blocks(picture: &Picture, line: usize, width: usize, text: &mut String) {
    let mut last = None;
    for x in 0..width {
        let upper = pixel(picture, x, line * 2);
        let lower = (line * 2 + 1 < picture.height).then(|| pixel(picture, x, line * 2 + 1));
        if last != Some((upper, lower)) {
            let [red, green, blue] = upper;
            let _ = write!(text, "\x1b[38;2;{red};{green};{blue}");
            match lower {
                Some([red, green, blue]) => {
                    let _ = write!(text, ";48;2;{red};{green};{blue}m");
                }
                None => text.push_str(";49m"),
            }
            last = Some((upper, lower));
        }
        text.push('▀');
    }
    if width > 0 {
        text.push_str("\x1b[0m");
    }
}

/// Without control characters, so that no text drives the terminal.
fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// The picture in a square of `side`: small ones enlarged by whole pixels, large ones shrunk.
fn fitted(picture: &Picture, side: usize) -> Picture {
    let long = picture.width.max(picture.height).max(1);
    if long <= side { enlarged(picture, side / long) } else { shrunk(picture, picture.width * side / long) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(width: usize, height: usize, words: &str) -> SheetCell {
        let data = (0..width * height).flat_map(|at| [at as u8, 0, 255]).collect();
        SheetCell { picture: Picture { width, height, data }, words: words.into() }
    }

    /// The text without colors.
    fn letters(text: &str) -> String {
        let mut parts = text.split("\x1b[");
        let first = parts.next().unwrap().to_owned();
        parts.fold(first, |all, part| all + part.split_once('m').unwrap().1)
    }

    #[test]
    fn two_pixels_are_one_letter() {
        let mut text = String::new();
        band(&[cell(2, 3, "x")], 3, &mut text);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "  \x1b[38;2;0;0;255;48;2;2;0;255m▀\x1b[38;2;1;0;255;48;2;3;0;255m▀\x1b[0m");
        assert_eq!(lines[1], "  \x1b[38;2;4;0;255;49m▀\x1b[38;2;5;0;255;49m▀\x1b[0m");
        assert_eq!(lines[2], "  x");
    }

    #[test]
    fn nothing_is_wider_than_the_terminal() {
        let cells = vec![
            cell(28, 28, "original"),
            cell(28, 28, "upside down"),
            cell(96, 60, "a rather long label of this one"),
        ];
        let row = SheetRow { cells, notes: vec!["turned by 180 degrees".into(), "the \x1b[2J rest ".repeat(9)] };
        for columns in [20, 40, 80, 200] {
            let shown = letters(&show(std::slice::from_ref(&row), columns));
            let widest = shown.lines().map(|line| line.chars().count()).max().unwrap();
            assert!(widest <= columns.max(34), "{columns}: {widest}\n{shown}");
            assert!(shown.contains("upside down") && shown.contains("turned by"), "{shown}");
            assert!(!shown.contains('\x1b'), "control characters reach the terminal");
        }
        // Side by side at 80: three pictures of 24 columns.
        let shown = letters(&show(&[row], 80));
        assert!(
            shown.contains("  original                  upside down               a rather long label of\n"),
            "{shown}"
        );
    }
}
