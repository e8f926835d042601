//! What went wrong in a label generator: from Rhai's error to a sentence with a place.

use std::sync::Arc;

use foretask_pretext::Refusal;
use rhai::{AST, Dynamic, EvalAltResult};

use super::explain;
use crate::custom::{self, LIMITS, forms};
use crate::errors::{CallError, Source, Sources, nearest};
use crate::sandbox;
use crate::values::Kind;
use crate::words;

/// Rhai's error, as the pretext crate carries it.
pub(crate) fn refusal(error: EvalAltResult, source: &Arc<Source>, ast: &Arc<AST>) -> Refusal {
    let sources = Sources::default();
    sources.put(Arc::clone(source), Some(Arc::clone(ast)));
    let told = explain(inside(error), &source.name, &sources);
    let place = Some(source.line_and_column(told.span.start));
    Refusal { message: told.message, help: told.help, place }
}

/// The same error with words for this surrounding at its core.
fn inside(error: EvalAltResult) -> EvalAltResult {
    let position = error.position();
    match error {
        EvalAltResult::ErrorInFunctionCall(name, source, inner, position) => {
            EvalAltResult::ErrorInFunctionCall(name, source, Box::new(inside(*inner)), position)
        }
        EvalAltResult::ErrorFunctionNotFound(signature, position) => match unknown(&signature) {
            Some(fault) => EvalAltResult::ErrorRuntime(Dynamic::from(fault), position),
            None => EvalAltResult::ErrorFunctionNotFound(signature, position),
        },
        EvalAltResult::ErrorTooManyOperations(_) => {
            let fault = CallError::input("the label generator makes too many steps for one image; is a loop endless?")
                .help("work on whole images (`blur`, `mask`, `image * 0.5`) rather than pixel by pixel");
            EvalAltResult::ErrorRuntime(Dynamic::from(fault), position)
        }
        other => match sandbox::exceeded(&other, &LIMITS) {
            Some(fault) => EvalAltResult::ErrorRuntime(Dynamic::from(fault), position),
            None => other,
        },
    }
}

/// A function that is not there, or not for these arguments.
fn unknown(signature: &str) -> Option<CallError> {
    let name = signature.split(" (").next().unwrap_or(signature).trim();
    let forms = forms(name);
    if !forms.is_empty() {
        let given = signature.split_once(" (").map_or("", |(_, rest)| rest.trim_end_matches(')'));
        let given: Vec<String> = given.split(", ").filter(|kind| !kind.is_empty()).map(Kind::say).collect();
        let (owner, rest) = given.split_first().map_or(("nothing", &[][..]), |(owner, rest)| (owner.as_str(), rest));
        let with = if rest.is_empty() { String::new() } else { format!(" with {}", rest.join(", ")) };
        let help = format!(
            "write `{}`; a whole number comes from `.to_int()` and from `/` of whole numbers",
            forms.join("` or `")
        );
        return Some(CallError::input(format!("`{name}` does not work on {owner}{with}")).help(help));
    }
    if let Some(word) = words::find(name) {
        let help = "it runs on many threads and only sees its image; make values before it, and let it capture them";
        return Some(
            CallError::input(format!(
                "`{}` is a word of the script and not there inside of a label generator",
                word.name
            ))
            .help(help),
        );
    }
    let near = nearest(name, custom::names())?;
    Some(CallError::input(format!("a label generator has no `{name}`")).help(format!("did you mean `{near}`?")))
}
