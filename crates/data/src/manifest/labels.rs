//! The label column, whichever its type, as class numbers.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use polars::prelude::{Column, DataFrame, DataType, Expr, LazyFrame, col, lit};

use super::{Table, columns::Columns};
use crate::error::{DataError, Result};

/// How labels are stored.
pub(crate) enum Labels {
    /// Class names; empty text counts as no label.
    Text,
    /// Integers, each its own class.
    Integer,
    /// Integers that index these names (Hugging Face `ClassLabel`); negative ones count as no label.
    Named(Arc<[String]>),
}

impl Labels {
    pub(super) fn find(table: &str, columns: &Columns, names: Option<Vec<String>>) -> Result<Option<Self>> {
        let Some(label) = &columns.label else { return Ok(None) };
        Ok(Some(match (columns.schema.get(label), names) {
            // A column without any value, as a CSV gives it.
            (Some(DataType::Null), _) => return Ok(None),
            (Some(DataType::String | DataType::Boolean), _) => Self::Text,
            (Some(kind), Some(names)) if kind.is_integer() => Self::Named(names.into()),
            (Some(kind), None) if kind.is_integer() => Self::Integer,
            (kind, _) => {
                return Err(DataError::ColumnType {
                    table: table.to_owned(),
                    column: label.clone(),
                    found: kind.map(ToString::to_string).unwrap_or_default(),
                    expected: "labels are text or integers; empty means unlabelled".to_owned(),
                });
            }
        }))
    }

    /// The distinct labels of the whole table in class order.
    pub(super) fn classes(&self, table: &Table) -> Result<Arc<[String]>> {
        if let Self::Named(names) = self {
            return Ok(names.clone());
        }
        let label = table.columns.label();
        let (mut values, mut names) = (BTreeSet::new(), BTreeSet::new());
        let narrow = |frame: LazyFrame| frame.select([col(label)]).filter(self.present(label));
        table.visit(narrow, |data| {
            let column = table.checked(data.column(label).and_then(Column::unique))?;
            if matches!(self, Self::Integer) {
                let column = table.checked(column.cast(&DataType::Int64))?;
                values.extend(table.checked(column.i64())?.iter().flatten());
            } else {
                let column = table.checked(column.cast(&DataType::String))?;
                names.extend(table.checked(column.str())?.iter().flatten().map(str::to_owned));
            }
            Ok(())
        })?;
        if matches!(self, Self::Integer) {
            return Ok(values.iter().map(i64::to_string).collect());
        }
        let names: Vec<String> = names.into_iter().collect();
        // "10" after "9" where all names are numbers.
        let numbers: Option<Vec<i64>> = names.iter().map(|name| name.parse().ok()).collect();
        if let Some(numbers) = numbers {
            let mut pairs: Vec<(i64, String)> = numbers.into_iter().zip(names).collect();
            pairs.sort();
            return Ok(pairs.into_iter().map(|(_, name)| name).collect());
        }
        Ok(names.into())
    }

    /// Whether a row has a label.
    pub(super) fn present(&self, label: &str) -> Expr {
        let label = col(label);
        match self {
            Self::Text => label.clone().is_not_null().and(label.cast(DataType::String).neq(lit(""))),
            Self::Integer => label.is_not_null(),
            Self::Named(_) => label.clone().is_not_null().and(label.gt_eq(lit(0))),
        }
    }
}

impl Table {
    /// See [`Labels::present`]; callers have checked that there is a label column.
    pub(crate) fn has_label(&self) -> Result<Expr> {
        let label = self.columns.label();
        match &self.labels {
            Some(labels) => Ok(labels.present(label)),
            None => Err(DataError::NoLabels { table: self.name.clone(), reason: "all labels are empty".to_owned() }),
        }
    }

    /// The names of a Hugging Face `ClassLabel`.
    pub(crate) fn class_names(&self) -> Option<&[String]> {
        match &self.labels {
            Some(Labels::Named(names)) => Some(names),
            _ => None,
        }
    }

    /// The label column of a query's result as class numbers.
    pub(crate) fn encode_labels(&self, data: &DataFrame, rows: &[u64]) -> Result<Vec<Option<u32>>> {
        let label = self.columns.label();
        let Some(labels) = &self.labels else { return Ok(vec![None; rows.len()]) };
        if let Labels::Text = labels {
            let classes = self.classes()?;
            let numbers: HashMap<&str, u32> = classes.iter().map(String::as_str).zip(0..).collect();
            let texts = self.texts(data, label)?;
            return Ok(texts.iter().map(|text| text.and_then(|text| numbers.get(text).copied())).collect());
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
