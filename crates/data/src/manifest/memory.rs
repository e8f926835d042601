//! Tables that a program makes, rather than finds.

use std::{path::Path, sync::Arc};

use polars::prelude::{Column, DataFrame, IntoLazy, PolarsResult};

use super::{Manifest, Narrowing, Table, columns::ROW, engine::guarded, open::Opened};
use crate::error::Result;

/// A row of a table that is made in memory. An image with neither bytes nor a path is a bad one, as in a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Row {
    /// The image's file, relative to the folder of the table or absolute; what the image is called where it has bytes.
    pub path: Option<String>,
    /// The encoded image.
    pub bytes: Option<Vec<u8>>,
    /// Its class, by the rules of every table: nothing and -1 mean unlabeled, `007` is not `7`.
    pub label: Option<String>,
    /// Its split.
    pub split: Option<String>,
}

impl Manifest {
    /// A table of these rows, in this order, called `name` in messages; paths are relative to `folder`. Views of it, draws and
    /// predicates are those of a file with the columns `path`, `image`, `label` and `split`.
    ///
    /// # Errors
    /// As [`open`](Self::open) of such a file.
    pub fn from_rows(name: &str, folder: impl AsRef<Path>, rows: impl IntoIterator<Item = Row>) -> Result<Self> {
        let (mut paths, mut images, mut labels, mut splits) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for Row { path, bytes, label, split } in rows {
            paths.push(path);
            images.push(bytes);
            labels.push(label);
            splits.push(split);
        }
        let made = || -> PolarsResult<DataFrame> {
            let mut columns = vec![Column::new("path".into(), &paths)];
            if images.iter().any(Option::is_some) {
                let bytes: Vec<Option<&[u8]>> = images.iter().map(Option::as_deref).collect();
                columns.push(Column::new("image".into(), bytes));
            }
            for (name, texts) in [("label", &labels), ("split", &splits)] {
                if texts.iter().any(Option::is_some) {
                    columns.push(Column::new(name.into(), texts));
                }
            }
            DataFrame::new(paths.len(), columns)
        };
        let frame = guarded(name, made)?.lazy().with_row_index(ROW, None);
        let opened = Opened {
            pieces: vec![frame.clone()],
            frame,
            folder: folder.as_ref().to_owned(),
            format: "memory",
            files: 0,
            bytes: 0,
            class_names: None,
            labels: Vec::new(),
            notes: Vec::new(),
            passed_over: Vec::new(),
        };
        Ok(Self {
            table: Arc::new(Table::of(name.to_owned(), opened)?),
            narrowing: Narrowing::default(),
            split: None,
            labels_dropped: false,
            steps: vec![format!("rows {name}")],
        })
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;
    use crate::test_images::{png, write};
    use crate::{DataError, Images, LoadOptions};

    fn row(path: &str, label: &str, split: &str) -> Row {
        let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Row { path: text(path), bytes: None, label: text(label), split: text(split) }
    }

    #[test]
    fn rows_of_a_program_are_those_of_a_file() {
        let place = tempfile::tempdir().unwrap();
        let mut csv = "path,label,split\n".to_owned();
        let mut rows = Vec::new();
        for i in 0..12_u8 {
            let (path, label) = (format!("{i}.png"), ["cat", "007", "-1"][usize::from(i % 3)]);
            let split = if i < 8 { "train" } else { "test" };
            write(place.path().join(&path), png(u32::from(i)));
            let _ = writeln!(csv, "{path},{label},{split}");
            rows.push(row(&path, label, split));
        }
        let file = place.path().join("table.csv");
        write(&file, csv);
        let (made, read) = (Manifest::from_rows("mine", place.path(), rows).unwrap(), Manifest::open(&file).unwrap());
        assert_eq!(made.classes().unwrap(), read.classes().unwrap());
        assert_eq!(made.splits().unwrap(), read.splits().unwrap());
        let drawn = |data: &Manifest| {
            let few =
                data.split("train").unwrap().per_class(1, 3).unwrap().filter("label = 'cat' OR label = '007'").unwrap();
            few.samples().unwrap().fingerprint()
        };
        assert_eq!(drawn(&made), drawn(&read));
        assert_eq!(made.unlabeled().unwrap().count().unwrap(), 8);
    }

    #[test]
    fn bytes_are_images_and_what_is_missing_is_bad() {
        let rows = [
            Row { bytes: Some(png(9)), label: Some("a".into()), ..Row::default() },
            Row { bytes: Some(png(7)), path: Some("called.png".into()), ..Row::default() },
            Row::default(),
        ];
        let samples = Manifest::from_rows("mine", "", rows).unwrap().samples().unwrap();
        assert_eq!((samples.len(), samples.labels[0], samples.labels[1]), (3, Some(0), None));
        assert_eq!(samples.sources[1].name(), Some("called.png"));
        let images = Images::load(&samples, &LoadOptions { max_bad_fraction: 1.0, ..LoadOptions::default() }).unwrap();
        assert_eq!((images.len(), images.bad().len(), images.bad()[0].row), (2, 1, 2));
    }

    #[test]
    fn no_row_is_a_table_without_any() {
        let data = Manifest::from_rows("mine", "", []).unwrap();
        assert_eq!(data.count().unwrap(), 0);
        assert!(matches!(data.samples(), Err(DataError::Empty { .. })));
    }
}
