//! Folders of images as tables.

use std::{fs, path::Path};

use polars::prelude::{Column, DataFrame, IntoLazy, LazyFrame, PolarsResult};

use super::splits::are_splits;
use crate::{
    error::{DataError, Result},
    find::{Passed, images_below, is_image, is_unnamed_image},
};

/// `path`, `label` and `split` of all images below a folder, sorted by path; `None` where there is no image.
///
/// `root/class/…/x.png` is labeled by `class`, `root/x.png` not at all; where all top folders have names of splits, they
/// are splits: `root/train/class/…/x.png`, `root/unlabeled/x.png`. What is passed over is counted, but for files called `tables`.
pub(super) fn scan(root: &Path, table: &str, tables: &[&str], passed: &mut Passed) -> Result<Option<LazyFrame>> {
    let paths = images_below(root, tables, passed)?;
    if paths.is_empty() {
        return Ok(None);
    }
    let tops = paths.iter().filter_map(|path| path.split_once('/')).map(|(top, _)| top);
    let has_splits = are_splits(tops);
    let describe = |path: &String| {
        let parts: Vec<&str> = path.split('/').collect();
        let (split, folders) = match parts.as_slice() {
            [top, folders @ .., _] if has_splits => (Some((*top).to_owned()), folders),
            [folders @ .., _] => (None, folders),
            [] => (None, &[][..]),
        };
        (folders.first().map(|class| (*class).to_owned()), split)
    };
    let (labels, splits): (Vec<_>, Vec<_>) = paths.iter().map(describe).unzip();
    let columns = || -> PolarsResult<DataFrame> {
        let mut columns = vec![Column::new("path".into(), &paths)];
        if labels.iter().any(Option::is_some) {
            columns.push(Column::new("label".into(), &labels));
        }
        if has_splits {
            columns.push(Column::new("split".into(), &splits));
        }
        DataFrame::new(paths.len(), columns)
    };
    let frame = columns().map_err(|error| DataError::Table { table: table.to_owned(), reason: error.to_string() })?;
    Ok(Some(frame.lazy()))
}

/// Whether an image stands in this very folder.
pub(super) fn has_images(folder: &Path) -> bool {
    fs::read_dir(folder).is_ok_and(|entries| {
        entries.flatten().any(|entry| is_image(entry.file_name()) || is_unnamed_image(entry.path()))
    })
}
