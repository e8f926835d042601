//! The table engine: its errors, its paths, its lists.

use std::path::Path;

use polars::prelude::{Expr, PlRefPath, PolarsError, PolarsResult, Series, lit};

use crate::{
    error::{DataError, Result},
    quiet,
};

/// Runs the table engine: its errors get the table's name, and a damaged file that makes it panic is an error like any other.
pub(crate) fn guarded<T>(table: &str, query: impl FnOnce() -> PolarsResult<T>) -> Result<T> {
    let refused = |reason: String| DataError::Table { table: table.to_owned(), reason };
    quiet::catch(query)
        .unwrap_or_else(|_| Err(PolarsError::ComputeError("the file is damaged".into())))
        .map_err(|error| refused(first_line(&error.to_string())))
}

/// The engine's messages go on with the query plan, which helps nobody here.
pub(super) fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().trim().to_owned()
}

/// A file for the engine to read.
pub(super) fn reference(file: &Path) -> PolarsResult<PlRefPath> {
    PlRefPath::try_from_path(file)
}

/// Whether a column's value is one of a list.
pub(crate) fn among(column: Expr, list: Series) -> Expr {
    column.is_in(lit(list).implode(true), false)
}
