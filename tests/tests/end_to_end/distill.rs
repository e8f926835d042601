//! A small network taught by a larger one: the word as a person uses it.

use foretask_tests::{Place, json, weights};

const SCRIPT: &str = r#"
let data = dataset("datasets/fashion-mini");
let few  = data.split("train").per_class(3, #{ seed: 1 });
let pool = data.unlabeled().take(200);
let teacher = pretrain(resnet10(#{ width: 8 }), simclr(), pool, #{ steps: 3, batch_size: 32 }).encoder;
let task = distill([teacher, random_encoder(resnet10(#{ width: 4 }))], #{ views: param("views", 2) });
let pre  = pretrain(resnet10(#{ width: 4 }), task, pool, #{ steps: 40, batch_size: 32 });
report("small", #{ small: linear_probe(pre.encoder, few).evaluate(data.split("test").take(50)) }, #{ baselines: false });
"#;

fn place() -> Place {
    let place = Place::new();
    place.write("small.rhai", SCRIPT);
    place
}

#[test]
fn interrupted_it_ends_in_the_same_weights_and_the_teacher_is_named() {
    for views in ["views=2", "views=0"] {
        let run = ["run", "small.rhai", "--device", "flex", "--set", views];
        let whole = place();
        whole.foretask(&run).exits(0).says(&["distill"]);
        let expected = weights(&whole.latest("small"));
        let parts = place();
        let mut running = parts.start(&run);
        // Once the teacher is done, a checkpoint is the student's.
        let taught = |file: &std::path::PathBuf| file.ends_with("pretrained.ftckpt");
        let begun = || parts.stage_files().iter().any(taught) && !parts.checkpoints().is_empty();
        assert!(running.until(begun), "no checkpoint was written");
        running.kill();
        parts.foretask(&run).exits(0);
        assert_eq!(weights(&parts.latest("small")), expected, "{views}");
        let lines = std::fs::read_to_string(parts.latest("small").join("metrics.jsonl")).unwrap();
        assert!(lines.contains("teacher_similarity") && lines.contains("teacher_similarity_2"), "{lines}");
        let results = json(&parts.latest("small").join("results.json")).to_string();
        assert!(results.contains("distill"), "{results}");
        // What it did is not done again.
        parts.foretask(&run).exits(0).says(&["loaded"]);
    }
    let place = place();
    place.foretask(&["preview", "small.rhai", "--device", "flex"]).exits(0);
    place.foretask(&["words", "distill"]).exits(0).says(&[
        "distill(teacher: Encoder | array",
        "temperature",
        "license",
    ]);
}

#[test]
fn what_cannot_work_is_said_before_anything_is_trained() {
    let place = Place::new();
    let wrong = |line: &str, words: &[&str]| {
        let head = "let data = dataset(\"datasets/fashion-mini\");\nlet net = resnet10(#{ width: 4 });\n\
                    let other = pretrain(net, rotation(), dataset(\"datasets/fashion-mini\", #{ channels: 3 }).take(64), #{ steps: 2 }).encoder;\n";
        place.write("wrong.rhai", format!("{head}{line}"));
        place.foretask(&["check", "wrong.rhai", "--device", "flex"]).exits(2).says(words);
    };
    let pretrain = |task: &str| format!("pretrain(net, {task}, data.unlabeled().take(64), #{{ steps: 2 }});");
    wrong("distill();", &["distill", "teacher"]);
    wrong("distill([]);", &["needs a teacher", "pretrained("]);
    wrong("distill([net]);", &["not an encoder"]);
    wrong("distill(net);", &["encoder"]);
    wrong("distill(random_encoder(net), #{ teachers: [] });", &["teachers"]);
    wrong("distill(random_encoder(net), #{ temperature: 9 });", &["temperature", "0.01 to 2"]);
    wrong("distill(random_encoder(net), #{ loss: \"kl\" });", &["loss", "likeness"]);
    wrong(&pretrain("distill(other)"), &["3 channel(s)", "`channels: 3`"]);
    wrong(&pretrain("distill(random_encoder(net), #{ views: 2, mixup: true })"), &["mixup", "`views: 0`"]);
    wrong(&pretrain("distill(random_encoder(net), #{ queue: 63 })"), &["queue", "choose 64"]);
}
