//! `import`: only scripts below the importing run's own folder, by plain names.

use std::path::PathBuf;
use std::sync::Arc;

use rhai::{Engine, EvalAltResult, Module, ModuleResolver, Position, Scope, Shared};

use crate::errors::{Fault, Source};
use crate::host::Host;

/// Rhai's own file resolver takes absolute paths and `..`; this one takes `letters_digits/and_slashes` only.
pub(crate) struct FolderResolver {
    folder: PathBuf,
    host: Arc<Host>,
}

impl FolderResolver {
    pub(crate) fn new(host: &Arc<Host>) -> Self {
        Self { folder: host.script_folder().to_path_buf(), host: Arc::clone(host) }
    }
}

impl ModuleResolver for FolderResolver {
    fn resolve(
        &self,
        engine: &Engine,
        _source: Option<&str>,
        path: &str,
        position: Position,
    ) -> Result<Shared<Module>, Box<EvalAltResult>> {
        let plain = !path.is_empty()
            && path.split('/').all(|part| {
                !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-')
            });
        if !plain {
            let fault = Fault::input(format!("`{path}` cannot be imported")).label("not a name below this folder").help(
                "imports name scripts below this script's folder, without extension: `import \"parts/common\" as common;`",
            );
            return Err(EvalAltResult::ErrorRuntime(rhai::Dynamic::from(fault), position).into());
        }
        let file = self.folder.join(path).with_extension("rhai");
        // A link inside the folder must not lead out of it.
        let inside = file
            .canonicalize()
            .is_ok_and(|real| self.folder.canonicalize().is_ok_and(|folder| real.starts_with(folder)));
        let text = std::fs::read_to_string(&file).ok().filter(|_| inside);
        let Some(text) = text else {
            return Err(EvalAltResult::ErrorModuleNotFound(path.to_owned(), position).into());
        };
        let source = Arc::new(Source { name: path.to_owned(), text });
        self.host.sources().put(Arc::clone(&source), None);
        let in_module = |error| Box::new(EvalAltResult::ErrorInModule(path.to_owned(), error, position));
        let mut ast = engine
            .compile(&source.text)
            .map_err(|error| in_module(Box::new(EvalAltResult::ErrorParsing(*error.0, error.1))))?;
        ast.set_source(path);
        self.host.sources().put(source, Some(Arc::new(ast.clone())));
        Module::eval_ast_as_new(Scope::new(), &ast, engine).map(Shared::new).map_err(in_module)
    }
}
