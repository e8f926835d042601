//! Variables as launchers set them.

use super::*;

fn of(variables: &[(&str, &str)]) -> Result<Launch, LaunchError> {
    Launch::of(&variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
}

fn sentence(variables: &[(&str, &str)]) -> String {
    of(variables).unwrap_err().to_string()
}

/// As `torchrun --nnodes 2 --nproc-per-node 2` sets them.
const TORCHRUN: [(&str, &str); 12] = [
    ("MASTER_ADDR", "node-a"),
    ("MASTER_PORT", "41234"),
    ("RANK", "3"),
    ("WORLD_SIZE", "4"),
    ("LOCAL_RANK", "1"),
    ("LOCAL_WORLD_SIZE", "2"),
    ("GROUP_RANK", "1"),
    ("TORCHELASTIC_RUN_ID", "9f1c"),
    ("TORCHELASTIC_RESTART_COUNT", "2"),
    ("TORCHELASTIC_MAX_RESTARTS", "3"),
    ("TORCHELASTIC_USE_AGENT_STORE", "True"),
    ("OMP_NUM_THREADS", "1"),
];

/// As `srun --ntasks 8` sets them.
const SLURM: [(&str, &str); 8] = [
    ("SLURM_JOB_ID", "81230042"),
    ("SLURM_STEP_ID", "1"),
    ("SLURM_JOB_NAME", "pretrain"),
    ("SLURM_NTASKS", "8"),
    ("SLURM_PROCID", "5"),
    ("SLURM_LOCALID", "1"),
    ("SLURM_NODEID", "1"),
    ("SLURM_NODELIST", "gpu[003-004]"),
];

const OPEN_MPI: [(&str, &str); 3] =
    [("OMPI_COMM_WORLD_SIZE", "2"), ("OMPI_COMM_WORLD_RANK", "1"), ("OMPI_COMM_WORLD_LOCAL_RANK", "0")];

fn without<'a>(all: &[(&'a str, &'a str)], name: &str) -> Vec<(&'a str, &'a str)> {
    all.iter().copied().filter(|(other, _)| *other != name).collect()
}

fn with<'a>(all: &[(&'a str, &'a str)], more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let kept = all.iter().filter(|(name, _)| more.iter().all(|(other, _)| other != name));
    kept.chain(more).copied().collect()
}

#[test]
fn nothing_at_all_is_one_process() {
    assert_eq!(of(&[]).unwrap(), Launch::alone());
    assert_eq!(
        of(&[("PATH", "/bin"), ("RANK", ""), ("MASTER_ADDR", " "), ("OMP_NUM_THREADS", "2")]).unwrap(),
        Launch::alone()
    );
}

#[test]
fn torchrun_hosts_the_store_and_counts_restarts() {
    let launch = of(&TORCHRUN).unwrap();
    let meeting =
        Meeting { host: "node-a".into(), port: 41234, keeper: Keeper::Agent, job: "9f1c/2".into(), interface: None };
    let expected =
        Launch { launcher: Launcher::Torchrun, rank: 3, ranks: 4, local_rank: 1, meeting: Some(meeting.clone()) };
    assert_eq!(launch, expected);

    let plain = without(&without(&TORCHRUN, "TORCHELASTIC_USE_AGENT_STORE"), "TORCHELASTIC_RUN_ID");
    let found = of(&with(&plain, &[("TORCHELASTIC_RESTART_COUNT", ""), ("GLOO_SOCKET_IFNAME", "eth1")])).unwrap();
    let here = Meeting { keeper: Keeper::FirstRank, job: "none/0".into(), interface: Some("eth1".into()), ..meeting };
    assert_eq!(found.meeting, Some(here));
}

#[test]
fn one_process_of_a_launcher_meets_nobody() {
    let one = of(&[("RANK", "0"), ("WORLD_SIZE", "1")]).unwrap();
    assert_eq!((one.rank, one.ranks, one.meeting), (0, 1, None));
    let one = of(&with(
        &without(&SLURM, "SLURM_NODELIST"),
        &[("SLURM_NTASKS", "1"), ("SLURM_PROCID", "0"), ("SLURM_LOCALID", "0")],
    ));
    assert_eq!(one.unwrap().meeting, None);
    let one = of(&[("OMPI_COMM_WORLD_SIZE", "1"), ("OMPI_COMM_WORLD_RANK", "0")]).unwrap();
    assert_eq!((one.launcher, one.meeting), (Launcher::OpenMpi, None));
}

#[test]
fn half_of_the_variables_is_an_error_that_names_the_others() {
    assert_eq!(
        sentence(&[("RANK", "1")]),
        "the environment speaks of several processes by RANK, but lacks WORLD_SIZE, MASTER_ADDR and MASTER_PORT. \
         Start with torchrun, which sets all of them, or unset what is set to run one process"
    );
    assert_eq!(
        sentence(&without(&TORCHRUN, "MASTER_PORT")),
        "the environment speaks of several processes by RANK, WORLD_SIZE, MASTER_ADDR and LOCAL_RANK, but lacks MASTER_PORT. \
         Start with torchrun, which sets all of them, or unset what is set to run one process"
    );
    assert!(sentence(&without(&TORCHRUN, "RANK")).contains("but lacks RANK."));
    assert!(sentence(&[("LOCAL_RANK", "0")]).contains("by LOCAL_RANK, but lacks RANK, WORLD_SIZE,"));
    assert!(sentence(&[("MASTER_ADDR", "node-a")]).contains("by MASTER_ADDR, but lacks RANK and WORLD_SIZE."));
    assert!(
        sentence(&without(&SLURM, "SLURM_PROCID"))
            .contains("by SLURM_NTASKS and SLURM_LOCALID, but lacks SLURM_PROCID.")
    );
    assert!(sentence(&without(&SLURM, "SLURM_NODELIST")).contains("but lacks SLURM_NODELIST. Start with `srun`"));
    assert!(sentence(&OPEN_MPI).contains("but lacks MASTER_ADDR. Name the machine of rank 0"));
    assert!(sentence(&[("OMPI_COMM_WORLD_RANK", "0")]).contains("but lacks OMPI_COMM_WORLD_SIZE."));
}

#[test]
fn numbers_that_make_no_sense_name_their_variable_and_its_bounds() {
    let bad = |name, value| sentence(&with(&TORCHRUN, &[(name, value)]));
    assert!(bad("RANK", "4").starts_with("RANK is \"4\", but must be a whole number from 0 to 3;"));
    assert!(bad("RANK", "-1").starts_with("RANK is \"-1\""));
    assert!(bad("WORLD_SIZE", "0").contains("from 1 to 1048576"));
    assert!(bad("WORLD_SIZE", "four").starts_with("WORLD_SIZE is \"four\""));
    assert!(bad("MASTER_PORT", "70000").contains("from 1 to 65535"));
    assert!(bad("LOCAL_RANK", "9").starts_with("LOCAL_RANK is \"9\""));
    assert!(sentence(&with(&SLURM, &[("SLURM_NODELIST", "[")])).contains("set MASTER_ADDR"));
}

#[test]
fn slurm_is_read_as_lightning_reads_it() {
    let launch = of(&SLURM).unwrap();
    assert_eq!((launch.launcher, launch.rank, launch.ranks, launch.local_rank), (Launcher::Slurm, 5, 8, 1));
    let meeting = launch.meeting.unwrap();
    assert_eq!((meeting.host.as_str(), meeting.port, meeting.keeper), ("gpu003", 15042, Keeper::FirstRank));
    assert_eq!(meeting.job, "slurm/81230042.1/0");

    let given = with(&SLURM, &[("MASTER_ADDR", "gpu004"), ("MASTER_PORT", "31000"), ("SLURM_RESTART_COUNT", "1")]);
    let meeting = of(&given).unwrap().meeting.unwrap();
    assert_eq!((meeting.host.as_str(), meeting.port, meeting.job.as_str()), ("gpu004", 31000, "slurm/81230042.1/1"));
    // A step on some of a job's machines.
    let step = with(&SLURM, &[("SLURM_STEP_NODELIST", "gpu004")]);
    assert_eq!(of(&step).unwrap().meeting.unwrap().host, "gpu004");
    assert_eq!(of(&without(&SLURM, "SLURM_JOB_ID")).unwrap().meeting.unwrap().port, 12910);
    assert_eq!(of(&with(&SLURM, &[("SLURM_JOB_ID", "7")])).unwrap().meeting.unwrap().port, 15007);
}

#[test]
fn a_shell_or_script_within_slurm_is_one_process() {
    for name in ["bash", "interactive"] {
        assert_eq!(of(&with(&SLURM, &[("SLURM_JOB_NAME", name)])).unwrap(), Launch::alone());
    }
    assert_eq!(of(&without(&SLURM, "SLURM_NTASKS")).unwrap(), Launch::alone());
}

#[test]
fn who_starts_processes_within_slurm_is_heard_first() {
    let torchrun = of(&with(&SLURM, &TORCHRUN)).unwrap();
    assert_eq!((torchrun.launcher, torchrun.rank, torchrun.ranks), (Launcher::Torchrun, 3, 4));
    let within = with(&with(&SLURM, &OPEN_MPI), &[("MASTER_ADDR", "gpu003"), ("PMIX_NAMESPACE", "prte-7@1")]);
    let mpi = of(&within).unwrap();
    assert_eq!((mpi.launcher, mpi.rank, mpi.ranks, mpi.local_rank), (Launcher::OpenMpi, 1, 2, 0));
    let meeting = mpi.meeting.unwrap();
    assert_eq!((meeting.host.as_str(), meeting.port, meeting.job.as_str()), ("gpu003", 29500, "mpi/prte-7@1"));
}
