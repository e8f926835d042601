//! Where things stand on a contact sheet: a row an image, a column each for the original, the inputs, the target where it
//! is a picture, and the model's answer where there is one.

use super::picture::{Color, Picture, letters, line_height};
use crate::example::{Example, ExampleTarget};
use crate::pixels::Planes;

const PAPER: Color = [255, 255, 255];
const INK: Color = [34, 34, 34];
const FAINT: Color = [120, 120, 120];
const FRAME: Color = [235, 235, 238];
const RIGHT: Color = [20, 120, 50];
const WRONG: Color = [180, 40, 30];

/// How a contact sheet is drawn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SheetStyle {
    /// Above the sheet; empty for none. ASCII.
    pub title: String,
    /// Side of the square each image is drawn in, in pixels, at least 32.
    pub cell: usize,
    /// Pixels of the sheet to a pixel of a letter, at least 1.
    pub zoom: usize,
    /// Whether the random choices are written below each row.
    pub notes: bool,
}

impl Default for SheetStyle {
    fn default() -> Self {
        Self { title: String::new(), cell: 112, zoom: 1, notes: true }
    }
}

struct Cell<'a> {
    head: String,
    image: Option<&'a Planes>,
    /// Below the image, each in its color.
    lines: Vec<(String, Color)>,
}

/// Draws `examples`, which come from one task, one below the other.
pub fn contact_sheet(examples: &[Example], style: &SheetStyle) -> Picture {
    let zoom = style.zoom.max(1);
    let cell = fitting(examples, style.cell.max(32));
    let (gap, line) = (4 * zoom.max(2), line_height(zoom) + 2 * zoom);
    let rows: Vec<Vec<Cell<'_>>> = examples.iter().map(|example| cells(example, cell, zoom)).collect();
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = (gap + columns * (cell + gap)).max(gap * 2 + cell);
    let notes: Vec<Vec<String>> = examples
        .iter()
        .map(|example| {
            let notes = example.notes.iter().filter(|_| style.notes);
            notes.flat_map(|note| wrap(note, letters(width - 2 * gap, zoom))).collect()
        })
        .collect();
    let title = if style.title.is_empty() { Vec::new() } else { wrap(&style.title, letters(width - 2 * gap, zoom)) };

    let lines = |row: &[Cell<'_>]| row.iter().map(|cell| cell.lines.len()).max().unwrap_or(0);
    let heights: Vec<usize> = rows
        .iter()
        .zip(&notes)
        .map(|(row, notes)| line + cell + zoom * 2 + (lines(row) + notes.len()) * line + 2 * gap)
        .collect();
    let below_title = if title.is_empty() { 0 } else { gap };
    let height = gap + title.len() * line + below_title + heights.iter().sum::<usize>();

    let mut sheet = Picture::new(width, height, PAPER);
    let mut y = gap;
    for text in &title {
        sheet.write(text, (gap, y), zoom, INK);
        y += line;
    }
    y += below_title;
    for ((row, notes), row_height) in rows.iter().zip(&notes).zip(&heights) {
        for (column, shown) in row.iter().enumerate() {
            let x = gap + column * (cell + gap);
            sheet.write(&shown.head, (x, y), zoom, FAINT);
            if let Some(image) = shown.image {
                sheet.fill((x, y + line), (cell, cell), FRAME);
                sheet.place(image, (x, y + line), cell);
            }
            for (i, (text, color)) in shown.lines.iter().enumerate() {
                sheet.write(text, (x, y + line + cell + zoom * 2 + i * line), zoom, *color);
            }
        }
        let below = y + line + cell + zoom * 2 + lines(row) * line;
        for (i, note) in notes.iter().enumerate() {
            sheet.write(note, (gap, below + i * line), zoom, FAINT);
        }
        y += row_height;
    }
    sheet
}

/// A side of at most `cell` that the largest image fills when it is enlarged by a whole factor.
fn fitting(examples: &[Example], cell: usize) -> usize {
    let side = |planes: &Planes| planes.shape.height.max(planes.shape.width);
    let shown = examples.iter().flat_map(|example| example.inputs.iter().chain([&example.original]));
    match shown.map(side).max() {
        Some(side @ 1..) if side <= cell => (cell / side) * side,
        _ => cell,
    }
}

fn cells(example: &Example, cell: usize, zoom: usize) -> Vec<Cell<'_>> {
    let mut cells = vec![Cell { head: "original".to_owned(), image: Some(&example.original), lines: Vec::new() }];
    for (i, input) in example.inputs.iter().enumerate() {
        let head = match (&example.target, example.inputs.len()) {
            (ExampleTarget::Views, _) => format!("view {}", i + 1),
            (_, 1) => "input".to_owned(),
            _ => format!("input {}", i + 1),
        };
        let mut lines = Vec::new();
        let mut say = |text: &str, color| {
            lines.extend(wrap(text, letters(cell, zoom)).into_iter().map(|text| (text, color)));
        };
        let class = |target: &ExampleTarget| match target {
            ExampleTarget::Classes(classes) => classes.get(i).cloned(),
            ExampleTarget::Image(_) | ExampleTarget::Views => None,
        };
        let target = class(&example.target);
        if let Some(target) = &target {
            say(&format!("label: {target}"), INK);
        }
        if let Some(answer) = example.answer.as_ref().and_then(class) {
            let color = if target.as_ref() == Some(&answer) { RIGHT } else { WRONG };
            say(&format!("model: {answer}"), color);
        }
        cells.push(Cell { head, image: Some(input), lines });
    }
    let picture =
        |head: &str, target: &'_ ExampleTarget| matches!(target, ExampleTarget::Image(_)).then(|| head.to_owned());
    for (head, target) in [("target", Some(&example.target)), ("model", example.answer.as_ref())] {
        if let Some(target) = target
            && let (Some(head), ExampleTarget::Image(image)) = (picture(head, target), target)
        {
            cells.push(Cell { head, image: Some(image), lines: Vec::new() });
        }
    }
    cells
}

/// Breaks a text into lines of at most `letters` letters, between words where possible.
fn wrap(text: &str, letters: usize) -> Vec<String> {
    let letters = letters.max(1);
    let mut lines = vec![String::new()];
    let mut room = letters;
    for word in text.split_whitespace() {
        let mut word: Vec<char> = word.chars().collect();
        let fresh = room == letters;
        if !fresh && word.len() + 1 > room {
            lines.push(String::new());
            room = letters;
        }
        while word.len() > letters {
            let rest = word.split_off(letters);
            if let Some(line) = lines.last_mut() {
                line.extend(word);
            }
            lines.push(String::new());
            word = rest;
        }
        if let Some(line) = lines.last_mut() {
            if !line.is_empty() {
                line.push(' ');
            }
            line.extend(&word);
            room = letters - line.chars().count().min(letters);
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pixels::Shape;

    #[test]
    fn text_is_broken_between_words() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("abcdefghij kl", 4), ["abcd", "efgh", "ij", "kl"]);
        assert_eq!(wrap("", 5), [""]);
        assert!(wrap("moved 2 left, mirrored, brightness x1.20", 11).iter().all(|line| line.len() <= 11));
    }

    #[test]
    fn small_images_are_enlarged_by_whole_pixels_and_centered() {
        let mut planes = Planes::black(Shape::new(1, 2, 2));
        planes.data[3] = 1.0;
        let mut picture = Picture::new(8, 8, [9, 9, 9]);
        picture.place(&planes, (0, 0), 7);
        let at = |x: usize, y: usize| picture.data[(y * 8 + x) * 3];
        // Zoom 3, six pixels wide, placed at 0.
        assert_eq!((at(0, 0), at(3, 3), at(5, 5), at(6, 6), at(7, 7)), (0, 255, 255, 9, 9));
    }

    #[test]
    fn a_sheet_without_examples_is_still_a_picture() {
        let sheet = contact_sheet(&[], &SheetStyle { title: "nothing to see".to_owned(), ..SheetStyle::default() });
        assert!(sheet.to_png().unwrap().starts_with(b"\x89PNG"));
        assert_eq!(sheet.data.len(), sheet.width * sheet.height * 3);
    }
}
