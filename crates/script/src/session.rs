//! One script, checked and run.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rhai::{Engine, EvalAltResult, Scope};

use crate::engine;
use crate::errors::{self, Error, Source, explain};
use crate::host::{Host, ImageCache, Mode, Settings};
use crate::plan::Plan;
use crate::run::RunFolder;
use crate::sandbox;

/// What a run left behind.
#[derive(Debug, Clone)]
pub struct Finished {
    /// The run's folder.
    pub folder: PathBuf,
    /// The reports written, in order.
    pub reports: Vec<PathBuf>,
}

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
    let host = pass(Mode::Plan, &Arc::new(source), settings, &ImageCache::default(), None)?;
    Ok(host.plan())
}

/// Checks the whole script, then runs it. Results go to a new folder below `settings.out`.
///
/// # Errors
/// [`Error::Script`] with the place of what went wrong; interrupted runs are an error of kind
/// [`crate::ErrorKind::Interrupted`].
pub fn run(source: Source, settings: &Settings) -> Result<Finished, Error> {
    let source = Arc::new(source);
    let images = ImageCache::default();
    let planned = pass(Mode::Plan, &source, settings, &images, None)?;
    for warning in planned.plan().warnings {
        (settings.listener)(crate::Progress::Warning { text: warning });
    }
    let folder = Arc::new(RunFolder::create(&settings.out, &source)?);
    let outcome = pass(Mode::Run, &source, settings, &images, Some(Arc::clone(&folder)));
    let status = match &outcome {
        Ok(_) => "done",
        Err(error) if error.kind() == errors::ErrorKind::Interrupted => "interrupted",
        Err(_) => "failed",
    };
    // Warnings of the run itself, where it came so far.
    let plan = outcome.as_ref().map_or_else(|_| planned.plan(), |host| host.plan());
    folder.close(&plan, status)?;
    let _ = outcome?;
    Ok(Finished { folder: folder.path().to_path_buf(), reports: folder.reports() })
}

/// One pass over the script in planning or in earnest.
pub(crate) fn pass(
    mode: Mode,
    source: &Arc<Source>,
    settings: &Settings,
    images: &ImageCache,
    folder: Option<Arc<RunFolder>>,
) -> Result<Arc<Host>, Error> {
    let host = Host::new(mode, Arc::clone(source), settings, images, folder);
    if settings.device.is_some() {
        // A slip on the command line has no place in the script.
        host.device()?;
    }
    match foretask_backend::catch("the script", || sandbox::evaluate(|| carry_out(mode, source, &host))) {
        Ok(outcome) => outcome?,
        Err(error) => {
            let help = "this is a fault in foretask, not in your script; please report it with the script".to_owned();
            return Err(Error::failed(format!("`{}` broke off: {error}", source.name), help));
        }
    }
    Ok(host)
}

/// Parses and runs the script; everything it has made is gone again when this ends, within the room that the sandbox gives.
fn carry_out(mode: Mode, source: &Arc<Source>, host: &Arc<Host>) -> Result<(), Error> {
    let engine = engine::engine(host);
    let fail = |error: EvalAltResult| Error::from(explain(error, &source.name, host.sources()));
    let mut ast = engine.compile(&source.text).map_err(|error| fail(EvalAltResult::ErrorParsing(*error.0, error.1)))?;
    ast.set_source(source.name.clone());
    let ast = Arc::new(ast);
    host.sources().put(Arc::clone(source), Some(Arc::clone(&ast)));
    if mode == Mode::Plan {
        known_words(&engine, &ast, &source.text).map_err(fail)?;
    }
    engine.run_ast_with_scope(&mut Scope::new(), &ast).map_err(|error| fail(*error))?;
    if mode == Mode::Plan {
        declared(host)?;
    }
    Ok(())
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
    let params = host.params();
    let names: Vec<&str> = params.iter().map(|param| param.name.as_str()).collect();
    match host.settings.set.keys().find(|name| !names.contains(&name.as_str())) {
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
