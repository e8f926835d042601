//! What a path given by the user means.

use std::path::{Path, PathBuf};

use polars::prelude::{
    DataType, IpcScanOptions, LazyCsvReader, LazyFileListReader, LazyFrame, PlRefPath, PolarsResult, RowIndex,
    ScanArgsParquet, ScanSources, Schema, UnifiedScanArgs, UnionArgs, concat, lit,
};

use super::{columns::ROW, folder, huggingface, table::guarded};
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
}

/// File name endings of tables.
const TABLES: [&str; 7] = ["parquet", "csv", "tsv", "arrow", "ipc", "feather", "pq"];

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
    Ok(Opened { frame, pieces, folder: folder.to_owned(), format: "folder", files: 0, bytes: 0, class_names: None })
}

fn parquet_parts(folder: &Path) -> Result<Vec<PathBuf>> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let entries = std::fs::read_dir(folder).map_err(DataError::read(folder))?;
    let mut parts: Vec<PathBuf> =
        entries.filter_map(|entry| Some(entry.ok()?.path())).filter(|path| extension(path) == "parquet").collect();
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
    let mut class_names = None;
    let mut pieces = Vec::new();
    let (format, frame) = match kind.as_str() {
        "parquet" | "pq" => {
            class_names = huggingface::class_names(&files[0], name)?;
            let frame;
            (frame, pieces) = scan_parquet(&files, name)?;
            ("parquet", frame)
        }
        "csv" | "tsv" => ("csv", scan_csv(&files, name, if kind == "tsv" { b'\t' } else { b',' })?),
        "arrow" | "ipc" | "feather" => ("arrow", guarded(name, || scan_arrow(&files))?),
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
    Ok(Opened { frame, pieces, folder, format, files: files.len(), bytes, class_names })
}

fn row_index(offset: u32) -> RowIndex {
    RowIndex { name: ROW.into(), offset }
}

fn reference(file: &Path) -> PolarsResult<PlRefPath> {
    PlRefPath::try_from_path(file)
}

/// One table of all files, and its pieces where a constant had to be added to each file.
fn scan_parquet(files: &[PathBuf], name: &str) -> Result<(LazyFrame, Vec<LazyFrame>)> {
    let scan = |files: &[PathBuf], offset: u32| -> PolarsResult<LazyFrame> {
        let args = ScanArgsParquet { glob: false, row_index: Some(row_index(offset)), ..ScanArgsParquet::default() };
        LazyFrame::scan_parquet_files(files.iter().map(|file| reference(file)).collect::<PolarsResult<_>>()?, args)
    };
    let whole = guarded(name, || scan(files, 0))?;
    // Parts named train-00000-of-00002.parquet, test.parquet, …: the names are the splits, unless a column says so.
    let splits: Option<Vec<&str>> = files.iter().map(|file| split_in_name(file)).collect();
    let Some(splits) = splits else { return Ok((whole, Vec::new())) };
    if guarded(name, || whole.clone().collect_schema())?.contains("split") {
        return Ok((whole, Vec::new()));
    }
    guarded(name, || {
        let mut parts = Vec::new();
        let mut offset = 0_u32;
        for (file, split) in files.iter().zip(splits) {
            let part = scan(std::slice::from_ref(file), offset)?;
            let rows = part.clone().select([polars::prelude::len()]).collect()?;
            offset += rows.columns().first().map_or(Ok(0), |rows| rows.u32().map(|rows| rows.get(0).unwrap_or(0)))?;
            parts.push(part.with_columns([lit(split).alias("split")]));
        }
        Ok((concat(&parts, UnionArgs::default())?, parts))
    })
}

/// `train` for `train-00000-of-00002.parquet` and `train.parquet`.
fn split_in_name(file: &Path) -> Option<&str> {
    let stem = file.file_stem()?.to_str()?;
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if let Some((head, total)) = stem.rsplit_once("-of-")
        && let Some((split, part)) = head.rsplit_once('-')
        && digits(total)
        && digits(part)
    {
        return Some(split);
    }
    folder::is_split(stem).then_some(stem)
}

fn scan_csv(files: &[PathBuf], name: &str, separator: u8) -> Result<LazyFrame> {
    // Paths and splits are text even where they look like numbers; so are labels that are neither text nor integers at
    // first sight ("1e5", "inf").
    let mut text = vec!["path", "split"];
    loop {
        let overwrite: Schema = text.iter().map(|&name| (name.into(), DataType::String)).collect();
        let mut frame = guarded(name, || {
            LazyCsvReader::new_paths(files.iter().map(|file| reference(file)).collect::<PolarsResult<_>>()?)
                .with_glob(false)
                .with_separator(separator)
                // From all rows: a label that is a number for the first hundred rows need not stay one.
                .with_infer_schema_length(None)
                .with_dtype_overwrite(Some(overwrite.into()))
                .with_row_index(Some(row_index(0)))
                .finish()
        })?;
        let schema = guarded(name, || frame.collect_schema())?;
        match schema.get("label") {
            Some(DataType::Float32 | DataType::Float64) if text.len() == 2 => text.push("label"),
            _ => return Ok(frame),
        }
    }
}

fn scan_arrow(files: &[PathBuf]) -> PolarsResult<LazyFrame> {
    let args = UnifiedScanArgs { glob: false, row_index: Some(row_index(0)), ..UnifiedScanArgs::default() };
    let sources = files.iter().map(|file| reference(file)).collect::<PolarsResult<_>>()?;
    LazyFrame::scan_ipc_sources(ScanSources::Paths(sources), IpcScanOptions::default(), args)
}
