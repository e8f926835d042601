//! `foretask clean`: what no run points to goes, and runs go on as if nothing had been.

use std::fs;

use foretask_tests::{Place, json};

use crate::{PRETRAINING, TINY};

/// The number of stages in a place.
fn stages(place: &Place) -> usize {
    fs::read_dir(place.path("runs/.stages")).unwrap().count()
}

/// Whether the latest run of a script made nothing.
fn all_reused(place: &Place, script: &str) -> bool {
    let about = json(&place.latest(script).join("run.json"));
    about["stages"].as_array().unwrap().iter().all(|stage| stage["reused"] == true)
}

#[test]
fn only_what_no_run_points_to_goes() {
    let place = Place::new();
    place.write("tiny.rhai", TINY);
    place.foretask(&["clean"]).exits(0).says(&["No stages in runs."]);
    place.foretask(&["run", "tiny.rhai", "--device", "flex"]).exits(0);
    let of_first = stages(&place);
    place.foretask(&["run", "tiny.rhai", "--device", "flex", "--set", "steps=7"]).exits(0);
    let of_both = stages(&place);
    assert!(of_first > 3 && of_both > of_first);

    // Both runs are there: nothing can go, and asking for it changes nothing.
    place.foretask(&["clean", "--yes"]).exits(0).says(&["0 of them can go", "Removed: 0 stages", "runs/tiny/"]);
    assert_eq!(stages(&place), of_both);

    fs::remove_dir_all(&place.runs("tiny")[1]).unwrap();
    let told = place.foretask(&["clean"]).exits(0);
    told.says(&["nothing: it can go", "Nothing was removed. To remove what can go: foretask clean --yes"]);
    assert_eq!(stages(&place), of_both);
    let told = place.foretask(&["clean", "--yes", "--json"]).exits(0);
    let told: serde_json::Value = serde_json::from_str(&told.stdout).unwrap();
    assert_eq!(told["removed"]["stages"], of_both - of_first);
    assert_eq!(stages(&place), of_first);

    // What stayed is whole, and what went is made again.
    place.foretask(&["run", "tiny.rhai", "--device", "flex"]).exits(0);
    assert!(all_reused(&place, "tiny"));
    place.foretask(&["run", "tiny.rhai", "--device", "flex", "--set", "steps=7"]).exits(0);
    assert!(!all_reused(&place, "tiny"));
}

#[test]
fn a_run_keeps_its_checkpoint_while_it_goes_on_and_after_it_was_killed() {
    let place = Place::new();
    place.write("pretraining.rhai", PRETRAINING);
    let mut running = place.start(&["run", "pretraining.rhai", "--device", "flex"]);
    assert!(running.until(|| !place.checkpoints().is_empty()), "it was too quick");
    place.foretask(&["clean", "--yes"]).exits(2).says(&["nothing was removed", "is going on"]);
    running.kill();
    place.foretask(&["clean", "--yes"]).exits(0).says(&["unfinished", "Removed: 0 stages"]);
    assert_eq!(place.checkpoints().len(), 1);
    fs::remove_dir_all(&place.runs("pretraining")[0]).unwrap();
    place.foretask(&["clean", "--yes"]).exits(0).says(&["Removed: 1 stage"]);
    assert_eq!(stages(&place), 0);
}
