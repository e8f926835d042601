//! Turns Rhai's errors and our own faults into a [`ScriptError`] with one underlined place.

mod generator;

use std::ops::Range;
use std::sync::Arc;

use foretask_experiment::ErrorKind;
use rhai::{AST, EvalAltResult, ParseErrorType, Position};

pub(crate) use self::generator::refusal;
use crate::errors::{
    CallError, ScriptError, Source, Sources, Span, TraceFrame, did_you_mean, nearest, span_of, task_option,
};
use crate::sandbox::{self, MAX_EXPRESSIONS};
use crate::values::{Kind, properties_of};
use crate::words;
use crate::{custom, engine};

/// Where a message is made for: the file of the innermost place and its tree, if it could be parsed.
struct SourceContext {
    source: Arc<Source>,
    ast: Option<Arc<AST>>,
}

/// Explains `error`, which came out of running (or parsing) the script `main`.
pub(crate) fn explain(error: EvalAltResult, main: &str, sources: &Sources) -> ScriptError {
    let mut trace = Vec::new();
    let mut place = place(main, sources);
    let mut error = error;
    loop {
        match error {
            EvalAltResult::ErrorInFunctionCall(name, source, inner, position) => {
                if !name.is_empty() && !name.starts_with("anon$") && inner.position() != position {
                    let span = place.source.word(place.source.offset(position));
                    trace.push(TraceFrame { name, source: Arc::clone(&place.source), span });
                }
                place = place_or(&source, sources, place);
                error = *inner;
            }
            EvalAltResult::ErrorInModule(name, inner, position) => {
                let span = place.source.word(place.source.offset(position));
                trace.push(TraceFrame { name: format!("import {name}"), source: Arc::clone(&place.source), span });
                place = place_or(&name, sources, place);
                error = *inner;
            }
            _ => break,
        }
    }
    let position = error.position();
    if points_at_the_main_script(&error) {
        place = self::place(main, sources);
    }
    let mut told = message_of(error, &place, position);
    if let Some(user) = told.user.take() {
        let name = place.source.text[user.clone()].to_owned();
        trace.push(TraceFrame { name, source: Arc::clone(&place.source), span: user });
    }
    let span = told.span.take().unwrap_or_else(|| place.source.word(place.source.offset(position)));
    ScriptError {
        kind: told.kind,
        message: told.text,
        label: told.label.unwrap_or_else(|| "here".to_owned()),
        help: told.help,
        source_text: place.source,
        span,
        trace,
    }
}

fn points_at_the_main_script(error: &EvalAltResult) -> bool {
    let EvalAltResult::ErrorRuntime(token, _) = error else { return false };
    token.read_lock::<CallError>().is_some_and(|fault| matches!(fault.at, Span::Place(..)))
}

fn place(name: &str, sources: &Sources) -> SourceContext {
    let empty = || (Arc::new(Source { name: name.to_owned(), text: String::new() }), None);
    let (source, ast) = sources.get(name).unwrap_or_else(empty);
    SourceContext { source, ast }
}

fn place_or(name: &str, sources: &Sources, otherwise: SourceContext) -> SourceContext {
    if name.is_empty() || sources.get(name).is_none() { otherwise } else { place(name, sources) }
}

struct Message {
    kind: ErrorKind,
    text: String,
    label: Option<String>,
    help: Option<String>,
    span: Option<Range<usize>>,
    /// The word that could not use what stands at `span`, where that is elsewhere.
    user: Option<Range<usize>>,
}

impl Message {
    fn input(text: impl Into<String>) -> Self {
        Self { kind: ErrorKind::Input, text: text.into(), label: None, help: None, span: None, user: None }
    }

    fn label(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
        self
    }

    fn help(mut self, help: impl Into<Option<String>>) -> Self {
        self.help = help.into();
        self
    }
}

fn message_of(error: EvalAltResult, place: &SourceContext, position: Position) -> Message {
    if let Some(fault) = sandbox::exceeded(&error, &engine::LIMITS) {
        return from_fault(fault, place, position);
    }
    match error {
        EvalAltResult::ErrorRuntime(token, _) => match token.clone().try_cast::<CallError>() {
            Some(fault) => from_fault(fault, place, position),
            None => Message::input(format!("the script stopped: {token}")).label("thrown here"),
        },
        EvalAltResult::ErrorTerminated(token, _) => match token.clone().try_cast::<CallError>() {
            Some(fault) => from_fault(fault, place, position),
            None => Message {
                kind: ErrorKind::Interrupted,
                ..Message::input(if token.is_unit() { "interrupted".to_owned() } else { token.to_string() })
            },
        },
        EvalAltResult::ErrorParsing(parse, _) => from_parse(&parse, place),
        EvalAltResult::ErrorFunctionNotFound(signature, _) => unknown_function(&signature, place),
        EvalAltResult::ErrorVariableNotFound(name, _) => unknown_variable(&name, place),
        EvalAltResult::ErrorPropertyNotFound(name, _) => {
            Message::input(format!("this object map has no key `{name}`")).label("unknown key")
        }
        EvalAltResult::ErrorDotExpr(text, _) => unknown_property(&text),
        EvalAltResult::ErrorModuleNotFound(name, _) => Message::input(format!("there is no script `{name}` to import"))
            .label("not found")
            .help("imports are looked up below this script's folder: `import \"parts/common\" as common;`".to_owned()),
        EvalAltResult::ErrorMismatchDataType(wanted, got, _)
        | EvalAltResult::ErrorMismatchOutputType(wanted, got, _) => {
            Message::input(format!("expected {}, found {}", Kind::say(&wanted), Kind::say(&got)))
        }
        EvalAltResult::ErrorDataRace(text, _) => shared(&text),
        EvalAltResult::ErrorArrayBounds(length, index, _) => {
            Message::input(format!("there is no item {index} in an array of {length}"))
                .help("the first item has number 0".to_owned())
        }
        other => {
            let mut other = other;
            other.clear_position();
            Message::input(other.to_string())
        }
    }
}

/// A variable that a function has captured, at work in two places at once. Rhai says: argument #1 of function 'push'.
fn shared(text: &str) -> Message {
    let called = text.split('\'').nth(1).map_or_else(|| "this".to_owned(), |name| format!("`{name}`"));
    Message::input(format!(
        "{called} changes a variable and is given something that shares it: a function has captured it"
    ))
    .label("the same variable twice")
    .help("let the function capture a copy: `let copy = a;` before it".to_owned())
}

fn from_fault(fault: CallError, place: &SourceContext, position: Position) -> Message {
    let span = match fault.at {
        Span::Place(line, column) => Some(place.source.word_at(line, column)),
        _ => place.ast.as_deref().and_then(|ast| span_of(&place.source, ast, position, &fault.at, fault.method)),
    };
    let mut told =
        Message { kind: fault.kind, text: fault.message, label: fault.label, help: fault.help, span, user: None };
    // A task's option turns out not to suit where the task meets the images; it is written elsewhere.
    if let (Span::Word, Some(option), Some(ast)) = (&fault.at, &fault.option, place.ast.as_deref())
        && let Some(span) = task_option(&place.source, ast, option, words::is_task)
    {
        told.user = Some(place.source.word(place.source.offset(position)));
        told.span = Some(span);
    }
    told
}

fn from_parse(parse: &ParseErrorType, place: &SourceContext) -> Message {
    match parse {
        ParseErrorType::VariableUndefined(name) => unknown_variable(name, place),
        ParseErrorType::UnexpectedEOF => {
            Message::input("the script ends too early").label("something is still open here").help(unclosed(place))
        }
        ParseErrorType::MissingToken(token, description) => {
            Message::input(format!("`{token}` is missing {description}"))
                .label(format!("expected `{token}` before this"))
                .help(unclosed(place))
        }
        ParseErrorType::Reserved(name) => {
            Message::input(format!("`{name}` cannot be used here")).label("not part of the script language")
        }
        ParseErrorType::DuplicatedProperty(name) => {
            Message::input(format!("the key `{name}` stands twice in this object map")).label("second time here")
        }
        ParseErrorType::ExprTooDeep => Message::input(format!(
            "brackets, blocks or operations stand inside each other more than {MAX_EXPRESSIONS} deep"
        ))
        .label("too deep here")
        .help("give parts of it names of their own with `let`".to_owned()),
        ParseErrorType::TooManyFunctions => {
            Message::input("a script defines at most 1,000 functions").label("one too many")
        }
        ParseErrorType::LiteralTooLarge(what, most) => {
            Message::input(format!("{} is at most {most}", what.to_lowercase())).label("too large")
        }
        ParseErrorType::AssignmentToConstant(name) => Message::input(format!("`{name}` is a constant")),
        other => Message::input(format!("this is not valid script: {other}")),
    }
}

fn unclosed(place: &SourceContext) -> Option<String> {
    let count = |c: char| place.source.text.matches(c).count();
    [('(', ')'), ('{', '}'), ('[', ']')]
        .into_iter()
        .find(|(open, close)| count(*open) > count(*close))
        .map(|(open, close)| format!("a `{open}` has no `{close}`"))
}

fn unknown_variable(name: &str, place: &SourceContext) -> Message {
    let told = Message::input(format!("nothing is called `{name}` here")).label("unknown name");
    if let Some(word) = words::find(name) {
        return told.help(format!("`{name}` is a word: write `{}`", word.first_signature()));
    }
    let names = defined_names(&place.source.text);
    if names.iter().any(|known| known == name) {
        let help = "a name is known from its `let` on, within its block, and not inside of functions".to_owned();
        return told.help(help);
    }
    let help = nearest(name, names.iter().map(String::as_str))
        .map(|near| format!("did you mean `{near}`?"))
        .or_else(|| words::nearest_word(name).map(|near| format!("did you mean the word `{near}(…)`?")))
        .unwrap_or_else(|| format!("define it first: `let {name} = …;` (a text needs quotes: \"{name}\")"));
    told.help(help)
}

/// Names that the text defines by `let`, `const`, `for`, `fn` and function parameters.
fn defined_names(text: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut words = text.split(|c: char| !(c.is_alphanumeric() || c == '_')).filter(|word| !word.is_empty());
    while let Some(word) = words.next() {
        if matches!(word, "let" | "const" | "for" | "as")
            && let Some(name) = words.next()
        {
            names.push(name.to_owned());
        }
    }
    names
}

fn unknown_property(text: &str) -> Message {
    // Rhai says: Unknown property 'encodr' - a getter is not registered for type 'Pretrained'
    let quoted: Vec<&str> = text.split('\'').skip(1).step_by(2).collect();
    let (Some(property), Some(owner)) = (quoted.first(), quoted.get(1)) else { return Message::input(text.to_owned()) };
    if text.starts_with("No writable") {
        return Message::input(format!("values are not changed: `{property}` of {} cannot be set", Kind::say(owner)))
            .help("words give a new value instead: `let b = a.word(…);`".to_owned());
    }
    let known = properties_of(owner);
    let help = if words::find(property).is_some_and(|word| word.method_of(owner)) {
        Some(format!("`{property}` is a word: write `.{property}(…)`"))
    } else {
        did_you_mean(property, &known, "properties")
    };
    Message::input(format!("{} has no property `{property}`", Kind::say(owner))).label("unknown property").help(help)
}

fn unknown_function(signature: &str, place: &SourceContext) -> Message {
    let name = signature.split(" (").next().unwrap_or(signature).trim();
    let arguments: Vec<&str> = signature
        .split_once(" (")
        .map(|(_, rest)| rest.trim_end_matches(')').split(", ").filter(|part| !part.is_empty()).collect())
        .unwrap_or_default();
    let said = arguments.iter().map(|kind| Kind::say(kind)).collect::<Vec<_>>();
    if !name.starts_with(|c: char| c.is_alphabetic() || c == '_') {
        return Message::input(format!("`{name}` does not work on {}", said.join(" and ")));
    }
    if let Some(word) = words::find(name) {
        let signatures = word.signature_lines().join("\n");
        let owner = arguments.first().copied().unwrap_or_default();
        if word.is_method() && !word.method_of(owner) {
            let told = Message::input(format!("`{name}` is a word of {}, not of {}", word.owners(), Kind::say(owner)));
            return told.label(format!("this is {}", Kind::say(owner))).help(format!("write\n{signatures}"));
        }
        let given = arguments.len() - usize::from(word.is_method());
        let what = if given == 0 {
            format!("`{name}` takes an argument")
        } else {
            format!("`{name}` does not take {}", count(given))
        };
        return Message::input(what).label(format!("{} given", count(given))).help(format!("write\n{signatures}"));
    }
    if custom::is_method(name) {
        let told =
            Message::input(format!("`{name}` is only there inside of a label generator, for its image and its `rng`"));
        return told.label("not here").help("`foretask words custom_task` shows how to write one".to_owned());
    }
    let own = place.ast.as_deref().map(script_functions).unwrap_or_default();
    if let Some((_, parameters)) = own.iter().find(|(own, _)| own == name) {
        return Message::input(format!("the script's function `{name}` takes {}", count(*parameters)))
            .label(format!("{} given", count(arguments.len())));
    }
    let mut known: Vec<&str> = words::names().collect();
    known.extend(own.iter().map(|(name, _)| name.as_str()));
    for method in custom::names() {
        known.push(method);
    }
    let help = match nearest(name, known).map(|near| (near, words::find(near))) {
        Some((near, Some(word))) => format!("did you mean `{near}`?\n{}", word.signature_lines().join("\n")),
        Some((near, None)) => format!("did you mean `{near}`?"),
        None => "`foretask words` lists every word".to_owned(),
    };
    Message::input(format!("there is no word `{name}`")).label("unknown word").help(help)
}

fn script_functions(ast: &AST) -> Vec<(String, usize)> {
    ast.iter_functions().map(|function| (function.name.to_owned(), function.params.len())).collect()
}

fn count(n: usize) -> String {
    match n {
        0 => "no arguments".to_owned(),
        1 => "1 argument".to_owned(),
        n => format!("{n} arguments"),
    }
}
