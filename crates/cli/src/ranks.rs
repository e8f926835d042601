//! `--ranks N`: starts this program once more for every rank, watches the processes, and ends them together.

use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
use std::os::unix::process::{CommandExt, ExitStatusExt, parent_id};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use foretask_experiment::{Interrupt, Ranks};
use foretask_script::Error;

use crate::interrupt;
use crate::out::note_line;

/// The most that are started on one machine: more is a slip of the keyboard.
const MOST: usize = 512;
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// Tells a rank which process started it.
const STARTER: &str = "FORETASK_STARTER";
/// How often a rank looks whether that is still there.
const LOOK_FOR_STARTER: Duration = Duration::from_secs(1);
/// How long ranks may take to say their part once one of them has failed.
const LAST_WORDS: Duration = Duration::from_secs(15);

/// What `--ranks` asks of this process.
pub(crate) enum Part {
    /// To do the work, alone or as one rank of several.
    Work,
    /// To start this many ranks.
    Start(usize),
}

/// The part of this process. One that a launcher has started is a rank, and can only confirm how many there are.
pub(crate) fn part(asked: Option<usize>) -> Result<Part, Error> {
    let (ranks, _) = Ranks::of_environment()?;
    match asked {
        None => Ok(Part::Work),
        Some(asked) if asked == ranks => Ok(Part::Work),
        Some(asked) if ranks > 1 => Err(Error::input(
            format!("`--ranks {asked}` was asked for, but a launcher has started {ranks} ranks"),
            "leave `--ranks` out where torchrun, srun or mpirun starts the processes".to_owned(),
        )),
        Some(asked @ 1..=MOST) => Ok(Part::Start(asked)),
        Some(_) => Err(Error::input(
            format!("`--ranks` starts 1 to {MOST} processes on this machine"),
            "give the number of processes; to use several machines, start with torchrun or srun".to_owned(),
        )),
    }
}

/// Starts all ranks with this process's own arguments, and waits for them; the exit code of the whole.
pub(crate) fn start(ranks: usize) -> Result<u8, Error> {
    Ranks::possible()?;
    let failed = |what: &str, error: std::io::Error| Error::failed(format!("{what}: {error}"), None);
    let program = std::env::current_exe().map_err(|error| failed("this program does not find itself", error))?;
    let port = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr());
    let port = port.map_err(|error| failed("no port is free for the ranks to meet", error))?.port();
    let asked = interrupt::count()?;
    let mut all = Vec::new();
    for rank in 0..ranks {
        match spawn(Command::new(&program), [rank, ranks], port) {
            Ok(one) => all.push(one),
            Err(error) => {
                all.iter_mut().for_each(Rank::kill);
                return Err(failed(&format!("rank {rank} does not start"), error));
            }
        }
    }
    watch(&mut all, asked).map_err(|error| failed("the ranks cannot be watched", error))
}

/// Of a rank: saves and ends once the process that started it is gone without having said so, as after `kill -9`.
pub(crate) fn look_for_starter(interrupt: &Interrupt) {
    let Some(starter) = std::env::var(STARTER).ok().and_then(|id| id.parse::<u32>().ok()) else { return };
    let interrupt = interrupt.clone();
    std::thread::spawn(move || {
        while parent_id() == starter {
            std::thread::sleep(LOOK_FOR_STARTER);
        }
        interrupt.request();
    });
}

/// A rank that was started here.
struct Rank {
    number: usize,
    process: Child,
    /// Passes on what it says on standard error.
    speaker: Option<JoinHandle<()>>,
    ended: Option<ExitStatus>,
}

impl Rank {
    fn kill(&mut self) {
        if self.ended.is_none() {
            // One that is gone already is what is wanted.
            let _ = self.process.kill();
            let _ = self.process.wait();
        }
    }

    /// Passes a request to stop on.
    fn interrupt(&self) {
        if self.ended.is_none() {
            let _ = Command::new("kill").args(["-INT", &self.process.id().to_string()]).status();
        }
    }
}

fn spawn(mut command: Command, [rank, ranks]: [usize; 2], port: u16) -> std::io::Result<Rank> {
    command
        .args(std::env::args_os().skip(1))
        .envs(
            [("RANK", rank), ("LOCAL_RANK", rank), ("WORLD_SIZE", ranks), ("LOCAL_WORLD_SIZE", ranks)]
                .map(|(name, value)| (name, value.to_string())),
        )
        .env(STARTER, std::process::id().to_string())
        .env("MASTER_ADDR", "127.0.0.1")
        .env("MASTER_PORT", port.to_string())
        .env_remove("TORCHELASTIC_USE_AGENT_STORE")
        // Of its own, so that a terminal's Ctrl-C comes through this process only, and counts once.
        .process_group(0)
        .stdin(Stdio::null());
    if std::env::var_os("RAYON_NUM_THREADS").is_none() {
        // Ranks of one machine share its cores.
        let cores = std::thread::available_parallelism().map_or(1, Into::into);
        command.env("RAYON_NUM_THREADS", (cores / ranks).max(1).to_string());
    }
    if rank > 0 {
        command.stdout(Stdio::null()).stderr(Stdio::piped());
    }
    let mut process = command.spawn()?;
    let speaker = process.stderr.take().map(|said| std::thread::spawn(move || pass_on(rank, said)));
    Ok(Rank { number: rank, process, speaker, ended: None })
}

fn pass_on(rank: usize, said: impl Read) {
    for line in BufReader::new(said).lines().map_while(Result::ok).filter(|line| !line.trim().is_empty()) {
        note_line(format!("rank {rank}: {line}"));
    }
}

/// Until all have ended. Once one has failed, the others get a while to say why they stop, too.
fn watch(all: &mut [Rank], asked: &AtomicUsize) -> std::io::Result<u8> {
    let mut passed_on = 0;
    let mut code = 0;
    let mut until: Option<Instant> = None;
    while all.iter().any(|rank| rank.ended.is_none()) {
        let now = asked.load(Ordering::Relaxed);
        if now > passed_on {
            passed_on = now;
            all.iter().for_each(Rank::interrupt);
        }
        for rank in all.iter_mut().filter(|rank| rank.ended.is_none()) {
            let Some(status) = rank.process.try_wait()? else { continue };
            rank.ended = Some(status);
            if let Some(speaker) = rank.speaker.take() {
                let _ = speaker.join();
            }
            if !status.success() {
                if let Some(signal) = status.signal() {
                    note_line(format!("rank {} was ended by signal {signal}", rank.number));
                }
                if until.is_none() {
                    code = status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1);
                    until = Some(Instant::now() + LAST_WORDS);
                }
            }
        }
        if until.is_some_and(|until| Instant::now() >= until) {
            all.iter_mut().for_each(Rank::kill);
            break;
        }
        std::thread::sleep(LOOK_EVERY);
    }
    Ok(code)
}
