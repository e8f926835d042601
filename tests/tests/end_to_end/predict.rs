//! From a finished classifier to labels for new images, and to features and weights for other programs.

use std::fs;

use foretask_tests::{Place, fixture};
use serde_json::Value;

const SCRIPT: &str = r#"
let clothes = dataset("clothes");
let pre = pretrain(resnet10(#{ width: 4 }), rotation(), clothes.unlabeled(), #{ steps: 60, batch_size: 8 });
let ours = linear_probe(pre.encoder, clothes.per_class(7, #{ seed: 1 }));
ours.save("clothes.safetensors");
ours.predict(clothes.unlabeled(), "inside.jsonl");
pre.encoder.save("encoder.safetensors");
pre.encoder.embed(clothes, "inside-features.jsonl");
print(`first: ${ours.predict(clothes.unlabeled())[0].distance}`);
"#;

const CLASSES: [&str; 3] = ["t-shirt", "trouser", "sneaker"];

/// Eight pictures of each class, once in folders of the classes and once in one flat folder, and the models of a run.
fn place() -> Place {
    let place = Place::new();
    for class in CLASSES {
        for number in 0..8 {
            let picture = fs::read(fixture(&format!("clothes/{class}/{number:02}.png"))).unwrap();
            place.write(format!("clothes/{class}/{number:02}.png"), &picture);
            place.write(format!("new/{class}-{number}.png"), &picture);
        }
    }
    place.write("train.rhai", SCRIPT);
    place.foretask(&["run", "train.rhai", "--device", "flex"]).exits(0).says(&[
        "temperature = ",
        "21 held-out answers",
        "first: 0.",
    ]);
    place
}

/// The objects of a file of JSON lines.
fn lines(place: &Place, name: &str) -> Vec<Value> {
    let text = fs::read_to_string(place.path(name)).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn a_saved_classifier_labels_what_it_is_given() {
    let place = place();
    let predict = |images: &[&str], output: &str| {
        let arguments = [&["predict", "clothes.safetensors"], images, &["-o", output, "--device", "flex"]].concat();
        place.foretask(&arguments)
    };
    predict(&["new"], "labels.csv").exits(0).says(&["24 images", "temperature = ", "unlike anything labeled"]);
    let table = fs::read_to_string(place.path("labels.csv")).unwrap();
    let (header, rows) = table.split_once('\n').unwrap();
    assert_eq!(header, "index,row,path,label,confidence,p_sneaker,p_t-shirt,p_trouser,distance,nearest,unlike");
    assert_eq!(rows.lines().count(), 24, "{table}");
    // Pixels of trousers and sneakers are far apart, even for features that were hardly trained.
    let right = rows.lines().filter(|row| CLASSES.iter().any(|c| row.matches(c).count() >= 2)).count();
    assert!(right >= 16, "{right} of 24 are right:\n{table}");

    predict(&["new"], "labels.jsonl").exits(0);
    let rows = lines(&place, "labels.jsonl");
    for row in &rows {
        let shares: f64 = CLASSES.iter().map(|class| row[format!("p_{class}")].as_f64().unwrap()).sum();
        assert!((shares - 1.0).abs() < 1e-5, "{row}");
    }
    // 21 of the 24 pictures are labeled ones, and a labeled picture is at no distance from itself.
    let known = rows.iter().filter(|row| row["distance"].as_f64().unwrap() < 1e-5).count();
    assert!(known >= 21 && rows.iter().all(|row| row["nearest"].as_str().unwrap().contains(".png")), "{known}");
    // The script's own word says the same of the same pictures.
    let inside = lines(&place, "inside.jsonl");
    assert_eq!(inside.len(), 24);
    let of = |rows: &[Value], name: &str| -> Vec<f64> {
        let mut found: Vec<f64> = rows.iter().map(|row| row[name].as_f64().unwrap()).collect();
        found.sort_by(f64::total_cmp);
        found
    };
    assert_eq!(of(&inside, "confidence"), of(&rows, "confidence"));
    predict(&["new"], "labels.parquet").exits(0);
    assert!(fs::read(place.path("labels.parquet")).unwrap().starts_with(b"PAR1"));

    // One image, several, and a pattern that goes down into folders.
    predict(&["new/sneaker-1.png"], "one.jsonl").exits(0).says(&["1 images"]);
    assert_eq!(lines(&place, "one.jsonl")[0]["path"], "new/sneaker-1.png");
    predict(&["new/sneaker-1.png", "clothes"], "both.jsonl").exits(0).says(&["25 images", "agree"]);
    // Folders that are no classes of the model are not compared with it, and that is said.
    for month in ["2024-01", "2024-02"] {
        place.write(format!("dated/{month}/1.png"), fs::read(fixture("clothes/sneaker/01.png")).unwrap());
    }
    let dated = predict(&["dated"], "dated.csv").exits(0);
    dated.says(&["2024-01, 2024-02: no classes of the model", "nothing is compared"]);
    assert!(!dated.printed().contains("agree"), "{}", dated.printed());
    predict(&["c*/**/*.png"], "pattern.jsonl").exits(0).says(&["24 images"]);

    // A bad image is told of and left out.
    place.write("new/broken.png", "not a picture");
    predict(&["new"], "bad.csv").exits(0).says(&["broken.png", "left out", "24 images"]);
    // Something else altogether is flagged: stripes.
    let mut stripes = b"P5\n28 28\n255\n".to_vec();
    stripes.extend((0..28 * 28).map(|i| if (i / 28) % 2 == 1 { 255 } else { 0 }));
    place.write("odd/stripes.pgm", &stripes);
    predict(&["odd"], "odd.jsonl").exits(0).says(&["1 of them unlike"]);
    assert_eq!(lines(&place, "odd.jsonl")[0]["unlike"], true);

    // Slips.
    predict(&["new"], "labels.txt").exits(2).says(&[".csv"]);
    predict(&["nowhere"], "labels.csv").exits(2).says(&["nowhere"]);
    predict(&["new/*.jpg"], "labels.csv").exits(2).says(&["new/*.jpg"]);
    fs::create_dir(place.path("empty")).unwrap();
    predict(&["empty"], "labels.csv").exits(2).says(&["holds neither a manifest"]);
    let other = |model: &str| place.foretask(&["predict", model, "new", "-o", "x.csv"]);
    other("nothing.safetensors").exits(2).says(&["nothing.safetensors"]);
    other("train.rhai").exits(2).says(&["is a text"]);
    other("encoder.safetensors").exits(2).says(&["resnet10-w4", "load_encoder(\"encoder.safetensors\")"]);
    assert!(!place.path("x.csv").exists());
}

#[test]
fn features_and_weights_leave_for_other_programs() {
    let place = place();
    place
        .foretask(&["embed", "encoder.safetensors", "clothes", "-o", "f.jsonl", "--device", "flex"])
        .exits(0)
        .says(&["24 vectors of 32"]);
    let rows = lines(&place, "f.jsonl");
    assert_eq!(rows, lines(&place, "inside-features.jsonl"));
    assert_eq!((rows[0]["row"].as_u64(), rows[0]["label"].as_str()), (Some(0), Some("sneaker")));
    assert_eq!(rows[0]["embedding"].as_array().unwrap().len(), 32);
    // A table's own columns come along.
    place.write("table.csv", "path,label,split,camera\nnew/sneaker-1.png,shoe,train,north\nnew/trouser-2.png,,test,\n");
    place.foretask(&["embed", "clothes.safetensors", "table.csv", "-o", "t.csv", "--device", "flex"]).exits(0);
    let text = fs::read_to_string(place.path("t.csv")).unwrap();
    assert!(text.starts_with("row,path,label,split,camera,embedding_0,embedding_1,"), "{text}");
    assert!(text.contains("\n1,new/trouser-2.png,,test,,"), "{text}");
    place.foretask(&["embed", "encoder.safetensors", "clothes", "-o", "f.txt"]).exits(2).says(&[".parquet"]);

    place
        .foretask(&["export", "clothes.safetensors", "-o", "out.safetensors"])
        .exits(0)
        .says(&["classifier resnet10", "t-shirt"]);
    // The exported weights give the same features.
    place.foretask(&["embed", "out.safetensors", "clothes", "-o", "g.jsonl", "--device", "flex"]).exits(0);
    assert_eq!(lines(&place, "g.jsonl"), rows);
    place.foretask(&["export", "clothes.safetensors", "-o", "clothes.safetensors"]).exits(2).says(&["overwritten"]);
    place.foretask(&["export", "clothes.safetensors", "-o", "out.bin"]).exits(2).says(&[".safetensors", ".onnx"]);
    place.foretask(&["export", "train.rhai", "-o", "out.safetensors"]).exits(2).says(&["train.rhai"]);
    // Without the labeled images' features the labels are the same, and it is said what is missing.
    let predict = |model: &str, output: &str| {
        place.foretask(&["predict", model, "new", "-o", output, "--device", "flex"]).exits(0)
    };
    predict("out.safetensors", "a.jsonl").says(&["does not hold the features"]);
    predict("clothes.safetensors", "b.jsonl");
    for (a, b) in lines(&place, "a.jsonl").iter().zip(lines(&place, "b.jsonl")) {
        assert_eq!((&a["label"], &a["confidence"]), (&b["label"], &b["confidence"]));
        assert!(a["distance"].is_null());
    }
}
