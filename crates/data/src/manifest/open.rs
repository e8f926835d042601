//! What a path given by the user means.

use std::{
    fs::DirEntry,
    path::{Path, PathBuf},
};

use polars::prelude::{IntoLazy, LazyFrame, PlRefPath, PolarsResult, col};

use super::{
    arrow,
    columns::ROW,
    folder,
    notes::Note,
    parquet::{self, Files},
    table::guarded,
    text::{self, Format},
};
use crate::{
    decode::EXTENSIONS,
    error::{DataError, Result},
};

/// A table that has been found.
pub(super) struct Opened {
    pub(super) frame: LazyFrame,
    /// The same rows in pieces.
    pub(super) pieces: Vec<LazyFrame>,
    pub(super) folder: PathBuf,
    pub(super) format: &'static str,
    pub(super) files: usize,
    /// Of all files together.
    pub(super) bytes: u64,
    pub(super) class_names: Option<Vec<String>>,
    /// Tables beside the images that say more of them.
    pub(super) labels: Vec<PathBuf>,
    pub(super) notes: Vec<Note>,
}

/// File name endings of tables.
const TABLES: [&str; 10] = ["parquet", "csv", "tsv", "jsonl", "ndjson", "xlsx", "arrow", "ipc", "feather", "pq"];

const METADATA: [&str; 3] = ["metadata.csv", "metadata.jsonl", "metadata.parquet"];

pub(super) fn open(path: &Path, name: &str) -> Result<Opened> {
    if path.is_dir() {
        return open_folder(path, name);
    }
    if path.is_file() {
        return open_files(vec![path.to_owned()], name);
    }
    let matches = glob::glob(&path.to_string_lossy()).into_iter().flatten().flatten();
    let mut files: Vec<PathBuf> = matches.filter(|path| path.is_file()).collect();
    files.sort();
    if files.is_empty() { Err(DataError::NotFound { path: path.to_owned() }) } else { open_files(files, name) }
}

fn open_folder(folder: &Path, name: &str) -> Result<Opened> {
    for extension in TABLES {
        let manifest = folder.join("manifest").with_extension(extension);
        if manifest.is_file() {
            return open_files(vec![manifest], name);
        }
    }
    // A repository of the Hugging Face hub keeps its parts in `data/`.
    for folder in [folder.to_owned(), folder.join("data")] {
        let parts = parquet_parts(&folder)?;
        if !parts.is_empty() {
            return open_files(parts, name);
        }
    }
    let Some(frame) = folder::scan(folder, name)? else {
        return Err(DataError::NoImages { path: folder.to_owned(), extensions: EXTENSIONS.join(", ") });
    };
    let frame = frame.with_row_index(ROW, None);
    let pieces = vec![frame.clone()];
    Ok(Opened {
        frame,
        pieces,
        folder: folder.to_owned(),
        format: "folder",
        files: 0,
        bytes: 0,
        class_names: None,
        labels: metadata(folder)?,
        notes: Vec::new(),
    })
}

impl Opened {
    /// The images of a folder whose subfolders are no classes.
    pub(super) fn without_classes(mut self, name: &str) -> Result<Self> {
        let schema = guarded(name, || self.frame.collect_schema())?;
        let others = schema.iter_names().filter(|name| *name != "label").map(|name| col(name.clone()));
        self.frame = self.frame.select(others.collect::<Vec<_>>());
        self.pieces = vec![self.frame.clone()];
        Ok(self)
    }

    /// The same, said where the subfolders are classes.
    pub(super) fn with_classes(mut self, name: &str) -> Result<Self> {
        if guarded(name, || self.frame.collect_schema())?.contains("label") {
            let note =
                "the names of subfolders are classes; where they are none, say `folders: \"ignore\"` in a script";
            self.notes.push(Note::said(note.to_owned()));
        }
        Ok(self)
    }
}

/// Tables that the Hugging Face hub's folders of images have beside the images (`imagefolder`).
fn metadata(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(folder).map_err(DataError::read(folder))?;
    // Asking each of a million files for more would take long.
    let is_folder = |entry: &DirEntry| {
        entry.file_type().is_ok_and(|kind| kind.is_dir() || kind.is_symlink() && entry.path().is_dir())
    };
    let mut folders: Vec<PathBuf> = entries.flatten().filter(is_folder).map(|entry| entry.path()).collect();
    folders.sort();
    folders.insert(0, folder.to_owned());
    let tables = folders.iter().flat_map(|folder| METADATA.map(|name| folder.join(name)));
    Ok(tables.filter(|table| table.is_file()).collect())
}

fn parquet_parts(folder: &Path) -> Result<Vec<PathBuf>> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let entries = std::fs::read_dir(folder).map_err(DataError::read(folder))?;
    let mut parts: Vec<PathBuf> =
        entries.filter_map(|entry| Some(entry.ok()?.path())).filter(|path| extension(path) == "parquet").collect();
    // That one speaks of images beside it.
    if parts.len() == 1 && parts[0].file_name().is_some_and(|name| name == METADATA[2]) && folder::has_images(folder) {
        parts.clear();
    }
    parts.sort();
    Ok(parts)
}

fn extension(path: &Path) -> String {
    path.extension().map(|extension| extension.to_string_lossy().to_lowercase()).unwrap_or_default()
}

/// One or more files of the same kind as one table.
fn open_files(files: Vec<PathBuf>, name: &str) -> Result<Opened> {
    let kind = extension(&files[0]);
    if let Some(other) = files.iter().find(|file| extension(file) != kind) {
        let reason = format!("{} and {} are of different kinds", files[0].display(), other.display());
        return Err(DataError::Table { table: name.to_owned(), reason });
    }
    let text = |format| -> Result<Files> {
        let (frame, notes) = text::read(&files, format)?;
        Ok(Files { frame: frame.lazy().with_row_index(ROW, None), pieces: Vec::new(), class_names: None, notes })
    };
    let (format, Files { frame, mut pieces, class_names, notes }) = match kind.as_str() {
        "parquet" | "pq" => ("parquet", parquet::scan(&files, name)?),
        "csv" => ("csv", text(Format::Csv)?),
        "tsv" => ("csv", text(Format::Tsv)?),
        "jsonl" | "ndjson" | "json" => ("jsonl", text(Format::Json)?),
        "xlsx" | "xlsm" => ("xlsx", text(Format::Xlsx)?),
        "arrow" | "ipc" | "feather" => ("arrow", arrow::scan(&files, name)?),
        _ => {
            let known = TABLES.join(", ");
            let reason =
                format!("\"{kind}\" is not the name of a table format ({known}); images are given by their folder");
            return Err(DataError::Table { table: name.to_owned(), reason });
        }
    };
    let folder = files[0].parent().map(Path::to_owned).unwrap_or_default();
    if pieces.is_empty() {
        pieces.push(frame.clone());
    }
    let bytes = files.iter().filter_map(|file| Some(file.metadata().ok()?.len())).sum();
    Ok(Opened { frame, pieces, folder, format, files: files.len(), bytes, class_names, labels: Vec::new(), notes })
}

pub(super) fn reference(file: &Path) -> PolarsResult<PlRefPath> {
    PlRefPath::try_from_path(file)
}
