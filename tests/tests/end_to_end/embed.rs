//! Features as a classifier sees: the same from a script and from its saved file, and others than before labels taught it.

use std::fs;

use foretask_tests::Place;
use serde_json::Value;

const SCRIPT: &str = r#"
let data = dataset("datasets/fashion-mini");
let few = data.split("train").per_class(3, #{ seed: 1 });
let pre = pretrain(resnet10(#{ width: 4 }), rotation(), data.unlabeled().take(64), #{ steps: 4, batch_size: 16 });
let test = data.split("test").take(20);
pre.encoder.embed(test, "before.jsonl");
let tuned = finetune(pre.encoder, few, #{ steps: 4, keep: "finetuned" });
tuned.embed(test, "tuned.jsonl");
tuned.save("tuned.safetensors");
knn(pre.encoder, few).embed(test, "knn.jsonl");
"#;

/// The features in a file of JSON lines, a row an image.
fn features(place: &Place, name: &str) -> Vec<Vec<f64>> {
    let text = fs::read_to_string(place.path(name)).unwrap();
    let row = |line: &str| {
        let row: Value = serde_json::from_str(line).unwrap();
        row["embedding"].as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect()
    };
    text.lines().map(row).collect()
}

#[test]
fn a_classifier_embeds_as_its_saved_file_does() {
    let place = Place::new();
    place.write("embed.rhai", SCRIPT);
    place.foretask(&["run", "embed.rhai", "--device", "flex"]).exits(0).says(&["tuned.jsonl"]);
    let tuned = features(&place, "tuned.jsonl");
    assert_eq!((tuned.len(), tuned[0].len()), (20, 32));
    // The file knows nothing of splits: its rows are those of the whole table, of which the test images are the last.
    let arguments = ["embed", "tuned.safetensors", "datasets/fashion-mini", "-o", "file.jsonl", "--device", "flex"];
    place.foretask(&arguments).exits(0);
    let file = features(&place, "file.jsonl");
    let first =
        serde_json::from_str::<Value>(fs::read_to_string(place.path("tuned.jsonl")).unwrap().lines().next().unwrap());
    let row = first.unwrap()["row"].as_u64().unwrap() as usize;
    assert_eq!(file[row], tuned[0]);
    let before = features(&place, "before.jsonl");
    assert!(tuned != before, "fine-tuning has changed the encoder");
    assert!(features(&place, "knn.jsonl") == before, "neighbors are looked for in the encoder's own features");
}

#[test]
fn a_probe_of_pixels_has_no_features() {
    let place = Place::new();
    let text = "let few = dataset(\"datasets/fashion-mini\").split(\"train\").per_class(2);\n\
                pixel_probe(few).embed(few, \"features.csv\");\n";
    place.write("pixels.rhai", text);
    place.foretask(&["check", "pixels.rhai"]).exits(2).says(&["a probe of raw pixels has no features", "linear_probe"]);
}
