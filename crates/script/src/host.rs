//! What the words work on: one run (or one planning pass) of one script.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use foretask_backend::Device;
use foretask_data::{Images, Samples};
use foretask_train::Interrupt;

use crate::errors::{Fault, Source, Sources};
use crate::marks::Marks;
use crate::plan::{Plan, PlannedData, PlannedParam};
use crate::progress::Progress;
use crate::resolver::Imports;
use crate::run::RunFolder;
use crate::stage::StageMemory;
use crate::values::{Encoder, LoadSettings, Net};

/// Told of everything that happens.
pub type Listener = Arc<dyn Fn(Progress) + Send + Sync>;

/// Whether words only validate and plan, or do their work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    Plan,
    Run,
}

/// Everything from outside the script that a run depends on.
#[derive(Clone)]
pub struct Settings {
    /// The folder of results, `runs` unless told otherwise.
    pub out: PathBuf,
    /// The device named on the command line; wins over the script's `device(…)`.
    pub device: Option<String>,
    /// Values of `param`s from the command line.
    pub set: BTreeMap<String, String>,
    /// Told of everything that happens.
    pub listener: Listener,
    /// Asks the run to stop after the current step.
    pub interrupt: Interrupt,
    /// Columns of the terminal that tables are shown on; `None` where they may be as wide as they like.
    pub width: Option<usize>,
}

impl Settings {
    /// Results in `out`, nothing set, nobody listening.
    pub fn new(out: impl Into<PathBuf>) -> Self {
        Self {
            out: out.into(),
            device: None,
            set: BTreeMap::new(),
            listener: Arc::new(|_| ()),
            interrupt: Interrupt::new(),
            width: None,
        }
    }
}

impl std::fmt::Debug for Settings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Settings")
            .field("out", &self.out)
            .field("device", &self.device)
            .field("set", &self.set)
            .field("width", &self.width)
            .finish_non_exhaustive()
    }
}

/// Decoded images, shared by the planning pass and the run.
#[derive(Clone, Default)]
pub(crate) struct ImageCache(Arc<Mutex<BTreeMap<String, Arc<Images>>>>);

/// What changes while a script runs.
#[derive(Clone, Default)]
struct State {
    seed: u64,
    device: Option<Device>,
    params: Vec<PlannedParam>,
    plan: Plan,
    saved: BTreeMap<PathBuf, Encoder>,
    marks: Marks,
}

/// See the module.
pub(crate) struct Host {
    pub(crate) mode: Mode,
    pub(crate) script: Arc<Source>,
    pub(crate) settings: Settings,
    pub(crate) stages: StageMemory,
    folder: PathBuf,
    sources: Arc<Sources>,
    images: ImageCache,
    run_folder: Option<Arc<RunFolder>>,
    imports: Imports,
    state: Mutex<State>,
}

impl Host {
    pub(crate) fn new(
        mode: Mode,
        script: Arc<Source>,
        settings: &Settings,
        images: &ImageCache,
        folder_of_run: Option<Arc<RunFolder>>,
    ) -> Arc<Self> {
        let folder = Path::new(&script.name).parent().map_or_else(PathBuf::new, Path::to_path_buf);
        let folder = if folder.as_os_str().is_empty() { PathBuf::from(".") } else { folder };
        let sources = Arc::new(Sources::default());
        sources.put(Arc::clone(&script), None);
        Arc::new(Self {
            mode,
            script,
            settings: settings.clone(),
            stages: StageMemory::new(&settings.out),
            folder,
            sources,
            images: images.clone(),
            run_folder: folder_of_run,
            imports: Imports::default(),
            state: Mutex::new(State::default()),
        })
    }

    /// The same run one entry of a session later: `script` is all that was entered so far, and what was chosen holds on.
    pub(crate) fn next(
        &self,
        script: Arc<Source>,
        settings: &Settings,
        folder_of_run: Option<Arc<RunFolder>>,
    ) -> Arc<Self> {
        self.sources.put(Arc::clone(&script), None);
        Arc::new(Self {
            mode: self.mode,
            script,
            settings: settings.clone(),
            stages: self.stages.clone(),
            folder: self.folder.clone(),
            sources: Arc::clone(&self.sources),
            images: self.images.clone(),
            run_folder: folder_of_run,
            imports: Imports::default(),
            state: Mutex::new(self.state().clone()),
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A panic is caught at the door of a word; what it left half-changed here is only bookkeeping.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn planning(&self) -> bool {
        self.mode == Mode::Plan
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

    pub(crate) fn interrupt(&self) -> &Interrupt {
        &self.settings.interrupt
    }

    /// Tells the listener. A planning pass is silent: its numbers are placeholders.
    pub(crate) fn tell(&self, progress: Progress) {
        if self.mode == Mode::Run {
            (self.settings.listener)(progress);
        }
    }

    pub(crate) fn print(&self, text: &str) {
        self.tell(Progress::Print { text: text.to_owned() });
    }

    pub(crate) fn note(&self, text: impl Into<String>) {
        self.tell(Progress::Note { text: text.into() });
    }

    /// Warnings belong to plan and record as well, once each.
    pub(crate) fn warn(&self, text: impl Into<String>) {
        let text = text.into();
        let mut state = self.state();
        if state.plan.warnings.contains(&text) {
            return;
        }
        state.plan.warnings.push(text.clone());
        drop(state);
        self.tell(Progress::Warning { text });
    }

    pub(crate) fn seed(&self) -> u64 {
        self.state().seed
    }

    pub(crate) fn set_seed(&self, seed: u64) {
        self.state().seed = seed;
    }

    /// The device that computes: the command line's, else the script's, else the fastest there is.
    pub(crate) fn device(&self) -> Result<Device, Fault> {
        if let Some(device) = &self.state().device {
            return Ok(device.clone());
        }
        let device =
            foretask_backend::device(self.settings.device.as_deref().unwrap_or("auto")).map_err(Fault::from)?;
        self.state().device = Some(device.clone());
        Ok(device)
    }

    /// The script's choice of a device; the command line's wins.
    pub(crate) fn choose_device(&self, name: &str) -> Result<Device, Fault> {
        let name = self.settings.device.as_deref().unwrap_or(name);
        let device = foretask_backend::device(name)?;
        self.state().device = Some(device.clone());
        Ok(device)
    }

    /// The part of the device's name that decides results: all GPUs of one kind count as one.
    pub(crate) fn device_kind(&self) -> Result<String, Fault> {
        let name = self.device()?.name().to_owned();
        Ok(match name.split_once(":cuda") {
            Some((before, _)) => format!("{before}:cuda"),
            None => name,
        })
    }

    /// Declares a param; the value of the command line, if it gives one.
    pub(crate) fn declare(&self, name: &str, default: &str) -> Result<Option<String>, Fault> {
        let given = self.settings.set.get(name).cloned();
        let mut state = self.state();
        let value = given.clone().unwrap_or_else(|| default.to_owned());
        match state.params.iter().find(|param| param.name == name) {
            Some(param) if param.value != value => {
                Err(Fault::input(format!("the param `{name}` is declared twice, with different defaults"))
                    .help("declare it once: `let x = param(…);` and use `x`"))
            }
            Some(_) => Ok(given),
            None => {
                state.params.push(PlannedParam { name: name.to_owned(), value, set: given.is_some() });
                Ok(given)
            }
        }
    }

    pub(crate) fn params(&self) -> Vec<PlannedParam> {
        self.state().params.clone()
    }

    pub(crate) fn with_plan<T>(&self, change: impl FnOnce(&mut Plan) -> T) -> T {
        change(&mut self.state().plan)
    }

    /// Remembers in a planning pass what the script will have saved.
    pub(crate) fn will_save(&self, path: PathBuf, encoder: Encoder) {
        self.state().saved.insert(path, encoder);
    }

    /// The encoder that the script saves under this path before it loads it; only known while planning.
    pub(crate) fn will_have_saved(&self, path: &Path) -> Option<Encoder> {
        self.state().saved.get(path).cloned()
    }

    /// What tells the stage `key` apart from others called `name`: "" for the first of them.
    pub(crate) fn mark(&self, name: &str, key: &str, said: &serde_json::Value) -> String {
        self.state().marks.mark(name, key, said)
    }

    /// A network's name, with what tells it apart from others of that name.
    pub(crate) fn net_called(&self, net: &Net) -> String {
        let said = crate::stage::json(&net.0);
        let name = net.0.arch.name();
        format!("{name}{}", self.mark(&format!("network {name}"), &said.to_string(), &said))
    }

    /// The folder of this run; `None` in a planning pass.
    pub(crate) fn run_folder(&self) -> Option<&Arc<RunFolder>> {
        self.run_folder.as_ref()
    }

    /// Remembers a view of data for plan and report.
    pub(crate) fn used_data(&self, steps: &[String], samples: &Samples) {
        let labelled = samples.labels.iter().flatten().count();
        let data = PlannedData { steps: steps.join(", "), images: samples.rows.len(), labelled };
        self.with_plan(|plan| {
            if !plan.data.contains(&data) {
                plan.data.push(data);
            }
        });
    }

    /// The plan as far as the script has come.
    pub(crate) fn plan(&self) -> Plan {
        let device = self.device().map(|device| device.name().to_owned()).unwrap_or_default();
        let state = self.state();
        Plan { device, params: state.params.clone(), ..state.plan.clone() }
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
    pub(crate) fn writable(&self, path: &str) -> Result<PathBuf, Fault> {
        crate::writable::writable(path, &self.settings.out)
    }

    /// The decoded images of `samples`; every set is decoded once per process.
    pub(crate) fn images(&self, samples: &Samples, settings: &LoadSettings) -> Result<Arc<Images>, Fault> {
        let key = format!("{} {settings:?}", samples.fingerprint());
        let hit = self.images.0.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
        if let Some(images) = hit {
            return Ok(images);
        }
        let images = Images::load(samples, &settings.options()).map(Arc::new)?;
        self.images.0.lock().unwrap_or_else(PoisonError::into_inner).insert(key, Arc::clone(&images));
        Ok(images)
    }
}

fn has_glob(path: &Path) -> bool {
    path.to_str().is_some_and(|text| text.contains(['*', '?', '[']))
}
