//! Where things stand on a contact sheet: a row an image, a column each for the original, the inputs (tiles of a grid
//! share one), the target where it is a picture, how much its places count, and the model's answer where there is one.

use std::borrow::Cow;

use super::picture::{Color, Picture};
use super::text::{line_height, wrap};
use crate::example::{Example, ExampleTarget};
use crate::pixels::{Planes, Shape};

pub(super) const PAPER: Color = [255, 255, 255];
pub(super) const INK: Color = [34, 34, 34];
pub(super) const FAINT: Color = [120, 120, 120];
pub(super) const FRAME: Color = [235, 235, 238];
const RIGHT: Color = [20, 120, 50];
const WRONG: Color = [180, 40, 30];

/// How a contact sheet is drawn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SheetStyle {
    /// Above the sheet; empty for none.
    pub title: String,
    /// Side of the square each image is drawn in, in pixels, at least 32.
    pub cell: usize,
    /// Size of the letters in pixels, at least 6.
    pub letters: usize,
    /// Whether the random choices are written below each row.
    pub notes: bool,
}

impl Default for SheetStyle {
    fn default() -> Self {
        Self { title: String::new(), cell: 112, letters: 11, notes: true }
    }
}

impl SheetStyle {
    /// Pixels from one line of text to the next.
    pub fn line_height(&self) -> usize {
        line_height(self.letters.max(6))
    }
}

/// Between pictures, and around them.
pub(super) const GAP: usize = 8;
/// Between a picture and the words below it.
pub(super) const BELOW: usize = 2;

struct Cell<'a> {
    head: String,
    image: Option<Cow<'a, Planes>>,
    /// Below the image, each in its color.
    lines: Vec<(String, Color)>,
}

/// Draws `examples`, which come from one task, one below the other.
pub fn contact_sheet(examples: &[Example], style: &SheetStyle) -> Picture {
    let size = style.letters.max(6);
    let mut rows: Vec<Vec<Cell<'_>>> = examples.iter().map(cells).collect();
    let cell = fitting(&rows, style.cell.max(32));
    let (gap, line) = (GAP, line_height(size));
    for shown in rows.iter_mut().flatten() {
        let broken = |(text, color): &(String, Color)| -> Vec<(String, Color)> {
            wrap(text, size, cell).into_iter().map(|text| (text, *color)).collect()
        };
        shown.lines = shown.lines.iter().flat_map(broken).collect();
    }
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = (gap + columns * (cell + gap)).max(gap * 2 + cell);
    let notes: Vec<Vec<String>> = examples
        .iter()
        .map(|example| {
            let notes = example.notes.iter().filter(|_| style.notes);
            notes.flat_map(|note| wrap(note, size, width - 2 * gap)).collect()
        })
        .collect();
    let title = if style.title.is_empty() { Vec::new() } else { wrap(&style.title, size, width - 2 * gap) };

    let lines = |row: &[Cell<'_>]| row.iter().map(|cell| cell.lines.len()).max().unwrap_or(0);
    let heights: Vec<usize> = rows
        .iter()
        .zip(&notes)
        .map(|(row, notes)| line + cell + BELOW + (lines(row) + notes.len()) * line + 2 * gap)
        .collect();
    let below_title = if title.is_empty() { 0 } else { gap };
    let height = gap + title.len() * line + below_title + heights.iter().sum::<usize>();

    let mut sheet = Picture::new(width, height, PAPER);
    let mut y = gap;
    for text in &title {
        sheet.write(text, (gap, y), size, INK);
        y += line;
    }
    y += below_title;
    for ((row, notes), row_height) in rows.iter().zip(&notes).zip(&heights) {
        for (column, shown) in row.iter().enumerate() {
            let x = gap + column * (cell + gap);
            sheet.write(&shown.head, (x, y), size, FAINT);
            if let Some(image) = &shown.image {
                sheet.fill((x, y + line), (cell, cell), FRAME);
                sheet.place(image, (x, y + line), cell);
            }
            for (i, (text, color)) in shown.lines.iter().enumerate() {
                sheet.write(text, (x, y + line + cell + BELOW + i * line), size, *color);
            }
        }
        let below = y + line + cell + BELOW + lines(row) * line;
        for (i, note) in notes.iter().enumerate() {
            sheet.write(note, (gap, below + i * line), size, FAINT);
        }
        y += row_height;
    }
    sheet
}

/// A side of at most `cell` that the largest image fills when it is enlarged by a whole factor.
fn fitting(rows: &[Vec<Cell<'_>>], cell: usize) -> usize {
    let side = |planes: &Planes| planes.shape.height.max(planes.shape.width);
    let shown = rows.iter().flatten().filter_map(|cell| cell.image.as_deref());
    match shown.map(side).max() {
        Some(side @ 1..) if side <= cell => (cell / side) * side,
        _ => cell,
    }
}

fn cells(example: &Example) -> Vec<Cell<'_>> {
    let plain = |head: &str, image| Cell { head: head.to_owned(), image: Some(image), lines: Vec::new() };
    let mut cells = vec![plain("original", Cow::Borrowed(&example.original))];
    let tiled = example.tiled.filter(|tiled| tiled.first + tiled.count <= example.inputs.len() && tiled.columns > 0);
    for (i, input) in example.inputs.iter().enumerate() {
        let (head, image) = match tiled {
            Some(tiled) if i == tiled.first => {
                ("tiles".to_owned(), Cow::Owned(mosaic(&example.inputs[i..i + tiled.count], tiled.columns)))
            }
            Some(tiled) if (tiled.first..tiled.first + tiled.count).contains(&i) => continue,
            _ => (head(example, i), Cow::Borrowed(input)),
        };
        cells.push(Cell { head, image: Some(image), lines: lines(example, i) });
    }
    if let ExampleTarget::Image(target) = &example.target {
        cells.push(plain("target", Cow::Borrowed(target)));
    }
    if let Some(weights) = &example.weights {
        cells.push(plain("counts", Cow::Borrowed(weights)));
    }
    if let Some(ExampleTarget::Image(answer)) = &example.answer {
        cells.push(plain("model", Cow::Borrowed(answer)));
    }
    cells
}

fn head(example: &Example, i: usize) -> String {
    match (&example.target, example.inputs.len()) {
        (ExampleTarget::Views, _) if example.tiled.is_none() => format!("view {}", i + 1),
        (ExampleTarget::Views, _) => "whole".to_owned(),
        (_, 1) => "input".to_owned(),
        _ => format!("input {}", i + 1),
    }
}

/// What is said below an input.
fn lines(example: &Example, i: usize) -> Vec<(String, Color)> {
    let text = |target: &ExampleTarget| match target {
        ExampleTarget::Classes(classes) => classes.get(i).cloned(),
        ExampleTarget::Vector(values) if i == 0 => Some(numbers(values)),
        _ => None,
    };
    let mut lines = Vec::new();
    let target = text(&example.target);
    if let Some(target) = &target {
        lines.push((format!("label: {target}"), INK));
    }
    if let Some(answer) = example.answer.as_ref().and_then(text) {
        let color = match &example.target {
            ExampleTarget::Classes(_) if target.as_ref() == Some(&answer) => RIGHT,
            ExampleTarget::Classes(_) => WRONG,
            _ => INK,
        };
        lines.push((format!("model: {answer}"), color));
    }
    lines
}

/// The first numbers of a target.
fn numbers(values: &[f32]) -> String {
    const SHOWN: usize = 8;
    let first: Vec<_> = values.iter().take(SHOWN).map(|value| format!("{value:.2}")).collect();
    let rest = if values.len() > SHOWN { " ..." } else { "" };
    format!("{}{rest}", first.join(" "))
}

/// Tiles side by side in rows of so many, with white lines between them.
fn mosaic(tiles: &[Planes], columns: usize) -> Planes {
    let Some(Shape { channels, height, width }) = tiles.first().map(|tile| tile.shape) else {
        return Planes::black(Shape::new(1, 0, 0));
    };
    let line = (width / 12).max(1);
    let rows = tiles.len().div_ceil(columns);
    let mut whole = Planes::black(Shape::new(channels, rows * (height + line) - line, columns * (width + line) - line));
    whole.data.fill(1.0);
    for (i, tile) in tiles.iter().enumerate().filter(|(_, tile)| tile.shape == Shape::new(channels, height, width)) {
        let (left, top) = (i % columns * (width + line), i / columns * (height + line));
        for (row, values) in tile.data.chunks_exact(width.max(1)).enumerate() {
            let (channel, y) = (row / height, top + row % height);
            whole.data[(channel * whole.shape.height + y) * whole.shape.width + left..][..width]
                .copy_from_slice(values);
        }
    }
    whole
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pixels::Shape;

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
