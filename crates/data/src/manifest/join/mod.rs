//! Images and tables of labels for them as one dataset.

mod index;

use std::{collections::HashMap, sync::Arc};

use polars::prelude::{Column, DataFrame, Expr, Field, IdxCa, PlSmallStr, Schema, col};

pub(super) use self::index::Index;
use self::index::Meant;
use super::{
    columns::ROW,
    labels::Labels,
    notes::{Note, some},
    table::Table,
};
use crate::error::{DataError, Result};

/// The images of `base` with what `tables` say of them: labels and splits, which count more than those that `base` has, and
/// columns that it lacks.
pub(super) fn join(base: Table, tables: &[Table]) -> Result<Table> {
    let images = Images::of(&base)?;
    let mut joined = Joined::new(images.index_count());
    let mut notes = Vec::new();
    for table in tables {
        let place = |note: &Note| Note { text: format!("{}: {note}", table.name), ..note.clone() };
        notes.extend(table.notes()?.iter().map(place));
        notes.extend(joined.add(table, &images, &base.name)?);
    }
    joined.finish(base, &images, notes)
}

/// The images of a table by their names.
struct Images {
    index: Index,
    /// Which of the names each row has.
    of_rows: Vec<Option<u32>>,
}

impl Images {
    fn of(base: &Table) -> Result<Self> {
        let (mut numbers, mut names): (HashMap<String, u32>, Vec<String>) = (HashMap::new(), Vec::new());
        let mut of_rows = Vec::new();
        let Some(path) = base.columns.image.path() else {
            let reason = "its images have no names (no column `path`), so no table of labels can be joined to them";
            return Err(DataError::Table { table: base.name.clone(), reason: reason.to_owned() });
        };
        base.visit(
            |frame| frame.select([path.clone()]),
            |data| {
                for name in base.names_of(data)?.iter() {
                    let number = name.filter(|name| !name.is_empty()).map(|name| {
                        *numbers.entry(name.to_owned()).or_insert_with(|| {
                            names.push(name.to_owned());
                            names.len() as u32 - 1
                        })
                    });
                    of_rows.push(number);
                }
                Ok(())
            },
        )?;
        Ok(Self { index: Index::new(&base.folder, names), of_rows })
    }

    fn index_count(&self) -> usize {
        self.of_rows.iter().flatten().max().map_or(0, |last| *last as usize + 1)
    }

    /// What a value of each image is for each row.
    fn to_rows<T: Clone>(&self, of_images: &[Option<T>]) -> Vec<Option<T>> {
        self.of_rows.iter().map(|image| of_images[(*image)? as usize].clone()).collect()
    }
}

/// What tables say of images.
struct Joined {
    /// With the table and the row that says so.
    labels: Vec<Option<(String, String, u64)>>,
    splits: Vec<Option<String>>,
    /// A value for each row of the images' table.
    further: Vec<Column>,
    has_labels: bool,
    has_splits: bool,
}

impl Joined {
    fn new(images: usize) -> Self {
        Self {
            labels: vec![None; images],
            splits: vec![None; images],
            further: Vec::new(),
            has_labels: false,
            has_splits: false,
        }
    }

    /// Takes in what a table says; tells what of it belongs to no image.
    fn add(&mut self, table: &Table, images: &Images, base: &str) -> Result<Vec<Note>> {
        let Some(path) = table.columns.image.path() else {
            let columns = table.columns.names().join(", ");
            return Err(DataError::NoImageColumn { table: table.name.clone(), columns });
        };
        let mut further = table.further();
        // Tables that were written to be filled in count rows of the dataset they came from, which need not be this one.
        further.retain(|name| *name != "row");
        let known = [Some(ROW), table.columns.label.as_deref(), table.columns.split.as_deref()];
        let wanted = known.into_iter().flatten().chain(further.iter().copied()).map(col).chain([path]);
        let data = table.collect(table.frame.clone().select(wanted.collect::<Vec<_>>()))?;
        let paths = table.names_of(&data)?;
        let paths: Vec<Option<&str>> = paths.iter().collect();
        let found = images.index.find(&paths, &table.folder);
        let labels = self.add_labels(table, &data, images, &found)?;
        let mut row_of_image: Vec<Option<u32>> = vec![None; self.labels.len()];
        for (meant, row) in found.iter().zip(0..) {
            if let Meant::Image(image) | Meant::ByFileName(image) = meant {
                row_of_image[*image as usize].get_or_insert(row);
            }
        }
        if row_of_image.iter().all(Option::is_none) {
            return Err(nothing_joins(table, images, base, &paths));
        }
        if let Some(split) = &table.columns.split {
            self.has_splits = true;
            let texts = table.split_texts(&data, split)?;
            for (split, row) in self.splits.iter_mut().zip(&row_of_image) {
                let text = row.and_then(|row| texts[row as usize].clone());
                *split = split.take().or(text);
            }
        }
        let rows: IdxCa = images.to_rows(&row_of_image).into_iter().collect();
        for name in further {
            let column = table.checked(data.column(name))?.take(&rows).and_then(|column| self.filled(column));
            let column = table.checked(column)?;
            self.further.retain(|known| known.name() != column.name());
            self.further.push(column);
        }
        Ok(said(table, images, base, Rows { paths: &paths, found: &found, labels: &labels }))
    }

    /// Gives back the label of each row of the table.
    fn add_labels(
        &mut self,
        table: &Table,
        data: &DataFrame,
        images: &Images,
        found: &[Meant],
    ) -> Result<Vec<Option<u32>>> {
        let rows = table.row_numbers(data)?;
        if table.columns.label.is_none() {
            return Ok(vec![None; rows.len()]);
        }
        self.has_labels = true;
        let (classes, labels) = (table.classes()?, table.encode_labels(data, &rows)?);
        for ((meant, label), row) in found.iter().zip(&labels).zip(rows) {
            let (Meant::Image(image) | Meant::ByFileName(image), Some(label)) = (meant, label) else { continue };
            let label = &classes[*label as usize];
            match &self.labels[*image as usize] {
                Some((other, place, there)) if other != label => {
                    let reason = format!(
                        "{} is {label} in row {row}, but {other} in row {there}{}; leave it in one of them",
                        images.index.name(*image),
                        if *place == table.name { String::new() } else { format!(" of {place}") }
                    );
                    return Err(DataError::Table { table: table.name.clone(), reason });
                }
                Some(_) => {}
                None => self.labels[*image as usize] = Some((label.clone(), table.name.clone(), row)),
            }
        }
        Ok(labels)
    }

    /// A column that an earlier table has, too, filled where that one says nothing.
    fn filled(&self, column: Column) -> polars::prelude::PolarsResult<Column> {
        let Some(known) = self.further.iter().find(|known| known.name() == column.name()) else { return Ok(column) };
        let text = polars::prelude::DataType::String;
        let same = known.dtype() == column.dtype();
        let (known, column) = if same { (known.clone(), column) } else { (known.cast(&text)?, column.cast(&text)?) };
        known.zip_with(&known.is_not_null(), &column)
    }

    /// The table of the images with all of it.
    fn finish(self, mut base: Table, images: &Images, mut notes: Vec<Note>) -> Result<Table> {
        let mut columns = Vec::new();
        if self.has_labels {
            let name = base.columns.label.clone().unwrap_or_else(|| "label".to_owned());
            let said: Vec<Option<String>> =
                self.labels.into_iter().map(|label| label.map(|(label, ..)| label)).collect();
            let (labels, changed) = over(base.own_labels()?, images.to_rows(&said));
            if changed > 0 {
                notes.push(Note::said(format!(
                    "{changed} labels of {} are replaced by those of the label tables",
                    base.name
                )));
            }
            columns.push(Column::new(name.as_str().into(), labels));
            base.columns.label = Some(name);
            base.labels = Some(Labels::Text);
        }
        if self.has_splits {
            let name = base.columns.split.clone().unwrap_or_else(|| "split".to_owned());
            let (splits, _) = over(base.own_splits()?, images.to_rows(&self.splits));
            columns.push(Column::new(name.as_str().into(), splits));
            base.columns.split = Some(name);
        }
        columns.extend(self.further.into_iter().filter(|column| !base.columns.schema.contains(column.name())));
        let mut schema = (*base.columns.schema).clone();
        for column in &columns {
            schema.insert(column.name().clone(), column.dtype().clone());
        }
        base.columns.schema = Arc::new(schema);
        let columns: Vec<Expr> = columns.into_iter().map(by_row).collect();
        base.frame = base.frame.with_columns(&columns);
        base.pieces = base.pieces.into_iter().map(|piece| piece.with_columns(&columns)).collect();
        base.notes.extend(notes);
        Ok(base.anew())
    }
}

/// What is newly said where anything is, else what was said before; and how many of the old are not the same.
fn over(before: Option<Vec<Option<String>>>, now: Vec<Option<String>>) -> (Vec<Option<String>>, usize) {
    let Some(before) = before else { return (now, 0) };
    let mut changed = 0;
    let both = now.into_iter().zip(before).map(|(now, before)| {
        changed += usize::from(now.is_some() && before.is_some() && now != before);
        now.or(before)
    });
    let both = both.collect();
    (both, changed)
}

/// A column of the whole table as an expression for any part of it.
fn by_row(column: Column) -> Expr {
    let (name, kind): (PlSmallStr, _) = (column.name().clone(), column.dtype().clone());
    let field = Field::new(name.clone(), kind);
    let take = move |rows: Column| column.take(rows.u32()?);
    col(ROW).map(take, move |_: &Schema, _: &Field| Ok(field.clone())).alias(name)
}

fn nothing_joins(table: &Table, images: &Images, base: &str, paths: &[Option<&str>]) -> DataError {
    let theirs = paths.iter().flatten().next().copied().unwrap_or_default();
    let ours = if images.index_count() > 0 { images.index.name(0) } else { "" };
    let reason = format!(
        "none of its {} rows names an image of {base}: its first path is \"{theirs}\", that of the images \"{ours}\"; paths are \
         relative to the table or to the folder of the images, or absolute, or file names",
        paths.len()
    );
    DataError::Table { table: table.name.clone(), reason }
}

/// The rows of a table: what each calls its image, what that means, and its label.
#[derive(Clone, Copy)]
struct Rows<'a> {
    paths: &'a [Option<&'a str>],
    found: &'a [Meant],
    labels: &'a [Option<u32>],
}

/// What of a table could not be joined, and what was joined by its file name alone.
fn said(table: &Table, images: &Images, base: &str, rows: Rows<'_>) -> Vec<Note> {
    let Rows { paths, found, labels } = rows;
    let (mut gone, mut several, mut loose) = (Vec::new(), Vec::new(), Vec::new());
    let mut labeled = 0;
    for (row, ((path, meant), label)) in paths.iter().zip(found).zip(labels).enumerate() {
        let path = path.unwrap_or("(no path)");
        match meant {
            Meant::Image(_) => continue,
            Meant::ByFileName(image) => {
                loose.push(format!("{path} is {}", images.index.name(*image)));
                continue;
            }
            Meant::Nothing => gone.push(format!("{path} (row {row})")),
            Meant::AnyOf(of) => {
                let of: Vec<&str> = of.iter().take(3).map(|image| images.index.name(*image)).collect();
                several.push(format!("{path} (row {row}) may be {}", of.join(" or ")));
            }
        }
        labeled += usize::from(label.is_some());
    }
    let mut notes = Vec::new();
    let mut tell = |count: usize, what: &str, which: &[String]| {
        if count > 0 {
            let text = format!("{}: {count} of {} rows {what}: {}", table.name, paths.len(), some(which));
            notes.push(Note::warning(text));
        }
    };
    tell(gone.len(), &format!("name no image of {base}"), &gone);
    tell(several.len(), "may mean one image or another", &several);
    tell(loose.len(), "are joined by file name alone", &loose);
    if labeled > 0 {
        notes.push(Note::warning(format!("{}: {labeled} labels belong to no image and are not used", table.name)));
    }
    notes
}

#[cfg(test)]
mod tests;
