//! Many images on one sheet, in rows, each with a few words below it.

use super::SheetStyle;
use super::layout::{BELOW, FAINT, FRAME, GAP, INK, PAPER};
use super::picture::Picture;
use super::text::{line_height, wrap};
use crate::pixels::Planes;

/// One image of a grid.
#[derive(Clone, Debug, PartialEq)]
pub struct GridCell {
    /// The image.
    pub image: Planes,
    /// In dark letters below it, such as a number.
    pub head: String,
    /// In faint letters below that, such as a file name.
    pub note: String,
}

/// Draws `cells` in rows of `columns`. Of [`SheetStyle`] the title, the size of a cell and of the letters count.
pub fn picture_grid(cells: &[GridCell], columns: usize, style: &SheetStyle) -> Picture {
    let size = style.letters.max(6);
    let largest =
        cells.iter().map(|cell| cell.image.shape.height.max(cell.image.shape.width)).max().unwrap_or(1).max(1);
    let cell = style.cell.max(32);
    // Small images are enlarged by whole pixels; the cell fits them.
    let cell = if largest <= cell { cell / largest * largest } else { cell };
    let (gap, line) = (GAP, line_height(size));
    let columns = columns.clamp(1, cells.len().max(1));
    let width = gap + columns * (cell + gap);
    let title = if style.title.is_empty() { Vec::new() } else { wrap(&style.title, size, width - 2 * gap) };
    let words: Vec<Vec<String>> = cells
        .iter()
        .map(|shown| {
            let broken = |text: &str| if text.is_empty() { Vec::new() } else { wrap(text, size, cell) };
            [broken(&shown.head), broken(&shown.note)].concat()
        })
        .collect();
    let heights: Vec<usize> = words
        .chunks(columns)
        .map(|row| cell + BELOW + row.iter().map(Vec::len).max().unwrap_or(0) * line + gap)
        .collect();
    let below_title = if title.is_empty() { 0 } else { gap };
    let height = gap + title.len() * line + below_title + heights.iter().sum::<usize>();

    let mut sheet = Picture::new(width, height, PAPER);
    for (i, text) in title.iter().enumerate() {
        sheet.write(text, (gap, gap + i * line), size, INK);
    }
    let mut y = gap + title.len() * line + below_title;
    let rows = cells.chunks(columns).zip(words.chunks(columns));
    for ((row, words), height) in rows.zip(heights) {
        for (column, (shown, words)) in row.iter().zip(words).enumerate() {
            let x = gap + column * (cell + gap);
            sheet.fill((x, y), (cell, cell), FRAME);
            sheet.place(&shown.image, (x, y), cell);
            let heads = if shown.head.is_empty() { 0 } else { wrap(&shown.head, size, cell).len() };
            for (i, text) in words.iter().enumerate() {
                let ink = if i < heads { INK } else { FAINT };
                sheet.write(text, (x, y + cell + BELOW + i * line), size, ink);
            }
        }
        y += height;
    }
    sheet
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pixels::Shape;

    fn cell(level: f32, side: usize, note: &str) -> GridCell {
        let shape = Shape::new(1, side, side);
        GridCell { image: Planes { data: vec![level; side * side], shape }, head: "1".into(), note: note.into() }
    }

    #[test]
    fn images_stand_in_rows() {
        let cells: Vec<GridCell> = [0.2, 0.4, 0.6].map(|level| cell(level, 16, "")).to_vec();
        let sheet = picture_grid(&cells, 2, &SheetStyle { cell: 40, ..SheetStyle::default() });
        // Two cells of 32 and three gaps of 8; two rows of 32 + 2 + a line of 15 + a gap, after the first gap.
        assert_eq!((sheet.width, sheet.height), (88, 8 + 2 * (32 + 2 + 15 + 8)));
        let at = |x: usize, y: usize| sheet.data[(y * sheet.width + x) * 3];
        assert_eq!((at(8, 8), at(48, 39), at(8, 65), at(48, 65), at(0, 0)), (51, 102, 153, 255, 255));
    }

    #[test]
    fn long_names_are_broken_and_nothing_is_no_trouble() {
        let long = picture_grid(
            &[cell(0.5, 16, "a/very/long/name.png")],
            10,
            &SheetStyle { cell: 32, ..SheetStyle::default() },
        );
        let short = picture_grid(&[cell(0.5, 16, "a")], 10, &SheetStyle { cell: 32, ..SheetStyle::default() });
        assert!(long.height > short.height && long.width == short.width);
        let none = picture_grid(&[], 10, &SheetStyle::default());
        assert_eq!(none.data.len(), none.width * none.height * 3);
    }
}
