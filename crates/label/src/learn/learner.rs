//! The two threads: one makes features, one learns from labels with what features there are.

use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use foretask_experiment::{Error, ErrorKind, Interrupt};
use serde::Serialize;

use super::features::{self, News};
use super::pool::Pool;
use super::round::{Answers, Doubtful, Field, Known, Round, Suggestion, learn};
use crate::dataset::Dataset;
use crate::store::CurvePoint;

/// Labels that come within this time are learned from together.
const GATHER: Duration = Duration::from_millis(120);
/// Unreadable images that are remembered one by one.
const BAD_TOLD: usize = 1000;

/// What to learn with.
#[derive(Debug, Clone, Default)]
pub(crate) struct LearnOptions {
    /// An encoder's file, whose features take the place of the quick ones once they are there.
    pub(crate) encoder: Option<PathBuf>,
    /// The device that computes them.
    pub(crate) device: Option<String>,
}

/// What was learned last.
#[derive(Debug, Default, Clone)]
pub(crate) struct Learned {
    /// The features it rests on.
    pub(crate) pool: Option<Arc<Pool>>,
    /// What to label next, the most valuable first.
    pub(crate) suggestions: Arc<Vec<Suggestion>>,
    /// What the classifier says, by places of the pool.
    pub(crate) answers: Arc<Answers>,
    /// How often it is right on labeled images that it did not learn from.
    pub(crate) accuracy: Option<CurvePoint>,
    /// Labels that are probably wrong, the likeliest first.
    pub(crate) doubtful: Arc<Vec<Doubtful>>,
    /// Seconds that the last round took.
    pub(crate) seconds: f64,
    /// Rounds so far.
    pub(crate) rounds: u64,
}

/// How far the work in the background is.
#[derive(Debug, Default, Clone, Serialize)]
pub(crate) struct Standing {
    /// What is being done; empty where nothing is.
    pub(crate) doing: &'static str,
    /// How much of it is done.
    pub(crate) done: usize,
    /// How much there is.
    pub(crate) of: usize,
    /// What gave the features.
    pub(crate) encoder: String,
    /// Images whose features are known.
    pub(crate) described: usize,
    /// Images that cannot be read.
    pub(crate) bad: usize,
    /// Things to know.
    pub(crate) notes: Vec<String>,
}

#[derive(Default)]
struct State {
    learned: Learned,
    standing: Standing,
    /// Features that nothing has been learned with yet.
    fresh: Option<Arc<Pool>>,
    known: Option<Known>,
    bad: Vec<(u32, String)>,
}

struct Shared {
    state: Mutex<State>,
    woken: Condvar,
    changed: Box<dyn Fn(Option<CurvePoint>) + Send + Sync>,
    interrupt: Interrupt,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Learns on threads of its own, until it is dropped.
pub(crate) struct Learner(Arc<Shared>);

impl std::fmt::Debug for Learner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Learner").finish_non_exhaustive()
    }
}

impl Drop for Learner {
    fn drop(&mut self) {
        self.0.interrupt.request();
        self.0.woken.notify_all();
    }
}

impl Learner {
    /// Begins. `changed` is told when there is something new, with the accuracy where it was measured anew.
    pub(crate) fn start(
        data: &Arc<Dataset>,
        options: &LearnOptions,
        changed: impl Fn(Option<CurvePoint>) + Send + Sync + 'static,
    ) -> Self {
        let shared = Arc::new(Shared {
            state: Mutex::default(),
            woken: Condvar::new(),
            changed: Box::new(changed),
            interrupt: Interrupt::new(),
        });
        let (own, data, options) = (Arc::clone(&shared), Arc::clone(data), options.clone());
        start(&shared, "features", move || make_features(&own, &data, &options));
        let own = Arc::clone(&shared);
        start(&shared, "learning", move || keep_learning(&own));
        Self(shared)
    }

    /// Tells it what is known by now.
    pub(crate) fn know(&self, known: Known) {
        self.0.state().known = Some(known);
        self.0.woken.notify_all();
    }

    /// What was learned last.
    pub(crate) fn learned(&self) -> Learned {
        self.0.state().learned.clone()
    }

    /// How far the work in the background is.
    pub(crate) fn standing(&self) -> Standing {
        self.0.state().standing.clone()
    }

    /// Images that cannot be read, with reasons; the first thousand of them.
    pub(crate) fn bad(&self) -> Vec<(u32, String)> {
        self.0.state().bad.clone()
    }
}

/// A thread whose panic or error becomes a note.
fn start(shared: &Arc<Shared>, name: &'static str, work: impl FnOnce() -> Result<(), Error> + Send + 'static) {
    let own = Arc::clone(shared);
    let started = std::thread::Builder::new().name(name.to_owned()).spawn(move || {
        let trouble = match foretask_backend::catch(name, work) {
            Ok(Ok(())) => None,
            Ok(Err(error)) if error.kind == ErrorKind::Interrupted => None,
            Ok(Err(error)) => Some(error.message),
            Err(error) => Some(error.to_string()),
        };
        let mut state = own.state();
        if name == "features" {
            state.standing.doing = "";
        }
        state.standing.notes.extend(trouble.map(|trouble| format!("{name}: {trouble}")));
        drop(state);
        (own.changed)(None);
    });
    if let Err(error) = started {
        shared.state().standing.notes.push(format!("{name}: no thread could be started: {error}"));
    }
}

fn make_features(shared: &Shared, data: &Dataset, options: &LearnOptions) -> Result<(), Error> {
    let tell = |news: News| {
        let mut state = shared.state();
        match news {
            News::Progress(doing, done, of) => {
                state.standing = Standing { doing, done, of, ..std::mem::take(&mut state.standing) };
            }
            News::Pool(pool) => {
                state.fresh = Some(Arc::new(pool));
                shared.woken.notify_all();
            }
            News::Bad(row, reason) => {
                state.standing.bad += 1;
                if state.bad.len() < BAD_TOLD {
                    state.bad.push((row, reason));
                }
            }
            News::Note(note) => state.standing.notes.push(note),
        }
    };
    features::quick(data, &shared.interrupt, &tell)?;
    if let Some(file) = &options.encoder {
        let pool = features::by_encoder(data, file, options.device.as_deref(), &shared.interrupt, &tell)?;
        tell(News::Pool(pool));
    }
    Ok(())
}

fn keep_learning(shared: &Shared) -> Result<(), Error> {
    let mut field: Option<(Arc<Pool>, Field)> = None;
    let mut known = Known::default();
    let mut measured = None;
    loop {
        let Some(fresh) = wait(shared, &mut known) else { return Ok(()) };
        let begun = Instant::now();
        if let Some(pool) = fresh {
            let rows: Vec<u32> = known.labels.iter().map(|(row, _)| *row).collect();
            let made = shared.interrupt.obeyed(|| Field::of(&pool, &rows));
            field = told(shared, made)?.map(|made| (pool, made));
            measured = None;
        }
        let Some((pool, field)) = &field else { continue };
        let Some(round) = told(shared, shared.interrupt.obeyed(|| learn(pool, field, &known)))? else { continue };
        let point = round.accuracy.clone().filter(|point| measured.as_ref() != Some(point));
        measured.clone_from(&round.accuracy);
        publish(shared, pool, round, begun.elapsed());
        (shared.changed)(point);
    }
}

/// What came out, or `None` where that is a note by now; only a request to stop ends the work.
fn told<T>(shared: &Shared, outcome: Result<T, Error>) -> Result<Option<T>, Error> {
    match outcome {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.kind == ErrorKind::Interrupted => Err(error),
        Err(error) => {
            let mut state = shared.state();
            let note = format!("learning: {}", error.message);
            if !state.standing.notes.contains(&note) {
                state.standing.notes.push(note);
            }
            Ok(None)
        }
    }
}

/// Waits for something new; new features, if it is these, or `None` where the work is over.
#[expect(clippy::option_option, reason = "what is new may be features or labels")]
fn wait(shared: &Shared, known: &mut Known) -> Option<Option<Arc<Pool>>> {
    let mut state = shared.state();
    while !shared.interrupt.requested() && state.fresh.is_none() && state.known.is_none() {
        state = shared.woken.wait(state).unwrap_or_else(PoisonError::into_inner);
    }
    drop(state);
    std::thread::sleep(GATHER);
    if shared.interrupt.requested() {
        return None;
    }
    let mut state = shared.state();
    if let Some(newer) = state.known.take() {
        *known = newer;
    }
    Some(state.fresh.take())
}

fn publish(shared: &Shared, pool: &Arc<Pool>, round: Round, took: Duration) {
    let mut state = shared.state();
    state.standing.encoder.clone_from(&pool.encoder);
    state.standing.described = pool.len();
    state.learned = Learned {
        pool: Some(Arc::clone(pool)),
        suggestions: Arc::new(round.suggestions),
        answers: Arc::new(round.answers),
        accuracy: round.accuracy,
        doubtful: Arc::new(round.doubtful),
        seconds: took.as_secs_f64(),
        rounds: state.learned.rounds + 1,
    };
}
