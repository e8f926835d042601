//! Two processes that share each batch out learn what one process learns.

use std::process::Command;

use foretask_backend::group::{Group, GroupOptions, Launch};

use super::networks::colored;
use super::*;

/// Set where a test runs as one of the ranks that it started: the folder to work in.
const PART: &str = "FORETASK_TEST_RANK_FOLDER";
const RANKS: usize = 2;

/// One step that is as long as the gradient.
const ONE: &str = r#"{"steps": 1, "batch_size": 8, "seed": 3, "optimizer": "sgd", "momentum": 0, "lr": 1.0, "weight_decay": 0, "clip_norm": 0}"#;
/// Over the edge of an epoch, with queues, averages and clusters of the steps before.
const SIX: &str = r#"{"steps": 6, "batch_size": 8, "seed": 3, "optimizer": "sgd", "lr": 0.01}"#;

/// Every task on colored, labeled pictures.
fn every_task() -> impl Iterator<Item = &'static str> {
    foretask_pretext::TASKS.iter().map(|info| info.name)
}

fn learned(task: &str, text: &str, device: &str, folder: &Path) -> Pretrained {
    let device = foretask_backend::device(device).unwrap();
    let interrupt = Interrupt::new();
    let cx = Context {
        device: &device,
        folder,
        events: &|_| (),
        interrupt: &interrupt,
        threads: 1,
        features: None,
        checkpoint_every: Duration::from_hours(1),
    };
    let mix = taught(foretask_pretext::Task::by_name(task).unwrap(), &[teacher(3, 16)]);
    let (start, images, options) = (start_of(&mix), colored(20), options(text));
    pretrain(&Pretraining { start: &start, mix: &mix, images: &images, options: &options }, None, &cx).unwrap()
}

/// Starts the test of this name once for each rank, in `folder`.
fn ranks(test: &str, folder: &Path) {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let started = (0..RANKS).map(|rank| {
        let mut command = Command::new(std::env::current_exe().unwrap());
        let of_launchers =
            |name: &String| ["SLURM_", "OMPI_", "TORCHELASTIC_", "PMI"].iter().any(|p| name.starts_with(p));
        for (name, _) in std::env::vars().filter(|(name, _)| of_launchers(name)) {
            command.env_remove(name);
        }
        command
            .args(["--exact", &format!("pretrain::tests::on_ranks::{test}"), "--nocapture", "--test-threads=1"])
            .envs([(PART, folder.as_os_str())])
            .envs([("RANK", rank.to_string()), ("WORLD_SIZE", RANKS.to_string())])
            .envs([("MASTER_ADDR", "127.0.0.1".to_owned()), ("MASTER_PORT", port.to_string())])
            .spawn()
            .unwrap()
    });
    for (rank, mut process) in started.collect::<Vec<_>>().into_iter().enumerate() {
        assert!(process.wait().unwrap().success(), "rank {rank} failed");
    }
}

/// The part of a rank: each of these trainings with the others.
fn play(folder: &Path, trainings: impl Iterator<Item = (&'static str, &'static str, &'static str)>) {
    let options = GroupOptions { joining: Duration::from_mins(1), ..GroupOptions::default() };
    let group = Arc::new(Group::join(&Launch::from_environment().unwrap(), &[], &options).unwrap());
    for (number, (task, text, device)) in trainings.enumerate() {
        let place = folder.join(number.to_string());
        let found = group.together(|| learned(task, text, device, &place));
        if group.is_first() {
            found.save(&place.join("result")).unwrap();
        }
    }
    group.barrier().unwrap();
}

/// What the ranks found in a training.
fn found(folder: &Path, number: usize, task: &str) -> Pretrained {
    let mix = taught(foretask_pretext::Task::by_name(task).unwrap(), &[teacher(3, 16)]);
    Pretrained::load(&folder.join(number.to_string()).join("result"), &mix).unwrap().unwrap()
}

/// The largest distance of two networks' numbers, relative to the step that was made (and to what a number is, where that is more: the
/// variances of a network that made a large step are large), and where it is.
fn apart(a: &StateDict, b: &StateDict, step: f64) -> (f64, String) {
    assert_eq!(a.keys().collect::<Vec<_>>(), b.keys().collect::<Vec<_>>());
    let of = |name: &String| {
        // Measured anew with the stepped weights, whose rounding they square.
        let slack = if name.contains("running_") { 10.0 } else { 1.0 };
        let largest = |(a, b): (&f32, &f32)| f64::from((a - b).abs()) / slack / step.max(f64::from(b.abs()));
        (a[name].data.iter().zip(&b[name].data).map(largest).fold(0.0, f64::max), name.clone())
    };
    a.keys().map(of).fold((0.0, String::new()), larger)
}

fn larger(a: (f64, String), b: (f64, String)) -> (f64, String) {
    if b.0 > a.0 { b } else { a }
}

fn relative(a: f64, b: f64) -> f64 {
    (a - b).abs() / b.abs().max(1e-3)
}

#[test]
fn one_step_is_that_of_one_process() {
    let trainings =
        || every_task().map(|task| (task, ONE, "flex")).chain([("simclr", ONE, "libtorch"), ("mae", ONE, "libtorch")]);
    if let Ok(folder) = std::env::var(PART) {
        return play(Path::new(&folder), trainings());
    }
    let folder = tempfile::tempdir().unwrap();
    ranks("one_step_is_that_of_one_process", folder.path());
    let mut off = Vec::new();
    for (number, (task, text, device)) in trainings().enumerate() {
        let one = tempfile::tempdir().unwrap();
        let (one, two) = (learned(task, text, device, one.path()), found(folder.path(), number, task));
        let (a, b) = (&two.history[0], &one.history[0]);
        let of_loss = relative(a.loss, b.loss);
        let of_norm = relative(a.gradient_norm, b.gradient_norm);
        let step = b.gradient_norm.max(1.0);
        let (of_step, name) =
            larger(apart(&two.encoder.state, &one.encoder.state, step), apart(&two.heads, &one.heads, step));
        if of_loss.max(of_norm).max(of_step) > 1e-5 {
            off.push(format!(
                "{task} on {device}: loss {of_loss:.1e}, norm {of_norm:.1e}, step {of_step:.1e} in {name}"
            ));
        }
    }
    assert!(off.is_empty(), "{off:#?}");
}

#[test]
fn what_is_remembered_from_step_to_step_is_that_of_one_process() {
    let trainings = || every_task().map(|task| (task, SIX, "flex"));
    if let Ok(folder) = std::env::var(PART) {
        return play(Path::new(&folder), trainings());
    }
    let folder = tempfile::tempdir().unwrap();
    ranks("what_is_remembered_from_step_to_step_is_that_of_one_process", folder.path());
    let mut off = Vec::new();
    for (number, (task, text, device)) in trainings().enumerate() {
        let one = tempfile::tempdir().unwrap();
        let (one, two) = (learned(task, text, device, one.path()), found(folder.path(), number, task));
        assert_eq!((two.steps, two.images_seen, two.history.len()), (one.steps, one.images_seen, one.history.len()));
        let of_loss = two.history.iter().zip(&one.history).map(|(a, b)| relative(a.loss, b.loss)).fold(0.0, f64::max);
        // Rounding grows with every step.
        if of_loss > 1e-3 {
            off.push(format!("{task}: {of_loss:.1e}"));
        }
    }
    assert!(off.is_empty(), "{off:#?}");
}

#[test]
fn the_same_ranks_give_the_same_bits() {
    let trainings = || ["simclr", "byol"].into_iter().map(|task| (task, SIX, "flex"));
    if let Ok(folder) = std::env::var(PART) {
        return play(Path::new(&folder), trainings());
    }
    let folders = [0, 1].map(|_| tempfile::tempdir().unwrap());
    for folder in &folders {
        ranks("the_same_ranks_give_the_same_bits", folder.path());
    }
    for (number, (task, ..)) in trainings().enumerate() {
        let [a, b] = folders.each_ref().map(|folder| found(folder.path(), number, task));
        assert_same(&a, &b);
    }
}
