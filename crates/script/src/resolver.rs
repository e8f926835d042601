//! `import`: only scripts below the importing run's own folder, by plain names, each read and run once.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rhai::{Dynamic, Engine, EvalAltResult, Module, ModuleResolver, Position, Scope, Shared};

use crate::errors::{CallError, Source};
use crate::host::Host;
use crate::text;

/// Rhai's own file resolver takes absolute paths and `..`; this one takes `letters_digits/and_slashes` only.
pub(crate) struct FolderResolver {
    folder: PathBuf,
    host: Arc<Host>,
}

impl FolderResolver {
    pub(crate) fn new(host: &Arc<Host>) -> Self {
        Self { folder: host.script_folder().to_path_buf(), host: Arc::clone(host) }
    }

    /// Reads and runs a script that is not there yet.
    fn load(
        &self,
        engine: &Engine,
        path: &str,
        file: &Path,
        position: Position,
    ) -> Result<Shared<Module>, Box<EvalAltResult>> {
        let text = text::read(file).map_err(|reason| {
            fault(
                CallError::input(format!("the script `{path}` cannot be imported: {reason}")).label("imported here"),
                position,
            )
        })?;
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
            let fault = CallError::input(format!("`{path}` cannot be imported")).label("not a name below this folder").help(
                "imports name scripts below this script's folder, without extension: `import \"parts/common\" as common;`",
            );
            return Err(self::fault(fault, position));
        }
        // A link inside the folder must not lead out of it.
        let real = self.folder.join(path).with_extension("rhai").canonicalize().ok();
        let real = real.filter(|real| self.folder.canonicalize().is_ok_and(|folder| real.starts_with(folder)));
        let Some(file) = real else {
            return Err(EvalAltResult::ErrorModuleNotFound(path.to_owned(), position).into());
        };
        let main = PathBuf::from(&self.host.script.name);
        let main = main.canonicalize().unwrap_or(main);
        let imports = self.host.imports();
        if let Some(module) = imports.open(&file, &main).map_err(|fault| self::fault(fault, position))? {
            return Ok(module);
        }
        let loaded = self.load(engine, path, &file, position);
        imports.close(file, loaded.as_ref().ok().map(Shared::clone));
        loaded
    }
}

#[expect(clippy::unnecessary_box_returns, reason = "the form of Rhai's errors")]
fn fault(fault: CallError, position: Position) -> Box<EvalAltResult> {
    EvalAltResult::ErrorRuntime(Dynamic::from(fault), position).into()
}
