//! `srun`, by the variables that Lightning reads (`lightning/fabric/plugins/environments/slurm.py`).

use super::data::{Keeper, Launch, Launcher, Meeting};
use super::error::LaunchError;
use super::nodes::first_node;
use super::variables::Variables;

const FIX: &str = "Start with `srun`, which sets all of them, or unset what is set to run one process";

/// Lightning's, where there is no number of a job.
const USUAL_PORT: u16 = 12910;
/// Ports of jobs begin here.
const FIRST_PORT: u16 = 15000;

const TASKS: &str = "SLURM_NTASKS";
const RANK: &str = "SLURM_PROCID";
const LOCAL_RANK: &str = "SLURM_LOCALID";
/// The machines of the step are those where the ranks are; a step may have fewer than its job.
const NODES: [&str; 3] = ["SLURM_STEP_NODELIST", "SLURM_NODELIST", "SLURM_JOB_NODELIST"];

/// `None` outside of Slurm, in a shell that it opened, and in a batch script of no particular number of tasks.
pub(super) fn launch(variables: Variables<'_>) -> Result<Option<Launch>, LaunchError> {
    let is_shell = matches!(variables.text("SLURM_JOB_NAME"), Some("bash" | "interactive"));
    if is_shell || variables.text(TASKS).is_none() {
        return Ok(None);
    }
    let ranks = variables.ranks(TASKS)?.unwrap_or(1);
    variables.require(&[TASKS, RANK, LOCAL_RANK], &[], FIX)?;
    let rank = variables.rank(RANK, ranks)?.unwrap_or_default();
    let local_rank = variables.rank(LOCAL_RANK, ranks)?.unwrap_or_default();
    let meeting = (ranks > 1).then(|| meeting(variables)).transpose()?;
    Ok(Some(Launch { launcher: Launcher::Slurm, rank, ranks, local_rank, meeting }))
}

fn meeting(variables: Variables<'_>) -> Result<Meeting, LaunchError> {
    let host = if let Some(host) = variables.text("MASTER_ADDR") {
        host.to_owned()
    } else if let Some(nodes) = NODES.iter().find_map(|name| variables.text(name)) {
        first_node(nodes).ok_or_else(|| beginning(nodes))?
    } else {
        let present = variables.present(&[TASKS, RANK, LOCAL_RANK]);
        return Err(LaunchError::HalfSet { present, missing: vec!["SLURM_NODELIST"].into(), fix: FIX });
    };
    let or_none = |name| variables.text(name).unwrap_or("0");
    let [job, step] = ["SLURM_JOB_ID", "SLURM_STEP_ID"].map(or_none);
    Ok(Meeting {
        host,
        port: port(variables)?,
        keeper: Keeper::FirstRank,
        job: format!("slurm/{job}.{step}/{}", or_none("SLURM_RESTART_COUNT")),
        interface: variables.interface(),
    })
}

fn beginning(nodes: &str) -> LaunchError {
    LaunchError::Nodes { value: nodes.chars().take(40).collect() }
}

/// One that all processes of a job come to without asking each other: by the last four digits of its number.
fn port(variables: Variables<'_>) -> Result<u16, LaunchError> {
    if let Some(port) = variables.port("MASTER_PORT")? {
        return Ok(port);
    }
    let Some(job) = variables.text("SLURM_JOB_ID") else { return Ok(USUAL_PORT) };
    let digits: String = job.chars().rev().take_while(char::is_ascii_digit).take(4).collect();
    Ok(digits.chars().rev().collect::<String>().parse().map_or(USUAL_PORT, |number: u16| FIRST_PORT + number))
}
