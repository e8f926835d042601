//! The store of small texts that all ranks reach, whose operations end in time whatever its keeper does.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::engine::RawStore;
use super::failure::{Failure, Kind};
use super::launch::{Keeper, Meeting};
use super::within::{Unfinished, within};

/// How long a store that is there may take for one operation, which takes it a thousandth of a second unless the machine is
/// overloaded.
const OPERATION: Duration = Duration::from_secs(10);

/// Longest time between two looks for a text that somebody is going to set.
const LOOK: Duration = Duration::from_millis(50);

/// Stores that this process keeps stay open as long as it lives: a rank that is quick to join the next group finds the store of the
/// last one, and it must be the same.
static KEPT: Mutex<Vec<Arc<RawStore>>> = Mutex::new(Vec::new());

/// Why the store gave no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    Refused(Failure),
    Interrupted,
}

impl From<Failure> for Trouble {
    fn from(failure: Failure) -> Self {
        Self::Refused(failure)
    }
}

impl From<Unfinished> for Trouble {
    fn from(unfinished: Unfinished) -> Self {
        match unfinished {
            Unfinished::Late => Self::Refused(Failure::new(Kind::Late, "no answer")),
            Unfinished::Interrupted => Self::Interrupted,
        }
    }
}

/// A store that all ranks reach.
#[derive(Clone)]
pub(super) struct Store {
    raw: Arc<RawStore>,
    /// It has not answered once; nobody waits for it again.
    silent: Arc<AtomicBool>,
}

impl Store {
    /// Opens the store of the meeting place: rank 0 keeps it unless an agent does. All keys begin with `prefix`.
    pub(super) fn open(
        meeting: &Meeting,
        rank: usize,
        prefix: String,
        limit: Duration,
        interrupted: &dyn Fn() -> bool,
    ) -> Result<Self, Trouble> {
        let keeps = keeps(meeting, rank);
        let (host, port) = (meeting.host.clone(), meeting.port);
        // libtorch ends by itself at its limit, unless somebody answers there who is no store.
        let patience = limit + OPERATION;
        let open = move || RawStore::open(&host, port, keeps, &prefix, limit);
        let raw = Arc::new(within(patience, interrupted, open)??);
        if keeps {
            KEPT.lock().unwrap_or_else(PoisonError::into_inner).push(raw.clone());
        }
        Ok(Self { raw, silent: Arc::default() })
    }

    /// For whoever may be kept waiting.
    pub(super) fn raw(&self) -> Arc<RawStore> {
        self.raw.clone()
    }

    fn ask<T: Send + 'static>(
        &self,
        work: impl FnOnce(&RawStore) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Trouble> {
        if self.silent.load(Ordering::Relaxed) {
            return Err(Unfinished::Late.into());
        }
        let raw = self.raw();
        let answer = within(OPERATION, &|| false, move || work(&raw));
        self.silent.fetch_or(answer.is_err(), Ordering::Relaxed);
        Ok(answer??)
    }

    pub(super) fn set(&self, key: impl Into<String>, value: Vec<u8>) -> Result<(), Trouble> {
        let key = key.into();
        self.ask(move |raw| raw.set(&key, &value))
    }

    /// The sum of what all have added under this key.
    pub(super) fn add(&self, key: impl Into<String>, more: i64) -> Result<i64, Trouble> {
        let key = key.into();
        self.ask(move |raw| raw.add(&key, more))
    }

    /// `None` where nobody has set it yet.
    pub(super) fn get(&self, key: impl Into<String>) -> Result<Option<Vec<u8>>, Trouble> {
        let key = key.into();
        self.ask(move |raw| raw.get(&key))
    }

    /// The same once somebody has set it; `None` where nobody does until then.
    pub(super) fn wait(
        &self,
        key: &str,
        until: Instant,
        interrupted: &dyn Fn() -> bool,
    ) -> Result<Option<Vec<u8>>, Trouble> {
        let mut pause = Duration::from_millis(1);
        loop {
            if let Some(value) = self.get(key)? {
                return Ok(Some(value));
            }
            if interrupted() {
                return Err(Trouble::Interrupted);
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(None);
            }
            std::thread::sleep(pause.min(left));
            pause = (pause * 2).min(LOOK);
        }
    }
}

/// Whether this rank keeps the store.
pub(super) fn keeps(meeting: &Meeting, rank: usize) -> bool {
    meeting.keeper == Keeper::FirstRank && rank == 0
}
