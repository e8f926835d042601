//! One of a session's two passes: all entries planned, or all carried out.

use std::sync::Arc;

use foretask_experiment::{Experiment, ImageCache, Mode, RunFolder, Settings};
use rhai::{AST, Dynamic, Engine, EvalAltResult, Module, ModuleResolver as _, Position, Scope, Shared};

use crate::engine;
use crate::errors::{Error, Source, imports};
use crate::explain::{explain, refusal};
use crate::host::Host;
use crate::resolver::FolderResolver;
use crate::sandbox;
use crate::session::known_words;

/// What the entries so far have left.
pub(super) struct Pass {
    pub(super) host: Arc<Host>,
    scope: Scope<'static>,
    /// All entries together, for their functions and for errors that lead into them.
    whole: AST,
    /// What was imported, by the name it goes by.
    modules: Vec<(String, Shared<Module>)>,
}

impl Pass {
    pub(super) fn new(mode: Mode, name: &str, settings: &Settings, images: &ImageCache) -> Result<Self, Error> {
        let source = Arc::new(Source { name: name.to_owned(), text: String::new() });
        let host = Host::new(Arc::new(Experiment::new(mode, settings, images, None)), source, refusal);
        if settings.device.is_some() {
            host.experiment.device()?;
        }
        Ok(Self { host, scope: Scope::new(), whole: AST::empty(), modules: Vec::new() })
    }

    /// The pass with one entry more, which begins behind so many `lines` of `source`, and what the entry comes to.
    pub(super) fn enter(
        &self,
        source: &Arc<Source>,
        lines: usize,
        settings: &Settings,
        folder: Option<Arc<RunFolder>>,
    ) -> Result<(Self, Dynamic), Error> {
        let host = self.host.next(Arc::clone(source), settings, folder);
        let mut engine = engine::engine(&host);
        for (name, module) in &self.modules {
            engine.register_static_module(name, Shared::clone(module));
        }
        let fail = |error: EvalAltResult| Error::from(explain(error, &source.name, host.sources()));
        // The entry alone, at its place in the whole: positions are those of the session's text.
        let start = source.text.split_inclusive('\n').take(lines).map(str::len).sum();
        let padded = "\n".repeat(lines) + source.text.get(start..).unwrap_or_default();
        let compiled = engine.compile_with_scope(&self.scope, padded);
        let mut entry = compiled.map_err(|error| fail(EvalAltResult::ErrorParsing(*error.0, error.1)))?;
        entry.set_source(source.name.clone());
        let named = |mut ast: AST| {
            ast.set_source(source.name.clone());
            ast
        };
        let whole = named(self.whole.merge(&entry));
        host.sources().put(Arc::clone(source), Some(Arc::new(whole.clone())));
        if host.experiment.planning() {
            known_words(&engine, &whole, &source.text).map_err(fail)?;
        }
        let runnable = named(self.whole.clone_functions_only().merge(&entry));
        let mut scope = self.scope.clone();
        let entered = || engine.eval_ast_with_scope(&mut scope, &runnable);
        let value: Dynamic =
            settings.interrupt.obeyed(|| sandbox::evaluate(&engine::LIMITS, entered)).map_err(|error| fail(*error))?;
        let mut modules = self.modules.clone();
        for (path, name) in imports(&entry) {
            modules.push((name, resolve(&host, &engine, &path).map_err(|error| fail(*error))?));
        }
        Ok((Self { host, scope, whole, modules }, value))
    }

    /// Names of variables and functions.
    pub(super) fn names(&self) -> impl Iterator<Item = String> {
        let variables = self.scope.iter().map(|(name, ..)| name.to_owned());
        let functions = self.whole.iter_functions().map(|function| function.name.to_owned());
        variables.chain(functions.filter(|name| !name.starts_with("anon$")))
    }
}

/// An import holds within its entry only; as a module of the engine it is known to later ones, too.
fn resolve(host: &Arc<Host>, engine: &Engine, path: &str) -> Result<Shared<Module>, Box<EvalAltResult>> {
    FolderResolver::new(host).resolve(engine, None, path, Position::NONE)
}
