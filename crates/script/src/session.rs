//! One script, checked and run.

use std::path::Path;
use std::sync::Arc;

use foretask_experiment::{Experiment, Finished, Plan, Settings};
use rhai::{Engine, EvalAltResult, Scope};

use crate::engine;
use crate::errors::{self, Error, Source};
use crate::explain::{explain, refusal};
use crate::host::Host;
use crate::sandbox;

/// Reads a script's text.
///
/// # Errors
/// [`Error`] naming the path when it is not a readable text.
pub fn read_script(path: &Path) -> Result<Source, Error> {
    let text = crate::text::read(path).map_err(|reason| {
        // What is wrong with the text carries its own way out.
        let (reason, help) = match reason.split_once("; ") {
            Some((reason, help)) => (reason.to_owned(), help.to_owned()),
            None if path.extension().is_none() => (reason, format!("did you mean `{}.rhai`?", path.display())),
            None => (reason, "give the path of a .rhai file, for example scripts/quickstart.rhai".to_owned()),
        };
        Error::input(format!("the script `{}` cannot be read: {reason}", path.display()), help)
    })?;
    Ok(Source { name: path.display().to_string(), text })
}

/// Checks the whole script as far as that is possible without training, and gives its plan.
///
/// # Errors
/// [`Error::Script`] with the place of the first fault.
pub fn check(source: Source, settings: &Settings) -> Result<Plan, Error> {
    Ok(planned(&Arc::new(source), settings)?.plan())
}

/// Checks the whole script, then runs it. Results go to a new folder below `settings.out`.
///
/// # Errors
/// [`Error::Script`] with the place of what went wrong; interrupted runs are an error of kind
/// [`foretask_experiment::ErrorKind::Interrupted`].
pub fn run(source: Source, settings: &Settings) -> Result<Finished, Error> {
    let source = Arc::new(source);
    foretask_experiment::run(&source.of_run(), settings, |experiment| pass(experiment, &source))
}

/// One pass over the script, in planning or in earnest.
fn pass(experiment: &Arc<Experiment>, source: &Arc<Source>) -> Result<(), Error> {
    let host = Host::new(Arc::clone(experiment), Arc::clone(source), refusal);
    foretask_backend::catch("the script", || sandbox::evaluate(&engine::LIMITS, || carry_out(source, &host)))
        .unwrap_or_else(|error| {
            let help = "this is a fault in foretask, not in your script; please report it with the script".to_owned();
            Err(Error::failed(format!("`{}` broke off: {error}", source.name), help))
        })
}

/// Parses and runs the script; everything it has made is gone again when this ends, within the room that the sandbox gives.
fn carry_out(source: &Arc<Source>, host: &Arc<Host>) -> Result<(), Error> {
    let engine = engine::engine(host);
    let fail = |error: EvalAltResult| Error::from(explain(error, &source.name, host.sources()));
    let mut ast = engine.compile(&source.text).map_err(|error| fail(EvalAltResult::ErrorParsing(*error.0, error.1)))?;
    ast.set_source(source.name.clone());
    let ast = Arc::new(ast);
    host.sources().put(Arc::clone(source), Some(Arc::clone(&ast)));
    if host.experiment.planning() {
        known_words(&engine, &ast, &source.text).map_err(fail)?;
    }
    engine.run_ast_with_scope(&mut Scope::new(), &ast).map_err(|error| fail(*error))?;
    if host.experiment.planning() { declared(host) } else { Ok(()) }
}

/// A planning pass, with all that it found out.
pub(crate) fn planned(source: &Arc<Source>, settings: &Settings) -> Result<Arc<Experiment>, Error> {
    foretask_experiment::planned(settings, |experiment| pass(experiment, source))
}

/// Running finds misspelt words only on the path it takes; this looks at every branch and function.
pub(crate) fn known_words(engine: &Engine, ast: &rhai::AST, text: &str) -> Result<(), EvalAltResult> {
    let known = engine::callable(engine, ast);
    // Variables and keys of object maps may hold functions, which are called by these names.
    let variables = errors::variables(ast);
    let held = |name: &String| variables.contains(name) || text.contains(&format!("{name}:"));
    match errors::called_names(ast).into_iter().find(|(name, _)| !known.contains(name) && !held(name)) {
        Some((name, position)) => Err(EvalAltResult::ErrorFunctionNotFound(name, position)),
        None => Ok(()),
    }
}

/// `--set` with a name that the script does not declare is a slip, never silent.
pub(crate) fn declared(host: &Host) -> Result<(), Error> {
    let params = host.experiment.params();
    let names: Vec<&str> = params.iter().map(|param| param.name.as_str()).collect();
    match host.experiment.settings().set.keys().find(|name| !names.contains(&name.as_str())) {
        None => Ok(()),
        Some(name) => {
            let help = errors::did_you_mean(name, &names, "params of this script").unwrap_or_else(|| {
                format!("this script declares none; write `let {name} = param(\"{name}\", default);` in it")
            });
            Err(Error::input(
                format!("`--set {name}=…`: the script `{}` has no param `{name}`", host.script.name),
                help,
            ))
        }
    }
}
