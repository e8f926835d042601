//! The engine of scripts: the sandbox, strictness, and the words of the table.

use std::sync::Arc;
use std::time::Duration;

use foretask_backend::BackendError;
use rhai::{AST, Dynamic, Engine, EvalAltResult, NativeCallContext};

use crate::errors::CallError;
use crate::host::Host;
use crate::resolver::FolderResolver;
use crate::sandbox::{self, Limits};
use crate::values;
use crate::words::{self, Call, Word};

/// A word counts as one step, so these are far above any experiment, and an endless loop ends within a second or two.
pub(crate) const LIMITS: Limits = Limits {
    steps: 20_000_000,
    text: 1 << 20,
    array: 100_000,
    map: 10_000,
    // Far above any experiment: what a script does between its words takes milliseconds.
    time: Duration::from_secs(10),
    too_long: "the script has computed for 10 seconds by itself",
};

/// An engine whose words work on `host`.
pub(crate) fn engine(host: &Arc<Host>) -> Engine {
    let interrupt = host.experiment.interrupt().clone();
    let mut engine = sandbox::engine(LIMITS, move || interrupt.requested());
    engine.set_strict_variables(true);
    engine.set_max_modules(32);
    engine.set_max_functions(1_000);
    engine.set_module_resolver(FolderResolver::new(host));
    let printer = Arc::clone(host);
    engine.on_print(move |text| printer.experiment.print(text));
    let debugger = Arc::clone(host);
    engine.on_debug(move |text, _, position| debugger.experiment.print(&format!("{position}: {text}")));
    values::register(&mut engine);
    words::register_augmentations(&mut engine);
    for word in words::all() {
        register(&mut engine, host, word);
    }
    engine
}

/// One native function for every number of arguments a word takes. What stands before the dot is matched by Rhai, the
/// arguments by [`Call::check`], whose errors say more.
fn register(engine: &mut Engine, host: &Arc<Host>, word: &'static Word) {
    for (owner, arity) in word.shapes() {
        let mut types = owner.map(values::Kind::type_id).into_iter().collect::<Vec<_>>();
        types.extend(std::iter::repeat_n(std::any::TypeId::of::<Dynamic>(), arity));
        let host = Arc::clone(host);
        engine.register_raw_fn(
            word.name,
            types,
            move |context: NativeCallContext<'_>, arguments: &mut [&mut Dynamic]| {
                let position = context.call_position();
                for argument in arguments.iter() {
                    sandbox::check_value(argument, &LIMITS).map_err(|fault| sandbox::stopped(fault, position))?;
                }
                let arguments = arguments.iter().map(|argument| argument.flatten_clone()).collect();
                let call = Call::new(&host, word, arguments, position);
                sandbox::outside(|| catch_panics(&call)).map_err(|fault| {
                    let mut fault = call.placed(fault);
                    fault.method = word.is_method();
                    Box::new(EvalAltResult::ErrorRuntime(Dynamic::from(fault), position))
                })
            },
        );
    }
}

/// No panic goes past a word: a tensor library's panic becomes an error of the word that caused it.
fn catch_panics(call: &Call<'_>) -> Result<Dynamic, CallError> {
    call.check()?;
    call.experiment().set_line(call.line());
    match foretask_backend::catch(call.word.name, || (call.word.run)(call)) {
        Ok(result) => result,
        Err(BackendError::Panicked { message, .. }) => {
            Err(CallError::failed(format!("`{}` broke off: {message}", call.word.name))
                .label("in this word")
                .help("this is a fault in foretask, not in your script; please report it with the script"))
        }
        Err(error) => Err(error.into()),
    }
}

/// Every function that a script may call: the words and what Rhai itself brings.
pub(crate) fn callable(engine: &Engine, ast: &AST) -> std::collections::BTreeSet<String> {
    let mut names: std::collections::BTreeSet<String> =
        engine.collect_fn_metadata(None, |info| Some(info.metadata.name.to_string()), true).into_iter().collect();
    names.extend(ast.iter_functions().map(|function| function.name.to_owned()));
    names.extend(words::names().map(str::to_owned));
    // The functions of label generators run in an engine of their own.
    names.extend(crate::custom::names().map(str::to_owned));
    names.extend(
        ["print", "debug", "type_of", "call", "curry", "Fn", "is_def_fn", "is_def_var", "is_shared", "eval"]
            .map(str::to_owned),
    );
    names
}
