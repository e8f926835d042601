//! Several processes that run one script together.
//!
//! The first rank leads: it alone looks what is stored, works on stages, writes them, and talks. The others follow: at each stage
//! they wait, for as long as it takes, to hear what the leader does. Where it trains in a way that can be shared out
//! ([`Stage::TOGETHER`](crate::Stage::TOGETHER)) they train with it; all else they load when it is done. All ranks need the same
//! folder of results.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use foretask_backend::group::{Fact, Group, GroupError, GroupOptions, Launch, LaunchError};
use foretask_train::Interrupt;

use crate::error::Error;

/// A stage takes as long as it takes; whether its worker lives is noticed all the same, for it keeps the store.
const A_STAGE: Duration = Duration::from_hours(90 * 24);

/// Something that all ranks must have in common: its name and how it is here.
pub type CommonFact = (String, String);

/// How long ranks wait in an exchange for one that does not come, where the environment says so, in seconds.
const LIMIT: &str = "FORETASK_RANK_TIMEOUT";

/// This process among those that run a script together.
pub struct Ranks {
    group: Arc<Group>,
    stages: AtomicU64,
    /// While the leader works on something that the others only wait for.
    alone: AtomicBool,
    /// Where a follower's run folder goes.
    own: PathBuf,
}

impl std::fmt::Debug for Ranks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ranks").field("group", &self.group).finish_non_exhaustive()
    }
}

/// What the leader does about a stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lead {
    Loads,
    Makes,
}

impl Ranks {
    /// How many processes the environment speaks of, and the number of this one.
    ///
    /// # Errors
    /// Half-set variables.
    pub fn of_environment() -> Result<(usize, usize), Error> {
        let launch = Launch::from_environment()?;
        Ok((launch.ranks, launch.rank))
    }

    /// Whether this program can be one of several.
    ///
    /// # Errors
    /// A build without libtorch.
    pub fn possible() -> Result<(), Error> {
        Ok(Group::possible()?)
    }

    /// Joins the processes that a launcher started together with this one; `None` where there are none.
    ///
    /// # Errors
    /// Half-set variables, ranks that do not come or differ in a fact, a process without libtorch.
    pub fn join(facts: &[CommonFact], interrupt: &Interrupt) -> Result<Option<Arc<Self>>, Error> {
        let launch = Launch::from_environment()?;
        if launch.ranks <= 1 {
            return Ok(None);
        }
        let facts: Vec<Fact> = facts.iter().map(|(name, value)| Fact::new(name, value)).collect();
        let asked = interrupt.clone();
        let mut options = GroupOptions { interrupted: Arc::new(move || asked.requested()), ..GroupOptions::default() };
        if let Some(limit) = limit()? {
            options.limit = limit;
        }
        let group = Arc::new(Group::join(&launch, &facts, &options)?);
        let own = std::env::temp_dir().join(format!("foretask-rank-{}-{}", launch.rank, std::process::id()));
        Ok(Some(Arc::new(Self { group, stages: AtomicU64::new(0), alone: AtomicBool::new(false), own })))
    }

    /// Whether this is the one that works, writes and talks.
    pub fn leads(&self) -> bool {
        self.group.is_first()
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.group.ranks()
    }

    /// Where this process may put the folder of its run.
    pub(crate) fn folder<'a>(&'a self, out: &'a Path) -> &'a Path {
        if self.leads() { out } else { &self.own }
    }

    /// Ends the work together: the first to be done waits for the last.
    ///
    /// # Errors
    /// A rank is gone.
    pub fn finish(&self) -> Result<(), Error> {
        if self.leads() {
            self.group.set("end", b"end")?;
        } else {
            self.group.get("end", A_STAGE)?;
        }
        Ok(self.group.barrier()?)
    }

    /// Whether the leader has company in its next stage.
    pub(crate) fn speaks(&self) -> bool {
        !self.alone.load(Ordering::Relaxed)
    }

    /// The number of the next stage.
    pub(crate) fn next(&self) -> u64 {
        self.stages.fetch_add(1, Ordering::Relaxed)
    }

    /// Tells the others what happens with a stage.
    pub(crate) fn tell(&self, number: u64, key: &str, lead: Lead) -> Result<(), Error> {
        let word = if lead == Lead::Makes { "makes" } else { "loads" };
        Ok(self.group.set(&format!("stage/{number}"), format!("{word} {key}").as_bytes())?)
    }

    /// Tells the others that a stage's result lies in its folder.
    pub(crate) fn tell_done(&self, number: u64) -> Result<(), Error> {
        Ok(self.group.set(&format!("stage/{number}/done"), b"done")?)
    }

    /// What the leader does about the stage with this key.
    pub(crate) fn hear(&self, number: u64, title: &str, key: &str) -> Result<Lead, Error> {
        let told = self.group.get(&format!("stage/{number}"), A_STAGE)?;
        match String::from_utf8_lossy(&told).split_once(' ') {
            Some(("makes", its)) if its == key => Ok(Lead::Makes),
            Some(("loads", its)) if its == key => Ok(Lead::Loads),
            _ => Err(Error::failed(format!(
                "rank {} came to \"{title}\" with other data, options or device than rank 0",
                self.group.rank()
            ))
            .help("give all ranks the same script, the same data, and a script that does not depend on the clock")),
        }
    }

    /// Waits until the leader has written the stage.
    pub(crate) fn hear_done(&self, number: u64) -> Result<(), Error> {
        self.group.get(&format!("stage/{number}/done"), A_STAGE)?;
        Ok(())
    }

    /// Runs this rank's part of a training.
    pub(crate) fn together<T>(&self, work: impl FnOnce() -> T) -> T {
        self.group.together(work)
    }

    /// Runs what the leader does while the others wait: the stages within it are its own.
    pub(crate) fn alone<T>(&self, work: impl FnOnce() -> T) -> T {
        /// Put back even if `work` panics.
        struct Before<'a>(&'a AtomicBool, bool);
        impl Drop for Before<'_> {
            fn drop(&mut self) {
                self.0.store(self.1, Ordering::Relaxed);
            }
        }
        let _before = Before(&self.alone, self.alone.swap(true, Ordering::Relaxed));
        work()
    }
}

impl Drop for Ranks {
    fn drop(&mut self) {
        // There only if this process made it.
        let _ = std::fs::remove_dir_all(&self.own);
    }
}

fn limit() -> Result<Option<Duration>, Error> {
    let Ok(text) = std::env::var(LIMIT) else { return Ok(None) };
    match text.trim().parse() {
        Ok(seconds @ 1..) => Ok(Some(Duration::from_secs(seconds))),
        _ => Err(Error::input(format!("{LIMIT} is \"{text}\", but must be a whole number of seconds, at least 1"))),
    }
}

impl From<LaunchError> for Error {
    fn from(error: LaunchError) -> Self {
        Self::input(error.to_string())
    }
}

impl From<GroupError> for Error {
    fn from(error: GroupError) -> Self {
        match error {
            GroupError::Interrupted { .. } => Self::interrupted(error.to_string()),
            error => Self::failed(error.to_string()),
        }
    }
}
