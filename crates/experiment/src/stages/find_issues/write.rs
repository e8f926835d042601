//! What was found, as a table and as pictures.

use std::collections::BTreeMap;

use foretask_data::{Column, Images, Table, write_table};
use foretask_eval::IssueKind;
use foretask_pretext::{GridCell, Planes, Shape, SheetStyle, picture_grid};

use super::IssuePaths;
use crate::error::Error;
use crate::experiment::Experiment;
use crate::progress::Progress;
use crate::stages::shrunk;
use crate::values::{FoundIssues, IssueRow};

/// Pictures of each kind on the sheet, in a row, and the side of each in pixels.
const SHEET: (usize, usize, usize) = (16, 8, 128);

/// Writes what was asked for.
pub(super) fn write(experiment: &Experiment, found: &FoundIssues, paths: &IssuePaths) -> Result<(), Error> {
    if let Some((path, file)) = &paths.table {
        let table = table(found);
        file.write(|path| write_table(path, &table))?;
        experiment.emit(Progress::Wrote { what: "Issues".into(), path: path.clone() });
    }
    if let Some((path, file)) = &paths.sheet {
        let png = sheet(experiment, found)?;
        file.write(|path| foretask_data::write_atomically(path, png))?;
        experiment.emit(Progress::Wrote { what: "Sheet".into(), path: path.clone() });
    }
    Ok(())
}

/// A row an issue.
fn table(found: &FoundIssues) -> Table {
    let rows = &found.table;
    let text = |of: fn(&IssueRow) -> Option<String>| Column::OptionalText(rows.iter().map(of).collect());
    let number = |of: fn(&IssueRow) -> Option<i64>| Column::I64(rows.iter().map(of).collect());
    Table::new()
        .with("path", Column::Text(rows.iter().map(|row| row.name.clone()).collect()))
        .with("issue", Column::Text(rows.iter().map(|row| row.issue.name().to_owned()).collect()))
        .with("value", Column::F64(rows.iter().map(|row| Some(row.value)).collect()))
        .with("words", Column::Text(rows.iter().map(|row| row.words.clone()).collect()))
        .with("label", text(|row| row.label.clone()))
        .with("instead", text(|row| row.instead.clone()))
        .with("other", text(|row| row.other_name.clone()))
        .with("bits", number(|row| row.bits.map(i64::from)))
        .with("split", text(|row| row.split.clone()))
        .with("other_split", text(|row| row.other_split.clone()))
        .with("row", Column::U64(rows.iter().map(|row| row.row).collect()))
        .with("other_row", number(|row| row.other.map(|other| other as i64)))
}

/// The images of an issue: their places by their rows.
pub(crate) struct Shown {
    images: std::sync::Arc<Images>,
    places: BTreeMap<u64, usize>,
}

impl Shown {
    /// Of the images that were looked at, or of those whose labels were.
    pub(crate) fn of(experiment: &Experiment, found: &FoundIssues, kind: IssueKind) -> Result<Self, Error> {
        let data = found.few.as_ref().filter(|_| kind == IssueKind::Label).unwrap_or(&found.data);
        let images = experiment.images_of(data, &data.views[0])?;
        let places = (0..images.len()).map(|at| (images.row(at), at)).collect();
        Ok(Self { images, places })
    }

    /// The picture in a row, at most `side` pixels large.
    pub(crate) fn picture(&self, row: u64, side: usize) -> Result<Option<Planes>, Error> {
        self.places.get(&row).map(|at| shrunk(&self.images, *at, side)).transpose()
    }

    /// The images and the place of a row.
    pub(crate) fn place(&self, row: u64) -> Option<(&Images, usize)> {
        Some((&*self.images, *self.places.get(&row)?))
    }
}

/// The gravest of each kind, pairs side by side; of near-duplicates also those on both sides of the threshold.
fn sheet(experiment: &Experiment, found: &FoundIssues) -> Result<Vec<u8>, Error> {
    let (most, columns, side) = SHEET;
    let mut cells = Vec::new();
    for kind in found.counts().into_keys() {
        let shown = Shown::of(experiment, found, kind)?;
        for row in chosen(found, kind, most) {
            let Some(own) = shown.picture(row.row, 2 * side)? else { continue };
            let other = row.other.map(|other| shown.picture(other, 2 * side)).transpose()?.flatten();
            let file = row.name.rsplit('/').next().unwrap_or_default();
            cells.push(GridCell {
                image: other.map_or_else(|| own.clone(), |other| side_by_side(&own, &other)),
                head: kind.name().to_owned(),
                note: format!("{file}: {}", row.words),
            });
        }
    }
    let title = found.verdict().lines().next().unwrap_or_default().to_owned();
    Ok(picture_grid(&cells, columns, &SheetStyle { title, cell: side, ..SheetStyle::default() }).to_png()?)
}

/// The gravest of a kind; of many pairs half as many, and as many of the least alike ones: there the threshold can be judged.
pub(crate) fn chosen(found: &FoundIssues, kind: IssueKind, most: usize) -> Vec<&IssueRow> {
    let all: Vec<&IssueRow> = found.of(kind).collect();
    if kind != IssueKind::Duplicate || all.len() <= most {
        return all.into_iter().take(most).collect();
    }
    [&all[..most / 2], &all[all.len() - most / 2..]].concat()
}

/// Two pictures, one beside the other.
fn side_by_side(left: &Planes, right: &Planes) -> Planes {
    let channels = left.shape.channels.max(right.shape.channels);
    let height = left.shape.height.max(right.shape.height);
    let gap = 2;
    let width = left.shape.width + gap + right.shape.width;
    let mut both = Planes::black(Shape::new(channels, height, width));
    for (picture, begin) in [(left, 0), (right, left.shape.width + gap)] {
        let Shape { height: own_height, width: own_width, .. } = picture.shape;
        for channel in 0..channels {
            let from = channel.min(picture.shape.channels - 1) * own_height * own_width;
            for y in 0..own_height {
                let line = &picture.data[from + y * own_width..][..own_width];
                both.data[(channel * height + y) * width + begin..][..own_width].copy_from_slice(line);
            }
        }
    }
    both
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_pictures_stand_side_by_side() {
        let one = |shape: Shape, tone: f32| {
            let mut planes = Planes::black(shape);
            planes.data.fill(tone);
            planes
        };
        let both = side_by_side(&one(Shape::new(1, 1, 2), 0.5), &one(Shape::new(3, 2, 1), 1.0));
        assert_eq!(both.shape, Shape::new(3, 2, 5));
        let first: Vec<f32> = both.data[..10].to_vec();
        assert_eq!(first, [0.5, 0.5, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0]);
    }
}
