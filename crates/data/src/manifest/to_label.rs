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

use super::filled::{Filled, Kept};
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
    pub kept: Option<Kept>,
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
        _ => Ok(way_to(source, &here)),
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
        assert_eq!(data.unlabeled().unwrap().write_to_label(&rows, &path, false).unwrap().pictures, None);
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
        assert_eq!(data.write_to_label(&rows, &parquet, false).unwrap().pictures, None);
        assert_eq!(pixels(&parquet), source_pixels(&packed, &rows));
        assert!(Manifest::open(&parquet).unwrap().classes().unwrap().is_empty(), "the old labels are gone");
        let csv = folder.path().join("to_label.csv");
        assert_eq!(data.write_to_label(&rows, &csv, false).unwrap().pictures, Some(folder.path().join("to_label")));
        assert!(folder.path().join("to_label/9.png").is_file());
        assert_eq!(pixels(&csv), source_pixels(&packed, &rows));
    }

    #[test]
    fn what_a_person_has_filled_in_stays_to_the_byte() {
        let folder = tempfile::tempdir().unwrap();
        dataset(&folder.path().join("data"), 24);
        let data = Manifest::open(folder.path().join("data")).unwrap().unlabeled().unwrap();
        let path = folder.path().join("todo.csv");
        data.write_to_label(&[17, 2, 8], &path, false).unwrap();
        // Nothing was filled in: written anew.
        assert_eq!(data.write_to_label(&[5, 2], &path, false).unwrap().kept, None);
        assert_eq!(std::fs::read_to_string(&path).unwrap().lines().count(), 3);
        // Filled in by hand, in a spreadsheet's way: semicolons, its line ends, a column of its own, another order, no last line end.
        let filled =
            "\u{feff}label;remark;path\r\n\"cat; grey\";\"said \"\"no\"\"\";data/images/2.png\r\n;;data/images/5.png";
        write(&path, filled);
        let written = data.write_to_label(&[9, 2, 17], &path, false).unwrap();
        assert_eq!(written.kept, Some(Kept { rows: 2, labelled: 1, added: 2 }));
        assert_eq!(written.places, [3, 1, 4]);
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(text, format!("{filled}\r\n;;data/images/9.png\r\n;;data/images/17.png\r\n"));
        // Once more: nothing to add, nothing touched.
        let written = data.write_to_label(&[9, 2, 17], &path, false).unwrap();
        assert_eq!(written.kept, Some(Kept { rows: 4, labelled: 1, added: 0 }));
        assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
        // Neither does whoever lets other files be replaced lose it.
        let written = data.write_to_label(&[9], &path, true).unwrap();
        assert_eq!(written.kept, Some(Kept { rows: 4, labelled: 1, added: 0 }));
        assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
    }

    #[test]
    fn images_are_not_asked_for_again_under_another_spelling() {
        let folder = tempfile::tempdir().unwrap();
        dataset(&folder.path().join("data"), 12);
        let data = Manifest::open(folder.path().join("data")).unwrap().unlabeled().unwrap();
        let path = folder.path().join("todo.csv");
        let whole = folder.path().join("data/images/2.png");
        for spelled in ["./data/images/2.png", "data//images/2.png", "data\\images\\2.png", whole.to_str().unwrap()] {
            write(&path, format!("path,label\n{spelled},cat\n"));
            let written = data.write_to_label(&[2, 5], &path, false).unwrap();
            assert_eq!(written.kept, Some(Kept { rows: 1, labelled: 1, added: 1 }), "{spelled}");
            assert_eq!(written.places, [1, 2], "{spelled}");
        }
    }

    #[test]
    fn a_table_that_cannot_be_read_is_refused_and_not_added_to() {
        let folder = tempfile::tempdir().unwrap();
        dataset(&folder.path().join("data"), 8);
        let data = Manifest::open(folder.path().join("data")).unwrap();
        let path = folder.path().join("todo.csv");
        for (table, reason) in [
            ("path,label\ndata/images/1.png,\"cat\ndata/images/2.png,dog\n", "quotation mark"),
            ("path,label\ndata/images/1.png\n", "line 2"),
            ("path,label\ndata/images/1.png,cat,dog\n", "line 2"),
            ("path,label,label\ndata/images/1.png,cat,dog\n", "`label`"),
        ] {
            write(&path, table);
            let error = data.write_to_label(&[3], &path, false).unwrap_err().to_string();
            assert!(error.contains("todo.csv") && error.contains(reason), "{table}: {error}");
            assert_eq!(std::fs::read_to_string(&path).unwrap(), table);
        }
    }

    #[test]
    fn names_that_spreadsheets_would_run_come_back() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["=1+1.pgm", "-photo.pgm", "@x.pgm", "plain.pgm"] {
            write(folder.path().join(name), format!("P5\n1 1\n255\n{}", name.len()));
        }
        let data = Manifest::open(folder.path()).unwrap();
        let path = folder.path().join("todo.csv");
        data.write_to_label(&[0, 1, 2], &path, false).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(
            text.contains("\n'=1+1.pgm,") && text.contains("\n'-photo.pgm,") && text.contains("\n'@x.pgm,"),
            "{text}"
        );
        let mut names: Vec<String> = Manifest::open(&path)
            .unwrap()
            .samples()
            .unwrap()
            .sources
            .iter()
            .map(|source| source.name().unwrap().to_owned())
            .collect();
        names.sort();
        assert_eq!(names, ["-photo.pgm", "=1+1.pgm", "@x.pgm"]);
        write(&path, text.replacen(".pgm,,", ".pgm,a,", 1));
        let written = data.write_to_label(&[0, 1, 2, 3], &path, false).unwrap();
        assert_eq!(written.kept, Some(Kept { rows: 3, labelled: 1, added: 1 }));
    }

    #[test]
    fn labels_in_another_encoding_are_kept_and_other_files_refused() {
        let folder = tempfile::tempdir().unwrap();
        dataset(&folder.path().join("data"), 8);
        let data = Manifest::open(folder.path().join("data")).unwrap();
        let path = folder.path().join("todo.csv");
        // Latin 1, as spreadsheets in Europe save it.
        let filled = b"path,label\ndata/images/1.png,K\xE4fer\n".to_vec();
        std::fs::write(&path, &filled).unwrap();
        data.write_to_label(&[3], &path, false).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), [&filled[..], b"data/images/3.png,\n"].concat());
        for foreign in ["name,class\na,b\n", "", "my diary\n", "p\0a\0t\0h"] {
            write(&path, foreign);
            let error = data.write_to_label(&[3], &path, false).unwrap_err().to_string();
            assert!(error.contains("todo.csv") && error.contains("overwrite: true"), "{error}");
            assert!(check_to_label(&path, false).is_err() && check_to_label(&path, true).is_ok());
            assert_eq!(std::fs::read_to_string(&path).unwrap(), foreign);
        }
        let parquet = folder.path().join("todo.parquet");
        write(&parquet, "not a table");
        assert!(data.write_to_label(&[3], &parquet, false).is_err());
    }

    #[test]
    fn a_parquet_that_was_filled_in_keeps_its_rows_and_columns() {
        let folder = tempfile::tempdir().unwrap();
        dataset(&folder.path().join("data"), 12);
        let data = Manifest::open(folder.path().join("data")).unwrap().unlabeled().unwrap();
        let path = folder.path().join("todo.parquet");
        data.write_to_label(&[4, 6], &path, false).unwrap();
        let columns = vec![
            Column::new("path".into(), ["data/images/4.png", "data/images/6.png"]),
            Column::new("label".into(), [7_i64, 8]),
            Column::new("sure".into(), [0.5, 1.0]),
        ];
        let mut filled = DataFrame::new(2, columns).unwrap();
        ParquetWriter::new(std::fs::File::create(&path).unwrap()).finish(&mut filled).unwrap();
        let written = data.write_to_label(&[6, 9], &path, false).unwrap();
        assert_eq!((written.places, written.kept), (vec![2, 3], Some(Kept { rows: 2, labelled: 2, added: 1 })));
        let labelled = Manifest::open(&path).unwrap().samples().unwrap();
        assert_eq!(labelled.labels, [Some(0), Some(1), None]);
        assert_eq!(labelled.classes.to_vec(), ["7", "8"]);
        assert_eq!(pixels(&path)[2], source_pixels(&folder.path().join("data"), &[9])[0]);
    }

    #[test]
    fn wrong_rows_and_endings_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        dataset(folder.path(), 8);
        let data = Manifest::open(folder.path()).unwrap();
        let error = data.split("train").unwrap().write_to_label(&[3], &folder.path().join("a.csv"), false).unwrap_err();
        assert!(error.to_string().contains("split train"), "{error}");
        let error = data.write_to_label(&[3], &folder.path().join("a.xlsx"), false).unwrap_err();
        assert!(error.to_string().contains(".csv or .parquet"), "{error}");
        assert_eq!(data.rows(&[5, 1], "chosen").unwrap().samples().unwrap().rows, [1, 5]);
    }
}
