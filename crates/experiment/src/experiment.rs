//! What long work needs from its surroundings: one run, or one planning pass.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use foretask_backend::Device;
use foretask_data::Samples;
use foretask_train::Interrupt;

use crate::error::Error;
use crate::image_cache::ImageCache;
use crate::marks::Marks;
use crate::plan::{Plan, PlannedData, PlannedParam};
use crate::progress::Progress;
use crate::ranks::Ranks;
use crate::run::RunFolder;
use crate::stage::StageMemory;
use crate::values::Network;

/// Told of everything that happens.
pub type Listener = Arc<dyn Fn(Progress) + Send + Sync>;

/// Whether requests are only validated and planned, or done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Validated and planned: values that would come from training are there without their numbers.
    Plan,
    /// Done.
    Run,
}

/// Everything from outside that a run depends on.
#[derive(Clone)]
pub struct Settings {
    /// The folder of results, `runs` unless told otherwise.
    pub out: PathBuf,
    /// The device named on the command line; wins over [`Experiment::choose_device`].
    pub device: Option<String>,
    /// Values of `param`s from the command line.
    pub set: BTreeMap<String, String>,
    /// Told of everything that happens.
    pub listener: Listener,
    /// Asks the run to stop after the current step.
    pub interrupt: Interrupt,
    /// The processes that run this together; `None` where there is one.
    pub ranks: Option<Arc<Ranks>>,
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
            ranks: None,
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
            .field("ranks", &self.ranks)
            .field("width", &self.width)
            .finish_non_exhaustive()
    }
}

/// What changes while an experiment goes on.
#[derive(Clone, Default)]
struct State {
    line: usize,
    seed: u64,
    device: Option<Device>,
    params: Vec<PlannedParam>,
    plan: Plan,
    marks: Marks,
}

/// See the module.
pub struct Experiment {
    pub(crate) mode: Mode,
    pub(crate) settings: Settings,
    pub(crate) memory: StageMemory,
    pub(crate) images: ImageCache,
    run_folder: Option<Arc<RunFolder>>,
    state: Mutex<State>,
}

impl std::fmt::Debug for Experiment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Experiment").field("mode", &self.mode).field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl Experiment {
    /// One in which nothing has happened yet. `folder_of_run` takes what a run writes; planning has none.
    pub fn new(mode: Mode, settings: &Settings, images: &ImageCache, folder_of_run: Option<Arc<RunFolder>>) -> Self {
        Self {
            mode,
            settings: settings.clone(),
            memory: StageMemory::new(&settings.out),
            images: images.clone(),
            run_folder: folder_of_run,
            state: Mutex::default(),
        }
    }

    /// The same, one entry of a session later: what was chosen holds on.
    #[must_use]
    pub fn next(&self, settings: &Settings, folder_of_run: Option<Arc<RunFolder>>) -> Self {
        Self {
            mode: self.mode,
            settings: settings.clone(),
            memory: self.memory.clone(),
            images: self.images.clone(),
            run_folder: folder_of_run,
            state: Mutex::new(self.state().clone()),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A panic is caught at the door of a word; what it left half-changed here is only bookkeeping.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether requests are only planned.
    pub fn planning(&self) -> bool {
        self.mode == Mode::Plan
    }

    /// What it depends on from outside.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Asked before and during long work whether to stop.
    pub fn interrupt(&self) -> &Interrupt {
        &self.settings.interrupt
    }

    /// Tells the listener. A planning pass is silent: its numbers are placeholders.
    pub fn emit(&self, progress: Progress) {
        if self.mode == Mode::Run {
            (self.settings.listener)(progress);
        }
    }

    /// Prints a text.
    pub fn print(&self, text: &str) {
        self.emit(Progress::Print { text: text.to_owned() });
    }

    /// Says something worth knowing.
    pub fn note(&self, text: impl Into<String>) {
        self.emit(Progress::Note { text: text.into() });
    }

    /// Warnings belong to plan and record as well, once each.
    pub fn warn(&self, text: impl Into<String>) {
        let text = text.into();
        let mut state = self.state();
        if state.plan.warnings.contains(&text) {
            return;
        }
        state.plan.warnings.push(text.clone());
        drop(state);
        self.emit(Progress::Warning { text });
    }

    /// A warning that a plan shows before anything runs; the run itself only keeps it for its record.
    pub fn plan_warning(&self, text: impl Into<String>) {
        let text = text.into();
        self.with_plan(|plan| {
            if !plan.warnings.contains(&text) {
                plan.warnings.push(text);
            }
        });
    }

    /// The line of the script that asks for what comes next, from 1; 0 where there is no script.
    pub fn line(&self) -> usize {
        self.state().line
    }

    /// Says which line of a script asks for what comes next; plans and records name it.
    pub fn set_line(&self, line: usize) {
        self.state().line = line;
    }

    /// The seed of what has no seed of its own; 0 unless set.
    pub fn seed(&self) -> u64 {
        self.state().seed
    }

    /// Sets the seed of what comes after it.
    pub fn set_seed(&self, seed: u64) {
        self.state().seed = seed;
    }

    /// The device that computes: that of the settings, else the chosen one, else the fastest there is.
    ///
    /// # Errors
    /// When the settings name one that is not there.
    pub fn device(&self) -> Result<Device, Error> {
        if let Some(device) = &self.state().device {
            return Ok(device.clone());
        }
        let device = foretask_backend::device(self.settings.device.as_deref().unwrap_or("auto"))?;
        self.state().device = Some(device.clone());
        Ok(device)
    }

    /// Chooses a device for what comes after it; that of the settings wins.
    ///
    /// # Errors
    /// When it is not there.
    pub fn choose_device(&self, name: &str) -> Result<Device, Error> {
        let name = self.settings.device.as_deref().unwrap_or(name);
        let device = foretask_backend::device(name)?;
        self.state().device = Some(device.clone());
        Ok(device)
    }

    /// The part of the device's name that decides results: all GPUs of one kind count as one.
    pub(crate) fn device_kind(&self) -> Result<String, Error> {
        let name = self.device()?.name().to_owned();
        Ok(match name.split_once(":cuda") {
            Some((before, _)) => format!("{before}:cuda"),
            None => name,
        })
    }

    /// Declares a param; the value of the settings, if they give one.
    ///
    /// # Errors
    /// When it was declared before with another default.
    pub fn declare(&self, name: &str, default: &str) -> Result<Option<String>, Error> {
        let given = self.settings.set.get(name).cloned();
        let mut state = self.state();
        let value = given.clone().unwrap_or_else(|| default.to_owned());
        match state.params.iter().find(|param| param.name == name) {
            Some(param) if param.value != value => {
                Err(Error::input(format!("the param `{name}` is declared twice, with different defaults"))
                    .help("declare it once: `let x = param(…);` and use `x`"))
            }
            Some(_) => Ok(given),
            None => {
                state.params.push(PlannedParam { name: name.to_owned(), value, set: given.is_some() });
                Ok(given)
            }
        }
    }

    /// Every declared param.
    pub fn params(&self) -> Vec<PlannedParam> {
        self.state().params.clone()
    }

    pub(crate) fn with_plan<T>(&self, change: impl FnOnce(&mut Plan) -> T) -> T {
        change(&mut self.state().plan)
    }

    /// What tells the stage `key` apart from others called `name`: "" for the first of them.
    pub(crate) fn mark(&self, name: &str, key: &str, said: &serde_json::Value) -> String {
        self.state().marks.mark(name, key, said)
    }

    /// A network's name, with what tells it apart from others of that name.
    pub(crate) fn net_called(&self, net: &Network) -> String {
        let said = crate::stage::json(&net.0);
        let name = net.0.network();
        format!("{name}{}", self.mark(&format!("network {name}"), &said.to_string(), &said))
    }

    /// The folder of this run; `None` in a planning pass.
    pub fn run_folder(&self) -> Option<&Arc<RunFolder>> {
        self.run_folder.as_ref()
    }

    /// Remembers a view of data for plan and report.
    pub(crate) fn used_data(&self, steps: &[String], samples: &Samples) {
        let labeled = samples.labels.iter().flatten().count();
        let data = PlannedData { steps: steps.join(", "), images: samples.rows.len(), labeled };
        self.with_plan(|plan| {
            if !plan.data.contains(&data) {
                plan.data.push(data);
            }
        });
    }

    /// The plan so far.
    pub fn plan(&self) -> Plan {
        let device = self.device().map(|device| device.name().to_owned()).unwrap_or_default();
        let state = self.state();
        Plan { device, params: state.params.clone(), ..state.plan.clone() }
    }
}
