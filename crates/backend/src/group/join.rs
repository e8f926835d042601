//! How the processes of a launch become a group.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::address::Address;
use super::collective::{Group, Joined};
use super::engine::{RawGroup, engine};
use super::error::GroupError;
use super::facts::{Card, Fact};
use super::failure::{Failure, Kind};
use super::launch::{Launch, Meeting};
use super::member::Member;
use super::options::GroupOptions;
use super::pulse::Pulse;
use super::rendezvous::{Cards, Rendezvous, keeper};
use super::store::{Store, Trouble};
use super::within::within;
use crate::device::GET_LIBTORCH;

/// How many groups this process has been in: a later one finds nothing of an earlier one in an agent's store.
static BEFORE: AtomicU64 = AtomicU64::new(0);

/// How long connections may take between ranks that are all there.
const CONNECTING: Duration = Duration::from_mins(1);

impl Group {
    /// Whether this build can join processes at all.
    ///
    /// # Errors
    /// [`GroupError::NoEngine`].
    pub fn possible() -> Result<(), GroupError> {
        needs_engine(&Member::here(0))
    }

    /// Joins the other processes of a launch. A process that is alone joins nobody, and needs no engine.
    ///
    /// All ranks must have `facts` in common, and the version of this crate and the number of ranks besides: they are compared before
    /// anything is exchanged, for gloo ends a process in which sizes do not fit. Whatever decides the size of an exchange belongs
    /// among them: model, options, the data's fingerprint, the number of gradients.
    ///
    /// # Errors
    /// [`GroupError`]: another program at the port, nobody at the meeting place, ranks that do not come or differ.
    pub fn join(launch: &Launch, facts: &[Fact], options: &GroupOptions) -> Result<Self, GroupError> {
        let Some(meeting) = launch.meeting.as_ref().filter(|_| launch.ranks > 1) else {
            return Ok(Self::alone());
        };
        let until = Instant::now() + options.joining;
        let me = Member::here(launch.rank);
        needs_engine(&me)?;
        let prefix = format!("foretask/{}/{}", meeting.job, BEFORE.load(Ordering::Relaxed));
        let store = Store::open(meeting, launch.rank, prefix, options.joining, &*options.interrupted)
            .map_err(|trouble| unopened(trouble, &me, meeting, options.joining))?;
        let rendezvous = Rendezvous::new(store, me, launch.ranks, meeting.clone());
        claim(&rendezvous)?;
        let cards = rendezvous.show("member", with_ours(launch, facts), until, &*options.interrupted)?;
        let members = match cards {
            Cards::All(cards) => members(cards),
            Cards::Incomplete { came, missing } => {
                let (me, joined) = (rendezvous.me.clone(), members(came));
                return Err(GroupError::Absent { me, missing, ranks: launch.ranks, joined, limit: options.joining });
            }
        };
        let connections = connect(&rendezvous, meeting, options)?;
        BEFORE.fetch_add(1, Ordering::Relaxed);
        let exchanges = Arc::new(AtomicU64::new(0));
        let pulse = Pulse::start(&rendezvous.store, launch.rank, exchanges.clone());
        Ok(Self::of(members, Joined::new(connections, pulse, rendezvous, exchanges), options.limit))
    }
}

fn members(cards: Vec<Card>) -> Vec<Member> {
    cards.into_iter().map(|card| card.member).collect()
}

/// What must be the same whoever calls.
fn with_ours(launch: &Launch, facts: &[Fact]) -> Vec<Fact> {
    let version = Fact::new("the version of Foretask", env!("CARGO_PKG_VERSION"));
    let ranks = Fact::new("the number of ranks", launch.ranks);
    [version, ranks].into_iter().chain(facts.iter().cloned()).collect()
}

/// What it means that there is no store.
fn unopened(trouble: Trouble, me: &Member, meeting: &Meeting, limit: Duration) -> GroupError {
    let me = me.clone();
    match trouble {
        Trouble::Interrupted => GroupError::Interrupted { me },
        Trouble::Refused(failure) if failure.message.contains("EADDRINUSE") => {
            GroupError::PortTaken { me, port: meeting.port }
        }
        Trouble::Refused(Failure { kind: Kind::Late | Kind::Network, message }) => GroupError::NoMeeting {
            me,
            host: meeting.host.clone(),
            port: meeting.port,
            keeper: keeper(meeting),
            limit,
            words: message,
        },
        Trouble::Refused(failure) => GroupError::Refused { me, what: "open the meeting place", words: failure.message },
    }
}

fn needs_engine(me: &Member) -> Result<(), GroupError> {
    match engine() {
        Some(_) => Ok(()),
        None => Err(GroupError::NoEngine { me: me.clone(), fix: GET_LIBTORCH }),
    }
}

/// Takes this rank's number, which nobody else may have.
fn claim(rendezvous: &Rendezvous) -> Result<(), GroupError> {
    let (store, me) = (&rendezvous.store, &rendezvous.me);
    let trouble = |trouble| rendezvous.trouble(trouble);
    let key = format!("claim/{}", me.rank);
    let card = Card { member: me.clone(), facts: Vec::new() };
    if store.add(format!("{key}/count"), 1).map_err(trouble)? == 1 {
        return store.set(key, card.pack()).map_err(trouble);
    }
    let until = Instant::now() + Duration::from_secs(1);
    let other = store.wait(&key, until, &|| false).map_err(trouble)?;
    let other = other.and_then(|bytes| Card::unpack(me.rank, &bytes)).map_or_else(|| me.clone(), |card| card.member);
    Err(GroupError::Twice { me: me.clone(), other })
}

/// Connects to all others, which are there and do the same.
fn connect(rendezvous: &Rendezvous, meeting: &Meeting, options: &GroupOptions) -> Result<RawGroup, GroupError> {
    let me = || rendezvous.me.clone();
    // Only now: the name of a machine of a cluster may be unknown until that machine runs.
    let own = Address::own(meeting).map_err(|error| {
        let words = error.to_string();
        GroupError::NoWay { me: me(), host: meeting.host.clone(), words }
    })?;
    let (raw, rank, ranks, limit) = (rendezvous.store.raw(), rendezvous.me.rank, rendezvous.ranks, options.limit);
    let join = move || RawGroup::join(&raw, &own, [rank, ranks], [CONNECTING, limit]);
    // gloo ends by itself; who leaves it behind would leave standard output with it.
    match within(CONNECTING * 3, &|| false, join) {
        Ok(Ok(connections)) => Ok(connections),
        Ok(Err(Failure { message: words, .. })) => {
            Err(GroupError::Refused { me: me(), what: "connect to the other ranks", words })
        }
        Err(unfinished) => Err(rendezvous.trouble(unfinished.into())),
    }
}
