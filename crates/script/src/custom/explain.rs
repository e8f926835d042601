//! What went wrong in a label generator: from Rhai's error to a sentence with a place, and from there to a fault of the
//! word that called it.

use std::sync::Arc;

use foretask_pretext::{PretextError, Refusal};
use rhai::{AST, Dynamic, EvalAltResult};

use super::engine::LIMITS;
use super::methods;
use crate::errors::{Fault, Locus, Source, Sources, explain, nearest};
use crate::sandbox;
use crate::words::{self, Kind};

/// Rhai's error, as the pretext crate carries it.
pub(super) fn refusal(error: EvalAltResult, source: &Arc<Source>, ast: &Arc<AST>) -> Refusal {
    let sources = Sources::default();
    sources.put(Arc::clone(source), Some(Arc::clone(ast)));
    let told = explain(inside(error), &source.name, &sources);
    Refusal {
        message: one_text(&told.message, told.help.as_deref()),
        place: Some(source.line_and_column(told.span.start)),
    }
}

/// A message and its way out in one text; [`fault_of`] takes them apart again.
pub(super) fn one_text(message: &str, help: Option<&str>) -> String {
    // What stands before the first semicolon is the message.
    let message = message.replace("; ", ", ");
    help.map_or_else(|| message.clone(), |help| format!("{message}; {help}"))
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
            let fault = Fault::input("the label generator makes too many steps for one image; is a loop endless?")
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
fn unknown(signature: &str) -> Option<Fault> {
    let name = signature.split(" (").next().unwrap_or(signature).trim();
    let forms = methods::forms(name);
    if !forms.is_empty() {
        let given = signature.split_once(" (").map_or("", |(_, rest)| rest.trim_end_matches(')'));
        let given: Vec<String> = given.split(", ").filter(|kind| !kind.is_empty()).map(Kind::say).collect();
        let (owner, rest) = given.split_first().map_or(("nothing", &[][..]), |(owner, rest)| (owner.as_str(), rest));
        let with = if rest.is_empty() { String::new() } else { format!(" with {}", rest.join(", ")) };
        let help = format!(
            "write `{}`; a whole number comes from `.to_int()` and from `/` of whole numbers",
            forms.join("` or `")
        );
        return Some(Fault::input(format!("`{name}` does not work on {owner}{with}")).help(help));
    }
    if let Some(word) = words::find(name) {
        let help = "it runs on many threads and only sees its image; make values before it, and let it capture them";
        return Some(
            Fault::input(format!("`{}` is a word of the script and not there inside of a label generator", word.name))
                .help(help),
        );
    }
    let near = nearest(name, methods::names())?;
    Some(Fault::input(format!("a label generator has no `{name}`")).help(format!("did you mean `{near}`?")))
}

/// A label generator's refusal, on the image called `image`; `None` if `error` is another one.
pub(crate) fn fault_of(error: &PretextError, image: Option<&str>) -> Option<Fault> {
    let PretextError::Custom { message, place, .. } = error else { return None };
    let on = image.map_or_else(String::new, |image| format!(" on {image}"));
    let (what, way_out) = match message.split_once("; ") {
        Some((what, way_out)) => (what, Some(way_out.to_owned())),
        None => (message.as_str(), None),
    };
    let mut fault = Fault::input(what).label(format!("in this label generator{on}")).maybe_help(way_out);
    if let Some((line, column)) = place {
        fault = fault.at(Locus::Place(*line, *column));
    }
    Some(fault)
}
