//! A sheet image by image, for terminals that show small pictures beside real text.

use foretask_pretext::{Example, ExampleTarget, Picture, Planes, Tiled};

/// One image of a sheet with what the task makes of it.
#[derive(Debug, Clone)]
pub struct SheetRow {
    /// The original, the inputs, the target where it is a picture.
    pub cells: Vec<SheetCell>,
    /// The random choices in words.
    pub notes: Vec<String>,
}

/// A small picture with a few words.
#[derive(Debug, Clone)]
pub struct SheetCell {
    /// At the size the task works on.
    pub picture: Picture,
    /// What it is, or the label made for it.
    pub words: String,
}

/// The rows of a sheet.
pub fn sheet_rows(examples: &[Example]) -> Vec<SheetRow> {
    examples.iter().map(|example| SheetRow { cells: cells(example), notes: example.notes.clone() }).collect()
}

fn cells(example: &Example) -> Vec<SheetCell> {
    let cell = |planes: &Planes, words: &str| SheetCell { picture: Picture::from_planes(planes), words: words.into() };
    let mut cells = vec![cell(&example.original, "original")];
    let several = example.inputs.len() > 1;
    let tiled = example.tiled.filter(|tiled| tiled.columns > 0 && tiled.first + tiled.count <= example.inputs.len());
    for (index, input) in example.inputs.iter().enumerate() {
        let label = match &example.target {
            ExampleTarget::Classes(classes) => classes.get(index).cloned(),
            _ => None,
        };
        let kind = match &example.target {
            ExampleTarget::Views => "view",
            _ => "input",
        };
        match tiled {
            Some(tiled) if index == tiled.first => {
                let picture = mosaic(&example.inputs[index..index + tiled.count], tiled);
                cells.push(SheetCell { picture, words: label.unwrap_or_else(|| "tiles".to_owned()) });
            }
            Some(tiled) if (tiled.first..tiled.first + tiled.count).contains(&index) => {}
            _ if several => cells.push(cell(input, &label.unwrap_or_else(|| format!("{kind} {}", index + 1)))),
            _ => cells.push(cell(input, &label.unwrap_or_else(|| kind.to_owned()))),
        }
    }
    if let ExampleTarget::Image(target) = &example.target {
        cells.push(cell(target, "target"));
    }
    cells
}

/// Tiles in rows, a white line between them.
fn mosaic(tiles: &[Planes], tiled: Tiled) -> Picture {
    let pictures: Vec<Picture> = tiles.iter().map(Picture::from_planes).collect();
    let Some((width, height)) = pictures.first().map(|tile| (tile.width, tile.height)) else {
        return Picture { width: 0, height: 0, data: Vec::new() };
    };
    let (columns, rows) = (tiled.columns, pictures.len().div_ceil(tiled.columns));
    let whole = (columns * (width + 1) - 1, rows * (height + 1) - 1);
    let mut data = vec![255; whole.0 * whole.1 * 3];
    for (index, tile) in pictures.iter().enumerate().filter(|(_, tile)| (tile.width, tile.height) == (width, height)) {
        let (left, top) = (index % columns * (width + 1), index / columns * (height + 1));
        for (y, row) in tile.data.chunks_exact(width * 3).enumerate() {
            data[((top + y) * whole.0 + left) * 3..][..width * 3].copy_from_slice(row);
        }
    }
    Picture { width: whole.0, height: whole.1, data }
}

#[cfg(test)]
mod tests {
    use foretask_pretext::Shape;

    use super::*;

    fn plane(level: f32, side: usize) -> Planes {
        Planes { data: vec![level; side * side], shape: Shape::new(1, side, side) }
    }

    fn example(inputs: Vec<Planes>, tiled: Option<Tiled>, target: ExampleTarget) -> Example {
        Example {
            original: plane(0.5, 4),
            inputs,
            tiled,
            target,
            weights: None,
            notes: vec!["so".into()],
            answer: None,
        }
    }

    fn words(example: Example) -> Vec<String> {
        sheet_rows(&[example]).remove(0).cells.into_iter().map(|cell| cell.words).collect()
    }

    #[test]
    fn every_picture_has_its_words() {
        let two = || vec![plane(0.0, 4), plane(1.0, 4)];
        assert_eq!(words(example(two(), None, ExampleTarget::Views)), ["original", "view 1", "view 2"]);
        let classes = ExampleTarget::Classes(vec!["up".into(), "down".into()]);
        assert_eq!(words(example(two(), None, classes)), ["original", "up", "down"]);
        let image = ExampleTarget::Image(plane(0.5, 4));
        assert_eq!(words(example(vec![plane(0.0, 4)], None, image)), ["original", "input", "target"]);
    }

    #[test]
    fn tiles_stand_in_one_picture() {
        let tiles: Vec<Planes> = [0.0, 0.2, 0.4, 0.6].map(|level| plane(level, 2)).to_vec();
        let tiled = Some(Tiled { first: 0, count: 4, columns: 2 });
        let order = ExampleTarget::Classes(vec!["order 3 1 2 4".into()]);
        let row = sheet_rows(&[example(tiles, tiled, order)]).remove(0);
        assert_eq!(row.cells.len(), 2);
        let (picture, words) = (&row.cells[1].picture, &row.cells[1].words);
        assert_eq!((picture.width, picture.height, words.as_str()), (5, 5, "order 3 1 2 4"));
        let at = |x: usize, y: usize| picture.data[(y * 5 + x) * 3];
        assert_eq!((at(0, 0), at(2, 2), at(3, 0), at(0, 3), at(4, 4)), (0, 255, 51, 102, 153));
    }
}
