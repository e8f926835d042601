//! One way for all long work: planned, loaded, resumed or done.

use std::path::Path;
use std::time::Instant;

use foretask_train::{Context, Event};
use serde_json::{Value, json};

use crate::error::Error;
use crate::experiment::Experiment;
use crate::plan::PlannedStage;
use crate::progress::Progress;
use crate::run::StageRecord;
use crate::stage::{Done, StageKey, checkpoint_every, loader_threads};

/// Long work that is planned, done once, and found again by its key.
pub trait Stage {
    /// What it results in.
    type Output;

    /// Whether it is a matter of seconds: kept like any other, but neither planned nor told of.
    const QUICK: bool = false;

    /// Everything that decides the result.
    fn key(&self) -> &StageKey;

    /// As a plan shows it.
    fn plan(&self) -> PlannedStage;

    /// Does it; `folder` may hold what an interrupted sitting left.
    ///
    /// # Errors
    /// When it cannot be done, or is interrupted.
    fn make(&self, experiment: &Experiment, folder: &Path) -> Result<Self::Output, Error>;

    /// Writes the result, and gives the numbers to be kept beside it; `seconds` among them replaces the wall time.
    ///
    /// # Errors
    /// When it cannot be written.
    fn save(&self, output: &Self::Output, folder: &Path) -> Result<Value, Error>;

    /// Reads it back.
    ///
    /// # Errors
    /// When it cannot be read; it is then done again.
    fn load(&self, folder: &Path, done: &Done) -> Result<Self::Output, Error>;
}

/// A stage's result and how it came about.
#[derive(Debug)]
pub struct Outcome<T> {
    /// The result.
    pub value: T,
    /// Wall seconds of the work, over all sittings.
    pub seconds: f64,
    /// Loaded from an earlier run.
    pub reused: bool,
}

impl Experiment {
    /// Plans the stage in a planning pass (and gives `None`); otherwise loads its result or does the work.
    ///
    /// # Errors
    /// When the work fails or is interrupted, or its folder cannot be used.
    pub fn run<S: Stage>(&self, stage: &S) -> Result<Option<Outcome<S::Output>>, Error> {
        let planned = PlannedStage { key: stage.key().hash().to_owned(), line: self.line(), ..stage.plan() };
        if self.planning() {
            if !S::QUICK {
                self.add_to_plan(planned, stage.key());
            }
            return Ok(None);
        }
        if self.interrupt().requested() {
            return Err(Error::interrupted(if S::QUICK {
                "interrupted"
            } else {
                "interrupted before this stage began"
            }));
        }
        let lock =
            self.memory.lock(stage.key(), |pid| self.waits::<S>(&planned, pid), || self.interrupt().requested())?;
        let folder = self.memory.folder(stage.key());
        if let (Some(run), false) = (self.run_folder(), S::QUICK) {
            self.curves(run.begin_curves(&planned.title, &folder));
        }
        let outcome = match self.stored(&planned, stage) {
            Some(outcome) => outcome,
            None => self.work(&planned, stage)?,
        };
        drop(lock);
        if let (Some(run), false) = (self.run_folder(), S::QUICK) {
            run.add_stage(StageRecord {
                later_draw: planned.draw.is_some_and(|draw| draw.number > 1),
                title: planned.title,
                line: planned.line,
                key: planned.key,
                folder,
                seconds: outcome.seconds,
                reused: outcome.reused,
                decided_by: stage.key().parts().clone(),
                autos: planned.autos,
                notes: planned.notes,
            });
        }
        Ok(Some(outcome))
    }

    fn add_to_plan(&self, planned: PlannedStage, key: &StageKey) {
        let planned = PlannedStage { state: self.memory.state(key), ..planned };
        self.with_plan(|plan| {
            if !plan.stages.iter().any(|stage| stage.key == planned.key) {
                plan.stages.push(planned);
            }
        });
    }

    /// Says that another process works on the stage.
    fn waits<S: Stage>(&self, planned: &PlannedStage, pid: Option<u32>) {
        if !S::QUICK {
            let who = pid.map_or_else(|| "another process".to_owned(), |pid| format!("process {pid}"));
            self.note(format!("{}: {who} works on this stage; waiting for it", planned.title));
        }
    }

    /// The result that an earlier run has left, without doing anything: for planning with numbers where there are some.
    pub(crate) fn stored_before<S: Stage>(&self, stage: &S) -> Option<S::Output> {
        let done = self.memory.done(stage.key())?;
        stage.load(&self.memory.folder(stage.key()), &done).ok()
    }

    /// The result of an earlier run. One that cannot be read any more is done again, and that is said.
    fn stored<S: Stage>(&self, planned: &PlannedStage, stage: &S) -> Option<Outcome<S::Output>> {
        let done = self.memory.done(stage.key())?;
        match stage.load(&self.memory.folder(stage.key()), &done) {
            Ok(value) => {
                if !S::QUICK {
                    self.tell(Progress::StageReused { title: planned.title.clone(), seconds: done.seconds });
                }
                Some(Outcome { value, seconds: done.seconds, reused: true })
            }
            Err(_) if S::QUICK => None,
            Err(error) => {
                self.warn(format!(
                    "{}: the stored result cannot be read ({}); doing it again",
                    planned.title, error.message
                ));
                self.memory.forget(stage.key());
                None
            }
        }
    }

    fn work<S: Stage>(&self, planned: &PlannedStage, stage: &S) -> Result<Outcome<S::Output>, Error> {
        let folder = self.memory.folder(stage.key());
        if !S::QUICK {
            let resumed = foretask_train::checkpoint::path_in(&folder).exists();
            self.tell(Progress::StageBegins { title: planned.title.clone(), resumed });
        }
        let start = Instant::now();
        let value = stage.make(self, &folder)?;
        let facts = stage.save(&value, &folder)?;
        let seconds = facts["seconds"].as_f64().unwrap_or_else(|| start.elapsed().as_secs_f64());
        let done = Done { title: planned.title.clone(), seconds, key: stage.key().parts().clone(), facts };
        self.memory.finish(stage.key(), &done)?;
        if !S::QUICK {
            // The result is on the disk; what was needed to resume is not needed any more.
            foretask_train::checkpoint::remove_all(&folder);
            self.tell(Progress::StageEnds { title: planned.title.clone(), seconds });
        }
        Ok(Outcome { value, seconds, reused: false })
    }

    /// Curves are for looking at: a run does not fail for want of them.
    fn curves(&self, written: Result<(), Error>) {
        if let Err(fault) = written {
            self.warn(format!("the TensorBoard curves are not complete: {}", fault.message));
        }
    }

    /// Runs training code with what it needs from its surroundings.
    pub(crate) fn training<T, E>(
        &self,
        folder: &Path,
        train: impl FnOnce(&Context<'_>) -> Result<T, E>,
    ) -> Result<T, Error>
    where
        Error: From<E>,
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
        foretask_backend::catch("training", || train(&context))?.map_err(Error::from)
    }
}

/// The facts of a stage that has none but its time.
pub(crate) fn took(seconds: f64) -> Value {
    json!({ "seconds": seconds })
}
