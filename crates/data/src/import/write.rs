//! The manifest file.

use std::{
    fs::File,
    io::{self, BufWriter},
    path::{Path, PathBuf},
};

use polars::{
    io::parquet::write::BatchedWriter,
    prelude::{
        Column, CsvWriter, DataFrame, IntoSeries, KeyValueMetadata, NamedFrom, ParquetCompression, ParquetWriter,
        PolarsError, PolarsResult, SerWriter, Series, StatisticsOptions, StructChunked,
    },
};

use super::{origin::Image, plan::Plan};
use crate::{
    error::{DataError, Result},
    manifest::huggingface,
};

/// Rows on their way into a file.
pub(super) struct Writer<'a> {
    file: Format<'a>,
    destination: PathBuf,
    plan: &'a Plan,
    embed: bool,
}

enum Format<'a> {
    Parquet(Box<BatchedWriter<&'a mut BufWriter<File>>>),
    Csv { file: &'a mut BufWriter<File>, begun: bool },
}

impl<'a> Writer<'a> {
    pub(super) fn new(file: &'a mut BufWriter<File>, destination: &Path, plan: &'a Plan, embed: bool) -> Result<Self> {
        let destination = destination.to_owned();
        if destination.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("csv")) {
            return Ok(Self { file: Format::Csv { file, begun: false }, destination, plan, embed });
        }
        let label = if plan.has_integer_labels() { "int64" } else { "string" };
        let mut features = if embed { vec![("image", "Image")] } else { vec![("path", "string")] };
        features.extend((!plan.classes.is_empty()).then_some(("label", label)));
        features.extend((!plan.split_names.is_empty()).then_some(("split", "string")));
        let metadata = vec![(huggingface::KEY.to_owned(), huggingface::features(&features))];
        let open = || -> PolarsResult<_> {
            let empty = frame(plan, &[], embed)?;
            let writer = ParquetWriter::new(file)
                // Images are compressed already; what zstd finds are the headers they share, and repeated labels.
                .with_compression(ParquetCompression::Zstd(None))
                // The smallest and largest PNG of a row group help nobody and would be stored whole.
                .with_statistics(StatisticsOptions::empty())
                .with_key_value_metadata(Some(KeyValueMetadata::from_static(metadata)))
                .batched(empty.schema())?;
            Ok(Format::Parquet(Box::new(writer)))
        };
        let file = open().map_err(|error| refused(&destination, error))?;
        Ok(Self { file, destination, plan, embed })
    }

    /// One row group.
    pub(super) fn write(&mut self, batch: &[(usize, Image)]) -> Result<()> {
        if batch.is_empty() {
            return Ok(());
        }
        let written = frame(self.plan, batch, self.embed).and_then(|mut frame| match &mut self.file {
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

fn frame(plan: &Plan, batch: &[(usize, Image)], embed: bool) -> PolarsResult<DataFrame> {
    let paths: Vec<Option<&str>> = batch.iter().map(|(_, image)| image.path.as_deref()).collect();
    let mut columns = vec![if embed {
        let bytes: Vec<&[u8]> = batch.iter().map(|(_, image)| image.bytes.as_slice()).collect();
        let fields = [Series::new("bytes".into(), bytes), Series::new("path".into(), paths)];
        StructChunked::from_series("image".into(), batch.len(), fields.iter())?.into_series().into()
    } else {
        Column::new("path".into(), paths)
    }];
    if !plan.classes.is_empty() {
        let labels = batch.iter().map(|&(position, _)| plan.class(position));
        columns.push(if plan.has_integer_labels() {
            Column::new("label".into(), labels.map(|label| label?.parse().ok()).collect::<Vec<Option<i64>>>())
        } else {
            Column::new("label".into(), labels.collect::<Vec<Option<&str>>>())
        });
    }
    if !plan.split_names.is_empty() {
        let splits: Vec<Option<&str>> = batch.iter().map(|&(position, _)| plan.split(position)).collect();
        columns.push(Column::new("split".into(), splits));
    }
    DataFrame::new(batch.len(), columns)
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
