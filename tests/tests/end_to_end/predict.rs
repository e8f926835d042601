//! From a finished classifier to labels for new images.

use std::fs;

use foretask_tests::{Place, fixture};

const SCRIPT: &str = r#"
let clothes = dataset("clothes");
let pre = pretrain(resnet10(#{ width: 4 }), rotation(), clothes.unlabeled(), #{ steps: 2, batch_size: 8 });
let ours = linear_probe(pre.encoder, clothes.per_class(6, #{ seed: 1 }));
ours.save("clothes.safetensors");
"#;

#[test]
fn a_saved_classifier_labels_a_folder() {
    let place = Place::new();
    for class in ["t-shirt", "trouser", "sneaker"] {
        for number in 0..8 {
            let picture = fs::read(fixture(&format!("clothes/{class}/{number:02}.png"))).unwrap();
            place.write(format!("clothes/{class}/{number:02}.png"), &picture);
            place.write(format!("new/{class}-{number}.png"), &picture);
        }
    }
    place.write("train.rhai", SCRIPT);
    place.foretask(&["run", "train.rhai", "--device", "flex"]).exits(0);
    place
        .foretask(&["predict", "clothes.safetensors", "new", "-o", "labels.csv", "--device", "flex"])
        .exits(0)
        .says(&["24"]);
    let table = fs::read_to_string(place.path("labels.csv")).unwrap();
    let (header, rows) = table.split_once('\n').unwrap();
    assert!(header.contains("path") || header.contains("name") || header.contains("image"), "{header}");
    assert_eq!(rows.lines().count(), 24, "{table}");
    for row in rows.lines() {
        assert!(row.contains(".png"), "{row}");
    }
    // Pixels of trousers and sneakers are far apart, even for features that were hardly trained.
    let right = rows
        .lines()
        .filter(|row| ["t-shirt", "trouser", "sneaker"].iter().any(|c| row.matches(c).count() >= 2))
        .count();
    assert!(right >= 16, "{right} of 24 are right:\n{table}");

    for output in ["labels.parquet", "labels.jsonl"] {
        place.foretask(&["predict", "clothes.safetensors", "new", "-o", output, "--device", "flex"]).exits(0);
        assert!(place.path(output).metadata().unwrap().len() > 100, "{output}");
    }
    place.foretask(&["predict", "clothes.safetensors", "new", "-o", "labels.txt"]).exits(2).says(&[".csv"]);
    place
        .foretask(&["predict", "nothing.safetensors", "new", "-o", "labels.csv"])
        .exits(2)
        .says(&["nothing.safetensors"]);
}
