//! A table that a person may have filled in, and rows to add to it. Nothing that is in it changes: of a CSV every byte stays, of
//! a Parquet every row and column.

use std::collections::HashMap;
use std::path::Path;

use polars::prelude::{
    Column, CsvWriter, DataFrame, DataType, ParquetReader, ParquetWriter, SerReader, SerWriter, Series,
};

use super::{join::Index, parquet::pages, text};
use crate::atomic::{write_atomically, write_atomically_with};
use crate::error::{DataError, Result};
use crate::formulas::restored;
use crate::import::io_error;

/// What became of a table that was there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeptRows {
    /// Rows that were in it.
    pub rows: usize,
    /// Of these, rows with a label.
    pub labeled: usize,
    /// Rows added below them.
    pub added: usize,
}

/// The table at a path, read as far as adding to it takes.
pub(super) enum Filled {
    Csv(FilledCsv),
    Parquet(DataFrame),
}

/// The bytes of a CSV and how it is written.
pub(super) struct FilledCsv {
    bytes: Vec<u8>,
    separator: u8,
    rows: Vec<Vec<String>>,
}

impl Filled {
    /// Reads the table.
    ///
    /// # Errors
    /// Where it is not one that rows could be added to, with the way out.
    pub(super) fn read(path: &Path, csv: bool) -> Result<Self> {
        let refuse = |reason: &str| DataError::NotToLabel { path: path.to_owned(), reason: reason.to_owned() };
        let bytes = foretask_files::read(path, text::MOST).map_err(DataError::read(path))?;
        if !csv {
            let mut reader = ParquetReader::new(std::io::Cursor::new(&bytes));
            let metadata = reader.get_metadata().map_err(|_| refuse("it is no Parquet table"))?.clone();
            if pages::damage(std::io::Cursor::new(&bytes), &metadata).is_some() {
                return Err(refuse("it is damaged; copy or write it again"));
            }
            let frame = reader.finish();
            let frame = frame.map_err(|_| refuse("it is no Parquet table"))?;
            let has = |name: &str| frame.get_column_index(name).is_some();
            return if has("label") && (has("path") || has("row")) {
                Ok(Self::Parquet(frame))
            } else {
                Err(refuse("it has no columns `path` and `label`"))
            };
        }
        if bytes.contains(&0) {
            return Err(refuse("it is not saved as plain or UTF-8 text"));
        }
        let (separator, rows) = rows(&bytes).map_err(|fault| refuse(&fault))?;
        let table = FilledCsv { bytes, separator, rows };
        if table.column("path").is_none() || table.column("label").is_none() {
            return Err(refuse("its first line does not name the columns `path` and `label`"));
        }
        Ok(Self::Csv(table))
    }

    /// Adds the rows of `new` that are not in the table yet and writes it to `path`; the number that each row of `new` then has
    /// in it, counted from 1.
    pub(super) fn add(self, new: &mut DataFrame, path: &Path) -> Result<(Vec<usize>, KeptRows)> {
        match self {
            Self::Csv(table) => table.add(new, path),
            Self::Parquet(table) => add_to_parquet(table, new, path),
        }
    }
}

impl FilledCsv {
    /// The number of a column.
    fn column(&self, name: &str) -> Option<usize> {
        self.rows.first()?.iter().position(|cell| cell.trim() == name)
    }

    fn cells(&self, name: &str) -> impl Iterator<Item = &str> {
        let column = self.column(name).unwrap_or(usize::MAX);
        self.rows.iter().skip(1).map(move |row| restored(row.get(column).map_or("", |cell| cell.trim())))
    }

    fn add(self, new: &mut DataFrame, path: &Path) -> Result<(Vec<usize>, KeptRows)> {
        let failed = |error| DataError::Write { path: path.to_owned(), source: io_error(error) };
        let mut text = Vec::new();
        CsvWriter::new(&mut text).finish(new).map_err(failed)?;
        let refuse = |reason| DataError::NotToLabel { path: path.to_owned(), reason };
        let (separator, rows) = rows(&text).map_err(refuse)?;
        let new = Self { bytes: text, separator, rows };
        let there: Vec<&str> = self.cells("path").collect();
        let names: Vec<&str> = new.cells("path").collect();
        let there = already(&there, &names, path);
        let rows = self.rows.len() - 1;
        let (mut places, mut added) = (Vec::new(), Vec::new());
        for (number, row) in (0..).zip(new.rows.iter().skip(1)) {
            places.push(there.get(&number).copied().unwrap_or_else(|| {
                added.push(row);
                rows + added.len()
            }));
        }
        let labeled = self.cells("label").filter(|label| !label.is_empty()).count();
        let kept = KeptRows { rows, labeled, added: added.len() };
        if added.is_empty() {
            return Ok((places, kept));
        }
        let end = if self.bytes.windows(2).any(|two| two == b"\r\n") { "\r\n" } else { "\n" };
        let mut lines = String::new();
        if !self.bytes.ends_with(b"\n") {
            lines.push_str(end);
        }
        let columns: Vec<Option<usize>> =
            self.rows.first().into_iter().flatten().map(|name| new.column(name.trim())).collect();
        for row in added {
            let cell = |column: &Option<usize>| column.and_then(|at| row.get(at)).map_or("", String::as_str);
            let cells: Vec<String> = columns.iter().map(|column| quoted(cell(column), self.separator)).collect();
            lines.push_str(&cells.join(char::from(self.separator).encode_utf8(&mut [0; 4])));
            lines.push_str(end);
        }
        if !lines.is_ascii() && std::str::from_utf8(&self.bytes).is_err() {
            let reason = "it is not saved as UTF-8 text, and the names to add do not fit into it".to_owned();
            return Err(DataError::NotToLabel { path: path.to_owned(), reason });
        }
        let mut whole = self.bytes;
        whole.extend_from_slice(lines.as_bytes());
        write_atomically(path, whole)?;
        Ok((places, kept))
    }
}

/// Where in a table images stand already, counted from 1, by their numbers in `names`. The person may have written paths
/// anew: what counts is where they lead from the table at `path`.
fn already<S: AsRef<str>>(there: &[S], names: &[S], path: &Path) -> HashMap<u32, usize> {
    let folder = path.parent().unwrap_or(Path::new(""));
    let index = Index::new(folder, names.iter().map(|name| name.as_ref().to_owned()).collect());
    let there: Vec<&str> = there.iter().map(AsRef::as_ref).collect();
    let mut places = HashMap::new();
    for (image, place) in index.located(&there, folder).into_iter().zip(1..) {
        if let Some(image) = image {
            places.entry(image).or_insert(place);
        }
    }
    places
}

/// Bytes that are no UTF-8 become replacement marks: only names of columns, paths and whether a label is there are looked at.
fn rows(bytes: &[u8]) -> std::result::Result<(u8, Vec<Vec<String>>), text::TableFault> {
    text::csv_rows(String::from_utf8_lossy(bytes).trim_start_matches('\u{feff}'))
}

fn quoted(cell: &str, separator: u8) -> String {
    let plain = !cell.contains(['"', '\n', '\r', char::from(separator)]);
    if plain { cell.to_owned() } else { format!("\"{}\"", cell.replace('"', "\"\"")) }
}

fn add_to_parquet(mut table: DataFrame, new: &DataFrame, path: &Path) -> Result<(Vec<usize>, KeptRows)> {
    let failed = |error| DataError::Write { path: path.to_owned(), source: io_error(error) };
    let both = |name: &str| table.get_column_index(name).is_some() && new.get_column_index(name).is_some();
    let key = if both("path") { "path" } else { "row" };
    let [there, names] = [&table, new].map(|table| texts(table, key));
    let (there, names) = (there.map_err(failed)?, names.map_err(failed)?);
    let text = |name: &Option<String>| name.clone().unwrap_or_default();
    let (there, names): (Vec<String>, Vec<String>) =
        (there.iter().map(text).collect(), names.iter().map(text).collect());
    let there = if key == "path" {
        already(&there, &names, path)
    } else {
        let numbers: HashMap<&str, u32> = names.iter().map(String::as_str).zip(0..).collect();
        there.iter().zip(1..).filter_map(|(row, place)| Some((*numbers.get(row.as_str())?, place))).collect()
    };
    let rows = table.height();
    let (mut places, mut added) = (Vec::new(), Vec::new());
    for row in 0..names.len() as u32 {
        places.push(there.get(&row).copied().unwrap_or_else(|| {
            added.push(row);
            rows + added.len()
        }));
    }
    let labels = texts(&table, "label").map_err(failed)?;
    let labeled = labels.iter().flatten().filter(|label| !label.trim().is_empty()).count();
    let kept = KeptRows { rows, labeled, added: added.len() };
    if added.is_empty() {
        return Ok((places, kept));
    }
    let below = |column: &Column| -> polars::prelude::PolarsResult<Column> {
        match new.column(column.name()) {
            Ok(found) if column.name() != "label" => found.take_slice(&added)?.strict_cast(column.dtype()),
            _ => Ok(Series::full_null(column.name().clone(), added.len(), column.dtype()).into()),
        }
    };
    let columns: polars::prelude::PolarsResult<Vec<Column>> = table.columns().iter().map(below).collect();
    let addition = columns.and_then(|columns| DataFrame::new(added.len(), columns)).map_err(failed)?;
    table.vstack_mut(&addition).map_err(failed)?;
    write_atomically_with(path, |file| ParquetWriter::new(file).finish(&mut table).map(drop).map_err(io_error))?;
    Ok((places, kept))
}

/// A column's values as texts.
fn texts(table: &DataFrame, name: &str) -> polars::prelude::PolarsResult<Vec<Option<String>>> {
    let column = table.column(name)?.cast(&DataType::String)?;
    Ok(column.str()?.iter().map(|text| text.map(str::to_owned)).collect())
}
