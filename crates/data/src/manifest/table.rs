//! The whole table behind all views of a manifest.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
};

use polars::prelude::{Column, DataFrame, DataType, Expr, LazyFrame, PolarsResult, StringChunked, col, len};

use super::{
    columns::{Columns, ROW},
    labels::Labels,
    open,
};
use crate::{
    error::{DataError, Result},
    shard::Shards,
};

/// What [`Manifest`](super::Manifest) views share.
pub(crate) struct Table {
    /// As the user wrote it, for messages.
    pub(crate) name: String,
    /// What paths in the table are relative to.
    pub(crate) folder: PathBuf,
    /// "parquet", "csv", "arrow" or "folder".
    pub(crate) format: &'static str,
    /// Files that make up the table.
    pub(crate) files: usize,
    /// Their size.
    pub(crate) bytes: u64,
    /// All rows, with their numbers in [`ROW`].
    pub(crate) frame: LazyFrame,
    /// The same rows, one file after the other where files were opened one by one.
    pub(super) pieces: Vec<LazyFrame>,
    pub(crate) columns: Columns,
    pub(super) labels: Option<Labels>,
    /// Opened once, whichever views read them.
    pub(super) shards: Shards,
    classes: OnceLock<Arc<[String]>>,
    splits: OnceLock<Vec<String>>,
}

impl Table {
    pub(super) fn open(path: &Path) -> Result<Self> {
        let name = path.display().to_string();
        let opened = open::open(path, &name)?;
        let (mut frame, mut pieces) = (opened.frame, opened.pieces);
        let schema = guarded(&name, || frame.collect_schema())?;
        // A pandas categorical is text to everyone else.
        let categorical = |kind: &DataType| matches!(kind, DataType::Categorical(..) | DataType::Enum(..));
        let texts: Vec<_> = schema.iter().filter(|(_, kind)| categorical(kind)).map(|(name, _)| name.clone()).collect();
        if !texts.is_empty() {
            let texts: Vec<Expr> = texts.into_iter().map(|name| col(name).cast(DataType::String)).collect();
            frame = frame.with_columns(&texts);
            pieces = pieces.into_iter().map(|piece| piece.with_columns(&texts)).collect();
        }
        let mut schema = (*guarded(&name, || frame.collect_schema())?).clone();
        schema.shift_remove(ROW);
        let mut columns = Columns::find(&name, Arc::new(schema))?;
        let labels = Labels::find(&name, &columns, opened.class_names)?;
        if labels.is_none() {
            columns.label = None;
        }
        Ok(Self {
            name,
            folder: opened.folder,
            format: opened.format,
            files: opened.files,
            bytes: opened.bytes,
            frame,
            pieces,
            shards: Shards::default(),
            columns,
            labels,
            classes: OnceLock::new(),
            splits: OnceLock::new(),
        })
    }

    /// Runs a query.
    pub(crate) fn collect(&self, query: LazyFrame) -> Result<DataFrame> {
        guarded(&self.name, || query.collect())
    }

    /// Gives an engine's error the table's name.
    pub(crate) fn checked<T>(&self, result: PolarsResult<T>) -> Result<T> {
        result.map_err(|error| DataError::Table { table: self.name.clone(), reason: first_line(&error.to_string()) })
    }

    pub(crate) fn row_numbers(&self, data: &DataFrame) -> Result<Vec<u64>> {
        let rows = self.checked(data.column(ROW).and_then(Column::u32))?;
        Ok(rows.iter().flatten().map(u64::from).collect())
    }

    /// Number of rows of a piece, which Parquet files tell without being read.
    pub(super) fn rows_of(&self, piece: &LazyFrame) -> Result<u32> {
        let data = self.collect(piece.clone().select([len().alias("rows")]))?;
        let rows = self.checked(data.column("rows").and_then(Column::u32))?;
        Ok(rows.get(0).unwrap_or(0))
    }

    /// A column as text, whatever its type.
    pub(crate) fn texts(&self, data: &DataFrame, column: &str) -> Result<StringChunked> {
        let column = self.checked(data.column(column))?;
        let column = self.checked(column.cast(&DataType::String))?;
        Ok(self.checked(column.str())?.clone())
    }

    pub(crate) fn splits(&self) -> Result<&[String]> {
        if let Some(splits) = self.splits.get() {
            return Ok(splits);
        }
        let mut splits: Vec<String> = Vec::new();
        if let Some(split) = &self.columns.split {
            let narrow = |frame: LazyFrame| frame.select([col(split.as_str())]);
            self.visit(narrow, |data| {
                let mut last = None;
                for text in self.texts(data, split)?.iter().flatten() {
                    // Rows of a split usually stand together.
                    if last != Some(text) && !splits.iter().any(|known| known == text) {
                        splits.push(text.to_owned());
                    }
                    last = Some(text);
                }
                Ok(())
            })?;
        }
        Ok(self.splits.get_or_init(|| splits))
    }

    pub(crate) fn classes(&self) -> Result<Arc<[String]>> {
        if let Some(classes) = self.classes.get() {
            return Ok(classes.clone());
        }
        let classes = match &self.labels {
            Some(labels) => labels.classes(self)?,
            None => Arc::new([]),
        };
        Ok(self.classes.get_or_init(|| classes).clone())
    }
}

/// Runs the table engine: its errors get the table's name, and a damaged file that makes it panic is an error like any other.
pub(crate) fn guarded<T>(table: &str, query: impl FnOnce() -> PolarsResult<T>) -> Result<T> {
    let refused = |reason: String| DataError::Table { table: table.to_owned(), reason };
    catch_unwind(AssertUnwindSafe(query))
        .unwrap_or_else(|_| Err(polars::prelude::PolarsError::ComputeError("the file is damaged".into())))
        .map_err(|error| refused(first_line(&error.to_string())))
}

/// The engine's messages go on with the query plan, which helps nobody here.
fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().trim().to_owned()
}
