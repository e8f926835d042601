//! Few labels spread, learned from and spread again: the words as a person uses them.

use std::path::PathBuf;

use foretask_tests::{Place, json, weights};

const SCRIPT: &str = r#"
let data = dataset("datasets/fashion-mini");
let few  = data.split("train").per_class(3, #{ seed: 1, draws: 2 });
let test = data.split("test").take(100);
let pool = data.unlabeled().take(300);
let pre  = pretrain(resnet10(#{ width: 4 }), simclr(), pool, #{ steps: 6, batch_size: 32 });

let spread = spread_labels(pre.encoder, few, pool);
let ours   = self_train(pre.encoder, few, pool, #{ rounds: 2, steps: 12, batch_size: 32 });
let on     = self_train(ours, few, pool, #{ rounds: 1, steps: 2, batch_size: 32, spread: #{ balanced: false } });
report("labels", #{ spread: spread.evaluate(test), ours: ours.evaluate(test), on: on.evaluate(test) },
       #{ baselines: false, headline: "ours" });
"#;

const RUN: &[&str] = &["run", "labels.rhai", "--device", "flex"];

fn place() -> Place {
    let place = Place::new();
    place.write("labels.rhai", SCRIPT);
    place
}

/// Checkpoints of rounds that have begun.
fn rounds(place: &Place) -> Vec<PathBuf> {
    let inner = |folder: PathBuf| std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let stages = inner(place.path("runs/.stages"));
    stages.flat_map(inner).map(|path| path.join("checkpoint.ftckpt")).filter(|path| path.is_file()).collect()
}

/// Two rounds of twelve steps are one curve that never runs back.
fn one_after_the_other(report: &serde_json::Value) {
    let stages = report["stages"].as_array().unwrap();
    let stage = stages.iter().find(|stage| stage["name"] == "ours, label draw 1").unwrap();
    for (name, last) in [("step", 24.0), ("epoch", f64::NAN)] {
        let values: Vec<f64> =
            stage["history"].as_array().unwrap().iter().map(|point| point[name].as_f64().unwrap()).collect();
        assert!(values.windows(2).all(|pair| pair[0] < pair[1]), "{name}: {values:?}");
        assert!(last.is_nan() || values.last() == Some(&last), "{name}: {values:?}");
    }
}

#[test]
fn killed_between_two_steps_it_ends_in_the_same_weights() {
    let whole = place();
    let done = whole.foretask(RUN).exits(0);
    done.says(&["round 2 of 2", "weights moved by", "given labels, hidden in turn"]);
    // Probabilities are calibrated on labels that all of self-training was without, or not at all.
    done.says(&[
        "20 held-out answers (self-trained 2 times more, each time without a part of the labels)",
        "not calibrated: the network that self-training started from had learned all the labels",
    ]);
    assert_eq!(rounds(&whole), Vec::<PathBuf>::new(), "a finished stage needs no checkpoint");
    let results = json(&whole.latest("labels").join("results.json"));
    assert!(results.to_string().contains("self-trained from spread labels (2 rounds)"), "{results}");
    one_after_the_other(&json(&whole.latest("labels").join("report.json")));
    let expected = weights(&whole.latest("labels"));
    assert!(expected.keys().any(|name| name.starts_with("ours-draw2")), "{:?}", expected.keys());

    let killed = place();
    let mut running = killed.start(RUN);
    assert!(running.until(|| !rounds(&killed).is_empty()), "no round saved anything before it was done");
    assert_eq!(running.kill().code, None);
    killed.foretask(RUN).exits(0);
    assert!(weights(&killed.latest("labels")) == expected, "weights differ from those of an uninterrupted run");
    whole.foretask(RUN).exits(0).says(&["done before"]);
}

#[test]
fn what_cannot_work_is_said_before_anything_is_trained() {
    let place = Place::new();
    let wrong = |place: &Place, line: &str, words: &[&str]| {
        let script = format!(
            "let data = dataset(\"datasets/fashion-mini\");\n\
             let few = data.split(\"train\").per_class(3, #{{ seed: 1 }});\n\
             let pool = data.unlabeled().take(50);\n\
             let encoder = pretrain(resnet10(#{{ width: 4 }}), simclr(), pool, #{{ steps: 2, batch_size: 8 }}).encoder;\n{line}"
        );
        place.write("wrong.rhai", script);
        place.foretask(&["check", "wrong.rhai", "--device", "flex"]).exits(2).says(words);
    };
    wrong(&place, "self_train(encoder, few, pool, #{ spread: #{ neighbors: 60 } });", &["only 50 unlabeled images"]);
    wrong(&place, "self_train(encoder, few, pool, #{ steps: \"many\" });", &["`steps`", "whole number", "many"]);
    let named = "self_train(encoder, few, pool, #{ threshold: \"flexmach\" });";
    let words = ["`threshold` cannot be \"flexmach\"", "flexmatch, freematch, softmatch", "wrong.rhai:5:"];
    wrong(&place, named, &words);
    wrong(
        &place,
        "self_train(encoder, few, pool, #{ threshold: true });",
        &["`threshold`", "a number from 0 to 1, or one"],
    );
    wrong(&place, "self_train(encoder, few, pool, #{ threshold: 1.5 });", &["`threshold`", "1.5", "from 0 to 1"]);
    wrong(&place, "self_train(encoder, few, pool, #{ spread: #{ alhpa: 0.9 } });", &["alhpa", "alpha"]);
    wrong(&place, "self_train(encoder, few, pool, #{ rounds: 0 });", &["`rounds`", "from 1"]);
    wrong(&place, "self_train(pixel_probe(few), few, pool);", &["no network", "finetune"]);
    let other = "let more = data.split(\"train\").per_class(4, #{ seed: 9 });\n\
                 self_train(linear_probe(encoder, more), few, pool);";
    wrong(&place, other, &["other labeled images"]);
    wrong(&place, "pretrain(encoder, simclr(), pool, #{ steps: \"many\" });", &["`steps`", "whole number", "many"]);
}
