//! A dataset as a lazily evaluated table, and the views that narrow it.

mod arrow;
mod columns;
mod counts;
mod describe;
mod draw;
mod engine;
mod filled;
mod folder;
mod further;
mod holdout;
pub(crate) mod huggingface;
mod inspect;
mod join;
mod label_column;
mod labels;
mod memory;
mod names;
mod notes;
mod open;
mod options;
mod parquet;
mod parts;
mod read;
mod rows;
mod sources;
mod splits;
mod table;
mod text;
mod to_label;
mod unite;

use std::{fmt, path::Path, sync::Arc};

use polars::prelude::{DataFrame, Expr, NamedFrom, Series, col, lit};

pub(crate) use self::{
    columns::{CHECKSUM, DEEP, LEN, LOOK, OFFSET, ROW, SHARD},
    draw::smallest_per_class,
    engine::{among, guarded},
    names::intern,
    rows::TableImages,
    splits::is_split,
    table::Table,
};
pub use self::{
    counts::{ClassCount, SplitCount},
    describe::{ColumnInfo, Description},
    filled::KeptRows,
    holdout::{content_numbers, is_held_out},
    inspect::ImageSizes,
    memory::Row,
    notes::Note,
    options::{Folders, OpenOptions},
    splits::{evaluation_rank, is_evaluation_split},
    to_label::{ToLabel, check_to_label},
};
use self::{
    draw::{DrawPerClass, Smallest},
    parts::Narrowing,
};
use crate::{
    error::{DataError, Result},
    find::PassedOver,
    nearest::nearest,
    predicate,
    samples::Samples,
};

/// An immutable view of a table of images; cheap to clone, read only as far as a question needs.
///
/// A row's identity is its position in the whole table, from 0. Draws ([`per_class`](Self::per_class),
/// [`fraction`](Self::fraction)) are decided by a seeded hash of that position alone: not by threads, the version of
/// polars or the other rows, so that a table may grow at its end without reshuffling what was drawn before.
#[derive(Clone)]
pub struct Manifest {
    table: Arc<Table>,
    narrowing: Narrowing,
    split: Option<String>,
    labels_dropped: bool,
    steps: Vec<String>,
}

impl Manifest {
    /// Opens a dataset: a table (`.parquet`, `.csv`, `.tsv`, `.jsonl`, `.xlsx`, `.arrow`, `.ipc`, `.feather`), a pattern such as
    /// `data/train-*.parquet`, a folder that holds `manifest.parquet`, `manifest.csv` or Parquet parts (also in `data/`, as on
    /// the Hugging Face hub), a folder with one subfolder of images per class (also below `train/`, …), or a flat folder of images.
    ///
    /// Only the schema is read, except for tables of text, which are read whole.
    ///
    /// # Errors
    /// Where nothing is there, the file is damaged, or no column says where the images are.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        Self::open_with(path, &OpenOptions::default())
    }

    /// [`open`](Self::open), together with tables of labels, or without taking folders for classes.
    ///
    /// # Errors
    /// As [`open`](Self::open), for the tables, too; where none of a table's rows names an image of the dataset, or two rows
    /// label an image differently. What cannot be joined otherwise is told by [`notes`](Self::notes).
    pub fn open_with(path: impl AsRef<Path>, options: &OpenOptions) -> Result<Self> {
        let path = path.as_ref();
        let mut steps = vec![format!("dataset {}", path.display())];
        steps.extend(options.labels.iter().map(|table| format!("labels {}", table.display())));
        if options.folders == Folders::Ignore {
            steps.push("folders ignored".to_owned());
        }
        Ok(Self {
            table: Arc::new(read::open_with(path, options)?),
            narrowing: Narrowing::default(),
            split: None,
            labels_dropped: false,
            steps,
        })
    }

    /// What somebody should know of how the table was read: what stands for something else than is written, and what of it
    /// is not used.
    ///
    /// # Errors
    /// Where the table cannot be read.
    pub fn notes(&self) -> Result<Vec<Note>> {
        self.table.notes()
    }

    /// The rows of one split.
    ///
    /// # Errors
    /// [`DataError::UnknownSplit`] with the known ones.
    pub fn split(&self, name: &str) -> Result<Self> {
        let known = self.table.splits()?;
        if !known.iter().any(|split| split == name) {
            return Err(DataError::UnknownSplit {
                table: self.table.name.clone(),
                name: name.to_owned(),
                known: known.to_vec(),
                suggestion: nearest(name, known.iter().map(String::as_str)),
            });
        }
        let condition = match self.table.texts_of_splits(|split| split == name)?[..] {
            [text] => col(self.table.columns.split()).eq(lit(text)),
            ref texts => among(col(self.table.columns.split()), Series::new("splits".into(), texts)),
        };
        let mut view = self.narrowed(condition, format!("split {name}"));
        view.split = Some(name.to_owned());
        Ok(view)
    }

    /// The rows that have a label.
    ///
    /// # Errors
    /// [`DataError::NoLabels`] where the table has no labels or [`unlabeled`](Self::unlabeled) has dropped them.
    pub fn labeled(&self) -> Result<Self> {
        self.require_labels()?;
        Ok(self.narrowed(self.table.has_label()?, "labeled".to_owned()))
    }

    /// The images to learn from *without* their labels: labels are dropped, and unless a split was chosen before, rows
    /// of evaluation splits ([`is_evaluation_split`]) are left out.
    ///
    /// # Errors
    /// Where the table cannot be read.
    pub fn unlabeled(&self) -> Result<Self> {
        let held_out: Vec<&str> = match self.split {
            Some(_) => Vec::new(),
            None => self.table.splits()?.iter().map(String::as_str).filter(|name| is_evaluation_split(name)).collect(),
        };
        let mut view = if held_out.is_empty() {
            let mut view = self.clone();
            view.steps.push("unlabeled".to_owned());
            view
        } else {
            let step = format!("unlabeled without {}", held_out.join(", "));
            let split = col(self.table.columns.split());
            let names = Series::new("splits".into(), self.table.texts_of_splits(is_evaluation_split)?);
            self.narrowed(split.clone().is_null().or(among(split, names).not()), step)
        };
        view.labels_dropped = true;
        Ok(view)
    }

    /// `n` rows of each class, those with the smallest seeded hash of their row number. With the same seed, `n` rows
    /// are among the rows of any larger `n`.
    ///
    /// Classes without any row in this view, because a filter has left them out, are not asked for.
    ///
    /// # Errors
    /// [`DataError::TooFewRows`] naming the smallest class, [`DataError::NoLabels`].
    pub fn per_class(&self, n: usize, seed: u64) -> Result<Self> {
        self.require_labels()?;
        if n == 0 {
            return Err(argument("per_class", n, "at least 1 row per class"));
        }
        let classes = self.classes()?;
        let mut draw = DrawPerClass::new(n, seed);
        self.visit(&[ROW, self.table.columns.label()], |data| {
            let rows = self.table.row_numbers(data)?;
            let labels = self.table.encode_labels(data, &rows)?;
            rows.iter().zip(labels).for_each(|(&row, label)| draw.offer(row, label));
            Ok(())
        })?;
        if draw.is_empty() {
            let reason = format!("no row of \"{}\" has a label", self.steps.join(" | "));
            return Err(DataError::NoLabels { table: self.table.name.clone(), reason });
        }
        let rows = draw.finish().map_err(|short| DataError::TooFewRows {
            class: classes[short.class as usize].clone(),
            found: short.found,
            wanted: n,
            most: short.found,
            view: self.steps.join(" | "),
        })?;
        Ok(self.selected(&rows, format!("per_class {n} seed {seed}")))
    }

    /// `f` of the rows (0 < f <= 1; at least one row), those with the smallest seeded hash of their row number.
    ///
    /// # Errors
    /// [`DataError::Argument`] where `f` is out of range.
    pub fn fraction(&self, f: f64, seed: u64) -> Result<Self> {
        if !(f > 0.0 && f <= 1.0) {
            return Err(argument("fraction", f, "a number above 0 and up to 1, such as 0.1 for a tenth of the rows"));
        }
        let n = ((self.count()? as f64 * f).round() as usize).max(1);
        let mut smallest = Smallest::of_fraction(n, seed);
        self.visit(&[ROW], |data| {
            self.table.row_numbers(data)?.into_iter().for_each(|row| smallest.offer(row));
            Ok(())
        })?;
        Ok(self.selected(&smallest.finish(), format!("fraction {f} seed {seed}")))
    }

    /// The first `n` rows in table order; fewer where there are fewer.
    ///
    /// # Errors
    /// [`DataError::Argument`] for 0.
    pub fn take(&self, n: usize) -> Result<Self> {
        if n == 0 {
            return Err(argument("take", n, "at least 1 row"));
        }
        let mut view = self.clone();
        view.narrowing.first(u32::try_from(n).unwrap_or(u32::MAX));
        view.steps.push(format!("take {n}"));
        Ok(view)
    }

    /// The rows for which an SQL predicate is true, such as `label IN ('coat', 'dress') AND width >= 64`.
    ///
    /// All columns of the table can be used, and `row`, the row's number, where no column is called so.
    ///
    /// # Errors
    /// [`DataError::Predicate`] with the position of the fault and the nearest known name.
    pub fn filter(&self, predicate: &str) -> Result<Self> {
        let label = self.label_in(predicate)?;
        let expression = predicate::translate(predicate, &self.table, label)?;
        Ok(self.narrowed(expression, format!("filter {predicate}")))
    }

    /// The classes of the *whole* table, whatever this view shows, so that every view agrees on the numbering: sorted,
    /// integers by value, or in the order of a Hugging Face `ClassLabel`. Empty where the table has no labels.
    ///
    /// # Errors
    /// Where the table cannot be read or labels are neither text nor integers.
    pub fn classes(&self) -> Result<Arc<[String]>> {
        self.table.classes()
    }

    /// Number of rows.
    ///
    /// # Errors
    /// Where the table cannot be read.
    pub fn count(&self) -> Result<usize> {
        let mut rows = 0;
        if self.narrowing.is_all() {
            for piece in &self.table.pieces {
                rows += self.table.rows_of(piece)? as usize;
            }
        } else {
            self.visit(&[ROW], |data| {
                rows += data.height();
                Ok(())
            })?;
        }
        Ok(rows)
    }

    /// Splits of the whole table, in order of first appearance. Empty without a `split` column.
    ///
    /// # Errors
    /// Where the table cannot be read.
    pub fn splits(&self) -> Result<&[String]> {
        self.table.splits()
    }

    /// Files where the dataset was looked for that are none of its images, by reason; those that are likeliest to be missed
    /// come first.
    pub fn passed_over(&self) -> &[PassedOver] {
        &self.table.passed_over
    }

    /// How this view was made, in words: `["dataset datasets/fashion-mini", "split train", "per_class 10 seed 1"]`.
    pub fn steps(&self) -> &[String] {
        &self.steps
    }

    /// The rows as plain data.
    ///
    /// # Errors
    /// [`DataError::Empty`] where no row is left, or where the table cannot be read.
    pub fn samples(&self) -> Result<Samples> {
        let columns = &self.table.columns;
        let mut wanted = vec![col(ROW)];
        let with_labels = columns.label.is_some() && !self.labels_dropped;
        if with_labels {
            wanted.push(col(columns.label()));
        }
        wanted.extend(columns.image.expressions());
        let (mut rows, mut labels, mut sources) = (Vec::new(), Vec::new(), Vec::new());
        self.narrowing.visit(&self.table, &wanted, |data| {
            let part = self.table.row_numbers(data)?;
            if with_labels {
                labels.append(&mut self.table.encode_labels(data, &part)?);
            } else {
                labels.resize(rows.len() + part.len(), None);
            }
            sources.append(&mut self.table.sources(data)?);
            rows.extend(part);
            Ok(())
        })?;
        if rows.is_empty() {
            return Err(DataError::Empty { view: self.steps.join(" | ") });
        }
        Ok(Samples { rows, labels, classes: self.classes()?, sources })
    }

    /// The label column for a predicate; without one where it is not spoken of, so that labels need not be read.
    fn label_in(&self, predicate: &str) -> Result<predicate::Label> {
        let Some(label) = &self.table.columns.label else { return Ok(predicate::Label::default()) };
        if self.labels_dropped || !predicate.to_lowercase().contains(&label.to_lowercase()) {
            return Ok(predicate::Label { dropped: self.labels_dropped, ..predicate::Label::default() });
        }
        let whole = |name: &String| name.parse::<i64>().is_ok_and(|number| number.to_string() == *name);
        let whole = self.classes()?.iter().all(whole);
        Ok(predicate::Label { dropped: false, expr: Some(self.table.label_or_null()?), whole })
    }

    /// The rows without their images, part by part: `columns` by their names in the table.
    pub(crate) fn visit(&self, columns: &[&str], visit: impl FnMut(&DataFrame) -> Result<()>) -> Result<()> {
        let columns: Vec<Expr> = columns.iter().map(|&name| col(name)).collect();
        self.narrowing.visit(&self.table, &columns, visit)
    }

    pub(crate) fn has_labels(&self) -> bool {
        self.table.columns.label.is_some() && !self.labels_dropped
    }

    /// The view of given rows of the table.
    pub(crate) fn selected(&self, rows: &[u64], step: String) -> Self {
        let mut view = self.clone();
        // Drawn from this view, so its own conditions need not be asked again.
        view.narrowing = Narrowing::rows(rows);
        view.steps.push(step);
        view
    }

    fn require_labels(&self) -> Result<()> {
        let reason = if self.labels_dropped {
            "`.unlabeled()` has dropped them; call it last, or not at all".to_owned()
        } else if self.table.columns.label.is_none() {
            format!("the table has no column `label`; its columns are {}", self.table.columns.names().join(", "))
        } else if self.classes()?.is_empty() {
            "the column `label` is empty in every row".to_owned()
        } else {
            return Ok(());
        };
        Err(DataError::NoLabels { table: self.table.name.clone(), reason })
    }

    fn narrowed(&self, condition: Expr, step: String) -> Self {
        let mut view = self.clone();
        view.narrowing.condition(condition);
        view.steps.push(step);
        view
    }
}

impl fmt::Debug for Manifest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Manifest({})", self.steps.join(" | "))
    }
}

fn argument(name: &'static str, value: impl ToString, expected: &str) -> DataError {
    DataError::Argument { name, value: value.to_string(), expected: expected.to_owned() }
}

#[cfg(test)]
mod tests;
