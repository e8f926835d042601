//! Two and three processes on one machine: every exchange, and everything that can happen to one.

use std::net::TcpListener;
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::super::store::Store;
use super::super::*;
use super::processes::{PART, Play, Played, Rank, launch, say};

/// Enough on a machine with more to do than cores.
const LONG: Duration = Duration::from_mins(1);
const SHORT: Duration = Duration::from_secs(2);

fn options(limit: Duration, joining: Duration) -> GroupOptions {
    GroupOptions { limit, joining, ..GroupOptions::default() }
}

fn join(limit: Duration) -> Group {
    Group::join(&launch(), &[], &options(limit, LONG)).unwrap()
}

/// Says how an exchange fails, and how long it took.
fn say_failure(group: &Group) {
    let start = Instant::now();
    let error = group.all_reduce(&mut [1.0; 1000]).unwrap_err();
    say(&error);
    assert_eq!(group.barrier().unwrap_err(), error, "what is broken stays so");
    assert!(start.elapsed() < LONG, "{:?}", start.elapsed());
}

/// Not a test of its own: what a process does that one of the tests below started.
#[test]
fn plays_its_part() {
    let Ok(part) = std::env::var(PART) else { return };
    std::thread::spawn(|| {
        sleep(LONG * 2);
        std::process::exit(3);
    });
    match part.as_str() {
        "values" => values(),
        "norms" => super::norms::play(),
        "bits" => bits(),
        "killed" => last_one(LONG, || signal(libc::SIGKILL)),
        "hung" => last_one(SHORT, || sleep(SHORT * 5)),
        "failed" => last_one(LONG, || {}),
        "keeper killed" => first_one(LONG, libc::SIGKILL),
        "keeper stopped" => first_one(SHORT, libc::SIGSTOP),
        "differing" => differing(),
        "unequal" => unequal(),
        "impatient" => say(Group::join(&launch(), &[], &options(LONG, SHORT)).unwrap_err()),
        "interrupted" => interrupted(),
        "agent" => agent(),
        other => panic!("nobody plays {other}"),
    }
}

fn signal(number: i32) {
    // SAFETY: to this process itself.
    unsafe { libc::kill(libc::getpid(), number) };
}

/// The last rank does something else than the others, who say what they see.
fn last_one(limit: Duration, act: impl FnOnce()) {
    let group = join(limit);
    group.barrier().unwrap();
    if group.rank() + 1 == group.ranks() {
        act();
    } else {
        say_failure(&group);
    }
}

/// The first rank, which keeps the store, gets a signal.
fn first_one(limit: Duration, number: i32) {
    let group = join(limit);
    group.barrier().unwrap();
    if group.is_first() {
        signal(number);
    } else {
        say_failure(&group);
    }
}

fn values() {
    let group = join(LONG);
    let (rank, ranks) = (group.rank(), group.ranks());
    let mut sums = [rank as f32 + 1.0, 10.0, -1.5];
    group.all_reduce(&mut sums).unwrap();
    let of_ranks = (ranks * (ranks + 1) / 2) as f32;
    assert_eq!(sums, [of_ranks, 10.0 * ranks as f32, -1.5 * ranks as f32]);
    let all = group.all_gather(&[rank as f32, rank as f32 * 10.0]).unwrap();
    assert_eq!(all, (0..ranks).flat_map(|rank| [rank as f32, rank as f32 * 10.0]).collect::<Vec<_>>());
    for from in 0..ranks {
        let mut values = [rank as f32; 5];
        group.broadcast(&mut values, from).unwrap();
        assert_eq!(values, [from as f32; 5]);
    }
    group.all_reduce(&mut []).unwrap();
    assert_eq!(group.all_gather(&[]).unwrap(), [0.0; 0]);
    group.set(&format!("of {rank}"), &[rank as u8, 0, 255]).unwrap();
    let last = ranks - 1;
    assert_eq!(group.get(&format!("of {last}"), LONG).unwrap(), [last as u8, 0, 255]);
    assert!(matches!(group.get("nothing", Duration::from_millis(50)), Err(GroupError::Untold { .. })));
    group.agree(&[Fact::new("the weights", "ab")]).unwrap();
    let hosts: Vec<&str> = group.members().iter().map(|member| member.host.as_str()).collect();
    assert!(hosts.len() == ranks && hosts.iter().all(|host| *host == hosts[0]), "{hosts:?}");
    group.leave().unwrap();
    // A second group of the same processes.
    let again = join(LONG);
    again.all_reduce(&mut sums).unwrap();
    assert_eq!(sums[1], 10.0 * (ranks * ranks) as f32);
    again.leave().unwrap();
    say("right");
}

fn bits() {
    let group = join(LONG);
    let mut rng = foretask_random::Key::new(5).with(group.rank() as u64).rng();
    let mut values: Vec<f32> = (0..100_003).map(|_| rng.normal()).collect();
    group.all_reduce(&mut values).unwrap();
    // FNV-1a.
    let add = |hash: u64, value: &f32| (hash ^ u64::from(value.to_bits())).wrapping_mul(0x100_0000_01b3);
    say(values.iter().fold(0xcbf2_9ce4_8422_2325, add));
    group.leave().unwrap();
}

fn differing() {
    let launch = launch();
    let facts = [Fact::new("the seed", 7), Fact::new("the script", format!("script {}", launch.rank))];
    say(Group::join(&launch, &facts, &options(LONG, LONG)).unwrap_err());
}

fn unequal() {
    let group = join(LONG);
    group.barrier().unwrap();
    say(group.all_reduce(&mut vec![0.0; 5 + group.rank()]).unwrap_err());
}

fn interrupted() {
    let start = Instant::now();
    let interrupted = std::sync::Arc::new(move || start.elapsed() > Duration::from_millis(500));
    let options = GroupOptions { interrupted, ..GroupOptions::default() };
    say(Group::join(&launch(), &[], &options).unwrap_err());
    assert!(start.elapsed() < LONG / 4);
}

/// Keeps a store for others, as torchrun's agent does.
fn agent() {
    let meeting = Meeting { keeper: Keeper::FirstRank, ..launch().meeting.unwrap() };
    let _store = Store::open(&meeting, 0, "agent".into(), LONG, &|| false);
    sleep(LONG * 2);
}

/// What the ranks said that spoke, once each.
fn said(played: &[Played]) -> Vec<&str> {
    let spoke = played.iter().filter(|played| !played.said.is_empty());
    spoke.map(|played| if let [said] = played.said.as_slice() { said.as_str() } else { panic!("{played:?}") }).collect()
}

#[test]
fn every_exchange_gives_the_right_values() {
    for ranks in [2, 3] {
        let played = Play::new("values", ranks).run();
        assert_eq!(said(&played), vec!["right"; ranks], "{played:?}");
        // What C++ tells of its connections does not reach the program's results.
        assert!(played.iter().all(|played| played.well && !played.output.contains("[Gloo]")), "{played:?}");
    }
}

#[test]
fn all_ranks_have_the_same_bits_in_every_run() {
    for ranks in [2, 3] {
        let [first, second] = [(); 2].map(|()| Play::new("bits", ranks).run());
        let hash = said(&first)[0];
        assert_eq!((said(&first), said(&second)), (vec![hash; ranks], vec![hash; ranks]), "{first:?} {second:?}");
    }
}

#[test]
fn a_rank_that_was_killed_is_named() {
    let played = Play::new("killed", 3).run();
    let said = said(&played);
    assert_eq!((said.len(), played[2].well), (2, false), "{played:?}");
    assert!(
        said.iter().all(|said| said.starts_with("rank 2 on ") && said.contains(") ended or was killed, as rank ")),
        "{said:?}"
    );
}

#[test]
fn a_rank_that_hangs_is_named_once_its_time_is_over() {
    let played = Play::new("hung", 3).run();
    let said = said(&played);
    assert_eq!(said.len(), 2, "{played:?}");
    let names = |said: &&str| {
        said.starts_with("rank 2 on ") && said.contains("did not come to exchange 2 within 2 s, though alive")
    };
    assert!(said.iter().all(names), "{said:?}");
}

#[test]
fn a_rank_that_ends_with_an_error_of_its_own_is_named() {
    let played = Play::new("failed", 2).run();
    let said = said(&played);
    assert!(
        said.len() == 1 && said[0].starts_with("rank 1 on ") && said[0].contains(") left before exchange 2"),
        "{said:?}"
    );
}

#[test]
fn the_one_who_keeps_the_meeting_place_is_named_as_well() {
    let played = Play::new("keeper killed", 3).run();
    let says =
        |said: &&str| said.starts_with("rank 0, who keeps the meeting place 127.0.0.1:") && said.contains("rank");
    assert!(said(&played).len() == 2 && said(&played).iter().all(says), "{played:?}");

    let play = Play::new("keeper stopped", 2);
    let [first, second] = [0, 1].map(|rank| play.start(rank));
    let played = [second.end()];
    first.kill();
    assert!(said(&played).len() == 1 && said(&played).iter().all(says), "{played:?}");
}

#[test]
fn a_taken_port_is_said_on_all_ranks() {
    let listener = TcpListener::bind("0.0.0.0:0").unwrap();
    let play = Play { port: listener.local_addr().unwrap().port(), ..Play::new("impatient", 2) };
    let played = play.run();
    let said = said(&played);
    assert!(said[0].contains(&format!("cannot keep the meeting place: port {} is taken", play.port)), "{said:?}");
    assert!(said[1].starts_with("rank 1 on ") && said[1].contains("found nobody at the meeting place"), "{said:?}");
}

#[test]
fn a_first_or_last_rank_that_never_comes_is_said() {
    let play = Play::new("impatient", 3);
    let second = play.start(1).end();
    let expected =
        format!("found nobody at the meeting place 127.0.0.1:{} within 2 s: rank 0, who keeps it,", play.port);
    assert!(second.said[0].starts_with("rank 1 on ") && second.said[0].contains(&expected), "{second:?}");

    let play = Play::new("impatient", 3);
    let ranks = [0, 1].map(|rank| play.start(rank));
    for played in ranks.map(Rank::end) {
        let said = &played.said[0];
        assert!(said.contains("waited 2 s for 1 of 3 ranks, the first of them rank 2; rank 0 on "), "{said}");
    }
}

#[test]
fn what_is_not_the_same_on_all_ranks_is_said_before_anything_is_exchanged() {
    let script = ["the script differs: \"script 0\" at rank 0 on ", "\"script 1\" at rank 1 on "];
    let ranks = ["the number of ranks differs: \"2\" at rank 0 on ", "\"3\" at rank 1 on "];
    let same = Play::new("differing", 2);
    let other = Play::new("differing", 2);
    let other = [other.start(0), Play { ranks: 3, ..other }.start(1)].map(Rank::end);
    for (played, [beginning, part]) in [(&same.run()[..], script), (&other, ranks)] {
        let said = said(played);
        let fits = |said: &&str| said.starts_with(beginning) && said.contains(part);
        assert!(said.len() == 2 && said.iter().all(fits), "{said:?}");
    }
}

#[test]
fn unequal_sizes_are_an_error_and_end_no_process() {
    let played = Play::new("unequal", 2).run();
    assert!(played.iter().all(|played| played.well), "{played:?}");
    for said in said(&played) {
        assert!(said.starts_with("exchange 2 is the sum of 5 number(s) for rank 0 on "), "{said}");
        assert!(said.contains("but the sum of 6 number(s) for rank 1 on "), "{said}");
    }
}

#[test]
fn whoever_waits_can_be_interrupted() {
    let played = [Play::new("interrupted", 2).start(1).end()];
    assert!(said(&played)[0].ends_with("was asked to stop while it waited for the others"), "{played:?}");
}

#[test]
fn ranks_that_an_agent_starts_again_find_nothing_of_the_dead_ones() {
    let of_agent = [("TORCHELASTIC_USE_AGENT_STORE", "True"), ("TORCHELASTIC_RUN_ID", "test")];
    let agent = Play::new("agent", 2);
    let port = agent.port;
    let agent = agent.start(0);
    let attempt = |part, count| {
        let more = of_agent.into_iter().chain([("TORCHELASTIC_RESTART_COUNT", count)]).collect();
        Play { part, port, more, ..Play::new(part, 2) }.run()
    };
    let first = attempt("killed", "0");
    let second = attempt("values", "1");
    let same = attempt("differing", "1");
    agent.kill();
    assert!(said(&first)[0].starts_with("rank 1 on "), "{first:?}");
    assert_eq!(said(&second), ["right"; 2], "{second:?}");
    assert!(said(&same).iter().all(|said| said.contains("is not the only one of this number: rank ")), "{same:?}");
}
