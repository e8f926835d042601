//! Tables of text: CSV, JSON lines, spreadsheets. Whatever names something is read exactly as it is written; of other columns
//! it is found out whether they hold numbers.

mod cells;
mod csv;
mod encoding;
mod json;
mod xlsx;

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    path::PathBuf,
};

use polars::prelude::DataFrame;

use self::cells::Cells;
pub(super) use self::csv::rows as csv_rows;
use super::{columns::check_names, notes::Note};
use crate::error::{DataError, Result};

/// How a table is written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    /// Cells between commas, semicolons, tabs or bars, whichever the first line has.
    Csv,
    /// Cells between tabs.
    Tsv,
    /// An object a line, or an array of objects.
    Json,
    /// A spreadsheet of Excel.
    Xlsx,
}

/// Tables of text are read whole; none that people write is larger.
pub(super) const MOST: u64 = 4 << 30;

/// Columns of a table, by Excel's own limit.
const MOST_COLUMNS: usize = 16_384;

/// What is wrong with a table, the place in it included.
pub(super) type TableFault = String;

/// The rows of these files, one after the other, as one table.
pub(super) fn read(files: &[PathBuf], format: Format) -> Result<(DataFrame, Vec<Note>)> {
    let (mut sheet, mut notes, mut names) = (Sheet::default(), Vec::new(), Vec::new());
    for file in files {
        let refuse = |reason: TableFault| DataError::Table { table: file.display().to_string(), reason };
        let bytes = foretask_files::read(file, MOST).map_err(DataError::read(file))?;
        let said = one(bytes, format, &mut sheet).map_err(refuse)?;
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        let place = |note: Note| if files.len() > 1 { Note { text: format!("{name}: {note}"), ..note } } else { note };
        notes.extend(said.into_iter().map(place));
        names.push((file.display().to_string(), sheet.names_of_file()));
    }
    check_names(&names)?;
    let table = files.first().map_or_else(String::new, |file| file.display().to_string());
    let frame = sheet.finish().map_err(|error| DataError::Table { table, reason: error.to_string() })?;
    Ok((frame, notes))
}

fn one(bytes: Vec<u8>, format: Format, sheet: &mut Sheet) -> Result<Vec<Note>, TableFault> {
    if format == Format::Xlsx {
        return xlsx::read(bytes, sheet);
    }
    let (text, mut notes) = encoding::decode(bytes)?;
    match format {
        Format::Json => json::read(&text, sheet)?,
        Format::Csv => notes.extend(csv::read(text, None, sheet)?),
        _ => notes.extend(csv::read(text, Some(b'\t'), sheet)?),
    }
    Ok(notes)
}

/// A table that grows by rows; a row may lack columns.
#[derive(Default)]
struct Sheet {
    columns: Vec<Cells>,
    places: HashMap<String, usize>,
    /// Which columns the file that is being read has.
    in_file: BTreeSet<usize>,
    rows: usize,
}

impl Sheet {
    /// Where a column of this name stands; it is added where it is new.
    fn column(&mut self, name: &str) -> Result<usize, TableFault> {
        if let Some(place) = self.places.get(name) {
            self.in_file.insert(*place);
            return Ok(*place);
        }
        if self.columns.len() == MOST_COLUMNS {
            return Err(too_wide(MOST_COLUMNS + 1));
        }
        self.in_file.insert(self.columns.len());
        self.places.insert(name.to_owned(), self.columns.len());
        self.columns.push(Cells::new(name));
        Ok(self.columns.len() - 1)
    }

    /// The columns of the file that has been read; the next one begins.
    fn names_of_file(&mut self) -> Vec<String> {
        let own = std::mem::take(&mut self.in_file);
        let mut names: Vec<(usize, &String)> = self.places.iter().map(|(name, place)| (*place, name)).collect();
        names.retain(|(place, _)| own.contains(place));
        names.sort_unstable();
        names.into_iter().map(|(_, name)| name.clone()).collect()
    }

    /// A cell of the row that has been begun last.
    fn put(&mut self, column: usize, text: &str) {
        self.columns[column].put(self.rows, text);
    }

    fn end_row(&mut self) {
        self.rows += 1;
    }

    fn finish(self) -> polars::prelude::PolarsResult<DataFrame> {
        let rows = self.rows;
        DataFrame::new(rows, self.columns.into_iter().map(|column| column.finish(rows)).collect())
    }
}

fn too_wide(columns: usize) -> TableFault {
    format!(
        "it has {columns} columns, more than the {MOST_COLUMNS} that a table may have; leave out what names no image"
    )
}

/// The names in a header without the blanks around them, those left out by their place; and what was done to them.
fn header(names: &[String]) -> Result<(Vec<String>, Vec<Note>), TableFault> {
    if names.len() > MOST_COLUMNS {
        return Err(too_wide(names.len()));
    }
    let (mut clean, mut trimmed): (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());
    let mut seen = HashSet::new();
    for (name, number) in names.iter().zip(1..) {
        let short = name.trim();
        if short != name && !short.is_empty() {
            trimmed.push(format!("`{short}`"));
        }
        let name = if short.is_empty() { format!("column_{number}") } else { short.to_owned() };
        if !seen.insert(name.clone()) {
            return Err(format!("two columns are called `{name}`; give one of them another name"));
        }
        clean.push(name);
    }
    let note = || Note::said(format!("blanks around names of columns do not count: {}", super::notes::some(&trimmed)));
    let notes = if trimmed.is_empty() { Vec::new() } else { vec![note()] };
    Ok((clean, notes))
}

#[cfg(test)]
mod tests;
