//! Whose fault it is that an exchange failed: gloo says only that a connection broke or a time is over.

use std::time::{Duration, Instant};

use super::packed::{pack, unpack};
use super::pulse::{BEAT, Reading};
use super::rendezvous::Rendezvous;
use super::store::Trouble;

/// How long a rank may give no sign of life before it counts as gone. Machines with more to do than cores are slow to give one.
const SILENCE: Duration = Duration::from_secs(4);

const VERDICT: &str = "verdict";

/// What the ranks agree to have happened: that of the first one to look, for what follows are consequences.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// These left in good order.
    Left(Vec<usize>),
    /// These give no sign of life.
    Gone(Vec<usize>),
    /// These live, but have not come.
    Late(Vec<usize>),
    /// All live and have come; the engine's words.
    Lost(String),
}

impl Verdict {
    fn pack(&self) -> Vec<u8> {
        let (kind, ranks, words) = match self {
            Self::Left(ranks) => ("left", ranks.as_slice(), ""),
            Self::Gone(ranks) => ("gone", ranks.as_slice(), ""),
            Self::Late(ranks) => ("late", ranks.as_slice(), ""),
            Self::Lost(words) => ("lost", [].as_slice(), words.as_str()),
        };
        let mut texts = vec![kind.to_owned(), words.to_owned()];
        texts.extend(ranks.iter().map(ToString::to_string));
        pack(&texts)
    }

    fn unpack(bytes: &[u8]) -> Option<Self> {
        let texts = unpack(bytes)?;
        let [kind, words, ranks @ ..] = texts.as_slice() else { return None };
        let ranks = ranks.iter().map(|rank| rank.parse().ok()).collect::<Option<Vec<usize>>>()?;
        match kind.as_str() {
            "left" => Some(Self::Left(ranks)),
            "gone" => Some(Self::Gone(ranks)),
            "late" => Some(Self::Late(ranks)),
            "lost" => Some(Self::Lost(words.clone())),
            _ => None,
        }
    }
}

/// Finds out what happened in an exchange that failed on this rank, and tells all who ask later.
pub(super) fn hold(rendezvous: &Rendezvous, exchange: u64, words: &str) -> Result<Verdict, Trouble> {
    let verdict = match look(rendezvous, exchange, words)? {
        Found::Told(verdict) => return Ok(verdict),
        Found::Own(verdict) => verdict,
    };
    let store = &rendezvous.store;
    if store.add("verdicts", 1)? == 1 {
        store.set(VERDICT, verdict.pack())?;
        return Ok(verdict);
    }
    // Another rank has come to its own at the same moment.
    let told = store.wait(VERDICT, Instant::now() + BEAT, &|| false)?;
    Ok(told.and_then(|bytes| Verdict::unpack(&bytes)).unwrap_or(verdict))
}

enum Found {
    /// By another rank.
    Told(Verdict),
    Own(Verdict),
}

fn look(rendezvous: &Rendezvous, exchange: u64, words: &str) -> Result<Found, Trouble> {
    let others: Vec<usize> = (0..rendezvous.ranks).filter(|&rank| rank != rendezvous.me.rank).collect();
    let until = Instant::now() + SILENCE;
    let mut before = None;
    loop {
        if let Some(told) = rendezvous.store.get(VERDICT)?.and_then(|bytes| Verdict::unpack(&bytes)) {
            return Ok(Found::Told(told));
        }
        let mut left = Vec::new();
        let mut now = Vec::new();
        for &rank in &others {
            if rendezvous.has_parted(rank)? {
                left.push(rank);
            }
            now.push((rank, Reading::of(&rendezvous.store, rank)?));
        }
        if !left.is_empty() {
            return Ok(Found::Own(Verdict::Left(left)));
        }
        let before = before.get_or_insert_with(|| now.clone());
        if Instant::now() >= until || silent(before, &now).is_empty() {
            return Ok(Found::Own(judge(before, &now, exchange, words)));
        }
        std::thread::sleep(BEAT / 5);
    }
}

/// Those that have given no sign of life since.
fn silent(before: &[(usize, Reading)], now: &[(usize, Reading)]) -> Vec<usize> {
    let pairs = before.iter().zip(now);
    pairs.filter(|((_, before), (_, now))| now.beat == before.beat).map(|(_, &(rank, _))| rank).collect()
}

/// What follows from two readings of all others' signs of life, the second of which was given after exchange number `exchange` failed.
fn judge(before: &[(usize, Reading)], now: &[(usize, Reading)], exchange: u64, words: &str) -> Verdict {
    let silent = silent(before, now);
    let late: Vec<usize> = now.iter().filter(|(_, now)| now.exchange < exchange).map(|&(rank, _)| rank).collect();
    match (silent.is_empty(), late.is_empty()) {
        (false, _) => Verdict::Gone(silent),
        (true, false) => Verdict::Late(late),
        (true, true) => Verdict::Lost(words.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn readings(all: &[(usize, u64, u64)]) -> Vec<(usize, Reading)> {
        all.iter().map(|&(rank, beat, exchange)| (rank, Reading { beat, exchange })).collect()
    }

    #[test]
    fn who_is_silent_is_gone_and_who_is_behind_is_late() {
        let before = readings(&[(0, 5, 9), (2, 7, 8), (3, 2, 9)]);
        let alive = [(0, 6, 9), (2, 8, 9), (3, 3, 10)];
        assert_eq!(judge(&before, &readings(&alive), 9, "closed"), Verdict::Lost("closed".into()));
        let behind = [(0, 6, 9), (2, 8, 8), (3, 3, 9)];
        assert_eq!(judge(&before, &readings(&behind), 9, ""), Verdict::Late(vec![2]));
        let dead = [(0, 6, 9), (2, 7, 8), (3, 3, 9)];
        assert_eq!(judge(&before, &readings(&dead), 9, ""), Verdict::Gone(vec![2]));
    }

    #[test]
    fn verdicts_come_back_as_they_were_told() {
        for verdict in [
            Verdict::Left(vec![3]),
            Verdict::Gone(vec![0, 12]),
            Verdict::Late(vec![1]),
            Verdict::Lost("closed by\npeer".into()),
        ] {
            assert_eq!(Verdict::unpack(&verdict.pack()), Some(verdict));
        }
        assert_eq!(Verdict::unpack(&pack(&["late", "", "x"])), None);
    }
}
