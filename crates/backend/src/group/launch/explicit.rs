//! torchrun, and everyone else who says each process's number outright.

use super::data::{Keeper, Launch, Launcher, Meeting};
use super::error::LaunchError;
use super::variables::Variables;

/// What helps where some of the variables are missing.
pub(super) const FIX: &str = "Start with torchrun, which sets all of them, or unset what is set to run one process";

/// Each of these says that processes were numbered.
const NUMBERS: [&str; 3] = ["RANK", "WORLD_SIZE", "LOCAL_RANK"];
const ALL: [&str; 4] = ["RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT"];

/// `None` where no process was numbered.
pub(super) fn launch(variables: Variables<'_>) -> Result<Option<Launch>, LaunchError> {
    if variables.present(&NUMBERS).is_empty() {
        return Ok(None);
    }
    let ranks = variables.ranks("WORLD_SIZE")?;
    // Who is alone meets nobody.
    let needed = if ranks == Some(1) { &ALL[..2] } else { &ALL[..] };
    variables.require(needed, &["LOCAL_RANK"], FIX)?;
    let ranks = ranks.unwrap_or(1);
    let rank = variables.rank("RANK", ranks)?.unwrap_or_default();
    let local_rank = variables.rank("LOCAL_RANK", ranks)?.unwrap_or_default();
    let meeting = match (variables.text("MASTER_ADDR"), variables.port("MASTER_PORT")?) {
        (Some(host), Some(port)) if ranks > 1 => Some(meeting(variables, host, port)),
        _ => None,
    };
    Ok(Some(Launch { launcher: Launcher::Torchrun, rank, ranks, local_rank, meeting }))
}

fn meeting(variables: Variables<'_>, host: &str, port: u16) -> Meeting {
    let or = |name, otherwise| variables.text(name).unwrap_or(otherwise);
    let of_agent = or("TORCHELASTIC_USE_AGENT_STORE", "False").eq_ignore_ascii_case("true");
    Meeting {
        host: host.to_owned(),
        port,
        keeper: if of_agent { Keeper::Agent } else { Keeper::FirstRank },
        job: format!("{}/{}", or("TORCHELASTIC_RUN_ID", "none"), or("TORCHELASTIC_RESTART_COUNT", "0")),
        interface: variables.interface(),
    }
}
