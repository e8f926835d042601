//! What is in a dataset, as data and as text.

use std::fmt;

use polars::prelude::DataType;
use serde::Serialize;

use super::{ClassCount, ImageSizes, Manifest, Note, ROW, SplitCount, Table, draw::Smallest};
use crate::{error::Result, find::PassedOver, images::BadImage};

/// Bad images that are named in text.
const LISTED: usize = 10;

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
    /// Sizes of the images that were looked at.
    pub sizes: ImageSizes,
    /// Those among them that cannot be used, in row order.
    pub bad: Vec<BadImage>,
    /// What was assumed of them to make pixels of them.
    pub remarks: Vec<String>,
    /// Files where the dataset was looked for that are none of its images, by reason.
    pub passed_over: Vec<PassedOver>,
    /// What to know of how the table was read.
    pub notes: Vec<Note>,
}

/// One column of the table.
#[derive(Clone, Debug, Serialize, PartialEq, Eq)]
pub struct ColumnInfo {
    /// Its name.
    pub name: String,
    /// Its type, as polars prints it.
    pub kind: String,
}

impl Manifest {
    /// Counts rows, splits and classes and decodes a few images, evenly drawn.
    ///
    /// # Errors
    /// Where the table cannot be read. Images that cannot be read are listed instead.
    pub fn describe(&self) -> Result<Description> {
        self.described(None)
    }

    /// [`describe`](Self::describe), but every image is decoded; `progress` hears how many of how many are done.
    ///
    /// # Errors
    /// Where the table cannot be read. Images that cannot be read are listed instead.
    pub fn describe_deeply(&self, progress: &mut dyn FnMut(usize, usize)) -> Result<Description> {
        self.described(Some(progress))
    }

    fn described(&self, every: Option<&mut dyn FnMut(usize, usize)>) -> Result<Description> {
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
        let inspected = match every {
            Some(progress) => self.inspect_all(rows, progress)?,
            None => self.inspect_some(&sample.finish())?,
        };
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
            sizes: inspected.sizes,
            bad: inspected.bad,
            remarks: inspected.remarks.in_words(),
            passed_over: table.passed_over.clone(),
            notes: self.notes()?,
        })
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

impl Description {
    fn looked_at(&self) -> String {
        if self.sizes.sampled == self.rows {
            String::new()
        } else {
            format!(" in a sample of {} (--deep looks at all)", self.sizes.sampled)
        }
    }
}

impl fmt::Display for Description {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.steps.join(" | "))?;
        let files = if self.files > 0 { format!(", {} file(s)", self.files) } else { String::new() };
        writeln!(f, "  format    {}{files}, images {}", self.format, self.images)?;
        writeln!(f, "  rows      {} ({} labeled)", self.rows, self.labeled)?;
        if !self.splits.is_empty() {
            let splits =
                self.splits.iter().map(|split| format!("{} {}", split.name.as_deref().unwrap_or("(none)"), split.rows));
            writeln!(f, "  splits    {}", splits.collect::<Vec<_>>().join(", "))?;
        }
        if !self.classes.is_empty() {
            writeln!(f, "  classes   {}: {}", self.classes.len(), ClassCount::in_words(&self.classes))?;
        }
        let columns = self.columns.iter().map(|column| format!("{} ({})", column.name, column.kind));
        writeln!(f, "  columns   {}", columns.collect::<Vec<_>>().join(", "))?;
        if let (Some(smallest), Some(largest)) = (self.sizes.smallest, self.sizes.largest) {
            let range = if smallest == largest {
                format!("{}x{}", smallest.0, smallest.1)
            } else {
                format!("{}x{} to {}x{}", smallest.0, smallest.1, largest.0, largest.1)
            };
            writeln!(f, "  sizes     {range}{}", self.looked_at())?;
        }
        if !self.bad.is_empty() {
            writeln!(f, "  unusable  {} of {} images{}", self.bad.len(), self.sizes.sampled, self.looked_at())?;
            for bad in self.bad.iter().take(LISTED) {
                writeln!(f, "            {bad}")?;
            }
            if self.bad.len() > LISTED {
                writeln!(f, "            and {} more (--json lists all)", self.bad.len() - LISTED)?;
            }
        }
        for remark in &self.remarks {
            writeln!(f, "  note      {remark}")?;
        }
        for (i, passed) in self.passed_over.iter().enumerate() {
            writeln!(f, "  {}  {passed}", if i == 0 { "left out" } else { "        " })?;
        }
        for note in &self.notes {
            writeln!(f, "  {}   {note}", if note.warning { "warning" } else { "note   " })?;
        }
        Ok(())
    }
}
