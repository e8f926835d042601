//! What must not change a bit: interruptions, kills, threads.

use std::process::{Command, Stdio};

use super::*;

#[test]
fn a_run_that_was_interrupted_ends_in_the_same_bits() {
    for task in tasks() {
        let (whole, parts) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let expected = Run::new(task, SHORT, whole.path()).run().unwrap();
        let first = Run { stop_at: Some(3), checkpoint_every: Duration::ZERO, ..Run::new(task, SHORT, parts.path()) };
        match first.run() {
            Err(TrainError::Interrupted { step: 4, steps: 6, folder }) => assert_eq!(folder, parts.path()),
            other => panic!("{other:?}"),
        }
        let resumed = Run::new(task, SHORT, parts.path()).run().unwrap();
        assert_same(&expected, &resumed);
        assert_eq!(timeless(&metrics(parts.path())), timeless(&expected.history));
        // And once more: a finished folder gives its result at once.
        assert_same(&expected, &Run::new(task, SHORT, parts.path()).run().unwrap());
    }
}

#[test]
fn accumulation_and_sgd_resume_to_the_bit_as_well() {
    let text = r#"{"steps": 5, "batch_size": 5, "accumulate": 2, "optimizer": "sgd", "nesterov": true}"#;
    assert_eq!(resumes_to_the_bit(text, &mix("simclr"), 1).images_seen, 50);
}

#[test]
fn loader_threads_do_not_change_a_bit() {
    for task in tasks() {
        let (one, eight) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let one = Run { threads: 1, ..Run::new(task, SHORT, one.path()) }.run().unwrap();
        let eight = Run { threads: 8, ..Run::new(task, SHORT, eight.path()) }.run().unwrap();
        assert_same(&one, &eight);
    }
}

#[test]
fn the_seed_decides_everything() {
    let [a, b] = [3, 4].map(|seed| {
        let folder = tempfile::tempdir().unwrap();
        Run::new("simclr", &format!(r#"{{"steps": 2, "batch_size": 8, "seed": {seed}}}"#), folder.path()).run().unwrap()
    });
    assert_ne!(bits(&a.encoder.state), bits(&b.encoder.state));
}

/// Set where a test runs as the child of itself: the folder to work in.
const CHILD: &str = "FORETASK_TEST_CHILD_FOLDER";

/// A process of its own that runs the test of this name in `folder`.
fn child(test: &str, folder: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", &format!("pretrain::tests::same_bits::{test}"), "--nocapture"])
        .env(CHILD, folder)
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
}

#[test]
fn computing_threads_do_not_change_a_bit() {
    if let Ok(folder) = std::env::var(CHILD) {
        for task in tasks() {
            let folder = Path::new(&folder).join(task);
            Run::new(task, SHORT, &folder).run().unwrap().save(&folder.join("result")).unwrap();
        }
        return;
    }
    let folders = [1, 2, 5].map(|threads: usize| {
        let folder = tempfile::tempdir().unwrap();
        let mut child = child("computing_threads_do_not_change_a_bit", folder.path());
        assert!(child.env("RAYON_NUM_THREADS", threads.to_string()).status().unwrap().success());
        folder
    });
    for task in tasks() {
        let [one, two, five] = folders
            .each_ref()
            .map(|f| Pretrained::load(&f.path().join(task).join("result"), &mix(task)).unwrap().unwrap());
        assert_same(&one, &two);
        assert_same(&one, &five);
    }
}

#[test]
fn killed_at_any_moment_and_run_again() {
    const LONG: &str = r#"{"steps": 40, "batch_size": 8}"#;
    if let Ok(folder) = std::env::var(CHILD) {
        let run = Run { checkpoint_every: Duration::ZERO, ..Run::new("rotation", LONG, Path::new(&folder)) };
        run.run().unwrap();
        return;
    }
    let (whole, parts) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let expected = Run::new("rotation", LONG, whole.path()).run().unwrap();
    let mut kills = 0;
    for patience in [30, 70] {
        let mut child = child("killed_at_any_moment_and_run_again", parts.path()).spawn().unwrap();
        let begin = Instant::now();
        while !checkpoint::path_in(parts.path()).exists() {
            assert!(begin.elapsed() < Duration::from_mins(1), "the child never wrote a checkpoint");
            assert!(child.try_wait().unwrap().is_none_or(|status| status.success()), "the child failed");
            std::thread::sleep(Duration::from_millis(5));
        }
        std::thread::sleep(Duration::from_millis(patience));
        kills += usize::from(child.try_wait().unwrap().is_none());
        child.kill().unwrap();
        child.wait().unwrap();
    }
    assert!(kills > 0, "the child was done before it could be killed");
    assert_same(&expected, &Run::new("rotation", LONG, parts.path()).run().unwrap());
}

#[test]
fn metrics_are_cut_back_to_the_checkpoint() {
    let (whole, parts) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let expected = Run::new("rotation", SHORT, whole.path()).run().unwrap();
    let first = Run { stop_at: Some(2), checkpoint_every: Duration::ZERO, ..Run::new("rotation", SHORT, parts.path()) };
    assert!(first.run().is_err());
    // Lines of steps that were done but not saved, the last one torn.
    let path = parts.path().join("metrics.jsonl");
    let mut text = std::fs::read_to_string(&path).unwrap();
    text.push_str(&std::fs::read_to_string(whole.path().join("metrics.jsonl")).unwrap());
    text.truncate(text.len() - 9);
    std::fs::write(&path, text).unwrap();
    assert_same(&expected, &Run::new("rotation", SHORT, parts.path()).run().unwrap());
    assert_eq!(timeless(&metrics(parts.path())), timeless(&expected.history));
}
