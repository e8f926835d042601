//! The rows of a whole table, for importers: everything but the images at once, the images a few at a time.

use std::{ops::Range, sync::Arc};

use polars::prelude::{DataFrame, Expr, IdxSize, col};

use super::{Manifest, Table, columns::ROW, names::intern};
use crate::{error::Result, source::Source};

/// Encoded images of a table that are in memory at once, in bytes.
const CHUNK: u64 = 128 << 20;

impl Manifest {
    /// The class of each row, in table order.
    pub(crate) fn labels_of_rows(&self) -> Result<Vec<Option<u32>>> {
        if !self.has_labels() {
            return Ok(vec![None; self.count()?]);
        }
        let mut labels = Vec::new();
        self.visit(&[ROW, self.table.columns.label()], |data| {
            let rows = self.table.row_numbers(data)?;
            labels.append(&mut self.table.encode_labels(data, &rows)?);
            Ok(())
        })?;
        Ok(labels)
    }

    /// The split of each row as an index into the names, in table order.
    pub(crate) fn split_of_rows(&self) -> Result<(Vec<Option<u32>>, Vec<String>)> {
        let Some(split) = self.table.columns.split.as_deref() else {
            return Ok((vec![None; self.count()?], Vec::new()));
        };
        let (mut rows, mut names): (Vec<Option<u32>>, Vec<String>) = (Vec::new(), Vec::new());
        self.visit(&[split], |data| {
            rows.extend(self.table.split_texts(data, split)?.iter().map(|name| intern(name.as_deref()?, &mut names)));
            Ok(())
        })?;
        Ok((rows, names))
    }

    /// The columns that mean nothing to us, of all rows.
    pub(crate) fn further_of_rows(&self) -> Result<DataFrame> {
        let further: Vec<Expr> = self.further_names().into_iter().map(col).collect();
        if further.is_empty() {
            return Ok(DataFrame::default());
        }
        self.table.collect(self.narrowing.of(self.table.frame.clone()).select(further))
    }
}

/// The images of a table, from its beginning to its end.
pub(crate) struct TableImages {
    table: Arc<Table>,
    /// Rows whose images are in memory.
    range: Range<usize>,
    sources: Vec<Source>,
    /// Rows that are read at once.
    chunk: usize,
    rows: usize,
}

impl TableImages {
    pub(crate) fn new(manifest: &Manifest) -> Result<Self> {
        let rows = manifest.count()?;
        let table = manifest.table.clone();
        let chunk = if table.format == "parquet" {
            let mean = table.bytes / rows.max(1) as u64;
            usize::try_from(CHUNK / mean.max(1)).unwrap_or(usize::MAX).clamp(1000, 1 << 19)
        } else {
            usize::MAX
        };
        Ok(Self { table, range: 0..0, sources: Vec::new(), chunk, rows })
    }

    /// Whether every image is a file, or a part of one: a manifest can point to it.
    pub(crate) fn are_files(&self) -> bool {
        !self.table.columns.image.is_embedded()
    }

    /// Whether images are parts of files.
    pub(crate) fn are_parts(&self) -> bool {
        self.table.columns.image.is_packed()
    }

    /// The images at these rows, which ascend.
    pub(crate) fn at(&mut self, rows: &[usize]) -> Result<Vec<Source>> {
        let mut found = Vec::with_capacity(rows.len());
        for &row in rows {
            if !self.range.contains(&row) {
                let end = row.saturating_add(self.chunk).min(self.rows);
                // The old ones first: both together would be twice the memory.
                self.sources = Vec::new();
                self.sources = self.table.images(row..end)?;
                self.range = row..row + self.sources.len();
            }
            found.push(self.sources[row - self.range.start].clone());
        }
        Ok(found)
    }
}

impl Table {
    /// Where the images of these rows are.
    fn images(&self, rows: Range<usize>) -> Result<Vec<Source>> {
        let mut wanted = vec![col(ROW)];
        wanted.extend(self.columns.image.expressions());
        let (mut first, mut sources) = (0, Vec::new());
        for piece in &self.pieces {
            let count = self.rows_of(piece)? as usize;
            let (start, end) = (rows.start.max(first), rows.end.min(first + count));
            if start < end {
                let piece = piece.clone().slice((start - first) as i64, (end - start) as IdxSize);
                sources.append(&mut self.sources(&self.collect(piece.select(&wanted))?)?);
            }
            first += count;
        }
        Ok(sources)
    }
}
