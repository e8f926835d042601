//! Going on from an encoder that has learned before.

use foretask_tests::{Place, json, weights};

fn script(options: &str) -> String {
    format!(
        r#"let data = dataset("datasets/fashion-mini");
let few  = data.split("train").per_class(10, #{{ seed: 1 }});
let pool = data.unlabeled().take(300);
let first = pretrain(resnet10(#{{ width: 4 }}), simclr(), pool, #{{ steps: 20, batch_size: 32 }});
let on = pretrain(first.encoder, rotation(), pool, #{{ batch_size: 32{options} }});
print("kept " + on.kept + " after " + on.steps + ": " + on.kept_reason);
let test = data.split("test").take(40);
report("on", #{{ on: on, probe: linear_probe(on.encoder, few).evaluate(test) }}, #{{ baselines: false }});
"#
    )
}

/// A rate at which whatever was known is lost.
const RUIN: &str =
    ", steps: 40, lr: 3.0, weight_decay: 0.3, on_collapse: \"warn\", online: #{ data: few, probe: false }";

const RUN: &[&str] = &["run", "on.rhai", "--device", "flex"];

#[test]
fn what_gets_worse_is_stopped_and_put_back_also_after_a_kill() {
    let place = Place::new();
    place.write("on.rhai", script(RUIN));
    let first = place.foretask(RUN).exits(0);
    first.says(&["this makes the encoder worse", "the starting encoder is kept as it was"]);
    let printed = first.printed();
    assert!(printed.contains("kept start after ") && printed.contains("of 40 steps"), "{printed}");
    let run = place.latest("on");
    let page = std::fs::read_to_string(run.join("report.html")).unwrap();
    assert!(page.contains("the starting encoder is kept as it was") && page.contains("made it worse"));
    let again = place.foretask(RUN).exits(0);
    assert!(again.printed().contains("kept start after "), "{}", again.printed());
    let about = json(&place.latest("on").join("run.json"));
    assert!(about["stages"].as_array().unwrap().iter().all(|stage| stage["reused"] == true), "{about}");

    let parts = Place::new();
    // The first encoder is then there already, and a checkpoint is one of the second.
    let all = script(RUIN);
    parts.write("first.rhai", all.lines().take(4).collect::<Vec<_>>().join("\n"));
    parts.foretask(&["run", "first.rhai", "--device", "flex"]).exits(0);
    parts.write("on.rhai", all);
    let mut running = parts.start(RUN);
    assert!(running.until(|| !parts.checkpoints().is_empty()), "no checkpoint was written");
    running.kill();
    parts.foretask(RUN).exits(0);
    assert!(weights(&parts.latest("on")) == weights(&run), "other weights after a kill");
}

#[test]
fn what_was_chosen_is_said_and_what_cannot_be_is_refused() {
    let place = Place::new();
    place.write("on.rhai", script(", steps: 10"));
    place.foretask(&["check", "on.rhai", "--device", "flex"]).exits(0).says(&[
        "a tenth of",
        "warm_heads",
        "online: few",
    ]);
    let wrong = |options: &str, words: &[&str]| {
        place.write("wrong.rhai", script(options));
        place.foretask(&["check", "wrong.rhai", "--device", "flex"]).exits(2).says(words);
    };
    wrong(", steps: 10, guard: true", &["guard", "online: few"]);
    wrong(", steps: 10, layer_decay: 0.5", &["layer_decay", "transformer"]);
    wrong(", steps: 10, warm_heads: 1", &["warm_heads", "0 to 0.9"]);
}
