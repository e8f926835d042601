//! Starts this test program once more for each rank, as launchers start programs.

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};

use super::super::Launch;

/// Says which part a process plays that was started here.
pub(super) const PART: &str = "FORETASK_TEST_PART";
/// The test that plays it.
const PLAYER: &str = "group::tests::with_libtorch::plays_its_part";
/// What a player says begins so.
const SAYS: &str = "@ ";

/// How the ranks of a test are started.
#[derive(Clone)]
pub(super) struct Play {
    pub(super) part: &'static str,
    pub(super) ranks: usize,
    pub(super) port: u16,
    /// Further variables of all ranks.
    pub(super) more: Vec<(&'static str, &'static str)>,
}

/// What became of a rank.
#[derive(Debug)]
pub(super) struct Played {
    /// What it said.
    pub(super) said: Vec<String>,
    /// All that came to its standard output.
    pub(super) output: String,
    /// Whether it ended well.
    pub(super) well: bool,
}

impl Play {
    pub(super) fn new(part: &'static str, ranks: usize) -> Self {
        Self { part, ranks, port: free_port(), more: Vec::new() }
    }

    pub(super) fn start(&self, rank: usize) -> Rank {
        let mut command = Command::new(std::env::current_exe().unwrap());
        let of_launchers =
            |name: &String| ["SLURM_", "OMPI_", "TORCHELASTIC_", "PMI"].iter().any(|p| name.starts_with(p));
        for (name, _) in std::env::vars().filter(|(name, _)| of_launchers(name)) {
            command.env_remove(name);
        }
        command
            .args(["--exact", PLAYER, "--nocapture", "--test-threads=1"])
            .env(PART, self.part)
            .envs([("RANK", rank.to_string()), ("WORLD_SIZE", self.ranks.to_string())])
            .envs([("MASTER_ADDR", "127.0.0.1".to_owned()), ("MASTER_PORT", self.port.to_string())])
            .envs(self.more.iter().copied())
            .stdout(Stdio::piped());
        Rank(command.spawn().unwrap())
    }

    /// Starts all ranks, and waits for them.
    pub(super) fn run(&self) -> Vec<Played> {
        let ranks: Vec<Rank> = (0..self.ranks).map(|rank| self.start(rank)).collect();
        ranks.into_iter().map(Rank::end).collect()
    }
}

/// A process that plays a rank.
pub(super) struct Rank(Child);

impl Rank {
    pub(super) fn end(self) -> Played {
        let output = self.0.wait_with_output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        // The test harness writes the beginning of a line of its own.
        let said = text.lines().filter_map(|line| line.split_once(SAYS).map(|(_, said)| said.to_owned())).collect();
        Played { said, output: text, well: output.status.success() }
    }

    pub(super) fn kill(mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

/// A port that was free a moment ago.
pub(super) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Of a player: which rank it is.
pub(super) fn launch() -> Launch {
    Launch::from_environment().unwrap()
}

/// Of a player: tells the test.
pub(super) fn say(what: impl std::fmt::Display) {
    println!("{SAYS}{what}");
}
