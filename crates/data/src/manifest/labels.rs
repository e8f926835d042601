//! The label column, whichever its type, as class numbers.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use polars::prelude::{Column, DataFrame, DataType, Expr, Field, LazyFrame, NULL, NamedFrom, Series, col, lit, when};

use super::{
    Table, among,
    columns::Columns,
    names::{class_name, in_class_order},
    notes::{Note, some},
};
use crate::error::{DataError, Result};

/// How labels are stored.
pub(crate) enum Labels {
    /// Texts that name classes by the rule of [`class_name`].
    Text,
    /// Integers, each its own class; -1 counts as no label.
    Integer,
    /// Integers that index these names (Hugging Face `ClassLabel`); negative ones count as no label.
    Named(Arc<[String]>),
}

/// The labels that occur in a table.
#[derive(Default)]
pub(super) struct Classes {
    pub(super) names: Arc<[String]>,
    /// The class of each text; empty where labels are numbers.
    texts: HashMap<String, u32>,
    /// Texts that are no label.
    absent: Vec<String>,
    pub(super) notes: Vec<Note>,
}

impl Labels {
    /// A label column of another type as what labels are: numbers with gaps are floats, and those are read as text.
    pub(super) fn plain(kind: &DataType, label: &str) -> Option<Expr> {
        let text = |column: Expr| column.cast(DataType::String).alias(label);
        let column = col(label);
        match kind {
            DataType::Float32 | DataType::Float64 => {
                // The gaps of pandas.
                Some(text(when(column.clone().is_nan()).then(lit(NULL)).otherwise(column)))
            }
            // Some of the latter do not fit into signed integers, and none may be lost.
            DataType::Boolean | DataType::UInt64 => Some(text(column)),
            _ => None,
        }
    }

    pub(super) fn find(table: &str, columns: &Columns, names: Option<Vec<String>>) -> Result<Option<Self>> {
        let Some(label) = &columns.label else { return Ok(None) };
        Ok(Some(match (columns.schema.get(label), names) {
            // A column without any value, as a CSV gives it.
            (Some(DataType::Null), _) => return Ok(None),
            (Some(DataType::String), _) => Self::Text,
            (Some(kind), Some(names)) if kind.is_integer() => Self::Named(names.into()),
            (Some(kind), None) if kind.is_integer() => Self::Integer,
            (kind, _) => {
                return Err(DataError::ColumnType {
                    table: table.to_owned(),
                    column: label.clone(),
                    found: kind.map(ToString::to_string).unwrap_or_default(),
                    expected: "labels are text or whole numbers, one an image; empty means unlabelled".to_owned(),
                });
            }
        }))
    }

    /// The distinct labels of the whole table in class order.
    pub(super) fn classes(&self, table: &Table) -> Result<Classes> {
        match self {
            Self::Named(names) => Ok(Classes { names: names.clone(), ..Classes::default() }),
            Self::Integer => integers(table),
            Self::Text => texts(table),
        }
    }
}

fn integers(table: &Table) -> Result<Classes> {
    let label = table.columns.label();
    let mut values = BTreeSet::new();
    table.visit(
        |frame| frame.select([col(label)]),
        |data| {
            let column = table.checked(data.column(label).and_then(Column::unique))?;
            let column = table.checked(column.cast(&DataType::Int64))?;
            values.extend(table.checked(column.i64())?.iter().flatten());
            Ok(())
        },
    )?;
    let notes = if values.remove(&-1) { vec![unlabelled(label)] } else { Vec::new() };
    let names = values.iter().map(i64::to_string).collect();
    Ok(Classes { names, notes, ..Classes::default() })
}

fn texts(table: &Table) -> Result<Classes> {
    let label = table.columns.label();
    let mut distinct = BTreeSet::new();
    let narrow = |frame: LazyFrame| frame.select([col(label)]);
    table.visit(narrow, |data| {
        let column = table.checked(data.column(label).and_then(Column::unique))?;
        distinct.extend(table.checked(column.str())?.iter().flatten().map(str::to_owned));
        Ok(())
    })?;
    let mut names: BTreeMap<String, Option<String>> = BTreeMap::new();
    for text in distinct {
        let name = class_name(&text).map(std::borrow::Cow::into_owned);
        names.insert(text, name);
    }
    let order: Arc<[String]> = in_class_order(names.values().flatten().cloned().collect()).into();
    let numbers: HashMap<&str, u32> = order.iter().map(String::as_str).zip(0..).collect();
    let notes = said(label, &names);
    let absent = names.iter().filter(|(_, name)| name.is_none()).map(|(text, _)| text.clone()).collect();
    let number = |(text, name): (&String, &Option<String>)| Some((text.clone(), *numbers.get(name.as_deref()?)?));
    let texts = names.iter().filter_map(number).collect();
    drop(numbers);
    Ok(Classes { names: order, texts, absent, notes })
}

/// What of the labels was not taken as written.
fn said(label: &str, names: &BTreeMap<String, Option<String>>) -> Vec<Note> {
    let mut notes = Vec::new();
    let changed = |fits: &dyn Fn(&str, &str) -> bool| -> Vec<String> {
        let pairs = names.iter().filter_map(|(text, name)| Some((text, name.as_deref()?)));
        pairs
            .filter(|(text, name)| text != name && fits(text, name))
            .map(|(text, name)| format!("\"{text}\" is {name}"))
            .collect()
    };
    let blanks = changed(&|text, _| text.trim() != text);
    if !blanks.is_empty() {
        notes.push(Note::said(format!("blanks around labels in `{label}` do not count: {}", some(&blanks))));
    }
    let floats = changed(&|text, _| text.trim() == text);
    if !floats.is_empty() {
        notes.push(Note::said(format!(
            "whole numbers with a point in `{label}` are read as integers: {}",
            some(&floats)
        )));
    }
    if names.iter().any(|(text, name)| name.is_none() && !text.trim().is_empty()) {
        notes.push(unlabelled(label));
    }
    notes
}

fn unlabelled(label: &str) -> Note {
    Note::warning(format!("-1 in `{label}` means unlabelled; if it is a class, give it another name"))
}

impl Classes {
    /// The class of a text.
    fn number(&self, text: &str) -> Option<u32> {
        self.texts.get(text).copied()
    }

    /// Whether a class is called otherwise than it is written in the table.
    fn renames(&self) -> bool {
        self.texts.iter().any(|(text, &number)| self.names[number as usize] != *text)
    }
}

impl Table {
    /// Whether a row has a label; callers have checked that there is a label column.
    pub(crate) fn has_label(&self) -> Result<Expr> {
        let label = col(self.columns.label());
        match &self.labels {
            Some(Labels::Text) => {
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
        let narrow = |frame: LazyFrame| frame.select([col(super::ROW), col(label)]);
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
        if matches!(self.labels, Some(Labels::Text)) && self.occurring()?.renames() {
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
        if let Labels::Text = labels {
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
