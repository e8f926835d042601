//! Who is who, as plain data.

/// Which process this is among those that were started together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Launch {
    /// Who started them.
    pub launcher: Launcher,
    /// This process's number, from 0.
    pub rank: usize,
    /// How many there are in all; at least 1.
    pub ranks: usize,
    /// Its number among those of its machine, from 0: the number of its GPU.
    pub local_rank: usize,
    /// Where they meet; `None` where there is nobody to meet.
    pub meeting: Option<Meeting>,
}

/// Who started the processes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Launcher {
    /// Nobody started more than one.
    Alone,
    /// torchrun, or whoever sets `RANK`, `WORLD_SIZE`, `MASTER_ADDR` and `MASTER_PORT` as it does.
    Torchrun,
    /// `srun`.
    Slurm,
    /// `mpirun` of Open MPI.
    OpenMpi,
}

/// Where the processes meet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Meeting {
    /// The machine that keeps the store of texts through which they find each other.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Who keeps the store.
    pub keeper: Keeper,
    /// Names these processes and this attempt among all that may meet there: without the attempt, those that are started again after
    /// a failure would find what the dead ones left.
    pub job: String,
    /// The network interface to use; `None` takes the one that leads to `host`.
    pub interface: Option<String>,
}

/// Who keeps the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keeper {
    /// Rank 0.
    FirstRank,
    /// torchrun's agent, to which all ranks are guests.
    Agent,
}

impl Launch {
    /// One process that nobody else belongs to.
    pub fn alone() -> Self {
        Self { launcher: Launcher::Alone, rank: 0, ranks: 1, local_rank: 0, meeting: None }
    }
}
