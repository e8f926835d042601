//! The manifest file.

use std::{
    fs::File,
    io::{self, BufWriter},
    path::{Path, PathBuf},
};

use polars::{
    io::parquet::write::BatchedWriter,
    prelude::{
        Column, CsvWriter, DataFrame, DataType, IdxCa, IdxSize, IntoSeries, NamedFrom, ParquetCompression,
        ParquetWriter, PolarsError, PolarsResult, SerWriter, Series, StatisticsOptions, StructChunked,
    },
};

use super::plan::ImportPlan;
use crate::{
    error::{DataError, Result},
    manifest::{LEN, OFFSET, SHARD, huggingface},
};

/// What a row of a manifest says of its image.
pub(super) struct Entry {
    /// Its encoding, where it is to be embedded.
    pub(super) bytes: Vec<u8>,
    /// Its name, or the path of its file relative to the manifest.
    pub(super) path: Option<String>,
    /// Where the image is a part of that file: offset and length, and its name.
    pub(super) part: Option<(u64, u32, Option<String>)>,
}

/// What of the images goes into the manifest.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Store {
    Images,
    Paths,
    /// Paths, and which parts of these files.
    Parts,
}

/// Rows on their way into a file.
pub(super) struct Writer<'a> {
    file: Format<'a>,
    destination: PathBuf,
    plan: &'a ImportPlan,
    store: Store,
}

enum Format<'a> {
    Parquet(Box<BatchedWriter<&'a mut BufWriter<File>>>),
    Csv { file: &'a mut BufWriter<File>, begun: bool },
}

impl<'a> Writer<'a> {
    pub(super) fn new(
        file: &'a mut BufWriter<File>,
        destination: &Path,
        plan: &'a ImportPlan,
        store: Store,
    ) -> Result<Self> {
        let destination = destination.to_owned();
        if destination.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("csv")) {
            return Ok(Self { file: Format::Csv { file, begun: false }, destination, plan, store });
        }
        // Readers on the hub expect all columns to be listed or none.
        let features = features(plan, store);
        let open = || -> PolarsResult<_> {
            let empty = frame(plan, &[], store)?;
            let writer = ParquetWriter::new(file)
                // Images are compressed already; what zstd finds are the headers they share, and repeated labels.
                .with_compression(ParquetCompression::Zstd(None))
                // The smallest and largest PNG of a row group help nobody and would be stored whole.
                .with_statistics(StatisticsOptions::empty())
                .with_key_value_metadata(features.map(|features| huggingface::metadata(&features, empty.schema())))
                .batched(empty.schema())?;
            Ok(Format::Parquet(Box::new(writer)))
        };
        let file = open().map_err(|error| refused(&destination, error))?;
        Ok(Self { file, destination, plan, store })
    }

    /// One row group.
    pub(super) fn write(&mut self, batch: &[(usize, Entry)]) -> Result<()> {
        if batch.is_empty() {
            return Ok(());
        }
        let written = frame(self.plan, batch, self.store).and_then(|mut frame| match &mut self.file {
            Format::Parquet(writer) => writer.write_batch(&frame),
            Format::Csv { file, begun } => {
                let header = !std::mem::replace(begun, true);
                CsvWriter::new(file).include_header(header).finish(&mut frame)
            }
        });
        written.map_err(|error| refused(&self.destination, error))
    }

    pub(super) fn finish(self) -> Result<()> {
        match self.file {
            Format::Parquet(writer) => writer.finish().map(drop).map_err(|error| refused(&self.destination, error)),
            Format::Csv { .. } => Ok(()),
        }
    }
}

fn frame(plan: &ImportPlan, batch: &[(usize, Entry)], store: Store) -> PolarsResult<DataFrame> {
    let path = |(_, entry): &(usize, Entry)| match &entry.part {
        Some((.., name)) => name.clone(),
        None => entry.path.clone(),
    };
    let paths: Vec<Option<String>> = batch.iter().map(path).collect();
    let mut columns = vec![if store == Store::Images {
        let bytes: Vec<&[u8]> = batch.iter().map(|(_, entry)| entry.bytes.as_slice()).collect();
        let fields = [Series::new("bytes".into(), bytes), Series::new("path".into(), paths)];
        StructChunked::from_series("image".into(), batch.len(), fields.iter())?.into_series().into()
    } else {
        Column::new("path".into(), paths)
    }];
    if store == Store::Parts {
        let parts = || batch.iter().map(|(_, entry)| entry.part.as_ref());
        let shards = batch.iter().map(|(_, entry)| entry.part.as_ref().and(entry.path.as_deref()));
        columns.push(Column::new(SHARD.into(), shards.collect::<Vec<_>>()));
        columns.push(Column::new(OFFSET.into(), parts().map(|part| Some(part?.0)).collect::<Vec<_>>()));
        columns.push(Column::new(LEN.into(), parts().map(|part| Some(part?.1)).collect::<Vec<_>>()));
    }
    let positions: Vec<usize> = batch.iter().map(|(position, _)| *position).collect();
    finish(plan, &positions, columns)
}

/// The table of these columns and of what the plan says of the rows.
pub(crate) fn finish(plan: &ImportPlan, positions: &[usize], mut columns: Vec<Column>) -> PolarsResult<DataFrame> {
    if !plan.classes.is_empty() {
        let labels = positions.iter().map(|&position| plan.class(position));
        columns.push(if plan.has_integer_labels() {
            Column::new("label".into(), labels.map(|label| label?.parse().ok()).collect::<Vec<Option<i64>>>())
        } else {
            Column::new("label".into(), labels.collect::<Vec<Option<&str>>>())
        });
    }
    if !plan.split_names.is_empty() {
        let splits: Vec<Option<&str>> = positions.iter().map(|&position| plan.split(position)).collect();
        columns.push(Column::new("split".into(), splits));
    }
    if plan.extra.width() > 0 {
        let rows: Vec<IdxSize> = positions.iter().map(|&position| position as IdxSize).collect();
        let extra = plan.extra.take(&IdxCa::new("rows".into(), rows))?;
        let taken = |name: &str| columns.iter().any(|column| column.name() == name);
        let further: Vec<Column> = extra.columns().iter().filter(|column| !taken(column.name())).cloned().collect();
        columns.extend(further);
    }
    DataFrame::new(positions.len(), columns)
}

/// The columns in the words of the Hugging Face hub; `None` where one has a type we have no word for.
fn features(plan: &ImportPlan, store: Store) -> Option<String> {
    let label = if plan.has_integer_labels() { "int64" } else { "string" };
    let mut features = match store {
        Store::Images => vec![("image", "Image")],
        Store::Paths => vec![("path", "string")],
        Store::Parts => vec![("path", "string"), (SHARD, "string"), (OFFSET, "uint64"), (LEN, "uint32")],
    };
    features.extend((!plan.classes.is_empty()).then_some(("label", label)));
    features.extend((!plan.split_names.is_empty()).then_some(("split", "string")));
    for column in plan.extra.columns() {
        let kind = match column.dtype() {
            DataType::String => "string",
            DataType::Boolean => "bool",
            DataType::Int64 => "int64",
            DataType::Int32 => "int32",
            DataType::UInt32 => "uint32",
            DataType::UInt64 => "uint64",
            DataType::Float32 => "float32",
            DataType::Float64 => "float64",
            _ => return None,
        };
        features.push((column.name(), kind));
    }
    Some(huggingface::features(&features))
}

fn refused(destination: &Path, error: PolarsError) -> DataError {
    DataError::Write { path: destination.to_owned(), source: io_error(error) }
}

/// The system's error inside polars' error, so that a full disk is still called so.
pub(crate) fn io_error(error: PolarsError) -> io::Error {
    match error {
        PolarsError::IO { error, .. } => io::Error::new(error.kind(), error.to_string()),
        PolarsError::Context { error, .. } => io_error(*error),
        error => io::Error::other(error.to_string()),
    }
}
