//! A rank's place at the meeting: who else is there, and parting so that nobody is left with questions.

use std::time::{Duration, Instant};

use super::error::GroupError;
use super::facts::{Card, Fact};
use super::failure::{Failure, Kind};
use super::launch::{Keeper, Meeting};
use super::member::Member;
use super::store::{Store, Trouble, keeps};

/// How long the one who keeps the store stays for the others once it is done.
const PARTING: Duration = Duration::from_secs(3);

/// A rank's place at the meeting.
pub(super) struct Rendezvous {
    pub(super) store: Store,
    pub(super) me: Member,
    pub(super) ranks: usize,
    meeting: Meeting,
}

/// What the others told.
pub(super) enum Cards {
    /// All of them, in the order of the ranks.
    All(Vec<Card>),
    /// Time ran out.
    Incomplete {
        /// Those that came.
        came: Vec<Card>,
        /// The ranks of all others.
        missing: Vec<usize>,
    },
}

impl Rendezvous {
    pub(super) fn new(store: Store, me: Member, ranks: usize, meeting: Meeting) -> Self {
        Self { store, me, ranks, meeting }
    }

    /// Shows the others what this rank has, and waits for theirs. Each is held against that of rank 0 when it comes.
    ///
    /// # Errors
    /// [`GroupError::Differs`], and what the store refuses.
    pub(super) fn show(
        &self,
        topic: &str,
        facts: Vec<Fact>,
        until: Instant,
        interrupted: &dyn Fn() -> bool,
    ) -> Result<Cards, GroupError> {
        let own = Card { member: self.me.clone(), facts };
        let trouble = |trouble| self.trouble(trouble);
        self.store.set(format!("{topic}/{}", self.me.rank), own.pack()).map_err(trouble)?;
        let (mut came, mut missing) = (Vec::<Card>::new(), Vec::new());
        for rank in 0..self.ranks {
            let found = self.store.wait(&format!("{topic}/{rank}"), until, interrupted).map_err(trouble)?;
            let Some(bytes) = found else {
                missing.push(rank);
                continue;
            };
            // A program of another kind tells something else.
            let unknown = || Member { rank, host: "an unknown machine".into(), process: 0 };
            let card = Card::unpack(rank, &bytes).unwrap_or_else(|| Card { member: unknown(), facts: Vec::new() });
            // Where rank 0 is not there, this rank stands for it.
            let difference = match came.first().filter(|first| first.member.rank == 0) {
                Some(first) => first.difference(&card),
                None if rank == 0 => card.difference(&own),
                None => own.difference(&card),
            };
            if let Some(difference) = difference {
                return Err(GroupError::Differs(Box::new(difference)));
            }
            came.push(card);
        }
        Ok(if missing.is_empty() { Cards::All(came) } else { Cards::Incomplete { came, missing } })
    }

    /// Whether another rank is done.
    pub(super) fn has_parted(&self, rank: usize) -> Result<bool, Trouble> {
        Ok(self.store.get(parted(rank))?.is_some())
    }

    /// What it means that the store gave no answer.
    pub(super) fn trouble(&self, trouble: Trouble) -> GroupError {
        let me = self.me.clone();
        match trouble {
            Trouble::Interrupted => GroupError::Interrupted { me },
            // The one who keeps it cannot lose it to somebody else.
            Trouble::Refused(Failure { kind: Kind::Other, message }) => {
                GroupError::Refused { me, what: "use the store", words: message }
            }
            Trouble::Refused(failure) => {
                let Meeting { host, port, .. } = self.meeting.clone();
                let keeper = keeper(&self.meeting).to_owned();
                GroupError::KeeperGone { me, keeper, host, port, words: failure.message }
            }
        }
    }
}

/// Who keeps the store of a meeting place.
pub(super) fn keeper(meeting: &Meeting) -> &'static str {
    match meeting.keeper {
        Keeper::FirstRank => "rank 0",
        Keeper::Agent => "torchrun's agent",
    }
}

fn parted(rank: usize) -> String {
    format!("parted/{rank}")
}

/// The others may still have to read what happened, and whoever keeps the store waits for them, for a moment.
impl Drop for Rendezvous {
    fn drop(&mut self) {
        if self.store.set(parted(self.me.rank), Vec::new()).is_err() || !keeps(&self.meeting, self.me.rank) {
            return;
        }
        let until = Instant::now() + PARTING;
        for rank in 0..self.ranks {
            if !matches!(self.store.wait(&parted(rank), until, &|| false), Ok(Some(_))) {
                return;
            }
        }
    }
}
