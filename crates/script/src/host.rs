//! What the words work on: one run (or one planning pass) of one script.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use foretask_experiment::values::Encoder;
use foretask_experiment::{Experiment, RunFolder, Settings};

use crate::custom::Explainer;
use crate::errors::{CallError, Source, Sources};
use crate::imports::Imports;

/// See the module.
pub(crate) struct Host {
    /// What the words ask for is done here.
    pub(crate) experiment: Arc<Experiment>,
    pub(crate) script: Arc<Source>,
    /// Says what went wrong in a label generator.
    pub(crate) explainer: Explainer,
    folder: PathBuf,
    sources: Arc<Sources>,
    imports: Imports,
    saved: Mutex<BTreeMap<PathBuf, Encoder>>,
    written: Mutex<BTreeSet<PathBuf>>,
}

impl Host {
    pub(crate) fn new(experiment: Arc<Experiment>, script: Arc<Source>, explainer: Explainer) -> Arc<Self> {
        let folder = Path::new(&script.name).parent().map_or_else(PathBuf::new, Path::to_path_buf);
        let folder = if folder.as_os_str().is_empty() { PathBuf::from(".") } else { folder };
        let sources = Arc::new(Sources::default());
        sources.put(Arc::clone(&script), None);
        let (imports, saved, written) = (Imports::default(), Mutex::default(), Mutex::default());
        Arc::new(Self { experiment, script, explainer, folder, sources, imports, saved, written })
    }

    /// The same run one entry of a session later: `script` is all that was entered so far, and what was chosen holds on.
    pub(crate) fn next(
        &self,
        script: Arc<Source>,
        settings: &Settings,
        folder_of_run: Option<Arc<RunFolder>>,
    ) -> Arc<Self> {
        self.sources.put(Arc::clone(&script), None);
        let saved = self.saved.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Arc::new(Self {
            experiment: Arc::new(self.experiment.next(settings, folder_of_run)),
            script,
            explainer: self.explainer,
            folder: self.folder.clone(),
            sources: Arc::clone(&self.sources),
            imports: Imports::default(),
            saved: Mutex::new(saved),
            // A session may write a file anew as often as it likes.
            written: Mutex::default(),
        })
    }

    pub(crate) fn script_folder(&self) -> &Path {
        &self.folder
    }

    pub(crate) fn imports(&self) -> &Imports {
        &self.imports
    }

    pub(crate) fn sources(&self) -> &Sources {
        &self.sources
    }

    /// Remembers in a planning pass what the script will have saved.
    pub(crate) fn will_save(&self, path: PathBuf, encoder: Encoder) {
        self.saved.lock().unwrap_or_else(PoisonError::into_inner).insert(path, encoder);
    }

    /// The encoder that the script saves under this path before it loads it; only known while planning.
    pub(crate) fn will_have_saved(&self, path: &Path) -> Option<Encoder> {
        self.saved.lock().unwrap_or_else(PoisonError::into_inner).get(path).cloned()
    }

    /// Whether the script has named this path for writing before; from now on it has.
    pub(crate) fn wrote_before(&self, path: &Path) -> bool {
        !self.written.lock().unwrap_or_else(PoisonError::into_inner).insert(path.to_owned())
    }

    /// A path written in the script, for reading: as it stands from the working folder, else from the script's folder or
    /// one of the folders above it.
    pub(crate) fn find(&self, path: &str) -> PathBuf {
        let direct = PathBuf::from(path);
        let there =
            |path: &Path| path.exists() || path.parent().is_some_and(|parent| has_glob(path) && parent.exists());
        if direct.is_absolute() || there(&direct) {
            return direct;
        }
        let folder = self.folder.canonicalize().unwrap_or_else(|_| self.folder.clone());
        folder.ancestors().map(|folder| folder.join(path)).find(|path| there(path)).unwrap_or(direct)
    }

    /// A path written in the script, for writing.
    pub(crate) fn writable(&self, path: &str) -> Result<PathBuf, CallError> {
        let path = crate::writable::writable(path, &self.experiment.settings().out)?;
        // Ranks that follow write nothing that anybody would see.
        match (&self.experiment.settings().ranks, self.experiment.run_folder()) {
            (Some(ranks), Some(run)) if !ranks.leads() => Ok(run.path().join(path.file_name().unwrap_or_default())),
            _ => Ok(path),
        }
    }
}

fn has_glob(path: &Path) -> bool {
    path.to_str().is_some_and(|text| text.contains(['*', '?', '[']))
}
