//! Several processes that train together: this one is rank 0, and starts the others with its own arguments.

use std::error::Error;
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

use foretask_backend::group::{Group, GroupOptions, Launch};

/// Set in the processes that were started for other ranks.
const RANK: &str = "RANK";

/// Those that this process has started.
static STARTED: Mutex<Vec<Child>> = Mutex::new(Vec::new());

/// Numbers of the other ranks' processes, where this is rank 0.
pub(crate) fn others() -> Vec<u32> {
    STARTED.lock().unwrap_or_else(PoisonError::into_inner).iter().map(Child::id).collect()
}

/// Whether this process was started for a rank that tells nobody anything.
pub(crate) fn is_silent() -> bool {
    std::env::var_os(RANK).is_some_and(|rank| rank != "0")
}

/// Runs `work` on this rank.
pub(crate) fn together<T>(ranks: usize, work: impl FnOnce() -> T) -> Result<T, Box<dyn Error>> {
    if ranks < 2 {
        return Ok(work());
    }
    let launch = if is_silent() { Launch::from_environment()? } else { started(ranks)? };
    let group = Arc::new(Group::join(&launch, &[], &GroupOptions::default())?);
    let done = group.together(work);
    group.barrier()?;
    for mut other in STARTED.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
        other.wait()?;
    }
    Ok(done)
}

fn started(ranks: usize) -> Result<Launch, Box<dyn Error>> {
    let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    let variables = |rank: usize| {
        [
            (RANK, rank.to_string()),
            ("WORLD_SIZE", ranks.to_string()),
            ("MASTER_ADDR", "127.0.0.1".to_owned()),
            ("MASTER_PORT", port.to_string()),
        ]
    };
    for rank in 1..ranks {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(std::env::args_os().skip(1)).envs(variables(rank)).stdout(Stdio::null());
        STARTED.lock().unwrap_or_else(PoisonError::into_inner).push(command.spawn()?);
    }
    Ok(Launch::of(&variables(0).map(|(name, value)| (name.to_owned(), value)).into())?)
}
