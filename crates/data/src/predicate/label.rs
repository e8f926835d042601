//! The label column in a predicate: names, and numbers where all names are numbers.

use polars::prelude::DataType;
use sqlparser::ast::Expr as Sql;

use super::typed::{Kind, Literal, Result, Translator, Typed};
use crate::nearest::nearest;

impl Translator<'_> {
    /// Brings a label and what it is compared with to one kind.
    pub(super) fn meet(&self, left: &Sql, a: &mut Typed, right: &Sql, b: &mut Typed) -> Result<()> {
        match (a.kind, b.kind) {
            (Kind::Class, _) => return self.class_value(right, b),
            (_, Kind::Class) => return self.class_value(left, a),
            _ => {}
        }
        if a.label {
            self.meet_label(a, b);
        } else if b.label {
            self.meet_label(b, a);
        }
        Ok(())
    }

    /// `label = 3` and `label = '3'` are the same, however the table stores its labels.
    fn meet_label(&self, label: &mut Typed, other: &mut Typed) {
        if label.kind == Kind::Text && other.kind.is_number() {
            self.as_number(label);
        } else if label.kind == Kind::Integer
            && let Some(Literal::Text(text)) = &other.literal
            && let Ok(number) = text.parse::<i64>()
            && number.to_string() == *text
        {
            *other = Typed::integer(number);
        }
    }

    /// Labels that are whole numbers written as text, as numbers.
    pub(super) fn as_number(&self, label: &mut Typed) {
        if label.label && label.kind == Kind::Text && self.label.whole {
            label.expr = label.expr.clone().cast(DataType::Int64);
            label.kind = Kind::Integer;
        }
    }

    /// A class name as the number it is stored as.
    fn class_value(&self, sql: &Sql, value: &mut Typed) -> Result<()> {
        let Some(Literal::Text(text)) = &value.literal else { return Ok(()) };
        let names = self.table.class_names().unwrap_or_default();
        let Some(number) = names.iter().position(|name| name == text) else {
            let error = self.error(sql, format!("there is no class '{text}'"));
            return Err(error.help(match nearest(text, names.iter().map(String::as_str)) {
                Some(near) => format!("did you mean '{near}'?"),
                None => format!("the classes are {}", names.join(", ")),
            }));
        };
        *value = Typed::integer(number as i64);
        Ok(())
    }
}
