//! The two threads: one makes features, one learns from labels with what features there are.

use std::collections::HashMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use foretask_experiment::{Error, ErrorKind, Interrupt};
use serde::Serialize;

use super::encoders::{EncoderChoice, Making, encoder};
use super::features;
use super::issues::Faults;
use super::measure::{Doubtful, Measured, measure};
use super::pool::Pool;
use super::round::{Answers, Field, Known, Round, Suggestion, learn};
use crate::dataset::Dataset;
use crate::store::CurvePoint;

/// Labels that come within this time are learned from together.
const GATHER: Duration = Duration::from_millis(120);
/// How often the accuracy is measured while labels keep coming: it takes longer than learning.
const MEASURE: Duration = Duration::from_secs(3);
/// Labels from which features are held against each other.
const ENOUGH: u32 = 20;
/// Unreadable images that are remembered one by one.
const BAD_TOLD: usize = 1000;

/// What to learn with.
#[derive(Debug, Clone, Default)]
pub(crate) struct LearnOptions {
    /// The encoder whose features take the place of the quick ones once they are there.
    pub(crate) encoder: EncoderChoice,
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
    /// The same by row.
    pub(crate) doubts: Arc<HashMap<u32, Doubtful>>,
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
    /// Whether there are labels that were not learned from yet.
    pub(crate) learning: bool,
}

#[derive(Default)]
struct State {
    learned: Learned,
    standing: Standing,
    /// Features that nothing has been learned with yet.
    fresh: Option<Arc<Pool>>,
    /// Whether labels have changed since somebody began to learn from them.
    stale: bool,
    /// Whether somebody learns from them just now.
    busy: bool,
    bad: Vec<(u32, String)>,
    faults: Option<Arc<Faults>>,
}

/// What the learner asks and tells.
pub(crate) struct Watch {
    /// What the labels say by now.
    pub(crate) known: Box<dyn Fn() -> Known + Send + Sync>,
    /// There is something new; with the accuracy where it was measured anew.
    pub(crate) changed: Box<dyn Fn(Option<CurvePoint>) + Send + Sync>,
}

struct Shared {
    state: Mutex<State>,
    woken: Condvar,
    watch: Watch,
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
    /// Begins.
    pub(crate) fn start(data: &Arc<Dataset>, options: &LearnOptions, watch: Watch) -> Self {
        let shared =
            Arc::new(Shared { state: Mutex::default(), woken: Condvar::new(), watch, interrupt: Interrupt::new() });
        let (own, data, options) = (Arc::clone(&shared), Arc::clone(data), options.clone());
        start(&shared, "features", move || make_features(&own, &data, &options));
        let own = Arc::clone(&shared);
        start(&shared, "learning", move || keep_learning(&own));
        Self(shared)
    }

    /// Tells it that there are labels it does not know.
    pub(crate) fn labels_changed(&self) {
        self.0.state().stale = true;
        self.0.woken.notify_all();
    }

    /// What was learned last.
    pub(crate) fn learned(&self) -> Learned {
        self.0.state().learned.clone()
    }

    /// How far the work in the background is.
    pub(crate) fn standing(&self) -> Standing {
        let state = self.0.state();
        Standing { learning: state.stale || state.busy, ..state.standing.clone() }
    }

    /// What may be wrong with the images, once all of them have been looked at.
    pub(crate) fn faults(&self) -> Option<Arc<Faults>> {
        self.0.state().faults.clone()
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
        (own.watch.changed)(None);
    });
    if let Err(error) = started {
        shared.state().standing.notes.push(format!("{name}: no thread could be started: {error}"));
    }
}

fn make_features(shared: &Arc<Shared>, data: &Dataset, options: &LearnOptions) -> Result<(), Error> {
    let tell = |news: features::News| {
        let mut state = shared.state();
        match news {
            features::News::Progress(doing, done, of) => {
                state.standing = Standing { doing, done, of, ..std::mem::take(&mut state.standing) };
            }
            features::News::Pool(pool) => {
                state.fresh = Some(pool);
                shared.woken.notify_all();
            }
            features::News::Bad(row, reason) => {
                state.standing.bad += 1;
                if state.bad.len() < BAD_TOLD {
                    state.bad.push((row, reason));
                }
            }
            features::News::Better { pool, asked } => {
                drop(state);
                better(shared, pool, asked);
            }
            features::News::Faults(faults) => {
                state.faults = Some(Arc::new(faults));
                drop(state);
                (shared.watch.changed)(None);
            }
        }
    };
    let looks = features::quick(data, &shared.interrupt, &tell)?;
    let own = Arc::clone(shared);
    let progress = move |done: u64, of: u64| {
        let mut state = own.state();
        let (doing, done, of) = ("pretraining on these images", done as usize, of as usize);
        state.standing = Standing { doing, done, of, ..std::mem::take(&mut state.standing) };
    };
    let device = options.device.as_deref();
    let making = Making { data, device, interrupt: &shared.interrupt, progress: Arc::new(progress) };
    if let Some(chosen) = encoder(&options.encoder, &looks, &making)? {
        shared.state().standing.notes.extend(chosen.notes.iter().cloned());
        features::by_encoder(data, (&chosen, device), &looks, &shared.interrupt, &tell)?;
    }
    Ok(())
}

/// Takes over features of an encoder, unless nobody asked for them and the labels say that those before are better.
fn better(shared: &Shared, pool: Arc<Pool>, asked: bool) {
    let before = shared.state().learned.pool.clone();
    let known = (shared.watch.known)();
    let right = |pool: &Pool| {
        let measured = shared.interrupt.obeyed(|| measure(pool, &known)).ok()?;
        measured.accuracy.filter(|point| point.labels >= ENOUGH).map(|point| point.right)
    };
    let compared = before.filter(|_| !asked).and_then(|before| Some((right(&before)?, right(&pool)?, before)));
    let mut state = shared.state();
    match compared {
        Some((old, new, before)) if new < old => state.standing.notes.push(format!(
            "{} tells your labels apart less well than {} ({:.0} % against {:.0} %), which stays",
            pool.encoder,
            before.encoder,
            100.0 * new,
            100.0 * old
        )),
        _ => {
            state.fresh = Some(pool);
            shared.woken.notify_all();
        }
    }
}

fn keep_learning(shared: &Shared) -> Result<(), Error> {
    let mut field: Option<(Arc<Pool>, Field)> = None;
    let mut known = Known::default();
    let mut measured = Measured::default();
    let mut last = None;
    // Whether what was learned last has not been measured.
    let mut owed = false;
    loop {
        let Some(news) = wait(shared, owed && field.is_some()) else { return Ok(()) };
        let begun = Instant::now();
        if news.labels || news.fresh.is_some() {
            known = (shared.watch.known)();
        }
        if let Some(pool) = news.fresh {
            let rows: Vec<u32> = known.labels.iter().map(|(row, _)| *row).collect();
            let made = shared.interrupt.obeyed(|| Field::of(&pool, &rows));
            field = told(shared, made)?.map(|made| (pool, made));
            measured = Measured::default();
        }
        let Some((pool, field)) = &field else {
            // Nothing can be learned before there are features.
            shared.state().busy = false;
            continue;
        };
        if news.labels || news.new {
            let made = shared.interrupt.obeyed(|| learn(pool, field, &known));
            let Some(round) = told(shared, made)? else {
                shared.state().busy = false;
                continue;
            };
            publish(shared, pool, round, begun.elapsed());
            shared.state().busy = false;
            (shared.watch.changed)(None);
            owed = true;
        }
        let waiting = shared.state().stale;
        if owed && (!waiting || last.is_none_or(|last: Instant| last.elapsed() > MEASURE)) {
            let made = shared.interrupt.obeyed(|| measure(pool, &known));
            last = Some(Instant::now());
            owed = false;
            let Some(found) = told(shared, made)? else { continue };
            let point = found.accuracy.clone().filter(|point| measured.accuracy.as_ref() != Some(point));
            publish_measured(shared, &found);
            measured = found;
            (shared.watch.changed)(point);
        }
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

/// What is new.
struct News {
    /// Features.
    fresh: Option<Arc<Pool>>,
    /// Whether there are any.
    new: bool,
    /// Whether labels have changed.
    labels: bool,
}

/// Waits for something new, or only for a moment where something is `owed`; `None` where the work is over.
fn wait(shared: &Shared, owed: bool) -> Option<News> {
    let mut state = shared.state();
    let idle = |state: &State| state.fresh.is_none() && !state.stale;
    while !shared.interrupt.requested() && idle(&state) && !owed {
        state = shared.woken.wait(state).unwrap_or_else(PoisonError::into_inner);
    }
    drop(state);
    std::thread::sleep(GATHER);
    if shared.interrupt.requested() {
        return None;
    }
    let mut state = shared.state();
    let fresh = state.fresh.take();
    state.busy = state.stale || fresh.is_some();
    Some(News { new: fresh.is_some(), fresh, labels: std::mem::take(&mut state.stale) })
}

fn publish(shared: &Shared, pool: &Arc<Pool>, round: Round, took: Duration) {
    let mut state = shared.state();
    state.standing.encoder.clone_from(&pool.encoder);
    state.standing.described = pool.len();
    let before = std::mem::take(&mut state.learned);
    state.learned = Learned {
        pool: Some(Arc::clone(pool)),
        suggestions: Arc::new(round.suggestions),
        answers: Arc::new(round.answers),
        seconds: took.as_secs_f64(),
        rounds: before.rounds + 1,
        ..before
    };
}

fn publish_measured(shared: &Shared, found: &Measured) {
    let mut state = shared.state();
    let learned = &mut state.learned;
    learned.accuracy.clone_from(&found.accuracy);
    learned.doubts = Arc::new(found.doubtful.iter().map(|doubt| (doubt.row, *doubt)).collect());
    learned.doubtful = Arc::new(found.doubtful.clone());
}
