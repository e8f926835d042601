//! Reading a table a part at a time, so that ten million rows need the memory of half a million.

use std::{ops::Range, sync::Arc};

use polars::prelude::{DataFrame, Expr, IdxSize, LazyFrame, NamedFrom, Series, col};

use super::{columns::ROW, engine::among, table::Table};
use crate::error::Result;

/// Rows of a part. Smaller ones read the same row groups of a Parquet file again and again, larger ones need more memory.
const PART: IdxSize = if cfg!(test) { 7 } else { 1 << 19 };

/// How a view narrows its table.
#[derive(Clone, Default)]
pub(super) struct Narrowing {
    /// Only these rows, ascending; all where `None`.
    rows: Option<Arc<[u32]>>,
    /// Conditions, and how many of the rows that are left then, one after the other.
    steps: Vec<Step>,
}

#[derive(Clone)]
enum Step {
    Condition(Expr),
    First(IdxSize),
}

impl Narrowing {
    /// Given rows, ascending.
    pub(super) fn rows(rows: &[u64]) -> Self {
        Self { rows: Some(rows.iter().map(|&row| row as u32).collect()), steps: Vec::new() }
    }

    pub(super) fn condition(&mut self, condition: Expr) {
        self.steps.push(Step::Condition(condition));
    }

    pub(super) fn first(&mut self, n: IdxSize) {
        self.steps.push(Step::First(n));
    }

    /// Whether the view is the whole table.
    pub(super) fn is_all(&self) -> bool {
        self.rows.is_none() && self.steps.is_empty()
    }

    /// The rows that are left of the whole table.
    pub(super) fn of(&self, frame: LazyFrame) -> LazyFrame {
        self.steps(match &self.rows {
            Some(rows) => frame.filter(listed(rows)),
            None => frame,
        })
    }

    fn steps(&self, mut frame: LazyFrame) -> LazyFrame {
        for step in &self.steps {
            frame = match step {
                Step::Condition(condition) => frame.filter(condition.clone()),
                Step::First(n) => frame.limit(*n),
            };
        }
        frame
    }

    /// Hands over `columns` of the rows that are left, in table order, part by part.
    pub(super) fn visit(
        &self,
        table: &Table,
        columns: &[Expr],
        mut visit: impl FnMut(&DataFrame) -> Result<()>,
    ) -> Result<()> {
        // How many rows of a part are among the first n only the parts before it know; few are left anyhow.
        if self.steps.iter().any(|step| matches!(step, Step::First(_))) {
            return visit(&table.collect(self.of(table.frame.clone()).select(columns))?);
        }
        for (frame, range) in table.parts()? {
            let frame = match &self.rows {
                Some(rows) => {
                    let end = rows.partition_point(|&row| row < range.end);
                    let start = rows[..end].partition_point(|&row| row < range.start);
                    if start == end {
                        continue;
                    }
                    frame.filter(listed(&rows[start..end]))
                }
                None => frame,
            };
            let data = table.collect(self.steps(frame).select(columns))?;
            if data.height() > 0 {
                visit(&data)?;
            }
        }
        Ok(())
    }
}

fn listed(rows: &[u32]) -> Expr {
    among(col(ROW), Series::new(ROW.into(), rows))
}

impl Table {
    /// The table in parts, with the rows of each. Text formats have to be read from their beginning to find a row, and are
    /// one part.
    pub(crate) fn parts(&self) -> Result<Vec<(LazyFrame, Range<u32>)>> {
        if self.format != "parquet" {
            return Ok(vec![(self.frame.clone(), 0..u32::MAX)]);
        }
        let mut parts = Vec::new();
        for piece in &self.pieces {
            let rows = self.rows_of(piece)?;
            let first = parts.last().map_or(0, |(_, range): &(_, Range<u32>)| range.end);
            for start in (0..rows).step_by(PART as usize) {
                let end = start.saturating_add(PART).min(rows);
                parts.push((piece.clone().slice(i64::from(start), end - start), first + start..first + end));
            }
        }
        Ok(parts)
    }

    /// Hands over one column of the whole table, part by part.
    pub(crate) fn visit(
        &self,
        narrow: impl Fn(LazyFrame) -> LazyFrame,
        mut visit: impl FnMut(&DataFrame) -> Result<()>,
    ) -> Result<()> {
        self.parts()?.into_iter().try_for_each(|(frame, _)| visit(&self.collect(narrow(frame))?))
    }
}
