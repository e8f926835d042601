//! One way for all long work: planned, loaded, resumed or done.

use std::path::Path;
use std::time::Instant;

use foretask_train::{Context, Event};
use serde_json::{Value, json};

use super::environment::{checkpoint_every, loader_threads};
use super::{Done, StageKey, StageState};
use crate::errors::Fault;
use crate::host::Host;
use crate::plan::PlannedStage;
use crate::progress::Progress;
use crate::run::StageRecord;

/// A stage's result and how it came about.
#[derive(Debug)]
pub(crate) struct Outcome<T> {
    pub(crate) value: T,
    /// Wall seconds of the work, over all sittings.
    pub(crate) seconds: f64,
    /// Loaded from an earlier run.
    pub(crate) reused: bool,
}

/// How a stage's result is made, kept and found again.
pub(crate) struct Work<'a, T> {
    /// Does it; the folder may hold what an interrupted sitting left.
    pub(crate) make: &'a mut dyn FnMut(&Path) -> Result<T, Fault>,
    /// Writes the result and gives the numbers to be kept beside it; `seconds` among them replaces the wall time.
    pub(crate) save: &'a dyn Fn(&T, &Path) -> Result<Value, Fault>,
    /// Reads it back.
    pub(crate) load: &'a dyn Fn(&Path, &Done) -> Result<T, Fault>,
}

impl Host {
    /// Plans the stage in a planning pass (and gives `None`); otherwise loads its result or does the work.
    pub(crate) fn stage<T>(
        &self,
        mut planned: PlannedStage,
        key: &StageKey,
        work: Work<'_, T>,
    ) -> Result<Option<Outcome<T>>, Fault> {
        key.hash().clone_into(&mut planned.key);
        if self.planning() {
            planned.state = self.stages.state(key);
            self.with_plan(|plan| {
                if !plan.stages.iter().any(|stage| stage.key == planned.key) {
                    plan.stages.push(planned);
                }
            });
            return Ok(None);
        }
        if self.interrupt().requested() {
            return Err(Fault::interrupted("interrupted before this stage began"));
        }
        let waiting = |pid: Option<u32>| {
            let who = pid.map_or_else(|| "another process".to_owned(), |pid| format!("process {pid}"));
            self.note(format!("{}: {who} works on this stage; waiting for it", planned.title));
        };
        let lock = self.stages.lock(key, waiting, || self.interrupt().requested())?;
        let folder = self.stages.folder(key);
        if let Some(run) = self.run_folder() {
            self.curves(run.begin_curves(&planned.title, &folder));
        }
        let outcome = match self.stored(&planned, key, &work) {
            Some(outcome) => outcome,
            None => self.work(&planned, key, work)?,
        };
        drop(lock);
        if let Some(run) = self.run_folder() {
            run.add_stage(StageRecord {
                title: planned.title,
                line: planned.line,
                key: key.hash().to_owned(),
                folder,
                seconds: outcome.seconds,
                reused: outcome.reused,
                decided_by: key.parts().clone(),
                autos: planned.autos,
                notes: planned.notes,
            });
        }
        Ok(Some(outcome))
    }

    /// A stage of a second or two: kept like any other, but neither planned nor told of.
    pub(crate) fn quick_stage<T>(
        &self,
        planned: PlannedStage,
        key: &StageKey,
        work: Work<'_, T>,
    ) -> Result<Option<Outcome<T>>, Fault> {
        if self.planning() {
            return Ok(None);
        }
        if self.interrupt().requested() {
            return Err(Fault::interrupted("interrupted"));
        }
        let lock = self.stages.lock(key, |_| (), || self.interrupt().requested())?;
        let folder = self.stages.folder(key);
        if let Some(done) = self.stages.done(key)
            && let Ok(value) = (work.load)(&folder, &done)
        {
            return Ok(Some(Outcome { value, seconds: done.seconds, reused: true }));
        }
        let start = Instant::now();
        let value = (work.make)(&folder)?;
        let facts = (work.save)(&value, &folder)?;
        let seconds = start.elapsed().as_secs_f64();
        let done = Done { title: planned.title, seconds, key: key.parts().clone(), facts };
        self.stages.finish(key, &done)?;
        drop(lock);
        Ok(Some(Outcome { value, seconds, reused: false }))
    }

    /// The result of an earlier run. One that cannot be read any more is done again, and that is said.
    fn stored<T>(&self, planned: &PlannedStage, key: &StageKey, work: &Work<'_, T>) -> Option<Outcome<T>> {
        let done = self.stages.done(key)?;
        match (work.load)(&self.stages.folder(key), &done) {
            Ok(value) => {
                self.tell(Progress::StageReused { title: planned.title.clone(), seconds: done.seconds });
                Some(Outcome { value, seconds: done.seconds, reused: true })
            }
            Err(fault) => {
                self.warn(format!(
                    "{}: the stored result cannot be read ({}); doing it again",
                    planned.title, fault.message
                ));
                self.stages.forget(key);
                None
            }
        }
    }

    fn work<T>(&self, planned: &PlannedStage, key: &StageKey, work: Work<'_, T>) -> Result<Outcome<T>, Fault> {
        let folder = self.stages.folder(key);
        let resumed = foretask_train::checkpoint::path_in(&folder).exists();
        self.tell(Progress::StageBegins { title: planned.title.clone(), resumed });
        let start = Instant::now();
        let value = (work.make)(&folder)?;
        let facts = (work.save)(&value, &folder)?;
        let seconds = facts["seconds"].as_f64().unwrap_or_else(|| start.elapsed().as_secs_f64());
        let done = Done { title: planned.title.clone(), seconds, key: key.parts().clone(), facts };
        self.stages.finish(key, &done)?;
        // The result is on the disk; what was needed to resume is not needed any more.
        foretask_train::checkpoint::remove_all(&folder);
        self.tell(Progress::StageEnds { title: planned.title.clone(), seconds });
        Ok(Outcome { value, seconds, reused: false })
    }

    /// Curves are for looking at: a run does not fail for want of them.
    fn curves(&self, written: Result<(), Fault>) {
        if let Err(fault) = written {
            self.warn(format!("the TensorBoard curves are not complete: {}", fault.message));
        }
    }

    /// Runs training code with what it needs from its surroundings.
    pub(crate) fn training<T, E>(
        &self,
        folder: &Path,
        train: impl FnOnce(&Context<'_>) -> Result<T, E>,
    ) -> Result<T, Fault>
    where
        Fault: From<E>,
    {
        let device = self.device()?;
        let events = |event: Event| {
            if let (Event::Health(line), Some(run)) = (&event, self.run_folder()) {
                self.curves(run.add_to_curves(folder, line));
            }
            self.tell(Progress::Training { event });
        };
        let context = Context {
            device: &device,
            folder,
            events: &events,
            interrupt: self.interrupt(),
            threads: loader_threads()?,
            checkpoint_every: checkpoint_every()?,
        };
        // The tensor library panics where sizes or memory do not fit; at this door it becomes an error of the word.
        foretask_backend::catch("training", || train(&context))?.map_err(Fault::from)
    }
}

/// A planned stage with nothing but its place.
pub(crate) fn planned(title: impl Into<String>, line: usize) -> PlannedStage {
    PlannedStage {
        line,
        title: title.into(),
        state: StageState::New,
        images: 0,
        length: String::new(),
        parameters: 0,
        memory: None,
        autos: Vec::new(),
        key: String::new(),
        notes: Vec::new(),
    }
}

/// A JSON file of a stage.
pub(crate) fn write_json(path: &Path, value: &impl serde::Serialize) -> Result<(), Fault> {
    let text = serde_json::to_vec(value).map_err(|error| Fault::failed(format!("{}: {error}", path.display())))?;
    Ok(foretask_data::write_atomically(path, text)?)
}

/// A JSON file of a stage, read back.
pub(crate) fn read_json<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T, Fault> {
    let text = std::fs::read(path).map_err(|error| Fault::failed(format!("{}: {error}", path.display())))?;
    serde_json::from_slice(&text).map_err(|error| Fault::failed(format!("{}: {error}", path.display())))
}

/// The facts of a stage that has none but its time.
pub(crate) fn took(seconds: f64) -> Value {
    json!({ "seconds": seconds })
}
