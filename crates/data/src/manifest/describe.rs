//! What is in a dataset, as data and as text.

use std::fmt;

use polars::prelude::DataType;
use serde::Serialize;

use super::{Manifest, Note, ROW, Table, draw::Smallest};
use crate::{decode, error::Result};

/// What [`Manifest::describe`] finds in a view.
#[derive(Clone, Debug, Serialize, PartialEq, Eq)]
pub struct Description {
    /// The path the manifest was opened by.
    pub dataset: String,
    /// "parquet", "csv", "arrow" or "folder".
    pub format: String,
    /// Files that make up the table; 0 for a folder of images.
    pub files: usize,
    /// How the view was made.
    pub steps: Vec<String>,
    /// Rows of the view.
    pub rows: usize,
    /// Rows with a label.
    pub labeled: usize,
    /// Splits of the view in order of first appearance, with rows.
    pub splits: Vec<SplitCount>,
    /// All classes of the table in class order, with the rows of the view.
    pub classes: Vec<ClassCount>,
    /// Columns of the table.
    pub columns: Vec<ColumnInfo>,
    /// "embedded" where images stand in the table, "packed" where it points into files of many images, else "files".
    pub images: String,
    /// Sizes in a sample of the images.
    pub sizes: ImageSizes,
    /// What to know of how the table was read.
    pub notes: Vec<Note>,
}

/// Rows of one split; `None` is rows without one.
#[derive(Clone, Debug, Serialize, PartialEq, Eq)]
pub struct SplitCount {
    /// The split.
    pub name: Option<String>,
    /// Its rows.
    pub rows: usize,
}

/// Rows of one class.
#[derive(Clone, Debug, Serialize, PartialEq, Eq)]
pub struct ClassCount {
    /// The class.
    pub name: String,
    /// Its rows.
    pub rows: usize,
}

/// One column of the table.
#[derive(Clone, Debug, Serialize, PartialEq, Eq)]
pub struct ColumnInfo {
    /// Its name.
    pub name: String,
    /// Its type, as polars prints it.
    pub kind: String,
}

/// Sizes by the headers of up to 64 images, chosen by hash.
#[derive(Clone, Debug, Default, Serialize, PartialEq, Eq)]
pub struct ImageSizes {
    /// Images looked at.
    pub sampled: usize,
    /// Images among them whose header cannot be read.
    pub bad: usize,
    /// Smallest (width, height) by area.
    pub smallest: Option<(u32, u32)>,
    /// Largest (width, height) by area.
    pub largest: Option<(u32, u32)>,
}

impl Manifest {
    /// Counts rows, splits and classes and looks at the headers of a few images.
    ///
    /// # Errors
    /// Where the table cannot be read. Images that cannot be read are counted instead.
    pub fn describe(&self) -> Result<Description> {
        let table: &Table = &self.table;
        let (mut rows, mut sample) = (0, Smallest::of_fraction(64, 0));
        let mut splits: Vec<SplitCount> = Vec::new();
        let mut classes: Vec<ClassCount> =
            self.classes()?.iter().map(|name| ClassCount { name: name.clone(), rows: 0 }).collect();
        let split = table.columns.split.as_deref();
        let label = self.has_labels().then(|| table.columns.label());
        let wanted: Vec<&str> = [Some(ROW), split, label].into_iter().flatten().collect();
        self.visit(&wanted, |data| {
            let numbers = table.row_numbers(data)?;
            rows += numbers.len();
            for &row in &numbers {
                sample.offer(row);
            }
            if let Some(split) = split {
                count_splits(table.split_texts(data, split)?.iter().map(Option::as_deref), &mut splits);
            }
            if label.is_some() {
                for label in table.encode_labels(data, &numbers)?.into_iter().flatten() {
                    classes[label as usize].rows += 1;
                }
            }
            Ok(())
        })?;
        let columns = table.columns.schema.iter();
        Ok(Description {
            dataset: table.name.clone(),
            format: table.format.to_owned(),
            files: table.files,
            steps: self.steps.clone(),
            rows,
            labeled: classes.iter().map(|class| class.rows).sum(),
            splits,
            classes,
            columns: columns
                .map(|(name, kind)| ColumnInfo { name: name.to_string(), kind: kind_in_words(kind) })
                .collect(),
            images: match &table.columns.image {
                image if image.is_embedded() => "embedded",
                image if image.is_packed() => "packed",
                _ => "files",
            }
            .to_owned(),
            sizes: self.sizes(&sample.finish())?,
            notes: self.notes()?,
        })
    }

    fn sizes(&self, sample: &[u64]) -> Result<ImageSizes> {
        let mut sizes = ImageSizes::default();
        if sample.is_empty() {
            return Ok(sizes);
        }
        let sample = self.selected(sample, String::new()).samples()?;
        for source in &sample.sources {
            sizes.sampled += 1;
            let Ok(size) = source.read().and_then(|bytes| decode::dimensions(&bytes)) else {
                sizes.bad += 1;
                continue;
            };
            let area = |size: (u32, u32)| u64::from(size.0) * u64::from(size.1);
            if sizes.smallest.is_none_or(|smallest| area(size) < area(smallest)) {
                sizes.smallest = Some(size);
            }
            if sizes.largest.is_none_or(|largest| area(size) > area(largest)) {
                sizes.largest = Some(size);
            }
        }
        Ok(sizes)
    }
}

/// Adds one row to the split of each.
fn count_splits<'a>(names: impl Iterator<Item = Option<&'a str>>, splits: &mut Vec<SplitCount>) {
    // Rows of a split usually stand together.
    let mut last = 0;
    for name in names {
        if splits.get(last).is_none_or(|split| split.name.as_deref() != name) {
            last = splits.iter().position(|split| split.name.as_deref() == name).unwrap_or(splits.len());
        }
        if last == splits.len() {
            splits.push(SplitCount { name: name.map(str::to_owned), rows: 0 });
        }
        splits[last].rows += 1;
    }
}

/// The type's name, with the fields of a struct: `struct{bytes, path}`.
fn kind_in_words(kind: &DataType) -> String {
    match kind {
        DataType::Struct(fields) => {
            let names: Vec<&str> = fields.iter().map(|field| field.name().as_str()).collect();
            format!("struct{{{}}}", names.join(", "))
        }
        kind => kind.to_string(),
    }
}

impl fmt::Display for Description {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.steps.join(" | "))?;
        let files = if self.files > 0 { format!(", {} file(s)", self.files) } else { String::new() };
        writeln!(f, "  format    {}{files}, images {}", self.format, self.images)?;
        writeln!(f, "  rows      {} ({} labelled)", self.rows, self.labeled)?;
        if !self.splits.is_empty() {
            let splits =
                self.splits.iter().map(|split| format!("{} {}", split.name.as_deref().unwrap_or("(none)"), split.rows));
            writeln!(f, "  splits    {}", splits.collect::<Vec<_>>().join(", "))?;
        }
        if !self.classes.is_empty() {
            let classes = self.classes.iter().map(|class| format!("{} {}", class.name, class.rows));
            writeln!(f, "  classes   {}: {}", self.classes.len(), classes.collect::<Vec<_>>().join(", "))?;
        }
        let columns = self.columns.iter().map(|column| format!("{} ({})", column.name, column.kind));
        writeln!(f, "  columns   {}", columns.collect::<Vec<_>>().join(", "))?;
        if let (Some(smallest), Some(largest)) = (self.sizes.smallest, self.sizes.largest) {
            let range = if smallest == largest {
                format!("{}x{}", smallest.0, smallest.1)
            } else {
                format!("{}x{} to {}x{}", smallest.0, smallest.1, largest.0, largest.1)
            };
            writeln!(f, "  sizes     {range} in a sample of {}", self.sizes.sampled)?;
        }
        if self.sizes.bad > 0 {
            writeln!(f, "  unusable  {} of the {} sampled images", self.sizes.bad, self.sizes.sampled)?;
        }
        for note in &self.notes {
            writeln!(f, "  {}   {note}", if note.warning { "warning" } else { "note   " })?;
        }
        Ok(())
    }
}
