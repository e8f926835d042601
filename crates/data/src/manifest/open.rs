//! What a path given by the user means.

use std::{
    fs::DirEntry,
    path::{Path, PathBuf},
};

use polars::prelude::{IntoLazy, LazyFrame, col};

use super::{
    arrow,
    columns::ROW,
    engine::guarded,
    folder,
    notes::Note,
    parquet::{self, Files},
    text::{self, Format},
};
use crate::{
    decode::extensions_in_words,
    error::{DataError, Result},
    find::{Passed, PassedOver, Reason, expand, extension_of, is_image, listed, unread_format},
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
    /// Files that are none of its rows.
    pub(super) passed_over: Vec<PassedOver>,
}

/// File name endings of tables.
const TABLES: [&str; 10] = ["parquet", "csv", "tsv", "jsonl", "ndjson", "xlsx", "arrow", "ipc", "feather", "pq"];

const METADATA: [&str; 3] = ["metadata.csv", "metadata.jsonl", "metadata.parquet"];

pub(super) fn open(path: &Path, name: &str) -> Result<Opened> {
    if path.is_dir() {
        return open_folder(path, name);
    }
    let mut passed = Passed::default();
    if path.exists() {
        // A pipe or a device says what it is.
        foretask_files::open(path).map_err(DataError::read(path))?;
        return open_files(vec![path.to_owned()], name, passed);
    }
    let files = expand(path, &mut passed)?;
    if files.is_empty() { Err(DataError::NotFound { path: path.to_owned() }) } else { open_files(files, name, passed) }
}

fn open_folder(folder: &Path, name: &str) -> Result<Opened> {
    for extension in TABLES {
        let manifest = folder.join("manifest").with_extension(extension);
        if manifest.is_file() {
            return open_files(vec![manifest], name, Passed::default());
        }
    }
    // A repository of the Hugging Face hub keeps its parts in `data/`.
    let (mut passed, mut others) = (Passed::default(), Vec::new());
    for folder in [folder.to_owned(), folder.join("data")] {
        let parts = parquet_parts(&folder, &mut passed, &mut others)?;
        if !parts.is_empty() {
            for name in others {
                let is_data = is_image(&name) || TABLES.contains(&extension_of(&name).as_str());
                passed.add(if is_data { Reason::Beside } else { Reason::NoImage }, &name);
            }
            return open_files(parts, name, passed);
        }
    }
    let mut passed = Passed::default();
    let Some(frame) = folder::scan(folder, name, &METADATA, &mut passed)? else {
        return Err(DataError::NoImages {
            path: folder.to_owned(),
            extensions: extensions_in_words(),
            passed_over: passed.finish(),
        });
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
        passed_over: passed.finish(),
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

/// The Parquet files of a folder, and the names of the others.
fn parquet_parts(folder: &Path, passed: &mut Passed, others: &mut Vec<String>) -> Result<Vec<PathBuf>> {
    let files = listed(folder, passed)?.into_iter();
    let (parts, rest): (Vec<_>, Vec<_>) = files.partition(|(_, path)| extension_of(path) == "parquet");
    let mut parts: Vec<PathBuf> = parts.into_iter().map(|(_, path)| path).collect();
    others.extend(rest.into_iter().map(|(name, _)| name));
    // That one speaks of images beside it.
    if parts.len() == 1 && parts[0].file_name().is_some_and(|name| name == METADATA[2]) && folder::has_images(folder) {
        parts.clear();
    }
    Ok(parts)
}

/// One or more files of the same kind as one table.
fn open_files(files: Vec<PathBuf>, name: &str, passed: Passed) -> Result<Opened> {
    let kind = extension_of(&files[0]);
    if let Some(other) = files.iter().find(|file| extension_of(file) != kind) {
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
            if let Some(format) = unread_format(&files[0]) {
                let reason = format!("it is {}", format.in_words());
                return Err(DataError::Table { table: name.to_owned(), reason });
            }
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
    Ok(Opened {
        frame,
        pieces,
        folder,
        format,
        files: files.len(),
        bytes,
        class_names,
        labels: Vec::new(),
        notes,
        passed_over: passed.finish(),
    })
}
