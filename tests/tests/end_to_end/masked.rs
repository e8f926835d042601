//! Patches hidden from a vision transformer: the words as a person uses them.

use foretask_tests::{Place, json, weights};

const SCRIPT: &str = r#"
let data = dataset("datasets/fashion-mini");
let few  = data.split("train").per_class(1, #{ seed: 1 });
let pool = data.unlabeled().take(24);
let net  = vit(#{ patch: 14 });
let pre  = pretrain(net, multi_task([mae(#{ decoder_width: 32 }), simmim()]), pool, #{ steps: 10, batch_size: 4 });
report("hidden", #{ pre: pre, probe: linear_probe(pre.encoder, few).evaluate(data.split("test").take(10)) }, #{ baselines: false });
"#;

#[test]
fn interrupted_they_end_in_the_same_weights_and_restored_pictures_are_shown() {
    let place = || {
        let place = Place::new();
        place.write("hidden.rhai", SCRIPT);
        place
    };
    let run = ["run", "hidden.rhai", "--device", "flex"];
    let whole = place();
    whole.foretask(&run).exits(0).says(&["mae + simmim"]);
    let expected = weights(&whole.latest("hidden"));
    let parts = place();
    let mut running = parts.start(&run);
    assert!(running.until(|| !parts.checkpoints().is_empty()), "no checkpoint was written");
    running.kill();
    parts.foretask(&run).exits(0);
    assert_eq!(weights(&parts.latest("hidden")), expected);
    let lines = std::fs::read_to_string(parts.latest("hidden").join("metrics.jsonl")).unwrap();
    assert!(lines.contains("mae restored_variance") && lines.contains("simmim psnr_hidden"), "{lines}");
    let results = json(&parts.latest("hidden").join("results.json")).to_string();
    assert!(results.contains("simmim"), "{results}");

    let preview = parts.foretask(&["preview", "hidden.rhai", "--device", "flex"]).exits(0);
    assert!(preview.printed().contains("mae") && preview.printed().contains("simmim"), "{}", preview.printed());
    parts.foretask(&["words", "mae"]).exits(0).says(&["decoder_depth", "2111.06377", "masked_pixels"]);
    parts.foretask(&["words", "simmim"]).exits(0).says(&["unit", "2111.09886"]);
}

#[test]
fn what_cannot_work_is_said_before_anything_is_trained() {
    let place = Place::new();
    let wrong = |line: &str, words: &[&str]| {
        let head = "let data = dataset(\"datasets/fashion-mini\").unlabeled().take(64);\nlet net = vit();\n";
        place.write("wrong.rhai", format!("{head}{line}"));
        place.foretask(&["check", "wrong.rhai", "--device", "flex"]).exits(2).says(words);
    };
    let pretrain = |net: &str, task: &str| format!("pretrain({net}, {task}, data, #{{ steps: 2 }});");
    for task in ["mae()", "simmim()"] {
        wrong(&pretrain("resnet10()", task), &["cannot teach this network", "vit(", "masked_pixels"]);
        wrong(&pretrain("vit(#{ patch: 28 })", task), &["28", "too few such squares"]);
    }
    wrong(&pretrain("net", "mae(#{ patch: 7 })"), &["`patch` = 7", "4x4 pixels", "leave it out"]);
    wrong(
        &pretrain("vit(#{ patch: 14 })", "mae(#{ ratio: 0.95 })"),
        &["`ratio` = 0.95", "none visible", "at most 0.75"],
    );
    wrong(&pretrain("net", "simmim(#{ unit: 6 })"), &["`unit` = 6", "use 4 or 8"]);
    wrong("mae(#{ ratio: 1.0 });", &["ratio", "0.05 to 0.95"]);
    wrong("mae(#{ decoder_width: 100 });", &["decoder_width", "multiple of 32"]);
    wrong("simmim(#{ unit: 0 });", &["unit", "1 to 256"]);
    wrong("mae(#{ unit: 8 });", &["unit"]);
}
