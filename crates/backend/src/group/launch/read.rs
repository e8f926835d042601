//! Asks one launcher after another.

use std::collections::BTreeMap;

use super::data::Launch;
use super::error::LaunchError;
use super::variables::Variables;
use super::{explicit, open_mpi, slurm};

impl Launch {
    /// [`Launch::of`] the environment of this process.
    ///
    /// # Errors
    /// As [`Launch::of`].
    pub fn from_environment() -> Result<Self, LaunchError> {
        let text = |text: std::ffi::OsString| text.to_string_lossy().into_owned();
        Self::of(&std::env::vars_os().map(|(name, value)| (text(name), text(value))).collect())
    }

    /// What these variables say, in the order in which launchers may be nested: torchrun's (`RANK`, `WORLD_SIZE`, `LOCAL_RANK`,
    /// `MASTER_ADDR`, `MASTER_PORT`, `TORCHELASTIC_*`), Open MPI's (`OMPI_COMM_WORLD_*` with `MASTER_ADDR`), and Slurm's as Lightning
    /// reads them (`SLURM_*`, but not of an interactive shell). None at all is one process. A variable with an empty value counts as
    /// not set. `GLOO_SOCKET_IFNAME` names the network interface.
    ///
    /// # Errors
    /// [`LaunchError`] where some are set and others that belong to them are not, and where one makes no sense.
    pub fn of(variables: &BTreeMap<String, String>) -> Result<Self, LaunchError> {
        let variables = Variables::of(variables);
        if let Some(launch) = explicit::launch(variables)? {
            return Ok(launch);
        }
        // mpirun is asked before Slurm: where it starts processes on the machines of a Slurm job, these also find the variables of
        // the one task by which it got there, and more than one of them would be rank 0.
        if let Some(launch) = open_mpi::launch(variables)? {
            return Ok(launch);
        }
        if let Some(launch) = slurm::launch(variables)? {
            return Ok(launch);
        }
        // Somebody means to start several processes; one for itself on every machine would be the last thing he wants.
        let present = variables.present(&["MASTER_ADDR", "MASTER_PORT"]);
        if !present.is_empty() {
            let missing = vec!["RANK", "WORLD_SIZE"];
            return Err(LaunchError::HalfSet { present, missing: missing.into(), fix: explicit::FIX });
        }
        Ok(Self::alone())
    }
}
