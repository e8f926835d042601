//! Arrow files (IPC, Feather 2) as one table.

use std::{fs::File, io::Read, path::PathBuf};

use polars::prelude::{
    ArrowSchema, Column, DataFrame, DataType, IntoLazy, IpcReader, IpcScanOptions, LazyFrame, PlSmallStr, PolarsResult,
    RowIndex, ScanSources, Schema, SerReader, UnifiedScanArgs,
};

use super::{
    columns::ROW,
    engine::{guarded, reference},
    parquet::Files,
    unite::{Part, unite},
};
use crate::error::{DataError, Result};

pub(super) fn scan(files: &[PathBuf], name: &str) -> Result<Files> {
    let parts = files.iter().map(columns).collect::<Result<Vec<_>>>()?;
    let alike = |part: &Part| part.unreadable.is_empty() && part.schema.iter().eq(parts[0].schema.iter());
    if parts.iter().all(alike) {
        let frame = guarded(name, || {
            let row_index = Some(RowIndex { name: ROW.into(), offset: 0 });
            let args = UnifiedScanArgs { glob: false, row_index, ..UnifiedScanArgs::default() };
            let sources = files.iter().map(|file| reference(file)).collect::<PolarsResult<_>>()?;
            LazyFrame::scan_ipc_sources(ScanSources::Paths(sources), IpcScanOptions::default(), args)
        })?;
        return Ok(Files { frame, pieces: Vec::new(), class_names: None, notes: Vec::new() });
    }
    let (schema, notes) = unite(&parts.iter().collect::<Vec<_>>())?;
    let mut all = DataFrame::empty_with_schema(&schema);
    for (file, part) in files.iter().zip(&parts) {
        let opened = foretask_files::open(file).map_err(DataError::read(file))?;
        guarded(&part.file, || all.vstack_mut(&in_columns(&schema, part, opened)?).map(drop))?;
    }
    Ok(Files { frame: all.lazy().with_row_index(ROW, None), pieces: Vec::new(), class_names: None, notes })
}

fn columns(file: &PathBuf) -> Result<Part> {
    let name = file.display().to_string();
    let mut opened = foretask_files::open(file).map_err(DataError::read(file))?;
    let mut magic = [0; 6];
    if opened.read_exact(&mut magic).is_err() || magic != *b"ARROW1" {
        let reason = "it is no Arrow file: streams and Feather 1 are not read; save it as Parquet or as an Arrow file (Feather 2)";
        return Err(DataError::Table { table: name, reason: reason.to_owned() });
    }
    let fields = guarded(&name, || IpcReader::new(opened).schema())?;
    Ok(Part::of(name, &fields as &ArrowSchema))
}

/// The rows of a file in the columns of the whole table.
fn in_columns(schema: &Schema, part: &Part, file: File) -> PolarsResult<DataFrame> {
    let own: Vec<String> =
        part.schema.iter_names().filter(|name| schema.contains(name)).map(ToString::to_string).collect();
    let found = IpcReader::new(file).with_columns(Some(own)).finish()?;
    let column = |(name, kind): (&PlSmallStr, &DataType)| match found.column(name.as_str()) {
        Ok(column) => column.strict_cast(kind),
        Err(_) => Ok(Column::full_null(name.clone(), found.height(), kind)),
    };
    DataFrame::new(found.height(), schema.iter().map(column).collect::<PolarsResult<_>>()?)
}
