//! SQL predicates over the columns of a manifest, as polars expressions.

mod error;
mod label;
mod like;
mod translate;
mod typed;

use polars::prelude::Expr;
use sqlparser::{dialect::GenericDialect, parser::Parser, tokenizer::Token};

pub use self::error::PredicateError;
pub(crate) use self::typed::Label;
use self::typed::Translator;
use crate::manifest::Table;

/// Longer ones are refused: an endless chain of ORs would exhaust the stack of every recursive function that sees it.
const MAX_LENGTH: usize = 16 << 10;

/// The condition that `predicate` states.
pub(crate) fn translate(predicate: &str, table: &Table, label: Label) -> Result<Expr, PredicateError> {
    if predicate.len() > MAX_LENGTH {
        let message = format!("the predicate is longer than {MAX_LENGTH} bytes");
        return Err(PredicateError::new(predicate, None, message).help("put the value into a column of the manifest"));
    }
    let parsed = Parser::new(&GenericDialect {}).try_with_sql(predicate).and_then(|mut parser| {
        let expression = parser.parse_expr()?;
        Ok((expression, parser.peek_token()))
    });
    let (expression, rest) = parsed.map_err(|error| PredicateError::syntax(predicate, &error))?;
    if rest.token != Token::EOF {
        let message = format!("the predicate ends before \"{}\"", rest.token);
        return Err(PredicateError::new(predicate, Some(rest.span), message).help("join conditions with AND or OR"));
    }
    Translator { predicate, table, label }.condition(&expression)
}

#[cfg(test)]
mod tests;
