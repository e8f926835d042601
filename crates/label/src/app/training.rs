//! The script that the labels make, run from the page: how far it is, what it said, and its report.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use foretask_experiment::{Error, ErrorKind, Event, Interrupt, Listener, Progress};
use serde_json::{Value, json};

use super::moves::Moves;

/// Writes a script that trains from labels: of the data and the table of labels; where it is, and what was found.
pub type MakeScript = Box<dyn Fn(&Path, &Path) -> Result<(PathBuf, Vec<String>), Error> + Send + Sync>;

/// Runs a script, telling what happens, until it is done or asked to stop; the reports it wrote.
pub type RunScript = Arc<dyn Fn(&Path, Listener, &Interrupt) -> Result<Vec<PathBuf>, Error> + Send + Sync>;

/// What makes and runs scripts.
pub struct Scripts {
    /// Makes one.
    pub make: MakeScript,
    /// Runs one.
    pub run: RunScript,
}

impl std::fmt::Debug for Scripts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Scripts").finish_non_exhaustive()
    }
}

/// Lines of what a run said that are kept.
const LINES: usize = 12;

#[derive(Debug, Default)]
struct Standing {
    running: bool,
    script: String,
    title: String,
    done: u64,
    of: u64,
    /// Expected seconds to the end of what is being done.
    remaining: f64,
    lines: Vec<String>,
    report: Option<PathBuf>,
    error: Option<String>,
    begun: Option<Instant>,
    seconds: f64,
}

impl Standing {
    fn say(&mut self, text: &str) {
        self.lines.extend(text.lines().map(str::to_owned));
        let more = self.lines.len().saturating_sub(LINES);
        self.lines.drain(..more);
    }

    fn hear(&mut self, progress: Progress) {
        match progress {
            Progress::StageBegins { title, .. } | Progress::StageReused { title, .. } => {
                (self.title, self.done, self.of) = (title, 0, 0);
            }
            Progress::Training { event: Event::Step { step, steps, remaining_seconds, .. } } => {
                (self.done, self.of, self.remaining) = (step, steps, remaining_seconds);
            }
            Progress::Print { text } | Progress::Table { text } | Progress::Warning { text } => self.say(&text),
            _ => {}
        }
    }
}

/// A run of a script, at most one at a time.
#[derive(Debug)]
pub(super) struct Training {
    standing: Arc<Mutex<Standing>>,
    interrupt: Mutex<Interrupt>,
    moves: Arc<Moves>,
}

fn locked(standing: &Mutex<Standing>) -> MutexGuard<'_, Standing> {
    standing.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Training {
    pub(super) fn new(moves: Arc<Moves>) -> Self {
        Self { standing: Arc::default(), interrupt: Mutex::new(Interrupt::new()), moves }
    }

    /// How far it is.
    pub(super) fn standing(&self) -> Value {
        let now = locked(&self.standing);
        let seconds = now.begun.filter(|_| now.running).map_or(now.seconds, |begun| begun.elapsed().as_secs_f64());
        json!({
            "running": now.running,
            "script": now.script,
            "title": now.title,
            "done": now.done,
            "of": now.of,
            "remaining": if now.remaining.is_finite() { now.remaining } else { 0.0 },
            "lines": now.lines,
            "report": now.report.as_ref().map(|path| path.display().to_string()),
            "error": now.error,
            "seconds": seconds,
        })
    }

    /// The report of the last run.
    pub(super) fn report(&self) -> Option<PathBuf> {
        locked(&self.standing).report.clone()
    }

    /// Begins a run.
    ///
    /// # Errors
    /// Where one is under way.
    pub(super) fn begin(&self, script: &Path, run: &RunScript) -> Result<(), Error> {
        let mut now = locked(&self.standing);
        if now.running {
            return Err(Error::input("it is training already").help("wait for it, or stop it"));
        }
        let begun = Some(Instant::now());
        *now = Standing { running: true, script: script.display().to_string(), begun, ..Standing::default() };
        drop(now);
        let interrupt = Interrupt::new();
        *self.interrupt.lock().unwrap_or_else(PoisonError::into_inner) = interrupt.clone();
        let (standing, moves, run, script) =
            (Arc::clone(&self.standing), Arc::clone(&self.moves), Arc::clone(run), script.to_owned());
        let (heard, told) = (Arc::clone(&standing), Arc::clone(&moves));
        let listener: Listener = Arc::new(move |progress| {
            locked(&heard).hear(progress);
            told.step();
        });
        let work = move || {
            let outcome = foretask_backend::catch("the script", || run(&script, listener, &interrupt));
            let mut now = locked(&standing);
            now.running = false;
            now.seconds = now.begun.map_or(0.0, |begun| begun.elapsed().as_secs_f64());
            match outcome {
                Ok(Ok(reports)) => now.report = reports.into_iter().next(),
                Ok(Err(error)) if error.kind == ErrorKind::Interrupted => {
                    now.error = Some("stopped; what was done is kept, and training goes on from there".to_owned());
                }
                Ok(Err(error)) => now.error = Some(error.message),
                Err(error) => now.error = Some(error.to_string()),
            }
            drop(now);
            moves.step();
        };
        let started = std::thread::Builder::new().name("script".to_owned()).spawn(work);
        if let Err(error) = started {
            locked(&self.standing).running = false;
            return Err(Error::failed(format!("no thread could be started: {error}")));
        }
        self.moves.step();
        Ok(())
    }

    /// Asks the run to stop after its current step.
    pub(super) fn stop(&self) {
        self.interrupt.lock().unwrap_or_else(PoisonError::into_inner).request();
    }
}

impl Drop for Training {
    fn drop(&mut self) {
        self.stop();
    }
}
