//! Exported graphs, and the programs beside them. Both are run where Python has onnxruntime (`cargo xtask parity --install`, or
//! `FORETASK_PYTHON`); where it has not, this is said and nothing but the files themselves is looked at. Every network is held against
//! onnxruntime by crates/models.

use std::fs;
use std::process::Command;

use foretask_tests::{Place, python_with};
use serde_json::Value;

/// A classifier of gray pictures of 28 pixels.
const SCRIPT: &str = r#"
let clothes = dataset("clothes");
let probe = linear_probe(random_encoder(resnet18(#{ width: 4 })), clothes.per_class(3, #{ seed: 1 }));
probe.save("classifier.safetensors");
"#;

fn place() -> Place {
    let place = Place::new();
    place.clothes("clothes", &["t-shirt", "trouser"], [0, 1, 2, 4]);
    place.write("make.rhai", SCRIPT);
    place.foretask(&["run", "make.rhai", "--device", "flex"]).exits(0);
    place
}

fn lines(place: &Place, name: &str) -> Vec<Value> {
    let text = fs::read_to_string(place.path(name)).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn a_classifier_says_the_same_probabilities_and_a_program_lies_beside_it() {
    let place = place();
    place.foretask(&["export", "classifier.safetensors", "-o", "c.onnx"]).exits(0).says(&[
        "classifier resnet18",
        "t-shirt, trouser",
        "`pixels`, bytes [images, 28, 28, 1]",
        "c.onnx.py",
    ]);
    let bytes = fs::read(place.path("c.onnx")).unwrap();
    for part in [r#"["t-shirt","trouser"]"#, "probabilities", "temperature", "layer4.1.conv2.weight"] {
        assert!(bytes.windows(part.len()).any(|here| here == part.as_bytes()), "{part}");
    }
    // Written again it is the same, and what somebody changed is kept.
    place.foretask(&["export", "classifier.safetensors", "-o", "c.onnx"]).exits(0);
    assert_eq!(fs::read(place.path("c.onnx")).unwrap(), bytes);
    place.write("c.onnx.py", "print('mine')\n");
    place.foretask(&["export", "classifier.safetensors", "-o", "c.onnx"]).exits(2).says(&["c.onnx.py", "--force"]);
    place.foretask(&["export", "classifier.safetensors", "-o", "c.onnx", "--force"]).exits(0);
    // The format and the ending must agree.
    let wrong = ["export", "classifier.safetensors", "-o", "c.safetensors", "--format", "onnx"];
    place.foretask(&wrong).exits(2).says(&[".onnx"]);

    let Some(python) = python_with("onnxruntime, numpy, PIL") else { return };
    let done = place.foretask(&["predict", "classifier.safetensors", "clothes", "-o", "p.jsonl", "--device", "flex"]);
    done.exits(0);
    let mut run = Command::new(python);
    // Paths in the table are those below the folder of images.
    run.current_dir(place.path("clothes")).arg("../c.onnx.py");
    let rows = lines(&place, "p.jsonl");
    let done = run.args(rows.iter().map(|row| row["path"].as_str().unwrap())).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let said = String::from_utf8(done.stdout).unwrap();
    assert_eq!(said.lines().count(), rows.len());
    for (line, row) in said.lines().zip(&rows) {
        let words: Vec<&str> = line.split_whitespace().collect();
        assert_eq!((words[0], words[1]), (row["path"].as_str().unwrap(), row["label"].as_str().unwrap()));
        let (found, wanted) = (words[2].parse::<f64>().unwrap(), row["confidence"].as_f64().unwrap());
        assert!((found - wanted).abs() <= 1e-4, "{line} instead of {wanted}");
    }
}

#[test]
fn a_folder_for_the_hub_says_what_a_model_of_a_run_reached() {
    let place = place();
    place.write(
        "few.rhai",
        "let clothes = dataset(\"clothes\");\nlet few = clothes.per_class(2, #{ seed: 1 });\n\
         let probe = linear_probe(random_encoder(resnet10(#{ width: 4 })), few);\n\
         report(\"few\", #{ probe: probe.evaluate(clothes) }, #{ baselines: false });\n",
    );
    place.foretask(&["run", "few.rhai", "--device", "flex"]).exits(0);
    let run = fs::read_dir(place.path("runs/few")).unwrap().next().unwrap().unwrap().path();
    let model = run.join("weights/probe.safetensors").display().to_string();
    let write = |more: &[&str]| place.foretask(&[&["export", &model, "--to-hub-folder", "hub/clothes"], more].concat());
    write(&[]).exits(0).says(&["classifier resnet10", "README.md", "model.onnx.py", "nothing has left this machine"]);
    let card = fs::read_to_string(place.path("hub/clothes/README.md")).unwrap();
    for words in [
        "pipeline_tag: image-classification",
        "\"model-index",
        "# clothes",
        "`t-shirt`, `trouser`",
        "with 4 labels",
        "let few = ",
    ] {
        assert!(card.contains(words.trim_start_matches('"')), "{words}\n{card}");
    }
    // The weights are whole: they tell classes.
    place
        .foretask(&["predict", "hub/clothes/model.safetensors", "clothes", "-o", "p.csv", "--device", "flex"])
        .exits(0);
    // Again it is the same; what somebody wrote into the card stays.
    write(&[]).exits(0);
    assert_eq!(fs::read_to_string(place.path("hub/clothes/README.md")).unwrap(), card);
    place.write("hub/clothes/README.md", "mine\n");
    write(&[]).exits(2).says(&["README.md", "--force"]);
    // A name that a file cannot have leads to the result, too, and so does each of two that are cut to the same.
    place.write(
        "names.rhai",
        "let clothes = dataset(\"clothes\");\nlet encoder = random_encoder(resnet10(#{ width: 4 }));\n\
         let of = |count| linear_probe(encoder, clothes.per_class(count, #{ seed: 1 })).evaluate(clothes);\n\
         report(\"names\", #{ \"a b\": of.call(1), \"a-b\": of.call(2) }, #{ baselines: false });\n",
    );
    place.foretask(&["run", "names.rhai", "--device", "flex"]).exits(0);
    let run = fs::read_dir(place.path("runs/names")).unwrap().next().unwrap().unwrap().path();
    let mut labels: Vec<String> = fs::read_dir(run.join("weights"))
        .unwrap()
        .map(|file| {
            let file = file.unwrap().path().display().to_string();
            place.foretask(&["export", &file, "--to-hub-folder", "named", "--force"]).exits(0);
            let card = fs::read_to_string(place.path("named/README.md")).unwrap();
            card.split(", with ").nth(1).unwrap().split(':').next().unwrap().to_owned()
        })
        .collect();
    labels.sort();
    assert_eq!(labels, ["2 labels", "4 labels"]);
    // A model outside a run has a card without results.
    place
        .foretask(&["export", "classifier.safetensors", "--to-hub-folder", "other"])
        .exits(0)
        .says(&["nothing of results"]);
    place.foretask(&["export", "classifier.safetensors"]).exits(2).says(&["--output"]);
    place.foretask(&["export", "classifier.safetensors", "--to-hub-folder", "make.rhai"]).exits(2).says(&["make.rhai"]);
}
