//! The label column of a table: what occurs in it, conditions on it, and rows as class numbers.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use polars::prelude::{Column, DataFrame, DataType, Expr, Field, LazyFrame, NULL, NamedFrom, Series, col, lit, when};

use super::{
    columns::ROW,
    engine::among,
    labels::{Classes, Labels},
    notes::Note,
    table::Table,
};
use crate::error::{DataError, Result};

impl Table {
    /// What somebody should know of how it was read, labels included.
    pub(crate) fn notes(&self) -> Result<Vec<Note>> {
        let mut notes = self.notes.clone();
        if self.labels.is_some() {
            notes.extend(self.occurring()?.notes.iter().cloned());
        }
        Ok(notes)
    }

    pub(crate) fn classes(&self) -> Result<Arc<[String]>> {
        match self.labels {
            Some(_) => Ok(self.occurring()?.names.clone()),
            None => Ok(Arc::new([])),
        }
    }

    /// The labels that occur; callers have checked that there are any.
    pub(super) fn occurring(&self) -> Result<&Arc<Classes>> {
        if let Some(classes) = self.classes.get() {
            return Ok(classes);
        }
        let classes = match &self.labels {
            Some(Labels::Named(names)) => Classes::named(names.clone()),
            Some(Labels::Integer) => Classes::of_integers(self.columns.label(), &self.distinct_integers()?),
            Some(Labels::Text) => Classes::of_texts(self.columns.label(), self.distinct_texts()?),
            Some(Labels::NamedFloats(names)) => Classes::of_named_floats(names, self.distinct_texts()?)
                .map_err(|reason| DataError::Table { table: self.name.clone(), reason })?,
            None => Classes::default(),
        };
        Ok(self.classes.get_or_init(|| Arc::new(classes)))
    }

    fn distinct_integers(&self) -> Result<BTreeSet<i64>> {
        let label = self.columns.label();
        let mut values = BTreeSet::new();
        let narrow = |frame: LazyFrame| frame.select([col(label)]);
        self.visit(narrow, |data| {
            let column = self.checked(data.column(label).and_then(Column::unique))?;
            let column = self.checked(column.cast(&DataType::Int64))?;
            values.extend(self.checked(column.i64())?.iter().flatten());
            Ok(())
        })?;
        Ok(values)
    }

    fn distinct_texts(&self) -> Result<BTreeSet<String>> {
        let label = self.columns.label();
        let mut distinct = BTreeSet::new();
        let narrow = |frame: LazyFrame| frame.select([col(label)]);
        self.visit(narrow, |data| {
            let column = self.checked(data.column(label).and_then(Column::unique))?;
            distinct.extend(self.checked(column.str())?.iter().flatten().map(str::to_owned));
            Ok(())
        })?;
        Ok(distinct)
    }

    /// Whether a row has a label; callers have checked that there is a label column.
    pub(crate) fn has_label(&self) -> Result<Expr> {
        let label = col(self.columns.label());
        match &self.labels {
            Some(Labels::Text | Labels::NamedFloats(_)) => {
                let absent = &self.occurring()?.absent;
                let there = label.clone().is_not_null();
                let none = || among(label, Series::new("absent".into(), absent));
                Ok(if absent.is_empty() { there } else { there.and(none().not()) })
            }
            // -1 has no place among unsigned ones.
            Some(Labels::Integer) if self.columns.label_kind().is_some_and(DataType::is_unsigned_integer) => {
                Ok(label.is_not_null())
            }
            Some(Labels::Integer) => Ok(label.clone().is_not_null().and(label.neq(lit(-1)))),
            Some(Labels::Named(_)) => Ok(label.clone().is_not_null().and(label.gt_eq(lit(0)))),
            None => Err(DataError::NoLabels { table: self.name.clone(), reason: "all labels are empty".to_owned() }),
        }
    }

    /// The class of each row of the whole table by its name.
    pub(super) fn own_labels(&self) -> Result<Option<Vec<Option<String>>>> {
        let Some(label) = self.columns.label.as_deref().filter(|_| self.labels.is_some()) else { return Ok(None) };
        let (classes, mut labels) = (self.classes()?, Vec::new());
        let narrow = |frame: LazyFrame| frame.select([col(ROW), col(label)]);
        self.visit(narrow, |data| {
            let numbers = self.encode_labels(data, &self.row_numbers(data)?)?;
            labels.extend(numbers.into_iter().map(|number| Some(classes[number? as usize].clone())));
            Ok(())
        })?;
        Ok(Some(labels))
    }

    /// The split of each row of the whole table.
    pub(super) fn own_splits(&self) -> Result<Option<Vec<Option<String>>>> {
        let Some(split) = self.columns.split.as_deref() else { return Ok(None) };
        let mut splits = Vec::new();
        let narrow = |frame: LazyFrame| frame.select([col(split)]);
        self.visit(narrow, |data| {
            splits.extend(self.split_texts(data, split)?);
            Ok(())
        })?;
        Ok(Some(splits))
    }

    /// The names of a Hugging Face `ClassLabel`.
    pub(crate) fn class_names(&self) -> Option<&[String]> {
        match &self.labels {
            Some(Labels::Named(names)) => Some(names),
            _ => None,
        }
    }

    /// The label column for conditions: what is no label is null, and a text is the name of its class.
    pub(crate) fn label_or_null(&self) -> Result<Expr> {
        let label = col(self.columns.label());
        if matches!(self.labels, Some(Labels::Text | Labels::NamedFloats(_))) && self.occurring()?.renames() {
            let classes = self.occurring()?.clone();
            let names = move |column: Column| {
                let name = |text: Option<&str>| Some(classes.names[classes.number(text?)? as usize].clone());
                let names: Vec<Option<String>> = column.str()?.iter().map(name).collect();
                Ok(Column::new(column.name().clone(), names))
            };
            let same = |_: &polars::prelude::Schema, field: &Field| Ok(field.clone());
            return Ok(label.map(names, same));
        }
        Ok(when(self.has_label()?).then(label).otherwise(lit(NULL)))
    }

    /// The label column of a query's result as class numbers.
    pub(crate) fn encode_labels(&self, data: &DataFrame, rows: &[u64]) -> Result<Vec<Option<u32>>> {
        let label = self.columns.label();
        let Some(labels) = &self.labels else { return Ok(vec![None; rows.len()]) };
        if let Labels::Text | Labels::NamedFloats(_) = labels {
            let classes = self.occurring()?;
            let texts = self.texts(data, label)?;
            return Ok(texts.iter().map(|text| classes.number(text?)).collect());
        }
        let column = self.checked(data.column(label))?;
        let column = self.checked(column.cast(&DataType::Int64))?;
        let values = self.checked(column.i64())?;
        if let Labels::Named(names) = labels {
            let number = |(value, &row): (Option<i64>, &u64)| match value {
                Some(value) if value >= names.len() as i64 => Err(DataError::Table {
                    table: self.name.clone(),
                    reason: format!("row {row} has label {value}, but only {} classes are named", names.len()),
                }),
                value => Ok(value.and_then(|value| u32::try_from(value).ok())),
            };
            return values.iter().zip(rows).map(number).collect();
        }
        let classes = self.classes()?;
        let numbers: HashMap<i64, u32> = classes.iter().filter_map(|class| class.parse().ok()).zip(0..).collect();
        Ok(values.iter().map(|value| value.and_then(|value| numbers.get(&value).copied())).collect())
    }
}
