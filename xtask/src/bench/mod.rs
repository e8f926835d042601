//! `cargo xtask bench`: how fast training, views and start-up are, beside PyTorch and lightly on the same machine.
//!
//! Every figure comes from a process of its own, its warm-up left out. Sides take turns (flex, libtorch, peer, flex, …), so
//! that a machine that slows down slows them all, and medians are told. Runs on fewer threads than there are cores are held
//! to so many cores. Our side is the example `bench_case` of foretask-train, the peer's is `peer/peer.py`, called with the
//! same arguments.

mod cases;
mod machine;
mod peer;
mod run;
mod statistics;
mod table;

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, bail, ensure};
use cases::{Case, How};
use peer::Peer;
use run::{Programs, folder};
use serde_json::Value;
use statistics::Sample;
use table::{Row, Side, Table};

use crate::run::{command, root};

/// Options of `cargo xtask bench`.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    cargo xtask bench                              the quick cases on all cores, a few minutes\n  \
    cargo xtask bench --peer                       beside PyTorch and lightly, which are installed into .peer (7 GB)\n  \
    cargo xtask bench --peer --all --write docs/src/bench.md   every case, an hour or two\n  \
    cargo xtask bench --only simclr-28 --threads 1 --device flex")]
pub(crate) struct Args {
    /// Measure PyTorch and lightly beside us; installs them into .peer.
    #[arg(long)]
    peer: bool,
    /// The same with a Python that has torch, torchvision and lightly already.
    #[arg(long, value_name = "PYTHON")]
    peer_python: Option<PathBuf>,
    /// All cases, on one thread and on all cores.
    #[arg(long)]
    all: bool,
    /// Only cases with this in their names; may be given several times.
    #[arg(long, value_name = "CASE")]
    only: Vec<String>,
    /// Numbers of threads, such as 1,2.
    #[arg(long, value_delimiter = ',', value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Vec<u16>,
    /// Devices of ours; both unless told otherwise, where there is a libtorch.
    #[arg(long, value_delimiter = ',', value_parser = ["flex", "libtorch"])]
    device: Vec<String>,
    /// Runs of each side. [default: 2, with --all 3]
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=100))]
    repeats: Option<u16>,
    /// Seconds of a run that count; the warm-up takes a third as long before them. [default: 3, with --all 6]
    #[arg(long, value_parser = seconds)]
    seconds: Option<f64>,
    /// A folder of JPEG photographs, 32 at least; some are made unless it is given.
    #[arg(long, value_name = "DIR")]
    photos: Option<PathBuf>,
    /// Write the table here too, as Markdown.
    #[arg(long, value_name = "FILE")]
    write: Option<PathBuf>,
    /// List the cases.
    #[arg(long)]
    list: bool,
}

fn seconds(text: &str) -> Result<f64, String> {
    let value: f64 = text.parse().map_err(|_| format!("`{text}` is no number"))?;
    if (0.1..=600.0).contains(&value) { Ok(value) } else { Err("expected 0.1 to 600 seconds".to_owned()) }
}

/// Runs the task.
pub(crate) fn run(args: &Args) -> Result<()> {
    let chosen = cases::choose(&args.only, args.all);
    if args.list {
        for case in if args.only.is_empty() { cases::CASES } else { &chosen } {
            println!("{:<28} {}{}", case.name, cases::what(case), if case.quick { "" } else { " (with --all)" });
        }
        return Ok(());
    }
    ensure!(!chosen.is_empty(), "no case has {} in its name; --list names them all", args.only.join(" or "));
    let settings = Settings::of(args)?;
    let mut measured = Table::new(machine::describe(), settings.to_json());
    let mut failures = Vec::new();
    for &threads in settings.threads.iter().filter(|_| chosen.iter().any(Case::is_rate)) {
        measured.sgemm.insert(threads, settings.sgemm(threads)?);
    }
    for case in &chosen {
        for threads in if case.is_rate() { settings.threads.clone() } else { vec![machine::cores()] } {
            println!("\n{} on {threads} thread(s): {}", case.name, cases::what(case));
            measured.rows.push(settings.row(case, threads, &mut failures));
            write(&measured, args)?;
        }
    }
    println!("\n{}", measured.to_markdown());
    for failure in &failures {
        println!("{failure}");
    }
    ensure!(failures.is_empty(), "{} runs failed, as listed above", failures.len());
    Ok(())
}

/// After every case, so that an interrupted benchmark leaves what it has.
fn write(measured: &Table, args: &Args) -> Result<()> {
    let markdown = measured.to_markdown();
    let json = serde_json::to_string_pretty(&measured.to_json())? + "\n";
    let mut files = vec![(folder().join("bench.md"), &markdown), (folder().join("bench.json"), &json)];
    if let Some(file) = &args.write {
        files.push((root().join(file), &markdown));
    }
    for (file, text) in files {
        if let Some(parent) = file.parent() {
            fs::create_dir_all(parent).with_context(|| format!("cannot make {}", parent.display()))?;
        }
        fs::write(&file, text).with_context(|| format!("cannot write {}", file.display()))?;
    }
    Ok(())
}

/// Everything that is settled before the first run.
struct Settings {
    programs: Vec<Programs>,
    peer: Option<Peer>,
    threads: Vec<usize>,
    repeats: usize,
    seconds: f64,
    photos: PathBuf,
}

impl Settings {
    fn of(args: &Args) -> Result<Self> {
        let cores = machine::cores();
        let mut threads: Vec<usize> = args.threads.iter().map(|&threads| usize::from(threads)).collect();
        if threads.is_empty() {
            threads = if args.all && cores > 1 { vec![1, cores] } else { vec![cores] };
        }
        let mut devices: Vec<&'static str> = Vec::new();
        for device in ["flex", "libtorch"] {
            let asked = args.device.iter().any(|name| name == device);
            if asked || (args.device.is_empty() && (device == "flex" || libtorch_is_there())) {
                devices.push(device);
            }
        }
        if args.device.is_empty() && devices.len() == 1 {
            println!("there is no libtorch; `cargo xtask libtorch` fetches it, and it will be measured too");
        }
        let programs = devices.into_iter().map(run::build).collect::<Result<Vec<_>>>()?;
        let wants_peer = args.peer || args.peer_python.is_some();
        let peer = wants_peer.then(|| Peer::ready(args.peer_python.as_deref())).transpose()?;
        let photos = photos(args, &programs[0])?;
        let repeats = args.repeats.map_or(if args.all { 3 } else { 2 }, usize::from);
        let seconds = args.seconds.unwrap_or(if args.all { 6.0 } else { 3.0 });
        if machine::load() > 0.5 {
            println!(
                "the machine is not idle (load {:.1}): images a second will be too low, images a core-second less so",
                machine::load()
            );
        }
        Ok(Self { programs, peer, threads, repeats, seconds, photos })
    }

    /// Measures one case, sides in turn.
    fn row(&self, case: &Case, threads: usize, failures: &mut Vec<String>) -> Row {
        let mut row = Row::new(*case, threads);
        let mut sides: Vec<Side> = self.programs.iter().filter_map(|programs| Side::of(programs.device)).collect();
        sides.retain(|side| case.precision == "f32" || *side != Side::Flex);
        if case.ranks > 1 && self.program(case, Side::Flex).is_none() {
            println!("several ranks need libtorch, which is not measured here");
            return row;
        }
        let peers = matches!(case.how, How::Window | How::Busy | How::Start);
        if let Some(peer) = self.peer.as_ref().filter(|_| peers) {
            match peer.best_workers(case, threads, self.seconds, &self.photos) {
                Ok(workers) => row.workers = case.loads().then_some(workers),
                Err(error) => failures.push(format!("{}, peer: {error:#}", case.name)),
            }
            sides.push(Side::Peer);
        }
        // The quickstart takes minutes.
        let repeats = if case.how == How::Quickstart { 1 } else { self.repeats };
        for _ in 0..repeats {
            // One failure is enough to know.
            sides.retain(|&side| match self.once(case, threads, side, row.workers.unwrap_or(0)) {
                Ok(sample) => {
                    row.add(side, sample);
                    true
                }
                Err(error) => {
                    failures.push(format!("{}, {}: {error:#}", case.name, side.name()));
                    false
                }
            });
        }
        println!("{}", row.to_line());
        row
    }

    fn once(&self, case: &Case, threads: usize, side: Side, workers: usize) -> Result<Sample> {
        let _busy = match case.how {
            How::Busy => Some(run::disturbance(&self.programs[0].runner)?),
            _ => None,
        };
        let ours = self.program(case, side);
        let mut command = match (case.how, ours, &self.peer) {
            (How::Check, Some(ours), _) => ours.quickstart("check")?,
            (How::Quickstart, Some(ours), _) => ours.quickstart("run")?,
            (_, Some(ours), _) => ours.command(case, side.name(), (threads, self.seconds), &self.photos),
            (_, None, Some(peer)) => peer.command(case, threads, self.seconds, &self.photos, workers),
            (_, None, None) => bail!("nothing runs it"),
        };
        if case.is_rate() { run::window(&mut command, self.seconds) } else { run::whole(&mut command) }
    }

    /// Operations a second of a product of matrices, on the device of ours that is faster at it.
    fn sgemm(&self, threads: usize) -> Result<f64> {
        let rate = |programs: &Programs| {
            let run = &mut programs.command(&Case::SGEMM, programs.device, (threads, self.seconds), &self.photos);
            let found = run::window(run, self.seconds)?;
            Ok(found.images / found.seconds * found.flops_per_image.unwrap_or_default())
        };
        let rates = self.programs.iter().map(rate).collect::<Result<Vec<f64>>>()?;
        let best = rates.into_iter().fold(0.0, f64::max);
        println!("a product of 1024x1024 matrices on {threads} thread(s): {:.0} GFLOP/s", best / 1e9);
        Ok(best)
    }

    /// That of ours which runs a side: several ranks need the one with libtorch, which has both devices.
    fn program(&self, case: &Case, side: Side) -> Option<&Programs> {
        let device = if case.ranks > 1 && side == Side::Flex { Side::Libtorch.name() } else { side.name() };
        self.programs.iter().find(|programs| programs.device == device)
    }

    /// For the table.
    fn to_json(&self) -> Value {
        serde_json::json!({
            "repeats": self.repeats,
            "seconds": self.seconds,
            "peer": self.peer.as_ref().map(Peer::versions),
        })
    }
}

fn libtorch_is_there() -> bool {
    let folder = std::env::var_os("LIBTORCH").map_or_else(|| root().join("third_party/libtorch"), PathBuf::from);
    folder.join("lib/libtorch_cpu.so").exists()
}

/// The given photographs, or made ones.
fn photos(args: &Args, programs: &Programs) -> Result<PathBuf> {
    if let Some(folder) = &args.photos {
        return Ok(root().join(folder));
    }
    let folder = folder().join("photos");
    if !folder.is_dir() {
        let mut make = command(&programs.runner.to_string_lossy(), &["make_photos", "--photos"]);
        let made = make.arg(&folder).output().context("photographs could not be made")?;
        ensure!(made.status.success(), "photographs could not be made: {}", String::from_utf8_lossy(&made.stderr));
    }
    Ok(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_have_a_range() {
        assert_eq!(seconds("2.5"), Ok(2.5));
        assert!(seconds("0").unwrap_err().contains("0.1 to 600"));
        assert!(seconds("soon").unwrap_err().contains("no number"));
    }
}
