//! A script's function, taken out of the run: with copies of what it captured, and with its place in the script.

use std::sync::Arc;

use foretask_pretext::Refusal;
use rhai::{AST, Dynamic, EvalAltResult, FnPtr, Position};

use super::tokens::{self, Token, TokenKind};
use crate::errors::{CallError, Source, closures};
use crate::values::Kind;

/// A function of the main script that other threads can call.
#[derive(Clone)]
pub(crate) struct Function {
    pub(super) pointer: FnPtr,
    pub(super) functions: AST,
    pub(super) source: Arc<Source>,
    pub(super) ast: Arc<AST>,
    pub(super) explain: Explainer,
}

/// Says in words, and with its place, what went wrong while a function ran: the words of the script are not known here.
pub(crate) type Explainer = fn(EvalAltResult, &Arc<Source>, &Arc<AST>) -> Refusal;

/// What `custom_task` hands to the function: the image and a random stream.
const ARGUMENTS: usize = 2;

impl Function {
    /// Takes the function out of the script.
    ///
    /// # Errors
    /// A function that is not of this script, that takes other arguments, or that captured what a thread cannot use.
    pub(crate) fn new(
        pointer: &FnPtr,
        source: Arc<Source>,
        ast: Arc<AST>,
        explain: Explainer,
    ) -> Result<Self, CallError> {
        let name = pointer.fn_name();
        let own: Vec<Vec<String>> = ast
            .iter_functions()
            .filter(|function| function.name == name)
            .map(|function| function.params.iter().map(|name| (*name).to_owned()).collect())
            .collect();
        let captured = pointer.curry().len();
        let Some(first) = own.first() else {
            let what = if pointer.is_anonymous() { "this function".to_owned() } else { format!("`{name}`") };
            return Err(CallError::input(format!("{what} is not a function of this script"))
                .label("not from this file")
                .help("write the function in the script itself: `|image, rng| #{ input: …, label: … }`"));
        };
        let Some(parameters) = own.iter().find(|parameters| parameters.len() == captured + ARGUMENTS) else {
            let takes = first.len().saturating_sub(captured);
            return Err(CallError::input(format!("a label generator takes 2 arguments, this function takes {takes}"))
                .label("the image and a random stream")
                .help("write `|image, rng| #{ input: …, label: … }`, even if one of them is not used"));
        };
        let mut pointer = pointer.clone();
        let values = pointer.curry().iter().zip(parameters).map(|(value, name)| {
            plain(value).map_err(|kind| {
                CallError::input(format!("a label generator cannot use `{name}`: it is {kind}"))
                    .label("captures this")
                    .help(
                        "inside there are numbers, texts, arrays, object maps and functions; the image is handed over",
                    )
            })
        });
        let values: Vec<Dynamic> = values.collect::<Result<_, _>>()?;
        pointer.set_curry(values);
        Ok(Self { pointer, functions: ast.clone_functions_only(), source, ast, explain })
    }

    /// Where it stands in the script.
    pub(super) fn start(&self) -> Option<usize> {
        start(&self.pointer, &self.source, &self.ast)
    }

    /// Line and column, from 1.
    pub(super) fn place(&self) -> Option<(usize, usize)> {
        let text = &self.source.text;
        self.start().map(|at| {
            // Of `fn name(image, rng)` the name.
            let before = text[..at].trim_end();
            let name = before.rfind(|c: char| !(c.is_alphanumeric() || c == '_')).map_or(0, |at| at + 1);
            self.source.line_and_column(if text[at..].starts_with('(') { name } else { at })
        })
    }
}

/// The byte at which a function's parameters begin.
pub(super) fn start(pointer: &FnPtr, source: &Source, ast: &AST) -> Option<usize> {
    let name = pointer.fn_name();
    if pointer.is_anonymous() {
        let (_, position): (String, Position) = closures(ast).into_iter().find(|(closure, _)| closure == name)?;
        return Some(source.offset(position));
    }
    definitions(&source.text).into_iter().find(|(defined, _)| defined == name).map(|(_, at)| at)
}

/// Every `fn name(…) {…}` of a script: its name and the byte of its parameters.
pub(super) fn definitions(text: &str) -> Vec<(String, usize)> {
    let tokens = tokens::tokens(text, 0);
    let is = |token: &Token, word: &str| &text[token.bytes.clone()] == word;
    let mut found = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        if token.kind != TokenKind::Word || !is(token, "fn") {
            continue;
        }
        // `fn name(` or `fn Type.name(`.
        let parameters = tokens[at + 1..].iter().take(4).position(|token| is(token, "("));
        if let Some(parameters) = parameters.filter(|&offset| offset > 0) {
            let (name, open) = (&tokens[at + parameters], &tokens[at + 1 + parameters]);
            found.push((text[name.bytes.clone()].to_owned(), open.bytes.start));
        }
    }
    found
}

/// A copy that shares nothing with the script; otherwise what it is that cannot be copied.
fn plain(value: &Dynamic) -> Result<Dynamic, String> {
    let value = value.flatten_clone();
    if let Ok(items) = value.as_array_ref() {
        return Ok(Dynamic::from_array(items.iter().map(plain).collect::<Result<_, _>>()?));
    }
    if let Ok(map) = value.as_map_ref() {
        let entries = map.iter().map(|(key, value)| Ok((key.clone(), plain(value)?)));
        return Ok(Dynamic::from_map(entries.collect::<Result<_, String>>()?));
    }
    if let Some(pointer) = value.read_lock::<FnPtr>() {
        let mut pointer = pointer.clone();
        let values = pointer.curry().iter().map(plain).collect::<Result<Vec<_>, _>>()?;
        pointer.set_curry(values);
        return Ok(Dynamic::from(pointer));
    }
    let scalar = value.is_unit() || value.is_bool() || value.is_int() || value.is_float() || value.is_char();
    if scalar || value.is_string() || value.is_blob() { Ok(value) } else { Err(Kind::of(&value)) }
}
