//! Interrupted runs go on to the bit.

use std::time::{Duration, SystemTime};

use foretask_tests::{Place, Running};

use crate::PRETRAINING;

const RUN: &[&str] = &["run", "pretraining.rhai", "--device", "flex"];

fn place() -> Place {
    let place = Place::new();
    place.write("pretraining.rhai", PRETRAINING);
    place
}

fn encoder(place: &Place) -> Vec<u8> {
    std::fs::read(place.path("encoder.safetensors")).unwrap()
}

/// Waits until the stage has saved something, and then a random moment longer. False if it was done before.
fn into_the_middle(place: &Place, running: &mut Running) -> bool {
    let seen = place.checkpoints().iter().filter_map(|path| path.metadata().ok()?.modified().ok()).max();
    let newer = |place: &Place| {
        let modified = place.checkpoints().iter().filter_map(|path| path.metadata().ok()?.modified().ok()).max();
        modified.is_some() && modified != seen
    };
    if !running.until(|| newer(place)) {
        return false;
    }
    let random = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().subsec_nanos() % 150;
    println!("waiting {random} ms more");
    std::thread::sleep(Duration::from_millis(random.into()));
    true
}

#[test]
fn a_run_that_was_killed_twice_ends_in_the_same_weights() {
    let whole = place();
    whole.foretask(RUN).exits(0);
    let expected = encoder(&whole);

    let killed = place();
    let mut kills = 0;
    for _ in 0..2 {
        let mut running = killed.start(RUN);
        if into_the_middle(&killed, &mut running) {
            let done = running.kill();
            kills += i32::from(done.code.is_none());
            assert!(
                !killed.path("encoder.safetensors").exists(),
                "killed too late to show anything: {}",
                done.printed()
            );
        }
    }
    assert_eq!(kills, 2, "the run was too short to be killed in its middle");
    assert_eq!(killed.checkpoints().len(), 1);
    killed.foretask(RUN).exits(0);
    assert!(encoder(&killed) == expected, "weights differ from those of an uninterrupted run");
    assert_eq!(killed.checkpoints().len(), 0, "a finished stage needs no checkpoint");
}

#[test]
fn ctrl_c_saves_says_how_to_go_on_and_loses_nothing() {
    let whole = place();
    whole.foretask(RUN).exits(0);

    let interrupted = place();
    let mut running = interrupted.start(RUN);
    assert!(into_the_middle(&interrupted, &mut running), "the run was too short to be interrupted");
    running.interrupt();
    let done = running.finish().exits(130);
    done.says(&["pretraining.rhai", "again"]);
    assert!(!done.printed().contains("panicked"), "{}", done.printed());
    assert_eq!(interrupted.checkpoints().len(), 1);
    interrupted.foretask(RUN).exits(0).says(&["going on from its checkpoint", "from step"]);
    assert!(encoder(&interrupted) == encoder(&whole), "weights differ from those of an uninterrupted run");
}

/// A task of the script's own, watched by labeled images while it trains.
const OWN: &str = r#"
let data = dataset("datasets/fashion-mini");
let few  = data.split("train").per_class(3, #{ seed: 1 });
let net  = resnet10(#{ width: 4 });
let task = custom_task(|image, rng| {
    let turns = rng.below(4);
    #{ input: image.rotate90(turns).noise(rng, 0.05), label: turns }
}, #{ classes: 4 });
let pre  = pretrain(net, task, data.unlabeled().take(400), #{ steps: 300, batch_size: 32, online: few });
pre.encoder.save("encoder.safetensors");
"#;

#[test]
fn a_task_of_the_script_goes_on_to_the_bit_as_well() {
    let place = || {
        let place = Place::new();
        place.write("pretraining.rhai", OWN);
        place
    };
    let whole = place();
    whole.foretask(RUN).exits(0);

    let killed = place();
    let mut running = killed.start(RUN);
    assert!(into_the_middle(&killed, &mut running), "the run was too short to be killed in its middle");
    assert!(running.kill().code.is_none());
    assert_eq!(killed.checkpoints().len(), 1);
    killed.foretask(RUN).exits(0).says(&["from step"]);
    assert!(encoder(&killed) == encoder(&whole), "weights differ from those of an uninterrupted run");
}
