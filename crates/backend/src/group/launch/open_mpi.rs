//! `mpirun` of Open MPI, which numbers processes, but does not say where they meet.

use super::data::{Keeper, Launch, Launcher, Meeting};
use super::error::LaunchError;
use super::variables::Variables;

const FIX: &str = "Name the machine of rank 0: `mpirun -x MASTER_ADDR=HOST …`, or unset what is set to run one process";

/// What PyTorch's own programs use where nobody says another.
const USUAL_PORT: u16 = 29500;

const SIZE: &str = "OMPI_COMM_WORLD_SIZE";
const RANK: &str = "OMPI_COMM_WORLD_RANK";

/// `None` where mpirun started nothing.
pub(super) fn launch(variables: Variables<'_>) -> Result<Option<Launch>, LaunchError> {
    if variables.present(&[SIZE, RANK]).is_empty() {
        return Ok(None);
    }
    variables.require(&[SIZE, RANK], &[], FIX)?;
    let ranks = variables.ranks(SIZE)?.unwrap_or(1);
    let rank = variables.rank(RANK, ranks)?.unwrap_or_default();
    let local_rank = variables.rank("OMPI_COMM_WORLD_LOCAL_RANK", ranks)?.unwrap_or_default();
    let meeting = if ranks > 1 {
        variables.require(&["MASTER_ADDR"], &[SIZE, RANK], FIX)?;
        Some(Meeting {
            host: variables.text("MASTER_ADDR").unwrap_or_default().to_owned(),
            port: variables.port("MASTER_PORT")?.unwrap_or(USUAL_PORT),
            keeper: Keeper::FirstRank,
            job: format!("mpi/{}", variables.text("PMIX_NAMESPACE").unwrap_or("none")),
            interface: variables.interface(),
        })
    } else {
        None
    };
    Ok(Some(Launch { launcher: Launcher::OpenMpi, rank, ranks, local_rank, meeting }))
}
