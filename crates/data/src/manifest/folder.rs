//! Folders of images as tables.

use std::{fs, path::Path};

use polars::prelude::{Column, DataFrame, IntoLazy, LazyFrame, PolarsResult};

use super::splits::are_splits;
use crate::{
    decode::EXTENSIONS,
    error::{DataError, Result},
};

/// Folders deeper than this are links that lead in a circle.
const MAX_DEPTH: usize = 64;

/// Whether a file's name ends like an image's.
fn is_image(path: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    EXTENSIONS.iter().any(|known| known.eq_ignore_ascii_case(extension))
}

/// `path`, `label` and `split` of all images below a folder, sorted by path; `None` where there is no image.
///
/// `root/class/…/x.png` is labelled by `class`, `root/x.png` not at all; where all top folders have names of splits, they
/// are splits: `root/train/class/…/x.png`, `root/unlabeled/x.png`. Hidden files and folders are passed over.
pub(super) fn scan(root: &Path, table: &str) -> Result<Option<LazyFrame>> {
    let mut paths = Vec::new();
    walk(root, "", 0, &mut paths)?;
    if paths.is_empty() {
        return Ok(None);
    }
    paths.sort_unstable();
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
    fs::read_dir(folder).is_ok_and(|entries| entries.flatten().any(|entry| is_image(&entry.path())))
}

fn walk(folder: &Path, prefix: &str, depth: usize, paths: &mut Vec<String>) -> Result<()> {
    if depth > MAX_DEPTH {
        let source = std::io::Error::other("folders are nested too deep; does a link lead back to a folder above it?");
        return Err(DataError::Read { path: folder.to_owned(), source });
    }
    for entry in fs::read_dir(folder).map_err(DataError::read(folder))? {
        let entry = entry.map_err(DataError::read(folder))?;
        let path = entry.path();
        // A name that is not Unicode cannot stand in a table; such a file shows up as missing rather than being hidden.
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with('.') {
            continue;
        }
        // Follows links: datasets are often linked together from several disks.
        let kind = entry.file_type().map_err(DataError::read(&path))?;
        if kind.is_dir() || (kind.is_symlink() && path.is_dir()) {
            walk(&path, &format!("{prefix}{name}/"), depth + 1, paths)?;
        } else if is_image(&path) {
            paths.push(format!("{prefix}{name}"));
        }
    }
    Ok(())
}
