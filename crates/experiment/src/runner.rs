//! One way for all long work: planned, loaded, resumed or done.

use std::path::Path;
use std::time::Instant;

use foretask_train::{Context, Event};
use serde_json::{Value, json};

use crate::error::Error;
use crate::experiment::Experiment;
use crate::plan::PlannedStage;
use crate::progress::Progress;
use crate::ranks::{Lead, Ranks};
use crate::run::StageRecord;
use crate::stage::{Damage, Done, StageKey, Stored, checkpoint_every, loader_threads};

/// Long work that is planned, done once, and found again by its key.
pub trait Stage {
    /// What it results in.
    type Output;

    /// Whether it is a matter of seconds: kept like any other, but neither planned nor told of.
    const QUICK: bool = false;

    /// Whether several ranks share the work; otherwise one of them does it while the others wait.
    const TOGETHER: bool = false;

    /// Everything that decides the result.
    fn key(&self) -> &StageKey;

    /// As a plan shows it.
    fn plan(&self) -> PlannedStage;

    /// Does it; `folder` may hold what an interrupted session left.
    ///
    /// # Errors
    /// When it cannot be done, or is interrupted.
    fn make(&self, experiment: &Experiment, folder: &Path) -> Result<Self::Output, Error>;

    /// Writes the result, and gives the numbers to be kept beside it; `seconds` among them replaces the wall time. The same
    /// result gives the same files, to the byte; folders within `folder` are not kept.
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
        let ranks = self.settings.ranks.as_deref();
        if let Some(ranks) = ranks.filter(|ranks| !ranks.leads()) {
            return self.follow(ranks, &planned.title, stage).map(Some);
        }
        if self.interrupt().requested() {
            return Err(Error::interrupted(if S::QUICK {
                "interrupted"
            } else {
                "interrupted before this stage began"
            }));
        }
        if let Some(run) = self.run_folder() {
            run.uses(stage.key().hash())?;
        }
        self.say_of(&planned.title, self.memory.clear_entrance(stage.key())?);
        let lock =
            self.memory.lock(stage.key(), |pid| self.waits::<S>(&planned, pid), || self.interrupt().requested())?;
        let folder = self.memory.folder(stage.key());
        let stored = self.stored(&planned, stage)?;
        if let (Some(run), false) = (self.run_folder(), S::QUICK) {
            self.curves(run.begin_curves(&planned.title, &folder));
        }
        let company = ranks.filter(|ranks| ranks.speaks()).map(|ranks| (ranks, ranks.next()));
        if let Some((ranks, number)) = company {
            let lead = if stored.is_some() { Lead::Loads } else { Lead::Makes };
            ranks.tell(number, stage.key().hash(), lead)?;
        }
        let outcome = match stored {
            Some(outcome) => {
                if !S::QUICK {
                    self.emit(Progress::StageReused { title: planned.title.clone(), seconds: outcome.seconds });
                }
                outcome
            }
            None => self.work(&planned, stage)?,
        };
        if let Some((ranks, number)) = company {
            ranks.tell_done(number)?;
        }
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

    /// A stage on a rank that does not lead: nothing of it is written here.
    fn follow<S: Stage>(&self, ranks: &Ranks, title: &str, stage: &S) -> Result<Outcome<S::Output>, Error> {
        let (number, key) = (ranks.next(), stage.key());
        let folder = self.memory.folder(key);
        let lead = ranks.hear(number, title, key.hash())?;
        if lead == Lead::Makes && S::TOGETHER {
            self.interrupt().obeyed(|| ranks.together(|| stage.make(self, &folder)))?;
        }
        ranks.hear_done(number)?;
        let missing = || {
            Error::failed(format!("rank 0 has finished \"{title}\", but nothing lies in `{}`", folder.display()))
                .help("give all ranks the same folder of results, on a disk that all machines see: `--out FOLDER`")
        };
        let done = self.memory.done(key).ok_or_else(missing)?;
        let value = stage.load(&folder, &done)?;
        Ok(Outcome { value, seconds: done.seconds, reused: lead == Lead::Loads })
    }

    /// A stage's work on the rank that does it.
    fn make<S: Stage>(&self, stage: &S, folder: &Path) -> Result<S::Output, Error> {
        match self.settings.ranks.as_deref() {
            None => stage.make(self, folder),
            Some(ranks) if S::TOGETHER && ranks.speaks() => ranks.together(|| stage.make(self, folder)),
            Some(ranks) => ranks.alone(|| stage.make(self, folder)),
        }
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

    /// What was found in the way of a stage.
    fn say_of(&self, title: &str, found: Vec<String>) {
        for sentence in found {
            self.warn(format!("{title}: {sentence}"));
        }
    }

    /// The result that an earlier run has left, without doing anything: for planning with numbers where there are some.
    pub(crate) fn stored_before<S: Stage>(&self, stage: &S) -> Option<S::Output> {
        let done = self.memory.done(stage.key())?;
        let value = stage.load(&self.memory.folder(stage.key()), &done).ok()?;
        // Unnoted, it would only be made again one day.
        self.run_folder().and_then(|run| run.uses(stage.key().hash()).ok());
        Some(value)
    }

    /// The result of an earlier run, if there is one that can be used.
    fn stored<S: Stage>(&self, planned: &PlannedStage, stage: &S) -> Result<Option<Outcome<S::Output>>, Error> {
        let key = stage.key();
        let (done, sealed) = match self.memory.stored(key) {
            Stored::Nothing => return Ok(None),
            Stored::Whole(done) => (done, true),
            Stored::Unsealed(done) => (done, false),
            Stored::Damaged(damage) => return self.mended(&planned.title, stage, &damage),
        };
        let value = match stage.load(&self.memory.folder(key), &done) {
            Ok(value) => value,
            Err(error) => {
                let what = format!("the stored result cannot be read ({})", error.message);
                return self.mended(&planned.title, stage, &self.memory.unknown(key, what));
            }
        };
        self.memory.clear_scratch(key);
        let seconds = done.seconds;
        if !sealed {
            self.memory.seal(key, done)?;
            self.note(format!(
                "{}: stored by an earlier version, without checksums; taken as it is, and these are added",
                planned.title
            ));
        }
        Ok(Some(Outcome { value, seconds, reused: true }))
    }

    /// A result that is not what was written is mended where the rest of it allows, or else forgotten, so that it is made again;
    /// both are said.
    fn mended<S: Stage>(&self, title: &str, stage: &S, damage: &Damage) -> Result<Option<Outcome<S::Output>>, Error> {
        self.memory.set_aside(stage.key(), damage)?;
        if let Some((value, done)) = self.written_again(stage, damage) {
            self.warn(format!("{title}: {}; written again from the rest of it", damage.what));
            return Ok(Some(Outcome { value, seconds: done.seconds, reused: true }));
        }
        self.warn(format!("{title}: {}; making it again", damage.what));
        self.memory.forget(stage.key());
        Ok(None)
    }

    /// Where only files are damaged that follow from the others, these are written anew, and must come out as they were.
    fn written_again<S: Stage>(&self, stage: &S, damage: &Damage) -> Option<(S::Output, Done)> {
        let done = damage.done.as_ref()?;
        let folder = self.memory.folder(stage.key());
        let value = stage.load(&folder, done).ok()?;
        let anew = folder.join("anew");
        std::fs::create_dir_all(&anew).ok()?;
        stage.save(&value, &anew).ok()?;
        for name in &damage.files {
            std::fs::rename(anew.join(name), folder.join(name)).ok()?;
        }
        match self.memory.stored(stage.key()) {
            Stored::Whole(done) => {
                self.memory.clear_scratch(stage.key());
                Some((value, done))
            }
            _ => None,
        }
    }

    /// Does the work and keeps its result. What is given back is what was kept, so that this run goes on with the very numbers
    /// that later ones will find.
    fn work<S: Stage>(&self, planned: &PlannedStage, stage: &S) -> Result<Outcome<S::Output>, Error> {
        let (key, title) = (stage.key(), &planned.title);
        let folder = self.memory.folder(key);
        self.say_of(title, self.memory.clear_way(key)?);
        if !S::QUICK {
            let resumed = foretask_train::checkpoint::path_in(&folder).exists();
            self.emit(Progress::StageBegins { title: title.clone(), resumed });
        }
        let start = Instant::now();
        let made = self.interrupt().obeyed(|| self.make(stage, &folder))?;
        let facts = stage.save(&made, &folder)?;
        let seconds = facts["seconds"].as_f64().unwrap_or_else(|| start.elapsed().as_secs_f64());
        let done = self.memory.finish(key, title, seconds, facts)?;
        // The result is on the disk; what was needed to resume is not needed any more.
        self.memory.clear_scratch(key);
        let value = stage.load(&folder, &done).unwrap_or_else(|error| {
            self.warn(format!(
                "{title}: the result cannot be read back ({}), so the next run makes it again",
                error.message
            ));
            made
        });
        if !S::QUICK {
            self.emit(Progress::StageEnds { title: title.clone(), seconds });
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
            match event {
                Event::Warning(text) => self.warn(text),
                event => self.emit(Progress::Training { event }),
            }
        };
        let context = Context {
            device: &device,
            folder,
            events: &events,
            interrupt: self.interrupt(),
            threads: loader_threads()?,
            features: None,
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
