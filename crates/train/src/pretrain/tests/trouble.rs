//! Runs that go wrong: losses that are no numbers, damaged checkpoints, requests to stop, too little memory.

use super::*;

#[test]
fn a_loss_that_is_no_number_stops_the_stage_and_says_where() {
    let folder = tempfile::tempdir().unwrap();
    let text = r#"{"steps": 30, "batch_size": 8, "lr": 1e30, "warmup": 0}"#;
    let run = Run { checkpoint_every: Duration::from_hours(1), ..Run::new("simclr", text, folder.path()) };
    let error = run.run().unwrap_err();
    let words = error.to_string();
    let TrainError::NotFinite { step, rows, checkpoint: None, .. } = error else { panic!("{error:?}") };
    assert!((2..8).contains(&step) && rows.len() == 8, "{step} {rows:?}");
    let sampling = crate::loader::Sampling { images: 20, batch_size: 8, seed: 0, drop_last: true, windows: None };
    let expected: Vec<u64> = sampling.request(step - 1).indices.iter().map(|i| 100 + u64::from(*i)).collect();
    assert_eq!(rows, expected);
    assert!(words.contains("lower `lr`") && words.contains("no checkpoint"), "{words}");
    assert!(!checkpoint::path_in(folder.path()).exists(), "numbers that are none are never saved");
}

#[test]
fn the_last_good_checkpoint_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let text = r#"{"steps": 30, "batch_size": 8, "lr": 1e30, "warmup": 0}"#;
    let run = Run { checkpoint_every: Duration::ZERO, ..Run::new("simclr", text, folder.path()) };
    let error = run.run().unwrap_err();
    let TrainError::NotFinite { step, checkpoint: Some((path, saved)), .. } = error else { panic!("{error:?}") };
    assert_eq!((path, saved), (checkpoint::path_in(folder.path()), step - 1));
}

#[test]
fn a_checkpoint_that_is_damaged_or_of_another_run_is_kept_aside_and_said() {
    let folder = tempfile::tempdir().unwrap();
    let expected = Run::new("rotation", SHORT, folder.path()).run().unwrap();
    let path = checkpoint::path_in(folder.path());
    let good = std::fs::read(&path).unwrap();
    let mut flipped = good.clone();
    flipped[good.len() / 2] ^= 1;
    let other = tempfile::tempdir().unwrap();
    Run::new("rotation", r#"{"steps": 6, "batch_size": 8, "seed": 4}"#, other.path()).run().unwrap();
    let of_another = std::fs::read(checkpoint::path_in(other.path())).unwrap();
    let bad = [(flipped, "damaged"), (of_another, "other options"), (good[..good.len() / 3].to_vec(), "damaged")];
    for (number, (bytes, word)) in bad.iter().enumerate() {
        std::fs::write(&path, bytes).unwrap();
        let (found, warnings) = Run::new("rotation", SHORT, folder.path()).warned();
        assert_same(&expected, &found.unwrap());
        let [warning] = &warnings[..] else { panic!("{warnings:?}") };
        assert!(warning.contains(word) && warning.contains("checkpoint.ftckpt.damaged"), "{warning}");
        let kept = format!(
            "checkpoint.ftckpt.damaged{}",
            if number == 0 { String::new() } else { format!("-{}", number + 1) }
        );
        assert_eq!(std::fs::read(folder.path().join(kept)).unwrap(), *bytes);
    }
    assert_eq!(Run::new("rotation", SHORT, folder.path()).warned().1, [""; 0]);
}

#[test]
fn a_request_to_stop_during_calibration_is_obeyed() {
    let folder = tempfile::tempdir().unwrap();
    let device = foretask_backend::device("flex").unwrap();
    let interrupt = Interrupt::new();
    let events = |event: Event| {
        if matches!(event, Event::Note(text) if text.starts_with("measuring")) {
            interrupt.request();
        }
    };
    let cx = Context {
        device: &device,
        folder: folder.path(),
        events: &events,
        interrupt: &interrupt,
        threads: 1,
        features: None,
        checkpoint_every: Duration::ZERO,
    };
    let task = mix("rotation");
    let error = learn(&start(), &task, r#"{"budget": "1m", "batch_size": 8}"#, &cx);
    let error = error.unwrap_err();
    assert!(matches!(error, TrainError::Interrupted { step: 0, .. }), "{error}");
    assert!(error.to_string().starts_with("interrupted before the first step"), "{error}");
}

#[test]
fn what_does_not_fit_into_memory_is_refused_beforehand() {
    let folder = tempfile::tempdir().unwrap();
    let text = r#"{"steps": 1, "batch_size": 20, "image_size": 4096}"#;
    let error = Run::new("simclr", text, folder.path()).run().unwrap_err();
    assert!(matches!(error, TrainError::Memory { .. }) && error.to_string().contains("now 20"), "{error}");
}
