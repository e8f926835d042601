//! From the parsed predicate to an expression, checking names and types on the way.

use polars::prelude::{DataType, Expr, LiteralValue, NamedFrom, Series, col, lit};
use sqlparser::{
    ast::{
        self, BinaryOperator, Expr as Sql, Function, FunctionArg, FunctionArgExpr, FunctionArguments, Ident, Spanned,
        UnaryOperator, Value, ValueWithSpan,
    },
    tokenizer::Span,
};

use super::{
    error::PredicateError,
    like::Pattern,
    typed::{Kind, Literal, Result, Translator, Typed},
};
use crate::{
    manifest::{ROW, among},
    nearest::nearest,
};

/// Deeper nesting is refused.
const MAX_DEPTH: usize = 200;

const FUNCTIONS: [&str; 3] = ["lower", "upper", "length"];

impl Translator<'_> {
    /// The whole predicate, which has to be true or false.
    pub(super) fn condition(&self, sql: &Sql) -> Result<Expr> {
        self.boolean(sql, 0)
    }

    fn boolean(&self, sql: &Sql, depth: usize) -> Result<Expr> {
        let part = self.part(sql, depth)?;
        if part.kind == Kind::Bool {
            return Ok(part.expr);
        }
        Err(self
            .error(sql, format!("a condition is true or false, but this is {}", part.kind.words()))
            .help("compare it with a value, as in width >= 64"))
    }

    fn part(&self, sql: &Sql, depth: usize) -> Result<Typed> {
        if depth > MAX_DEPTH {
            let error = PredicateError::new(self.predicate, None, "the predicate is nested too deep");
            return Err(error.help("name many values by IN ('a', 'b', …) instead of ORs"));
        }
        let depth = depth + 1;
        let negate = |expr: Expr, negated: bool| Typed::new(if negated { expr.not() } else { expr }, Kind::Bool);
        match sql {
            Sql::Identifier(name) => self.column(name),
            Sql::Value(value) => self.literal(sql, value),
            Sql::Nested(inner) => self.part(inner, depth),
            Sql::UnaryOp { op: UnaryOperator::Not, expr } => Ok(negate(self.boolean(expr, depth)?, true)),
            Sql::UnaryOp { op: op @ (UnaryOperator::Minus | UnaryOperator::Plus), expr } => {
                let value = self.number(expr, depth)?;
                let sign = if *op == UnaryOperator::Minus { lit(-1) } else { lit(1) };
                Ok(Typed::new(sign * value.expr, value.kind))
            }
            Sql::IsNull(expr) => Ok(Typed::new(self.part(expr, depth)?.expr.is_null(), Kind::Bool)),
            Sql::IsNotNull(expr) => Ok(Typed::new(self.part(expr, depth)?.expr.is_not_null(), Kind::Bool)),
            Sql::IsTrue(expr) => {
                let value = self.boolean(expr, depth)?;
                Ok(Typed::new(value.clone().is_not_null().and(value), Kind::Bool))
            }
            Sql::IsFalse(expr) => {
                let value = self.boolean(expr, depth)?;
                Ok(Typed::new(value.clone().is_not_null().and(value.not()), Kind::Bool))
            }
            Sql::BinaryOp { left, op, right } => self.binary(sql, left, op, right, depth),
            Sql::Between { expr, negated, low, high } => {
                let low = self.compare(expr, &BinaryOperator::GtEq, low, depth)?;
                let high = self.compare(expr, &BinaryOperator::LtEq, high, depth)?;
                Ok(negate(low.and(high), *negated))
            }
            Sql::InList { expr, list, negated } => Ok(negate(self.in_list(expr, list, depth)?, *negated)),
            Sql::Like { negated, any: false, expr, pattern, escape_char } => {
                Ok(negate(self.like(expr, pattern, escape_char.as_ref(), false, depth)?, *negated))
            }
            Sql::ILike { negated, any: false, expr, pattern, escape_char } => {
                Ok(negate(self.like(expr, pattern, escape_char.as_ref(), true, depth)?, *negated))
            }
            Sql::Function(function) => self.function(sql, function, depth),
            _ => Err(self.error(sql, format!("`{sql}` is not supported here")).help(
                "a predicate may use =, <>, <, <=, >, >=, AND, OR, NOT, IN, BETWEEN, LIKE, ILIKE, IS NULL, + - * / %, lower, \
                 upper and length",
            )),
        }
    }

    fn column(&self, name: &Ident) -> Result<Typed> {
        let columns = &self.table.columns;
        let exact = columns.names().into_iter().find(|column| *column == name.value);
        let column =
            exact.or_else(|| columns.names().into_iter().find(|column| column.eq_ignore_ascii_case(&name.value)));
        let Some(column) = column else {
            if name.value.eq_ignore_ascii_case("row") {
                return Ok(Typed::new(col(ROW), Kind::Integer));
            }
            let message = format!("there is no column `{}`", name.value);
            let error = PredicateError::new(self.predicate, Some(name.span), message);
            let known = columns.names();
            return Err(error.help(match nearest(&name.value, known.iter().copied()) {
                _ if name.quote_style == Some('"') => format!("text stands in single quotes: '{}'", name.value),
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("the columns are {}", known.join(", ")),
            }));
        };
        let is_label = columns.label.as_deref() == Some(column);
        if is_label && self.label.dropped {
            let error = PredicateError::new(self.predicate, Some(name.span), "`.unlabeled()` has dropped the labels");
            return Err(error.help("filter before `.unlabeled()`"));
        }
        // What counts as no label is null here, too.
        let expr = self.label.expr.clone().filter(|_| is_label).unwrap_or_else(|| col(column));
        let kind = match columns.schema.get(column) {
            Some(kind) if is_label && kind.is_integer() && self.table.class_names().is_some() => Kind::Class,
            Some(DataType::String) => Kind::Text,
            Some(DataType::Boolean) => Kind::Bool,
            Some(DataType::Null) => Kind::Null,
            Some(kind) if kind.is_integer() => Kind::Integer,
            Some(kind) if kind.is_float() => Kind::Float,
            _ => Kind::Other,
        };
        Ok(Typed { label: is_label, ..Typed::new(expr, kind) })
    }

    fn literal(&self, sql: &Sql, value: &ValueWithSpan) -> Result<Typed> {
        Ok(match &value.value {
            Value::Number(digits, _) => match (digits.parse::<i64>(), digits.parse::<f64>()) {
                (Ok(number), _) => Typed::integer(number),
                (_, Ok(number)) => {
                    Typed { literal: Some(Literal::Number(number)), ..Typed::new(lit(number), Kind::Float) }
                }
                _ => return Err(self.error(sql, format!("\"{digits}\" is not a number"))),
            },
            Value::SingleQuotedString(text) => {
                Typed { literal: Some(Literal::Text(text.clone())), ..Typed::new(lit(text.as_str()), Kind::Text) }
            }
            Value::Boolean(value) => Typed::new(lit(*value), Kind::Bool),
            Value::Null => Typed::new(Expr::Literal(LiteralValue::untyped_null()), Kind::Null),
            _ => return Err(self.error(sql, format!("`{sql}` is not supported here"))),
        })
    }

    fn number(&self, sql: &Sql, depth: usize) -> Result<Typed> {
        let mut part = self.part(sql, depth)?;
        self.as_number(&mut part);
        if part.kind.is_number() {
            return Ok(part);
        }
        Err(self.error(sql, format!("a number is needed here, but this is {}", part.kind.words())))
    }

    fn binary(&self, sql: &Sql, left: &Sql, op: &BinaryOperator, right: &Sql, depth: usize) -> Result<Typed> {
        use BinaryOperator::{And, Divide, Eq, Gt, GtEq, Lt, LtEq, Minus, Modulo, Multiply, NotEq, Or, Plus};
        match op {
            And => Ok(Typed::new(self.boolean(left, depth)?.and(self.boolean(right, depth)?), Kind::Bool)),
            Or => Ok(Typed::new(self.boolean(left, depth)?.or(self.boolean(right, depth)?), Kind::Bool)),
            Eq | NotEq | Lt | LtEq | Gt | GtEq => Ok(Typed::new(self.compare(left, op, right, depth)?, Kind::Bool)),
            Plus | Minus | Multiply | Divide | Modulo => {
                let (left, right) = (self.number(left, depth)?, self.number(right, depth)?);
                let float = *op == Divide || left.kind == Kind::Float || right.kind == Kind::Float;
                // Signed and wide, so that `width - 300` of an unsigned column does not wrap around; division is exact.
                let wide = if float { DataType::Float64 } else { DataType::Int64 };
                let (a, b) = (left.expr.cast(wide.clone()), right.expr.cast(wide));
                let expr = match op {
                    Plus => a + b,
                    Minus => a - b,
                    Multiply => a * b,
                    Divide => a / b,
                    _ => a % b,
                };
                Ok(Typed::new(expr, if float { Kind::Float } else { Kind::Integer }))
            }
            _ => Err(self.error(sql, format!("the operator {op} is not supported here"))),
        }
    }

    fn compare(&self, left: &Sql, op: &BinaryOperator, right: &Sql, depth: usize) -> Result<Expr> {
        let (mut a, mut b) = (self.part(left, depth)?, self.part(right, depth)?);
        self.meet(left, &mut a, right, &mut b)?;
        self.check_comparable(left, &a, right, &b)?;
        Ok(match op {
            BinaryOperator::Eq => a.expr.eq(b.expr),
            BinaryOperator::NotEq => a.expr.neq(b.expr),
            BinaryOperator::Lt => a.expr.lt(b.expr),
            BinaryOperator::LtEq => a.expr.lt_eq(b.expr),
            BinaryOperator::Gt => a.expr.gt(b.expr),
            _ => a.expr.gt_eq(b.expr),
        })
    }

    fn check_comparable(&self, left: &Sql, a: &Typed, right: &Sql, b: &Typed) -> Result<()> {
        let number = |kind: Kind| kind.is_number() || kind == Kind::Class;
        for (sql, part) in [(left, a), (right, b)] {
            if part.kind == Kind::Other {
                let error = self.error(sql, format!("`{sql}` is {} and cannot be compared", part.kind.words()));
                return Err(error.help("only IS NULL and IS NOT NULL can be asked of it"));
            }
            if part.kind == Kind::Null && matches!(sql, Sql::Value(_)) {
                let error = self.error(sql, "nothing equals NULL, not even NULL");
                return Err(error.help("write IS NULL or IS NOT NULL"));
            }
        }
        if a.kind == b.kind || (number(a.kind) && number(b.kind)) || a.kind == Kind::Null || b.kind == Kind::Null {
            return Ok(());
        }
        let error = self.error(right, format!("`{left}` is {}, but `{right}` is {}", a.kind.words(), b.kind.words()));
        Err(match (a.kind, right) {
            (Kind::Text, Sql::Value(_)) => error.help(format!("text stands in single quotes: '{right}'")),
            _ => error.help("both sides have to be of one kind"),
        })
    }

    fn in_list(&self, sql: &Sql, list: &[Sql], depth: usize) -> Result<Expr> {
        let mut value = self.part(sql, depth)?;
        let (mut texts, mut numbers, mut terms) = (Vec::new(), Vec::new(), Vec::new());
        let mut float = value.kind == Kind::Float;
        for item in list {
            let mut part = self.part(item, depth)?;
            self.meet(sql, &mut value, item, &mut part)?;
            self.check_comparable(sql, &value, item, &part)?;
            match part.literal {
                Some(Literal::Text(text)) => texts.push(text),
                Some(Literal::Number(number)) => {
                    float |= part.kind == Kind::Float;
                    numbers.push(number);
                }
                // Computed, as the second of (8, 2 * 8).
                None => terms.push(value.expr.clone().eq(part.expr)),
            }
        }
        if terms.len() > MAX_DEPTH {
            let error = self.error(sql, format!("more than {MAX_DEPTH} computed values in one IN"));
            return Err(error.help("write the values themselves"));
        }
        if !texts.is_empty() {
            terms.push(among(value.expr.clone(), Series::new("list".into(), texts)));
        }
        if !numbers.is_empty() && float {
            terms.push(among(value.expr.cast(DataType::Float64), Series::new("list".into(), numbers)));
        } else if !numbers.is_empty() {
            let integers: Vec<i64> = numbers.into_iter().map(|number| number as i64).collect();
            terms.push(among(value.expr.cast(DataType::Int64), Series::new("list".into(), integers)));
        }
        terms.into_iter().reduce(Expr::or).ok_or_else(|| self.error(sql, "IN needs at least one value"))
    }

    fn like(
        &self,
        sql: &Sql,
        pattern: &Sql,
        escape: Option<&ValueWithSpan>,
        ignore_case: bool,
        depth: usize,
    ) -> Result<Expr> {
        let value = self.part(sql, depth)?;
        let Some(Literal::Text(text)) = self.part(pattern, depth)?.literal else {
            let error = self.error(pattern, "LIKE needs a pattern in single quotes");
            return Err(error.help("% stands for any text, _ for one character: 'ankle%'"));
        };
        let escape = match escape.map(|escape| &escape.value) {
            Some(Value::SingleQuotedString(text)) => text.chars().next(),
            _ => Some('\\'),
        };
        let pattern = Pattern::new(&text, escape, ignore_case);
        match value.kind {
            Kind::Text => Ok(value.expr.str().contains(lit(pattern.regex()), true)),
            Kind::Class => {
                let names = self.table.class_names().unwrap_or_default().iter().enumerate();
                let fitting: Vec<i64> = names.filter(|(_, name)| pattern.fits(name)).map(|(i, _)| i as i64).collect();
                Ok(among(value.expr.cast(DataType::Int64), Series::new("list".into(), fitting)))
            }
            kind => Err(self.error(sql, format!("LIKE compares text, but `{sql}` is {}", kind.words()))),
        }
    }

    fn function(&self, sql: &Sql, function: &Function, depth: usize) -> Result<Typed> {
        let name = function.name.to_string().to_lowercase();
        let name = if name == "char_length" { "length" } else { &name };
        if !FUNCTIONS.contains(&name) {
            let span: Span = function.name.span();
            let error = PredicateError::new(self.predicate, Some(span), format!("there is no function `{name}`"));
            return Err(error.help(match nearest(name, FUNCTIONS) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("the functions are {}", FUNCTIONS.join(", ")),
            }));
        }
        let argument = match &function.args {
            FunctionArguments::List(ast::FunctionArgumentList { args, .. }) => match args.as_slice() {
                [FunctionArg::Unnamed(FunctionArgExpr::Expr(argument))] => Some(argument),
                _ => None,
            },
            _ => None,
        };
        let Some(argument) = argument else { return Err(self.error(sql, format!("`{name}` takes one argument"))) };
        let value = self.part(argument, depth)?;
        if value.kind != Kind::Text {
            return Err(self.error(argument, format!("`{name}` takes text, but this is {}", value.kind.words())));
        }
        Ok(match name {
            "lower" => Typed::new(value.expr.str().to_lowercase(), Kind::Text),
            "upper" => Typed::new(value.expr.str().to_uppercase(), Kind::Text),
            _ => Typed::new(value.expr.str().len_chars(), Kind::Integer),
        })
    }
}
