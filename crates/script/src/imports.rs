//! What scripts have imported: each file once, and never in a circle.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use rhai::{Module, Shared};

use crate::errors::CallError;

/// Scripts that import each other in a chain.
const MAX_CHAIN: usize = 16;

/// What was imported so far, by the file it came from.
#[derive(Default)]
pub(crate) struct Imports(Mutex<State>);

#[derive(Default)]
struct State {
    done: BTreeMap<PathBuf, Shared<Module>>,
    /// Those that are being run, each imported by the one before.
    open: Vec<PathBuf>,
}

impl Imports {
    fn with<T>(&self, look: impl FnOnce(&mut State) -> T) -> T {
        look(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The module, if it is there; else the file is open until [`Self::close`].
    pub(crate) fn open(&self, file: &Path, main: &Path) -> Result<Option<Shared<Module>>, CallError> {
        self.with(|state| {
            if let Some(module) = state.done.get(file) {
                return Ok(Some(Shared::clone(module)));
            }
            let chain: Vec<&Path> = std::iter::once(main).chain(state.open.iter().map(PathBuf::as_path)).collect();
            if let Some(first) = chain.iter().position(|open| *open == file) {
                let circle: Vec<String> = chain[first..].iter().chain([&file]).map(|file| stem(file)).collect();
                return Err(CallError::input(format!("scripts import each other in a circle: {}", circle.join(" → ")))
                    .label("imported again")
                    .help("move what both need into a third script, and let both import that"));
            }
            if chain.len() > MAX_CHAIN {
                return Err(CallError::input(format!("imports lead through more than {MAX_CHAIN} scripts"))
                    .label("one too many")
                    .help("import what is needed directly"));
            }
            state.open.push(file.to_path_buf());
            Ok(None)
        })
    }

    pub(crate) fn close(&self, file: PathBuf, module: Option<Shared<Module>>) {
        self.with(|state| {
            state.open.pop();
            if let Some(module) = module {
                state.done.insert(file, module);
            }
        });
    }
}

fn stem(file: &Path) -> String {
    file.file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into_owned())
}
