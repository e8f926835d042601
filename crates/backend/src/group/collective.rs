//! What the ranks of a group do together.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::engine::RawGroup;
use super::error::GroupError;
use super::facts::{Difference, Fact};
use super::failure::Failure;
use super::member::Member;
use super::pulse::Pulse;
use super::rendezvous::{Cards, Rendezvous};
use super::roll_call::{self, Verdict};

/// So many exchanges are preceded by one of their sizes, which costs a tenth of a millisecond on one machine: where ranks compute
/// different things they do so from the first steps on.
const CHECKED: u64 = 256;

/// Processes that exchange numbers. All of them call the same functions, with equal sizes, in the same order.
///
/// Results are the same to the bit on all ranks, and from run to run with as many ranks. Once an exchange has failed, all others
/// do, with the same error. Dropped without [`Group::leave`] it parts from the others at once.
pub struct Group {
    me: Member,
    members: Vec<Member>,
    limit: Duration,
    /// `None` where there is nobody else.
    joined: Option<Joined>,
}

/// Connections to others. What is declared first is closed first: whoever waits for this rank notices, and asks the store, which
/// is there to the last.
pub(super) struct Joined {
    state: Mutex<State>,
    _pulse: Pulse,
    rendezvous: Rendezvous,
    exchanges: Arc<AtomicU64>,
    agreements: AtomicU64,
    /// Nanoseconds that exchanges have taken.
    took: AtomicU64,
}

struct State {
    connections: RawGroup,
    broken: Option<GroupError>,
}

impl Joined {
    pub(super) fn new(connections: RawGroup, pulse: Pulse, rendezvous: Rendezvous, exchanges: Arc<AtomicU64>) -> Self {
        let state = Mutex::new(State { connections, broken: None });
        Self { state, _pulse: pulse, rendezvous, exchanges, agreements: AtomicU64::new(0), took: AtomicU64::new(0) }
    }
}

/// One kind of exchange, and how large it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Exchange {
    Sum(usize),
    Gather(usize),
    Broadcast(usize, usize),
    Barrier,
}

impl Exchange {
    /// As numbers, which all ranks compare.
    fn header(self) -> [i64; 3] {
        match self {
            Self::Sum(count) => [1, count as i64, 0],
            Self::Gather(count) => [2, count as i64, 0],
            Self::Broadcast(count, from) => [3, count as i64, from as i64],
            Self::Barrier => [4, 0, 0],
        }
    }

    /// In words, of such numbers.
    fn described([kind, count, from]: [i64; 3]) -> String {
        match kind {
            1 => format!("the sum of {count} number(s)"),
            2 => format!("{count} number(s) of each rank"),
            3 => format!("{count} number(s) of rank {from}"),
            _ => "a barrier".to_owned(),
        }
    }
}

impl Group {
    /// A group of this process alone, in which every exchange is done at once.
    pub fn alone() -> Self {
        let me = Member::here(0);
        Self { members: vec![me.clone()], me, limit: Duration::ZERO, joined: None }
    }

    pub(super) fn of(members: Vec<Member>, joined: Joined, limit: Duration) -> Self {
        Self { me: joined.rendezvous.me.clone(), members, limit, joined: Some(joined) }
    }

    /// This process's number, from 0.
    pub fn rank(&self) -> usize {
        self.me.rank
    }

    /// How many ranks there are.
    pub fn ranks(&self) -> usize {
        self.members.len()
    }

    /// Whether this rank is the one that writes files and talks to people.
    pub fn is_first(&self) -> bool {
        self.rank() == 0
    }

    /// How long exchanges have taken so far, other ranks' being late among it.
    pub fn exchanging(&self) -> Duration {
        self.joined.as_ref().map_or(Duration::ZERO, |joined| Duration::from_nanos(joined.took.load(Ordering::Relaxed)))
    }

    /// All ranks, in their order, with their machines.
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    /// Changes `values` to the sums of all ranks' values, place by place.
    ///
    /// # Errors
    /// [`GroupError`]: a rank is gone, does not come within the limit, or exchanges something else.
    pub fn all_reduce(&self, values: &mut [f32]) -> Result<(), GroupError> {
        self.exchange(Exchange::Sum(values.len()), |connections| match values {
            [] => Ok(()),
            values => connections.sum(values),
        })
    }

    /// The blocks of all ranks, which are of equal length, one after another in their order.
    ///
    /// # Errors
    /// As [`Group::all_reduce`].
    pub fn all_gather(&self, block: &[f32]) -> Result<Vec<f32>, GroupError> {
        let mut all = if self.joined.is_some() { vec![0.0; block.len() * self.ranks()] } else { block.to_vec() };
        self.exchange(Exchange::Gather(block.len()), |connections| match block {
            [] => Ok(()),
            block => connections.gather(block, &mut all),
        })?;
        Ok(all)
    }

    /// Changes `values` to those of the rank `from`, on all ranks.
    ///
    /// # Errors
    /// As [`Group::all_reduce`].
    ///
    /// # Panics
    /// Where there is no such rank.
    pub fn broadcast(&self, values: &mut [f32], from: usize) -> Result<(), GroupError> {
        assert!(from < self.ranks(), "there is no rank {from} among {}", self.ranks());
        self.exchange(Exchange::Broadcast(values.len(), from), |connections| match values {
            [] => Ok(()),
            values => connections.broadcast(values, from),
        })
    }

    /// Returns once all ranks have called it.
    ///
    /// # Errors
    /// As [`Group::all_reduce`].
    pub fn barrier(&self) -> Result<(), GroupError> {
        self.exchange(Exchange::Barrier, RawGroup::barrier)
    }

    /// Makes sure that all ranks have these facts in common. It goes through the store and takes milliseconds.
    ///
    /// # Errors
    /// [`GroupError::Differs`] on all ranks that see the difference, and as [`Group::all_reduce`].
    pub fn agree(&self, facts: &[Fact]) -> Result<(), GroupError> {
        let Some(joined) = &self.joined else { return Ok(()) };
        let number = joined.agreements.fetch_add(1, Ordering::Relaxed);
        let until = Instant::now() + self.limit;
        match joined.rendezvous.show(&format!("agree/{number}"), facts.to_vec(), until, &|| false)? {
            Cards::All(_) => Ok(()),
            Cards::Incomplete { missing, .. } => {
                let late = missing.iter().map(|&rank| self.members[rank].clone()).collect();
                let number = joined.exchanges.load(Ordering::Relaxed);
                Err(GroupError::Late { me: self.me.clone(), late, number, limit: self.limit })
            }
        }
    }

    /// Tells all ranks something under a name, as a text of a few kilobytes at most.
    ///
    /// # Errors
    /// [`GroupError::KeeperGone`].
    pub fn set(&self, key: &str, value: &[u8]) -> Result<(), GroupError> {
        let Some(joined) = &self.joined else { return Ok(()) };
        let rendezvous = &joined.rendezvous;
        rendezvous.store.set(told(key), value.to_vec()).map_err(|trouble| rendezvous.trouble(trouble))
    }

    /// What a rank told under this name, waiting for it so long.
    ///
    /// # Errors
    /// [`GroupError::Untold`] where nobody does, [`GroupError::KeeperGone`].
    pub fn get(&self, key: &str, limit: Duration) -> Result<Vec<u8>, GroupError> {
        let untold = || GroupError::Untold { me: self.me.clone(), key: key.to_owned(), limit };
        let Some(joined) = &self.joined else { return Err(untold()) };
        let rendezvous = &joined.rendezvous;
        let found = rendezvous.store.wait(&told(key), Instant::now() + limit, &|| false);
        found.map_err(|trouble| rendezvous.trouble(trouble))?.ok_or_else(untold)
    }

    /// Parts once all ranks are here: nobody is missed in an exchange.
    ///
    /// # Errors
    /// As [`Group::all_reduce`].
    pub fn leave(self) -> Result<(), GroupError> {
        self.barrier()
    }

    /// One exchange in its turn.
    fn exchange(&self, kind: Exchange, work: impl FnOnce(&RawGroup) -> Result<(), Failure>) -> Result<(), GroupError> {
        let Some(joined) = &self.joined else { return Ok(()) };
        let mut state = joined.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(error) = &state.broken {
            return Err(error.clone());
        }
        let (number, begin) = (joined.exchanges.fetch_add(1, Ordering::Relaxed) + 1, Instant::now());
        let done = self.check(kind, number, &state.connections).and_then(|()| {
            work(&state.connections).map_err(|failure| self.explain(&joined.rendezvous, number, &failure))
        });
        joined.took.fetch_add(begin.elapsed().as_nanos() as u64, Ordering::Relaxed);
        if let Err(error) = &done {
            state.broken = Some(error.clone());
        }
        done
    }

    /// Makes sure that all ranks are about to exchange the same.
    fn check(&self, kind: Exchange, number: u64, connections: &RawGroup) -> Result<(), GroupError> {
        let Some(joined) = self.joined.as_ref().filter(|_| number <= CHECKED) else { return Ok(()) };
        let own = kind.header();
        let mut all = vec![0; own.len() * self.ranks()];
        connections.gather(&own, &mut all).map_err(|failure| self.explain(&joined.rendezvous, number, &failure))?;
        let headers: Vec<[i64; 3]> = all.as_chunks().0.to_vec();
        match headers.iter().position(|header| *header != headers[0]) {
            None => Ok(()),
            Some(rank) => Err(GroupError::Unequal(Box::new(Difference {
                what: format!("exchange {number}"),
                first: self.members[0].clone(),
                its: Exchange::described(headers[0]),
                other: self.members[rank].clone(),
                others: Exchange::described(headers[rank]),
            }))),
        }
    }

    /// Whose fault it is that an exchange failed.
    fn explain(&self, rendezvous: &Rendezvous, number: u64, failure: &Failure) -> GroupError {
        let me = self.me.clone();
        let named = |ranks: Vec<usize>| ranks.iter().filter_map(|&rank| self.members.get(rank).cloned()).collect();
        match roll_call::hold(rendezvous, number, &failure.message) {
            Ok(Verdict::Left(ranks)) => GroupError::Left { me, left: named(ranks), number },
            Ok(Verdict::Gone(ranks)) => GroupError::Gone { me, gone: named(ranks), number },
            Ok(Verdict::Late(ranks)) => GroupError::Late { me, late: named(ranks), number, limit: self.limit },
            Ok(Verdict::Lost(words)) => GroupError::Lost { me, number, words },
            Err(trouble) => rendezvous.trouble(trouble),
        }
    }
}

impl std::fmt::Debug for Group {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Group").field("me", &self.me).field("members", &self.members).finish_non_exhaustive()
    }
}

fn told(key: &str) -> String {
    format!("told/{key}")
}
