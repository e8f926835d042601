//! Accuracies on labeled images while pretraining goes on without their labels.

use foretask_tests::{Place, weights};

fn script(online: &str) -> String {
    format!(
        r#"let data = dataset("datasets/fashion-mini");
let few  = data.split("train").per_class(4, #{{ seed: 1, draws: 2 }});
let pre  = pretrain(resnet10(#{{ width: 4 }}), simclr(), data.unlabeled().take(300), #{{ steps: 12, batch_size: 32{online} }});
"#
    )
}

const RUN: &[&str] = &["run", "watched.rhai", "--device", "flex"];

#[test]
fn they_stand_in_every_health_line_and_change_no_weight() {
    let (plain, watched) = (Place::new(), Place::new());
    plain.write("watched.rhai", script(""));
    plain.foretask(RUN).exits(0);
    watched.write("watched.rhai", script(", online: few"));
    watched.foretask(RUN).exits(0);
    let run = watched.latest("watched");
    assert!(weights(&run) == weights(&plain.latest("watched")), "watching changed the weights");
    let text = std::fs::read_to_string(run.join("metrics.jsonl")).unwrap();
    assert!(text.lines().count() >= 2);
    for line in text.lines() {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        let metrics = line["metrics"].as_array().unwrap();
        for name in ["online_knn", "online_probe"] {
            let found = metrics.iter().find(|metric| metric["name"] == name).unwrap_or_else(|| panic!("{line}"));
            let accuracy = found["value"].as_f64().unwrap();
            // Whole images of the 40 labeled ones.
            assert!((accuracy * 40.0 - (accuracy * 40.0).round()).abs() < 1e-6 && accuracy > 0.0, "{found}");
            assert_eq!(found["reference"]["value"], 0.1);
        }
    }
}

#[test]
fn only_what_is_asked_for_is_measured() {
    let place = Place::new();
    place.write("watched.rhai", script(", online: #{ data: few, probe: false, k: 3 }"));
    place.foretask(RUN).exits(0);
    let text = std::fs::read_to_string(place.latest("watched").join("metrics.jsonl")).unwrap();
    assert!(text.contains("online_knn") && !text.contains("online_probe"));
}

#[test]
fn mistakes_are_shown_where_they_stand() {
    let told = |online: &str, parts: &[&str]| {
        let place = Place::new();
        place.write("watched.rhai", script(online));
        place.foretask(&["check", "watched.rhai"]).exits(2).says(parts);
    };
    told(", online: true", &["online: true", "labeled images"]);
    told(", online: #{ k: 3 }", &["labeled images", "data: few"]);
    told(", online: data.unlabeled()", &["labels", "online"]);
    told(", online: #{ data: few, kk: 3 }", &["kk", "did you mean", "k"]);
    told(", online: #{ data: few, most: 1 }", &["most", "at least 2"]);
    told(", online: data.split(\"train\").per_class(1)", &["two or more a class"]);
}
