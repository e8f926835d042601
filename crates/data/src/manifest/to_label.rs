//! Chosen rows as a manifest of their own, in which a person fills in the labels.

use std::{
    borrow::Cow,
    collections::{HashMap, HashSet},
    path::{Path, PathBuf},
};

use polars::prelude::{
    Column, CsvWriter, DataFrame, DataType, IdxCa, IntoSeries, NamedFrom, ParquetWriter, PlSmallStr, PolarsResult,
    SerWriter, Series, StructChunked, col,
};

use super::filled::{Filled, KeptRows};
use super::{Manifest, ROW};
use crate::{
    atomic::{write_atomically, write_atomically_with},
    error::{DataError, Result},
    formulas::escaped_table,
    import::{absolute, io_error, relative},
    output::{Found, Output, found_at},
    source::Source,
};

/// What was written for a person to fill in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToLabel {
    /// The folder that embedded images were written to.
    pub pictures: Option<PathBuf>,
    /// The number of each row in the table, counted from 1.
    pub places: Vec<usize>,
    /// What became of a table that was there; `None` where it was written anew.
    pub kept: Option<KeptRows>,
}

/// Whether [`Manifest::write_to_label`] could write to `path`: looked at before anything is computed.
///
/// # Errors
/// As there.
pub fn check_to_label(path: &Path, overwrite: bool) -> Result<()> {
    filled(path, overwrite).map(drop)
}

/// The table at `path` that a person has, or may have, worked on.
fn filled(path: &Path, overwrite: bool) -> Result<Option<Filled>> {
    let csv = is_csv(path)?;
    match found_at(path)? {
        Found::Nothing | Found::Ours => Ok(None),
        // Labels are never replaced; with `overwrite` what is no such table is.
        Found::Changed | Found::Foreign => match Filled::read(path, csv) {
            Err(DataError::NotToLabel { .. }) if overwrite => Ok(None),
            table => table.map(Some),
        },
    }
}

/// Whether the manifest is a CSV rather than a Parquet.
fn is_csv(path: &Path) -> Result<bool> {
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("csv") => Ok(true),
        Some("parquet") => Ok(false),
        _ => Err(super::argument("path", path.display(), "a manifest is written as .csv or .parquet")),
    }
}

impl Manifest {
    /// The view of these rows, in table order; `step` says how they came about.
    ///
    /// # Errors
    /// [`DataError::Argument`] where one of them is not a row of this view.
    pub fn rows(&self, rows: &[u64], step: impl Into<String>) -> Result<Self> {
        let mut own = HashSet::new();
        self.visit(&[ROW], |data| {
            own.extend(self.table.row_numbers(data)?);
            Ok(())
        })?;
        if let Some(row) = rows.iter().find(|row| !own.contains(row)) {
            return Err(super::argument("rows", row, &format!("rows of \"{}\"", self.steps.join(" | "))));
        }
        let mut rows = rows.to_vec();
        rows.sort_unstable();
        rows.dedup();
        Ok(self.selected(&rows, step.into()))
    }

    /// Writes these rows, in the given order, as a manifest (`.csv` or `.parquet`, by the ending) with an empty `label` for a person
    /// to fill in; opened as a dataset it finds the same images. All further columns are kept, and `row` says where each row came
    /// from. Paths are made relative to the new manifest. Images that are embedded stay so in Parquet; for CSV they are written as
    /// files into a folder that has the manifest's name without its ending.
    ///
    /// Where a person has worked on a table that is there, it stays as it is, and rows that it lacks are added below. `overwrite`
    /// replaces a file that is no such table.
    ///
    /// # Errors
    /// [`DataError::Argument`] for another ending or a row that is not of this view; [`DataError::NotToLabel`] for a file that
    /// is no such table; files that cannot be written.
    pub fn write_to_label(&self, rows: &[u64], path: &Path, overwrite: bool) -> Result<ToLabel> {
        let filled = filled(path, overwrite)?;
        let csv = is_csv(path)?;
        let chosen = self.rows(rows, "to label")?;
        let samples = chosen.samples()?;
        let place: HashMap<u64, usize> = samples.rows.iter().copied().zip(0..).collect();
        let order: Vec<usize> = rows.iter().filter_map(|row| place.get(row).copied()).collect();
        let sources: Vec<&Source> = order.iter().map(|&at| &samples.sources[at]).collect();
        let embedded = sources.iter().any(|source| is_embedded(source));
        let folder = path.parent().unwrap_or(Path::new(""));
        std::fs::create_dir_all(if folder.as_os_str().is_empty() { Path::new(".") } else { folder })
            .map_err(|source| DataError::Write { path: path.to_owned(), source })?;
        let pictures = (csv && embedded).then(|| path.with_extension(""));

        let mut columns = if embedded && !csv {
            let folder = absolute(folder)?;
            vec![self.table.checked(image_column(&sources, &folder)?)?]
        } else {
            let paths = paths(&sources, rows, folder, pictures.as_deref(), overwrite)?;
            vec![Column::new("path".into(), paths)]
        };
        columns.push(Series::full_null("label".into(), rows.len(), &DataType::String).into());
        columns.extend(chosen.kept_columns(&order, csv)?);
        if !columns.iter().any(|column| column.name() == "row") {
            columns.push(Column::new("row".into(), rows));
        }
        let mut frame = self.table.checked(DataFrame::new(rows.len(), columns))?;
        if csv {
            frame = self.table.checked(escaped_table(&frame))?;
        }
        if let Some(filled) = filled {
            let (places, kept) = filled.add(&mut frame, path)?;
            return Ok(ToLabel { pictures, places, kept: Some(kept) });
        }
        Output::at(path, overwrite)?.write(|path| {
            write_atomically_with(path, |file| {
                let written = if csv {
                    CsvWriter::new(file).finish(&mut frame)
                } else {
                    ParquetWriter::new(file).finish(&mut frame).map(drop)
                };
                written.map_err(io_error)
            })
        })?;
        Ok(ToLabel { pictures, places: (1..=rows.len()).collect(), kept: None })
    }

    /// The columns that say neither where the image is nor what it shows, rows in the order of `order`.
    fn kept_columns(&self, order: &[usize], flat: bool) -> Result<Vec<Column>> {
        let kept: Vec<&str> = self.table.columns.split.as_deref().into_iter().chain(self.further_names()).collect();
        let wanted = std::iter::once(col(ROW)).chain(kept.iter().map(|&name| col(name)));
        let data =
            self.table.collect(self.narrowing.of(self.table.frame.clone()).select(wanted.collect::<Vec<_>>()))?;
        let order = IdxCa::from_vec(PlSmallStr::EMPTY, order.iter().map(|&at| at as u32).collect());
        let data = self.table.checked(data.take(&order))?;
        // A list or bytes have no place in a CSV.
        let fits = |kind: &DataType| !flat || !(kind.is_nested() || *kind == DataType::Binary);
        let column = |name: &&str| data.column(name).ok().filter(|column| fits(column.dtype())).cloned();
        Ok(kept.iter().filter_map(column).collect())
    }
}

/// The path of each image from `folder`; embedded ones are written into `pictures` first.
fn paths(
    sources: &[&Source],
    rows: &[u64],
    folder: &Path,
    pictures: Option<&Path>,
    overwrite: bool,
) -> Result<Vec<Option<String>>> {
    let here = absolute(folder)?;
    let path = |(source, row): (&&Source, &u64)| match (source, pictures) {
        (source, Some(pictures)) if is_embedded(source) => {
            let bytes = embedded(source)?;
            let ending = image::guess_format(&bytes).ok().and_then(|format| format.extensions_str().first().copied());
            let name = format!("{row}.{}", ending.unwrap_or("image"));
            write_picture(&pictures.join(&name), &bytes, overwrite)?;
            let pictures = pictures.file_name().unwrap_or_default().to_string_lossy();
            Ok(Some(format!("{pictures}/{name}")))
        }
        _ => Ok(source.name_from(&here)),
    };
    sources.iter().zip(rows).map(path).collect()
}

/// Writes an image that is not there yet; the same image stays as it is.
fn write_picture(path: &Path, bytes: &[u8], overwrite: bool) -> Result<()> {
    let there = std::fs::metadata(path).is_ok_and(|file| file.len() == bytes.len() as u64);
    if there && std::fs::read(path).is_ok_and(|found| found == bytes) {
        return Ok(());
    }
    Output::at(path, overwrite)?.write(|path| write_atomically(path, bytes))
}

impl Source {
    /// What a table in `folder`, an absolute path, calls the image: the way from there for a file, else the name that it once had.
    pub fn name_from(&self, folder: &Path) -> Option<String> {
        match self {
            // What is absolute in the table is so by its owner's will.
            Self::File { name, .. } if Path::new(name).is_absolute() => Some(name.clone()),
            Self::File { .. } => Some(relative(folder, &absolute(&self.path()?).ok()?)),
            Self::Bytes { .. } | Self::Packed { .. } | Self::Missing => self.name().map(str::to_owned),
        }
    }
}

/// Whether an image is no file of its own.
fn is_embedded(source: &Source) -> bool {
    matches!(source, Source::Bytes { .. } | Source::Packed { .. })
}

fn embedded(source: &Source) -> Result<Cow<'_, [u8]>> {
    source.read().map_err(|reason| DataError::Table { table: source.name().unwrap_or("an image").to_owned(), reason })
}

/// Bytes where there are some, else the path.
fn image_column(sources: &[&Source], folder: &Path) -> Result<PolarsResult<Column>> {
    let bytes = sources.iter().map(|source| is_embedded(source).then(|| embedded(source)).transpose());
    let bytes = bytes.collect::<Result<Vec<_>>>()?;
    let bytes = Series::new("bytes".into(), bytes.iter().map(Option::as_deref).collect::<Vec<Option<&[u8]>>>());
    let paths = Series::new("path".into(), sources.iter().map(|source| source.name_from(folder)).collect::<Vec<_>>());
    let both = StructChunked::from_series("image".into(), sources.len(), [bytes, paths].iter());
    Ok(both.map(|both| both.into_series().into()))
}

#[cfg(test)]
mod tests;
