//! Parquet files as one table.

use std::{
    any::Any,
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    path::PathBuf,
    sync::Arc,
};

use polars::{
    io::parquet::metadata::FileMetadataRef,
    prelude::{
        AnonymousScan, AnonymousScanArgs, Column, DataFrame, LazyFrame, ParquetReader, PlSmallStr, PolarsResult,
        RowIndex, ScanArgsAnonymous, ScanArgsParquet, SchemaRef, SerReader, UnionArgs, concat, lit,
    },
};

use super::{
    columns::ROW,
    engine::{guarded, reference},
    huggingface,
    notes::Note,
    splits::is_split,
    unite::{Part, unite},
};
use crate::error::{DataError, Result};

pub(super) mod pages;

/// Encoded bytes of row groups that are read together.
const GROUPS: usize = 64 << 20;

/// Files as one table.
pub(super) struct Files {
    pub(super) frame: LazyFrame,
    /// The same rows in pieces, where they are not read all alike.
    pub(super) pieces: Vec<LazyFrame>,
    /// Names of integer labels.
    pub(super) class_names: Option<Vec<String>>,
    pub(super) notes: Vec<Note>,
}

/// One file, of which only the footer has been read.
struct Footer {
    path: PathBuf,
    metadata: FileMetadataRef,
    part: Part,
    class_names: Option<Vec<String>>,
}

impl Footer {
    fn read(path: &PathBuf) -> Result<Self> {
        let name = path.display().to_string();
        let mut file = foretask_files::open(path).map_err(DataError::read(path))?;
        if !is_parquet(&mut file).map_err(DataError::read(path))? {
            let reason = "it is no Parquet file, or cut: it does not begin and end with PAR1; copy or write it again";
            return Err(DataError::Table { table: name, reason: reason.to_owned() });
        }
        let (metadata, fields) = guarded(&name, || {
            let mut reader = ParquetReader::new(file);
            let schema = reader.schema()?;
            Ok((reader.get_metadata()?.clone(), schema))
        })?;
        let again = foretask_files::open(path).map_err(DataError::read(path))?;
        if let Some(reason) = pages::damage(again, &metadata) {
            return Err(DataError::Table { table: name, reason });
        }
        let part = Part::of(name, &fields);
        let class_names = huggingface::class_names(&metadata);
        Ok(Self { path: path.clone(), metadata, part, class_names })
    }

    /// Row groups that are read together, as the first row and how many.
    fn groups(&self) -> Vec<(usize, usize)> {
        let mut groups: Vec<(usize, usize)> = vec![(0, 0)];
        let mut bytes = 0;
        for group in &self.metadata.row_groups {
            if bytes > GROUPS
                && let Some(&(first, rows)) = groups.last()
            {
                groups.push((first + rows, 0));
                bytes = 0;
            }
            if let Some((_, rows)) = groups.last_mut() {
                *rows += group.num_rows();
            }
            bytes += group.compressed_size();
        }
        groups
    }

    /// `train` for `train-00000-of-00002.parquet` and `train.parquet`.
    fn split(&self) -> Option<&str> {
        let stem = self.path.file_stem()?.to_str()?;
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        if let Some((head, total)) = stem.rsplit_once("-of-")
            && let Some((split, part)) = head.rsplit_once('-')
            && digits(total)
            && digits(part)
        {
            return Some(split);
        }
        is_split(stem).then_some(stem)
    }
}

/// Whether a file begins and ends as such files do.
fn is_parquet(file: &mut File) -> io::Result<bool> {
    let mut magic = [0; 8];
    if file.metadata()?.len() < 12 {
        return Ok(false);
    }
    file.read_exact(&mut magic[..4])?;
    file.seek(SeekFrom::End(-4))?;
    file.read_exact(&mut magic[4..])?;
    file.rewind()?;
    Ok(magic == *b"PAR1PAR1")
}

pub(super) fn scan(files: &[PathBuf], name: &str) -> Result<Files> {
    let footers = files.iter().map(Footer::read).collect::<Result<Vec<_>>>()?;
    let class_names = class_names(&footers)?;
    // Parts named train-00000-of-00002.parquet, test.parquet, …: the names are the splits, unless a column says so.
    let splits: Option<Vec<&str>> = footers.iter().map(Footer::split).collect();
    let has_split = footers.iter().any(|footer| footer.part.schema.contains("split"));
    let splits = splits.filter(|_| !has_split);
    let alike = |footer: &Footer| {
        let first = &footers[0].part.schema;
        footer.part.unreadable.is_empty() && footer.part.schema.iter().eq(first.iter())
    };
    if footers.iter().all(alike) {
        let (frame, pieces) = guarded(name, || regular(&footers, splits.as_deref()))?;
        return Ok(Files { frame, pieces, class_names, notes: Vec::new() });
    }
    let parts: Vec<&Part> = footers.iter().map(|footer| &footer.part).collect();
    let (schema, notes) = unite(&parts)?;
    let schema = Arc::new(schema);
    guarded(name, || {
        let mut pieces = Vec::new();
        let mut offset = 0;
        for (number, footer) in footers.iter().enumerate() {
            for (first, rows) in footer.groups() {
                let groups = Groups {
                    path: footer.path.clone(),
                    metadata: footer.metadata.clone(),
                    first,
                    rows,
                    own: footer.part.schema.iter_names().cloned().collect(),
                    schema: schema.clone(),
                };
                let args =
                    ScanArgsAnonymous { schema: Some(schema.clone()), name: "PARQUET", ..ScanArgsAnonymous::default() };
                let piece = LazyFrame::anonymous_scan(Arc::new(groups), args)?.with_row_index(ROW, Some(offset));
                pieces.push(match &splits {
                    Some(splits) => piece.with_columns([lit(splits[number]).alias("split")]),
                    None => piece,
                });
                offset += rows as u32;
            }
        }
        Ok(Files { frame: concat(&pieces, UnionArgs::default())?, pieces, class_names, notes })
    })
}

/// Files of the same columns, which the engine reads by itself; in pieces where a constant has to be added to each.
fn regular(footers: &[Footer], splits: Option<&[&str]>) -> PolarsResult<(LazyFrame, Vec<LazyFrame>)> {
    let scan = |footers: &[Footer], offset: u32| -> PolarsResult<LazyFrame> {
        let row_index = Some(RowIndex { name: ROW.into(), offset });
        let args = ScanArgsParquet { glob: false, row_index, ..ScanArgsParquet::default() };
        let files = footers.iter().map(|footer| reference(&footer.path)).collect::<PolarsResult<_>>()?;
        LazyFrame::scan_parquet_files(files, args)
    };
    let Some(splits) = splits else { return Ok((scan(footers, 0)?, Vec::new())) };
    let (mut parts, mut offset) = (Vec::new(), 0);
    for (footer, split) in footers.iter().zip(splits) {
        let part = scan(std::slice::from_ref(footer), offset)?;
        parts.push(part.with_columns([lit(*split).alias("split")]));
        offset += footer.metadata.num_rows as u32;
    }
    Ok((concat(&parts, UnionArgs::default())?, parts))
}

/// The names of integer labels, which all files that have any have to agree on; one may know more than another.
fn class_names(footers: &[Footer]) -> Result<Option<Vec<String>>> {
    let mut longest: Option<(&Footer, &Vec<String>)> = None;
    for footer in footers {
        let Some(names) = &footer.class_names else { continue };
        let Some((first, known)) = longest else {
            longest = Some((footer, names));
            continue;
        };
        if known.iter().zip(names).any(|(a, b)| a != b) {
            let (a, b) = (known.join(", "), names.join(", "));
            let reason = format!(
                "its metadata names the classes {b}, that of {} {a}; give both the same order",
                first.part.file
            );
            return Err(DataError::Table { table: footer.part.file.clone(), reason });
        }
        if names.len() > known.len() {
            longest = Some((footer, names));
        }
    }
    Ok(longest.map(|(_, names)| names.clone()))
}

/// Some row groups of a file in the columns of the whole table.
struct Groups {
    path: PathBuf,
    metadata: FileMetadataRef,
    first: usize,
    rows: usize,
    /// The columns that the file has and that can be read.
    own: Vec<PlSmallStr>,
    schema: SchemaRef,
}

impl AnonymousScan for Groups {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn allows_projection_pushdown(&self) -> bool {
        true
    }

    fn scan(&self, wanted: AnonymousScanArgs) -> PolarsResult<DataFrame> {
        let rows = wanted.n_rows.map_or(self.rows, |rows| rows.min(self.rows));
        let names: Vec<PlSmallStr> = match &wanted.with_columns {
            Some(names) => names.to_vec(),
            None => self.schema.iter_names().cloned().collect(),
        };
        let own: Vec<String> = names.iter().filter(|name| self.own.contains(name)).map(ToString::to_string).collect();
        let found = if own.is_empty() {
            DataFrame::empty()
        } else {
            let mut reader = ParquetReader::new(foretask_files::open(&self.path)?);
            reader.set_metadata(self.metadata.clone());
            reader.with_columns(Some(own)).with_slice(Some((self.first, rows))).finish()?
        };
        let column = |name: &PlSmallStr| -> PolarsResult<Column> {
            let kind = self.schema.try_get(name)?;
            match found.column(name) {
                Ok(column) if column.dtype() == kind => Ok(column.clone()),
                Ok(column) => column.strict_cast(kind),
                Err(_) => Ok(Column::full_null(name.clone(), rows, kind)),
            }
        };
        DataFrame::new(rows, names.iter().map(column).collect::<PolarsResult<_>>()?)
    }
}

#[cfg(test)]
mod tests;
