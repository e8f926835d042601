//! Everything that can go wrong between a dataset on disk and pixels in memory.

use std::{fmt::Write, io, path::PathBuf};

use crate::{BadImage, decode::extensions, find::PassedOver, predicate::PredicateError};

/// The result of everything in this crate.
pub type Result<T, E = DataError> = std::result::Result<T, E>;

/// What went wrong, where, and what to do about it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DataError {
    /// Neither a file, a folder nor a glob that matches anything.
    #[error(
        "no dataset at {path}: give a manifest (.parquet, .csv, .tsv, .jsonl, .xlsx, .arrow), a folder that holds one, a pattern such as \
         data/train-*.parquet, or a folder of images"
    )]
    NotFound {
        /// As the user wrote it.
        path: PathBuf,
    },
    /// A folder that holds neither a manifest nor an image.
    #[error(
        "{path} holds neither a manifest (manifest.parquet, manifest.csv, *.parquet) nor an image ({extensions}){}",
        there(passed_over)
    )]
    NoImages {
        /// The folder.
        path: PathBuf,
        /// File name endings that count as images.
        extensions: String,
        /// What is there.
        passed_over: Vec<PassedOver>,
    },
    /// A file could not be read.
    #[error("cannot read {path}: {source}")]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file could not be written; the old file, if there was one, is untouched.
    #[error("cannot write {path}: {source}{}", if source.kind() == io::ErrorKind::StorageFull { "; free some space there and run again" } else { "" })]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file lies there that would be lost.
    #[error(
        "{} is there already, and {}; give another name, or say that it may be replaced: `--force`, in a script `overwrite: true`",
        path.display(),
        if *changed { "was changed since foretask wrote it" } else { "foretask did not write it" }
    )]
    Taken {
        /// The file.
        path: PathBuf,
        /// Whether it was written by us and changed since.
        changed: bool,
    },
    /// A file that was to be written, and that a person has worked on since that was begun.
    #[error(
        "{} was changed or made while its new content was computed, which is kept as {}; compare the two",
        path.display(),
        kept.display()
    )]
    TakenMeanwhile {
        /// The person's file.
        path: PathBuf,
        /// What was to take its place.
        kept: PathBuf,
    },
    /// A table that was to be filled in, to which no rows can be added.
    #[error(
        "{} is there already, and no rows can be added to it: {reason}; give another name, or say that it may be replaced: \
         `overwrite: true`",
        path.display()
    )]
    NotToLabel {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// The table engine refused a file or a query.
    #[error("{table}: {reason}")]
    Table {
        /// The manifest.
        table: String,
        /// What the engine said.
        reason: String,
    },
    /// The manifest lacks the columns that say where the images are.
    #[error(
        "{table} has no image column: expected `path` (a file name), or `image` (encoded bytes, or a struct of bytes and path); \
         its columns are {columns}{}", if looks_like_a_row(columns) { "; its first line has to name the columns" } else { "" }
    )]
    NoImageColumn {
        /// The manifest.
        table: String,
        /// The columns it has.
        columns: String,
    },
    /// A column is there but holds something else than expected.
    #[error("{table}: column `{column}` has the type {found}; {expected}")]
    ColumnType {
        /// The manifest.
        table: String,
        /// The column.
        column: String,
        /// Its type.
        found: String,
        /// What would do.
        expected: String,
    },
    /// A label was needed where there is none.
    #[error("{table} has no labels here: {reason}")]
    NoLabels {
        /// The manifest.
        table: String,
        /// Why.
        reason: String,
    },
    /// A split that the table does not have.
    #[error("{table} has no split \"{name}\"{}; {}", did_you_mean(suggestion.as_deref()), if known.is_empty() { "it has no `split` column".to_owned() } else { format!("its splits are {}", known.join(", ")) })]
    UnknownSplit {
        /// The manifest.
        table: String,
        /// The split asked for.
        name: String,
        /// The splits of the table.
        known: Vec<String>,
        /// The nearest of them.
        suggestion: Option<String>,
    },
    /// Fewer rows of a class than asked for.
    #[error(
        "class \"{class}\" has only {found} rows after \"{view}\", {wanted} are asked for; ask for at most {most} per class"
    )]
    TooFewRows {
        /// The class.
        class: String,
        /// Its rows.
        found: usize,
        /// The rows asked for.
        wanted: usize,
        /// Rows of the smallest class.
        most: usize,
        /// How the view was made.
        view: String,
    },
    /// No row is left.
    #[error("no rows are left after \"{view}\"")]
    Empty {
        /// How the view was made.
        view: String,
    },
    /// An argument outside its range.
    #[error("{name} = {value}: {expected}")]
    Argument {
        /// The argument.
        name: &'static str,
        /// What was given.
        value: String,
        /// What would do.
        expected: String,
    },
    /// The text of a `.filter`.
    #[error(transparent)]
    Predicate(#[from] PredicateError),
    /// One image that cannot be decoded.
    #[error("{name}: {reason}")]
    Decode {
        /// The file, or the row.
        name: String,
        /// Why.
        reason: String,
    },
    /// More undecodable images than allowed.
    #[error("{} of {total} images cannot be used ({policy}): {}; {way_out}", bad.len(), first(bad))]
    BadImages {
        /// All of them, in row order.
        bad: Vec<BadImage>,
        /// Images looked at.
        total: usize,
        /// The rule that was broken.
        policy: String,
        /// How to relax it.
        way_out: String,
    },
    /// A source that cannot be imported.
    #[error("cannot import {path}: {reason}")]
    Import {
        /// The source.
        path: PathBuf,
        /// Why, and the way out.
        reason: String,
    },
}

impl DataError {
    /// The table at fault, as its path was written, where it is a table's fault.
    pub fn table(&self) -> Option<&str> {
        match self {
            Self::Table { table, .. }
            | Self::NoImageColumn { table, .. }
            | Self::ColumnType { table, .. }
            | Self::NoLabels { table, .. }
            | Self::UnknownSplit { table, .. } => Some(table),
            _ => None,
        }
    }

    /// Without the way out, which follows after a semicolon: reasons may hold semicolons, too.
    pub fn without_way_out(&self) -> Option<(String, &str)> {
        let Self::BadImages { bad, total, policy, way_out } = self else { return None };
        Some((format!("{} of {total} images cannot be used ({policy}): {}", bad.len(), first(bad)), way_out))
    }

    pub(crate) fn read(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Read { path, source }
    }
}

/// Whether the names of columns are really the first image and its label.
fn looks_like_a_row(columns: &str) -> bool {
    let columns = columns.to_lowercase();
    extensions().any(|ending| columns.contains(&format!(".{ending}`")))
}

/// What is there instead, in one line.
fn there(passed_over: &[PassedOver]) -> String {
    let found: Vec<String> = passed_over.iter().map(ToString::to_string).collect();
    if found.is_empty() { String::new() } else { format!("; there are: {}", found.join("; ")) }
}

fn did_you_mean(name: Option<&str>) -> String {
    name.map(|name| format!(" (did you mean \"{name}\"?)")).unwrap_or_default()
}

/// The first few bad images in one line.
fn first(bad: &[BadImage]) -> String {
    let mut text = String::new();
    for image in bad.iter().take(5) {
        let _ = write!(text, "{}{image}", if text.is_empty() { "" } else { "; " });
    }
    if bad.len() > 5 {
        let _ = write!(text, "; and {} more", bad.len() - 5);
    }
    text
}
