//! How labels are stored, whichever the type of their column, and the classes that they name.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use polars::prelude::{DataType, Expr, NULL, col, lit, when};

use super::{
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
    /// The same as floats, which a table with gaps makes of integers; they are read as text.
    NamedFloats(Arc<[String]>),
}

/// The labels that occur in a table.
#[derive(Default)]
pub(super) struct Classes {
    pub(super) names: Arc<[String]>,
    /// The class of each text; empty where labels are numbers.
    texts: HashMap<String, u32>,
    /// Texts that are no label.
    pub(super) absent: Vec<String>,
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

    /// How the labels of a table are stored whose column was `written` as this type, before it was made [`Self::plain`].
    pub(super) fn find(
        table: &str,
        columns: &Columns,
        written: Option<&DataType>,
        names: Option<Vec<String>>,
    ) -> Result<Option<Self>> {
        let Some(label) = &columns.label else { return Ok(None) };
        Ok(Some(match (columns.schema.get(label), names) {
            // A column without any value, as a CSV gives it.
            (Some(DataType::Null), _) => return Ok(None),
            (Some(DataType::String), Some(names)) if written.is_some_and(DataType::is_float) => {
                Self::NamedFloats(names.into())
            }
            (Some(DataType::String), _) => Self::Text,
            (Some(kind), Some(names)) if kind.is_integer() => Self::Named(names.into()),
            (Some(kind), None) if kind.is_integer() => Self::Integer,
            (kind, _) => {
                return Err(DataError::ColumnType {
                    table: table.to_owned(),
                    column: label.clone(),
                    found: kind.map(ToString::to_string).unwrap_or_default(),
                    expected: "labels are text or whole numbers, one an image; empty means unlabeled".to_owned(),
                });
            }
        }))
    }
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
        notes.push(unlabeled(label));
    }
    notes
}

fn unlabeled(label: &str) -> Note {
    Note::warning(format!("-1 in `{label}` means unlabeled; if it is a class, give it another name"))
}

impl Classes {
    /// Those that a table names, whether they occur or not.
    pub(super) fn named(names: Arc<[String]>) -> Self {
        Self { names, ..Self::default() }
    }

    /// Numbers of the column `label`, each its own class.
    pub(super) fn of_integers(label: &str, values: &BTreeSet<i64>) -> Self {
        let notes = if values.contains(&-1) { vec![unlabeled(label)] } else { Vec::new() };
        let names = values.iter().filter(|value| **value != -1).map(i64::to_string).collect();
        Self { names, notes, ..Self::default() }
    }

    /// Texts of the column `label`, in class order.
    pub(super) fn of_texts(label: &str, distinct: BTreeSet<String>) -> Self {
        let mut names: BTreeMap<String, Option<String>> = BTreeMap::new();
        for text in distinct {
            let name = class_name(&text).map(Cow::into_owned);
            names.insert(text, name);
        }
        let order: Arc<[String]> = in_class_order(names.values().flatten().cloned().collect()).into();
        let numbers: HashMap<&str, u32> = order.iter().map(String::as_str).zip(0..).collect();
        let notes = said(label, &names);
        let absent = names.iter().filter(|(_, name)| name.is_none()).map(|(text, _)| text.clone()).collect();
        let number = |(text, name): (&String, &Option<String>)| Some((text.clone(), *numbers.get(name.as_deref()?)?));
        let texts = names.iter().filter_map(number).collect();
        drop(numbers);
        Self { names: order, texts, absent, notes }
    }

    /// Whole numbers as text, each the place of one of these names; what else there is, is refused.
    pub(super) fn of_named_floats(names: &Arc<[String]>, distinct: BTreeSet<String>) -> Result<Self, String> {
        let mut classes = Self::named(names.clone());
        for text in distinct {
            match class_name(&text) {
                None => classes.absent.push(text),
                Some(number) if number.starts_with('-') && number.parse::<i64>().is_ok() => classes.absent.push(text),
                Some(number) => match number.parse::<u32>() {
                    Ok(number) if (number as usize) < names.len() => {
                        classes.texts.insert(text, number);
                    }
                    _ => return Err(format!("there is a label {text}, but {} classes are named", names.len())),
                },
            }
        }
        Ok(classes)
    }

    /// The class of a text.
    pub(super) fn number(&self, text: &str) -> Option<u32> {
        self.texts.get(text).copied()
    }

    /// Whether a class is called otherwise than it is written in the table.
    pub(super) fn renames(&self) -> bool {
        self.texts.iter().any(|(text, &number)| self.names[number as usize] != *text)
    }
}
