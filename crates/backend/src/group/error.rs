//! What can go wrong between ranks: each sentence names the rank, its machine and the way out.

use std::time::Duration;

use super::facts::Difference;
use super::launch::LaunchError;
use super::member::{Member, listed};

/// An error of joining or of an exchange.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GroupError {
    /// The launcher's variables do not fit together.
    #[error(transparent)]
    Launch(#[from] LaunchError),
    /// This build cannot join processes.
    #[error("{me} cannot join others: this build has no libtorch, whose c10d joins processes. {fix}")]
    NoEngine {
        /// This process.
        me: Member,
        /// The command that helps.
        fix: &'static str,
    },
    /// The port of the meeting place is somebody else's.
    #[error(
        "{me} cannot keep the meeting place: port {port} is taken. Choose a free one with MASTER_PORT (torchrun: --master-port), \
         or end what listens there (`ss -ltnp` shows it)"
    )]
    PortTaken {
        /// This process.
        me: Member,
        /// The port.
        port: u16,
    },
    /// Nobody keeps the meeting place.
    #[error(
        "{me} found nobody at the meeting place {host}:{port} within {}: {keeper}, who keeps it, never started, ended, or is behind \
         a firewall. Look at what it printed, and check MASTER_ADDR and MASTER_PORT ({words})",
        seconds(*.limit)
    )]
    NoMeeting {
        /// This process.
        me: Member,
        /// The meeting place's machine.
        host: String,
        /// Its port.
        port: u16,
        /// Who should keep it.
        keeper: &'static str,
        /// How long it was waited for.
        limit: Duration,
        /// The engine's own words.
        words: String,
    },
    /// This machine has no address at which others could reach it.
    #[error(
        "{me} finds no way to the meeting place {host}: {words}. Check MASTER_ADDR, or name the network interface with GLOO_SOCKET_IFNAME"
    )]
    NoWay {
        /// This process.
        me: Member,
        /// The meeting place's machine.
        host: String,
        /// The system's own words.
        words: String,
    },
    /// Some ranks never joined.
    #[error(
        "{me} waited {} for {} of {ranks} ranks, the first of them rank {}; {} joined. Look at what the missing ones printed, and check \
         that as many were started as were announced",
        seconds(*.limit), .missing.len(), .missing.first().copied().unwrap_or_default(), listed(.joined)
    )]
    Absent {
        /// This process.
        me: Member,
        /// Those that never came.
        missing: Vec<usize>,
        /// How many were announced.
        ranks: usize,
        /// Those that came.
        joined: Vec<Member>,
        /// How long they were waited for.
        limit: Duration,
    },
    /// Two processes have one number.
    #[error(
        "{me} is not the only one of this number: {other} is there already. Give every process a RANK of its own, and every training \
         on these machines a MASTER_PORT of its own"
    )]
    Twice {
        /// This process.
        me: Member,
        /// The other one.
        other: Member,
    },
    /// The ranks do not have in common what they must.
    #[error(
        "{} differs: \"{}\" at {}, \"{}\" at {}. Start all ranks with the same program, script, options and images",
        .0.what, .0.its, .0.first, .0.others, .0.other
    )]
    Differs(Box<Difference>),
    /// The ranks do not exchange the same; an exchange of unequal sizes would end a process.
    #[error(
        "{} is {} for {}, but {} for {}: the ranks compute different things. This is a mistake of the program, please report it",
        .0.what, .0.its, .0.first, .0.others, .0.other
    )]
    Unequal(Box<Difference>),
    /// A rank ended with an error, or was killed.
    #[error(
        "{} ended or was killed, as {me} found in exchange {number}. Look at what was printed there last; then start all ranks again",
        listed(.gone)
    )]
    Gone {
        /// This process.
        me: Member,
        /// Those that are gone.
        gone: Vec<Member>,
        /// Exchanges are counted from 1.
        number: u64,
    },
    /// A rank left in good order while others went on.
    #[error(
        "{} left before exchange {number}, to which {me} came. Look at what was printed there last; then start all ranks again",
        listed(.left)
    )]
    Left {
        /// This process.
        me: Member,
        /// Those that left.
        left: Vec<Member>,
        /// Exchanges are counted from 1.
        number: u64,
    },
    /// A rank lives, but does not come.
    #[error(
        "{} did not come to exchange {number} within {}, though alive, as {me} found. It hangs, or is slower than the limit allows: look \
         there what it does (`top`), then start all ranks again, with a larger limit where that is the cause",
        listed(.late), seconds(*.limit)
    )]
    Late {
        /// This process.
        me: Member,
        /// Those that did not come.
        late: Vec<Member>,
        /// Exchanges are counted from 1.
        number: u64,
        /// How long they were waited for.
        limit: Duration,
    },
    /// Connections broke though nobody is gone.
    #[error(
        "{me} lost its connections in exchange {number}, though all ranks are alive ({words}). Check the network between the machines; \
         then start all ranks again"
    )]
    Lost {
        /// This process.
        me: Member,
        /// Exchanges are counted from 1.
        number: u64,
        /// The engine's own words.
        words: String,
    },
    /// Whoever keeps the meeting place is gone.
    #[error(
        "{keeper}, who keeps the meeting place {host}:{port}, ended, was killed or is stopped, as {me} found ({words}). Look at what was \
         printed there last; then start all ranks again"
    )]
    KeeperGone {
        /// This process.
        me: Member,
        /// Who kept it.
        keeper: String,
        /// The meeting place's machine.
        host: String,
        /// Its port.
        port: u16,
        /// The engine's own words.
        words: String,
    },
    /// Nobody has told what is asked for.
    #[error("{me} waited {} for \"{key}\", which no rank told. Look at what the others printed", seconds(*.limit))]
    Untold {
        /// This process.
        me: Member,
        /// What was asked for.
        key: String,
        /// How long it was waited for.
        limit: Duration,
    },
    /// Somebody asked to stop while ranks joined.
    #[error("{me} was asked to stop while it waited for the others")]
    Interrupted {
        /// This process.
        me: Member,
    },
    /// The engine refused for another reason.
    #[error("{me} could not {what}: {words}. Check the network between the machines; then start all ranks again")]
    Refused {
        /// This process.
        me: Member,
        /// What it was about to do.
        what: &'static str,
        /// The engine's own words.
        words: String,
    },
}

/// A time as sentences say it.
fn seconds(time: Duration) -> String {
    let seconds = (time.as_secs_f64() * 10.0).round() / 10.0;
    format!("{seconds} s")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_name_rank_machine_and_way_out() {
        let member = |rank| Member { rank, host: format!("node-{rank}"), process: 40 + rank as u32 };
        let late = GroupError::Late { me: member(0), late: vec![member(2)], number: 17, limit: Duration::from_mins(2) };
        assert_eq!(
            late.to_string(),
            "rank 2 on node-2 (process 42) did not come to exchange 17 within 120 s, though alive, as rank 0 on node-0 (process 40) \
             found. It hangs, or is slower than the limit allows: look there what it does (`top`), then start all ranks again, with a \
             larger limit where that is the cause"
        );
        let differs = GroupError::Differs(Box::new(Difference {
            what: "the version of Foretask".into(),
            first: member(0),
            its: "0.1.0".into(),
            other: member(1),
            others: "0.2.0".into(),
        }));
        assert_eq!(
            differs.to_string(),
            "the version of Foretask differs: \"0.1.0\" at rank 0 on node-0 (process 40), \"0.2.0\" at rank 1 on node-1 (process 41). \
             Start all ranks with the same program, script, options and images"
        );
        // Errors travel in results: a large one would be copied at every step.
        assert!(size_of::<GroupError>() <= 128, "{}", size_of::<GroupError>());
    }
}
