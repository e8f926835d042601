//! `cargo xtask torture`: disturbs the built binary in every way that machines, disks and people do, and says what broke.
//!
//! Everything tried is a case with a name, GROUP/KIND/NUMBER ([`case`]). The name and the seed decide all that is random in
//! it, so a failure is repeated with `--case`; only the moment at which a signal arrives depends on the machine, too.

mod archives;
mod case;
mod damage;
mod description;
mod disk;
mod experiments;
mod images;
mod kills;
mod mutate;
mod process;
mod product;
mod scripts;
mod table;
mod tables;
mod threads;
mod verdict;
mod weights;
mod workshop;

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::available_parallelism;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use case::{Case, Tried};
use table::{Failure, Row};
use workshop::Workshop;

/// Options of `cargo xtask torture`.
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:\n  \
    cargo xtask torture                          five minutes of everything\n  \
    cargo xtask torture --minutes 60 --seed 2    an hour of other things\n  \
    cargo xtask torture --only kills --only disk\n  \
    cargo xtask torture --case kills/simclr/3    one case; its files are kept")]
pub(crate) struct Args {
    /// How long.
    #[arg(long, default_value_t = 5.0)]
    pub(crate) minutes: f64,
    /// Seed of all that is random.
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// Only this group; may be repeated.
    #[arg(long, value_name = "GROUP")]
    pub(crate) only: Vec<String>,
    /// Only this case.
    #[arg(long, value_name = "GROUP/KIND/NUMBER", conflicts_with = "only")]
    pub(crate) case: Option<String>,
    /// Cases at the same time; one a core unless given.
    #[arg(long)]
    pub(crate) jobs: Option<usize>,
}

/// One way to disturb.
struct Group {
    name: &'static str,
    /// Parts of the time.
    share: u32,
    kinds: fn() -> Vec<&'static str>,
    run: fn(&Workshop, &Case) -> Result<Tried>,
}

const GROUPS: &[Group] = &[
    Group { name: "kills", share: 34, kinds: experiments::names, run: kills::run },
    Group { name: "damage", share: 14, kinds: || damage::KINDS.to_vec(), run: damage::run },
    Group { name: "threads", share: 12, kinds: experiments::names, run: threads::run },
    Group { name: "images", share: 8, kinds: || images::KINDS.to_vec(), run: images::run },
    Group { name: "tables", share: 6, kinds: || tables::KINDS.to_vec(), run: tables::run },
    Group { name: "archives", share: 6, kinds: || archives::KINDS.to_vec(), run: archives::run },
    Group { name: "weights", share: 6, kinds: || weights::KINDS.to_vec(), run: weights::run },
    Group { name: "scripts", share: 8, kinds: || scripts::KINDS.to_vec(), run: scripts::run },
    Group { name: "disk", share: 6, kinds: || disk::KINDS.to_vec(), run: disk::run },
];

/// Runs the task on the binary that cargo has built.
pub(crate) fn run(args: &Args) -> Result<()> {
    let shop = Workshop::new(crate::ci::foretask()?)?;
    if let Some(name) = &args.case {
        return one(&shop, name, args.seed);
    }
    let groups = choose(&args.only)?;
    let parts: u32 = groups.iter().map(|group| group.share).sum();
    let whole = Duration::from_secs_f64(args.minutes * 60.0);
    let (end, mut rows, mut failed, mut left) = (Instant::now() + whole, Vec::new(), Vec::new(), parts);
    for group in groups {
        // What a group leaves, or takes too much of, is shared by all that follow.
        let now = Instant::now();
        let deadline = now + end.saturating_duration_since(now).mul_f64(f64::from(group.share) / f64::from(left));
        left -= group.share;
        println!("--- {}", group.name);
        let (of_group, mut failures) = try_until(&shop, group, args, deadline);
        rows.extend(of_group);
        failed.append(&mut failures);
    }
    println!("{}\n{}", table::failures(&failed), table::table(&rows));
    match failed.len() {
        0 => Ok(()),
        n => bail!("{n} cases failed, listed above"),
    }
}

fn choose(only: &[String]) -> Result<Vec<&'static Group>> {
    let find = |name: &String| {
        let names = || GROUPS.iter().map(|group| group.name).collect::<Vec<_>>().join(", ");
        GROUPS
            .iter()
            .find(|g| g.name == name)
            .with_context(|| format!("there is no group `{name}`; there are {}", names()))
    };
    if only.is_empty() { Ok(GROUPS.iter().collect()) } else { only.iter().map(find).collect() }
}

/// Tries one case and keeps its files.
fn one(shop: &Workshop, name: &str, seed: u64) -> Result<()> {
    let (group, kind, number) = parse(name)?;
    let case = Case::new(group.name, kind, number, seed);
    case.clear()?;
    println!("{} works in {}", case.name(), case.folder().display());
    match (group.run)(shop, &case)? {
        Tried::Held => println!("{} held", case.name()),
        Tried::Skipped(reason) => println!("{} skipped: {reason}", case.name()),
    }
    Ok(())
}

fn parse(name: &str) -> Result<(&'static Group, &'static str, u64)> {
    let mut parts = name.split('/');
    let (Some(group), Some(kind), Some(number), None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
        bail!("a case is named GROUP/KIND/NUMBER, not `{name}`");
    };
    let group = choose(&[group.to_owned()])?.remove(0);
    let kinds = (group.kinds)();
    let known = kinds.iter().find(|known| **known == kind);
    let kind = known.with_context(|| format!("{} has no kind `{kind}`; it has {}", group.name, kinds.join(", ")))?;
    Ok((group, kind, number.parse().with_context(|| format!("`{number}` is no number"))?))
}

/// The first case of every kind, then the second, and so on, on all cores.
fn try_until(shop: &Workshop, group: &Group, args: &Args, deadline: Instant) -> (Vec<Row>, Vec<Failure>) {
    let kinds = (group.kinds)();
    let rows: Mutex<Vec<_>> =
        Mutex::new(kinds.iter().map(|kind| Row { group: group.name, kind, ..Row::default() }).collect());
    let failures = Mutex::new(Vec::new());
    let next = AtomicU64::new(0);
    let jobs = args.jobs.or_else(|| available_parallelism().ok().map(Into::into)).unwrap_or(1);
    std::thread::scope(|scope| {
        for _ in 0..jobs {
            scope.spawn(|| {
                while Instant::now() < deadline {
                    let position = next.fetch_add(1, Ordering::Relaxed);
                    let at = (position % kinds.len() as u64) as usize;
                    let case = Case::new(group.name, kinds[at], position / kinds.len() as u64, args.seed);
                    let begin = Instant::now();
                    let tried = case.clear().and_then(|()| (group.run)(shop, &case));
                    let failure = tally(&rows, at, &case, tried, begin.elapsed());
                    if let (Some(failure), Ok(mut failures)) = (failure, failures.lock()) {
                        failures.push(failure);
                    }
                }
            });
        }
    });
    (rows.into_inner().unwrap_or_default(), failures.into_inner().unwrap_or_default())
}

/// Counts a case. What a failed one wrote is kept.
fn tally(rows: &Mutex<Vec<Row>>, at: usize, case: &Case, tried: Result<Tried>, time: Duration) -> Option<Failure> {
    let mut rows = rows.lock().ok()?;
    let row = &mut rows[at];
    row.time += time;
    let failure = match tried {
        Ok(Tried::Skipped(reason)) => {
            *row.skipped.entry(reason).or_default() += 1;
            None
        }
        Ok(Tried::Held) => {
            row.tried += 1;
            None
        }
        Err(error) => {
            row.tried += 1;
            row.failed += 1;
            println!("FAILED {}: {error:#}", case.name());
            let kept = case.folder().display().to_string();
            Some(Failure {
                group: case.group,
                kind: case.kind,
                again: case.again(),
                reason: format!("{error:#}"),
                kept,
            })
        }
    };
    if failure.is_none() {
        case.clear().ok();
    }
    failure
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_case_is_found_by_its_name_and_repeats_itself() {
        let (group, kind, number) = parse("kills/simclr/3").unwrap();
        assert_eq!((group.name, kind, number), ("kills", "simclr", 3));
        let case = |seed| Case::new(group.name, kind, number, seed);
        assert_eq!(case(1).again(), "cargo xtask torture --seed 1 --case kills/simclr/3");
        assert_eq!(case(1).rng().next_u64(), case(1).rng().next_u64());
        assert_ne!(case(1).rng().next_u64(), case(2).rng().next_u64());
        for (wrong, told) in
            [("kills", "GROUP/KIND/NUMBER"), ("x/y/1", "there is no group `x`"), ("disk/y/1", "no kind `y`")]
        {
            let error = parse(wrong).err().unwrap().to_string();
            assert!(error.contains(told), "{wrong}: {error}");
        }
    }

    #[test]
    fn every_group_has_kinds_and_a_share() {
        for group in GROUPS {
            assert!(!(group.kinds)().is_empty() && group.share > 0, "{}", group.name);
        }
    }
}
