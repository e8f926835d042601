//! The whole table behind all views of a manifest.

use std::{
    path::PathBuf,
    sync::{Arc, OnceLock},
};

use polars::prelude::{Column, DataFrame, DataType, Expr, LazyFrame, PolarsResult, Schema, StringChunked, col, len};

use super::{
    columns::{Columns, PATH, ROW},
    engine::{first_line, guarded},
    labels::{Classes, Labels},
    notes::Note,
    open::Opened,
};
use crate::{
    error::{DataError, Result},
    find::PassedOver,
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
    /// What was found while it was opened.
    pub(super) notes: Vec<Note>,
    /// Files beside the table's that are none of its rows.
    pub(super) passed_over: Vec<PassedOver>,
    /// Found when first asked for.
    pub(super) classes: OnceLock<Arc<Classes>>,
    splits: OnceLock<Splits>,
}

/// The splits of a table in order of first appearance.
#[derive(Default)]
struct Splits {
    names: Vec<String>,
    /// The texts in the table, and which of the names they are.
    texts: Vec<(String, usize)>,
}

impl Table {
    /// A table that has been found, called `name`.
    pub(super) fn of(name: String, opened: Opened) -> Result<Self> {
        let (mut frame, mut pieces, mut notes) = (opened.frame, opened.pieces, opened.notes);
        let mut schema = (*guarded(&name, || frame.collect_schema())?).clone();
        schema.shift_remove(ROW);
        let (columns, said) = Columns::find(&name, Arc::new(in_text(&schema)))?;
        notes.extend(said);
        let named = opened.class_names.is_some();
        let plain = plain(&schema, &columns, named);
        let written = columns.label_kind().cloned();
        if !plain.is_empty() {
            frame = frame.with_columns(&plain);
            pieces = pieces.into_iter().map(|piece| piece.with_columns(&plain)).collect();
        }
        let mut schema = (*guarded(&name, || frame.collect_schema())?).clone();
        schema.shift_remove(ROW);
        let mut columns = Columns { schema: Arc::new(schema), ..columns };
        let labels = Labels::find(&name, &columns, written.as_ref(), opened.class_names)?;
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
            notes,
            passed_over: opened.passed_over,
            classes: OnceLock::new(),
            splits: OnceLock::new(),
        })
    }

    /// The same after a change of its columns.
    pub(super) fn anew(self) -> Self {
        Self { classes: OnceLock::new(), splits: OnceLock::new(), ..self }
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

    /// The names of the images in a query's result.
    pub(super) fn names_of(&self, data: &DataFrame) -> Result<StringChunked> {
        self.texts(data, PATH)
    }

    /// The split of each row of a query's result.
    pub(crate) fn split_texts(&self, data: &DataFrame, column: &str) -> Result<Vec<Option<String>>> {
        Ok(self.texts(data, column)?.iter().map(|text| Some(split_name(text?)?.to_owned())).collect())
    }

    pub(crate) fn splits(&self) -> Result<&[String]> {
        Ok(&self.all_splits()?.names)
    }

    /// The texts in the table that name these splits.
    pub(crate) fn texts_of_splits(&self, fits: impl Fn(&str) -> bool) -> Result<Vec<&str>> {
        let splits = self.all_splits()?;
        Ok(splits.texts.iter().filter(|(_, name)| fits(&splits.names[*name])).map(|(text, _)| text.as_str()).collect())
    }

    fn all_splits(&self) -> Result<&Splits> {
        if let Some(splits) = self.splits.get() {
            return Ok(splits);
        }
        let mut splits = Splits::default();
        if let Some(split) = &self.columns.split {
            let narrow = |frame: LazyFrame| frame.select([col(split.as_str())]);
            self.visit(narrow, |data| {
                let mut last = None;
                for text in self.texts(data, split)?.iter().flatten() {
                    // Rows of a split usually stand together.
                    if last != Some(text) && !splits.texts.iter().any(|(known, _)| known == text) {
                        splits.add(text);
                    }
                    last = Some(text);
                }
                Ok(())
            })?;
        }
        Ok(self.splits.get_or_init(|| splits))
    }
}

impl Splits {
    fn add(&mut self, text: &str) {
        let Some(name) = split_name(text) else { return };
        let number = self.names.iter().position(|known| known == name).unwrap_or_else(|| {
            self.names.push(name.to_owned());
            self.names.len() - 1
        });
        self.texts.push((text.to_owned(), number));
    }
}

/// A split's name without blanks around it; none where nothing is left.
fn split_name(text: &str) -> Option<&str> {
    Some(text.trim()).filter(|name| !name.is_empty())
}

/// A pandas categorical is text to everyone else.
fn in_text(schema: &Schema) -> Schema {
    let kind = |kind: &DataType| if is_categorical(kind) { DataType::String } else { kind.clone() };
    schema.iter().map(|(name, own)| (name.clone(), kind(own))).collect()
}

fn is_categorical(kind: &DataType) -> bool {
    matches!(kind, DataType::Categorical(..) | DataType::Enum(..))
}

/// Columns in the type in which they are read.
fn plain(schema: &Schema, columns: &Columns, named: bool) -> Vec<Expr> {
    let one = |(name, kind): (&polars::prelude::PlSmallStr, &DataType)| {
        let own = |column: &Option<String>| column.as_deref() == Some(name.as_str());
        if is_categorical(kind) {
            return Some(col(name.clone()).cast(DataType::String));
        }
        if own(&columns.split) {
            // Folds are numbers.
            let text = |kind: &DataType| kind.is_integer() || *kind == DataType::Boolean;
            return text(kind).then(|| col(name.clone()).cast(DataType::String));
        }
        (own(&columns.label) && !(named && kind.is_integer())).then(|| Labels::plain(kind, name)).flatten()
    };
    schema.iter().filter_map(one).collect()
}
