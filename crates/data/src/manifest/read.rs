//! From a path to a table, joined with those that say more of its images.

use std::path::{Path, PathBuf};

use super::{
    join::join,
    notes::Note,
    open,
    options::{Folders, OpenOptions},
    table::Table,
};
use crate::error::{DataError, Result};

/// A table as it stands, labels by the folders of images where there are such.
pub(super) fn open(path: &Path) -> Result<Table> {
    read(path, true)
}

/// A table, and what other tables say of its images.
pub(super) fn open_with(path: &Path, options: &OpenOptions) -> Result<Table> {
    let tables = tables_of(&options.labels)?;
    // Who gives a table of labels does not mean the folders.
    let by_table = tables.iter().any(|table| table.columns.label.is_some());
    let base = read(path, options.folders == Folders::Classes && !by_table)?;
    if tables.is_empty() { Ok(base) } else { join(base, &tables) }
}

fn read(path: &Path, folders_are_classes: bool) -> Result<Table> {
    let name = path.display().to_string();
    let mut opened = open::open(path, &name)?;
    let (mut tables, mut notes) = (Vec::new(), Vec::new());
    for beside in std::mem::take(&mut opened.labels) {
        match open(&beside) {
            Ok(table) => tables.push(table),
            // Somebody else's.
            Err(DataError::NoImageColumn { table, .. }) => {
                notes.push(Note::warning(format!("{table} has no column `file_name` and is not read")));
            }
            Err(error) => return Err(error),
        }
    }
    if opened.format == "folder" {
        let by_table = tables.iter().any(|table| table.columns.label.is_some());
        let classes = folders_are_classes && !by_table;
        opened = if classes { opened.with_classes(&name)? } else { opened.without_classes(&name)? };
    }
    opened.notes.extend(notes);
    let table = Table::of(name, opened)?;
    if tables.is_empty() { Ok(table) } else { join(table, &tables) }
}

/// Opens tables of labels.
fn tables_of(paths: &[PathBuf]) -> Result<Vec<Table>> {
    let one = |path: &PathBuf| {
        if path.is_dir() {
            let reason = "a table of labels is a file (.csv, .parquet, …), and this is a folder".to_owned();
            return Err(DataError::Table { table: path.display().to_string(), reason });
        }
        open(path)
    };
    paths.iter().map(one).collect()
}
