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

use super::{Manifest, ROW};
use crate::{
    atomic::{write_atomically, write_atomically_with},
    error::{DataError, Result},
    import::{absolute, io_error, relative},
    samples::Source,
};

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
    /// files into the folder that is given back, which has the manifest's name without its ending.
    ///
    /// # Errors
    /// [`DataError::Argument`] for another ending or a row that is not of this view; files that cannot be written.
    pub fn write_to_label(&self, rows: &[u64], path: &Path) -> Result<Option<PathBuf>> {
        let csv = match path.extension().and_then(|extension| extension.to_str()) {
            Some("csv") => true,
            Some("parquet") => false,
            _ => return Err(super::argument("path", path.display(), "a manifest is written as .csv or .parquet")),
        };
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
            let paths = paths(&sources, rows, folder, pictures.as_deref())?;
            vec![Column::new("path".into(), paths)]
        };
        columns.push(Series::full_null("label".into(), rows.len(), &DataType::String).into());
        columns.extend(chosen.kept_columns(&order, csv)?);
        if !columns.iter().any(|column| column.name() == "row") {
            columns.push(Column::new("row".into(), rows));
        }
        let mut frame = self.table.checked(DataFrame::new(rows.len(), columns))?;
        write_atomically_with(path, |file| {
            let written = if csv {
                CsvWriter::new(file).finish(&mut frame)
            } else {
                ParquetWriter::new(file).finish(&mut frame).map(drop)
            };
            written.map_err(io_error)
        })?;
        Ok(pictures)
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
fn paths(sources: &[&Source], rows: &[u64], folder: &Path, pictures: Option<&Path>) -> Result<Vec<Option<String>>> {
    let here = absolute(folder)?;
    let path = |(source, row): (&&Source, &u64)| match (source, pictures) {
        (source, Some(pictures)) if is_embedded(source) => {
            let bytes = embedded(source)?;
            let ending = image::guess_format(&bytes).ok().and_then(|format| format.extensions_str().first().copied());
            let name = format!("{row}.{}", ending.unwrap_or("image"));
            write_atomically(pictures.join(&name), bytes)?;
            let pictures = pictures.file_name().unwrap_or_default().to_string_lossy();
            Ok(Some(format!("{pictures}/{name}")))
        }
        _ => Ok(way_to(source, &here)),
    };
    sources.iter().zip(rows).map(path).collect()
}

/// The way from a folder to an image that is a file.
fn way_to(source: &Source, folder: &Path) -> Option<String> {
    match source {
        // What is absolute in the table is so by its owner's will.
        Source::File { name, .. } if Path::new(name).is_absolute() => Some(name.clone()),
        Source::File { .. } => Some(relative(folder, &absolute(&source.path()?).ok()?)),
        Source::Bytes { name, .. } => name.clone(),
        Source::Packed { name, .. } => name.as_deref().map(str::to_owned),
        Source::Missing => None,
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
    let paths = Series::new("path".into(), sources.iter().map(|source| way_to(source, folder)).collect::<Vec<_>>());
    let both = StructChunked::from_series("image".into(), sources.len(), [bytes, paths].iter());
    Ok(both.map(|both| both.into_series().into()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        import::{ImportOptions, import},
        test_images::{dataset, write},
    };

    /// What opens under `path`, as pixels in the order of its rows.
    fn pixels(path: &Path) -> Vec<Vec<u8>> {
        let samples = Manifest::open(path).unwrap().samples().unwrap();
        samples.sources.iter().map(|source| source.read().unwrap().into_owned()).collect()
    }

    fn source_pixels(path: &Path, rows: &[u64]) -> Vec<Vec<u8>> {
        let all = pixels(path);
        rows.iter().map(|&row| all[row as usize].clone()).collect()
    }

    #[test]
    fn a_csv_elsewhere_finds_its_images_and_takes_labels() {
        let folder = tempfile::tempdir().unwrap();
        dataset(&folder.path().join("data"), 24);
        let data = Manifest::open(folder.path().join("data")).unwrap();
        let path = folder.path().join("work/next/to_label.csv");
        let rows = [17, 2, 8];
        assert_eq!(data.unlabeled().unwrap().write_to_label(&rows, &path).unwrap(), None);
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(text.lines().next(), Some("path,label,split,size,row"));
        assert!(text.contains("../../data/images/17.png,,train,17,17"), "{text}");
        assert_eq!(pixels(&path), source_pixels(&folder.path().join("data"), &rows));
        // A person fills in the labels.
        write(&path, text.replace(".png,,", ".png,good,").replacen("good", "bad", 1));
        let labelled = Manifest::open(&path).unwrap().samples().unwrap();
        assert_eq!(
            (labelled.labels, labelled.classes.to_vec()),
            (vec![Some(0), Some(1), Some(1)], vec!["bad".into(), "good".into()])
        );
    }

    #[test]
    fn embedded_images_stay_embedded_or_become_files() {
        let folder = tempfile::tempdir().unwrap();
        dataset(&folder.path().join("data"), 12);
        let packed = folder.path().join("packed.parquet");
        import(&folder.path().join("data"), &packed, &ImportOptions { embed: true, ..ImportOptions::default() })
            .unwrap();
        let data = Manifest::open(&packed).unwrap();
        let rows = [9, 4];
        let parquet = folder.path().join("to_label.parquet");
        assert_eq!(data.write_to_label(&rows, &parquet).unwrap(), None);
        assert_eq!(pixels(&parquet), source_pixels(&packed, &rows));
        assert!(Manifest::open(&parquet).unwrap().classes().unwrap().is_empty(), "the old labels are gone");
        let csv = folder.path().join("to_label.csv");
        assert_eq!(data.write_to_label(&rows, &csv).unwrap(), Some(folder.path().join("to_label")));
        assert!(folder.path().join("to_label/9.png").is_file());
        assert_eq!(pixels(&csv), source_pixels(&packed, &rows));
    }

    #[test]
    fn wrong_rows_and_endings_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        dataset(folder.path(), 8);
        let data = Manifest::open(folder.path()).unwrap();
        let error = data.split("train").unwrap().write_to_label(&[3], &folder.path().join("a.csv")).unwrap_err();
        assert!(error.to_string().contains("split train"), "{error}");
        let error = data.write_to_label(&[3], &folder.path().join("a.xlsx")).unwrap_err();
        assert!(error.to_string().contains(".csv or .parquet"), "{error}");
        assert_eq!(data.rows(&[5, 1], "chosen").unwrap().samples().unwrap().rows, [1, 5]);
    }
}
