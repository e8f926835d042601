//! What is known of a part of a predicate while it is translated, and what all parts share.

use polars::prelude::{Expr, lit};
use sqlparser::ast::{Expr as Sql, Spanned};

use super::error::PredicateError;
use crate::manifest::Table;

pub(super) type Result<T> = std::result::Result<T, PredicateError>;

/// What a part of the predicate evaluates to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Bool,
    Integer,
    Float,
    Text,
    /// An integer that stands for a class name.
    Class,
    Null,
    /// A type that can only be asked whether it is null.
    Other,
}

impl Kind {
    pub(super) fn is_number(self) -> bool {
        matches!(self, Self::Integer | Self::Float)
    }

    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Bool => "true or false",
            Self::Integer | Self::Float => "a number",
            Self::Text => "text",
            Self::Class => "a class",
            Self::Null => "NULL",
            Self::Other => "neither text nor a number",
        }
    }
}

pub(super) struct Typed {
    pub(super) expr: Expr,
    pub(super) kind: Kind,
    /// Its value, where it is written out.
    pub(super) literal: Option<Literal>,
    /// Whether it is the label column.
    pub(super) label: bool,
}

pub(super) enum Literal {
    Text(String),
    /// Integers above 2^53 do not fit, but no label or size comes near.
    Number(f64),
}

impl Typed {
    pub(super) fn new(expr: Expr, kind: Kind) -> Self {
        Self { expr, kind, literal: None, label: false }
    }

    pub(super) fn integer(number: i64) -> Self {
        Self { literal: Some(Literal::Number(number as f64)), ..Self::new(lit(number), Kind::Integer) }
    }
}

/// The label column of a view.
#[derive(Default)]
pub(crate) struct Label {
    /// Whether the view has dropped its labels.
    pub(crate) dropped: bool,
    /// The labels, null where there is none.
    pub(crate) expr: Option<Expr>,
    /// Whether all classes are whole numbers.
    pub(crate) whole: bool,
}

pub(super) struct Translator<'a> {
    pub(super) predicate: &'a str,
    pub(super) table: &'a Table,
    pub(super) label: Label,
}

impl Translator<'_> {
    pub(super) fn error(&self, sql: &Sql, message: impl Into<String>) -> PredicateError {
        PredicateError::new(self.predicate, Some(sql.span()), message)
    }
}
