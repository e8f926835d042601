//! What a report says of its rows, and a report without any label.

use foretask_tests::{Done, Place, json};
use serde_json::Value;

const BEFORE: &str = r#"
let data = dataset("datasets/fashion-mini");
let few  = data.split("train").per_class(4, #{ seed: 1, draws: 2 });
let test = data.split("test").take(24);
let pool = data.unlabeled().take(200);
let net  = resnet10(#{ width: 4 });
"#;

fn place(script: &str) -> Place {
    let place = Place::new();
    place.write("told.rhai", format!("{BEFORE}{script}"));
    place
}

const RUN: &[&str] = &["run", "told.rhai", "--device", "flex"];

/// What was printed, on one line.
fn words(done: &Done) -> String {
    done.printed().split_whitespace().collect::<Vec<_>>().join(" ")
}

fn row<'a>(report: &'a Value, name: &str) -> &'a Value {
    let rows = report["results"].as_array().unwrap();
    rows.iter().find(|row| row["name"] == name).unwrap_or_else(|| panic!("no row {name} in {report}"))
}

#[test]
fn rows_say_how_they_came_about() {
    let place = place(
        r#"let pre = pretrain(net, simclr(), pool, #{ steps: 4, batch_size: 16 });
        let probe = finetune(pre.encoder, few, #{ keep: "probe" });
        let tuned = finetune(pre.encoder, few, #{ keep: "finetuned", steps: 4 });
        let on = self_train(probe, few, pool, #{ rounds: 1, steps: 2, batch_size: 32 });
        report("rows", #{ probe: probe.evaluate(test), tuned: tuned.evaluate(test), on: on.evaluate(test) },
               #{ baselines: false });"#,
    );
    let told = place.foretask(RUN).exits(0);
    let of_probe = "logistic regression on frozen features of resnet10 after simclr (the probe that `finetune` kept)";
    let of_tuned = "resnet10 after simclr, fine-tuned";
    let words = words(&told);
    assert!(words.contains(&format!("- probe: {of_probe}")), "{words}");
    assert!(words.contains(&format!("- tuned: {of_tuned}")), "{words}");
    let run = place.latest("told");
    let results = json(&run.join("results.json"));
    let protocol = |name: &str| row(&results["rows"], name)["protocol"].as_str().unwrap().to_owned();
    assert_eq!((protocol("probe").as_str(), protocol("tuned").as_str()), (of_probe, of_tuned));
    // What began with the probe does not say that it was fine-tuned, either.
    assert!(protocol("on").starts_with(of_probe) && !protocol("on").contains("fine-tuned"), "{}", protocol("on"));
    let page = std::fs::read_to_string(run.join("report.html")).unwrap();
    assert!(page.contains(of_probe) && page.contains(of_tuned));
    // The same when everything is loaded.
    place.foretask(RUN).exits(0);
    let again = json(&place.latest("told").join("results.json"));
    assert_eq!(row(&again["rows"], "probe")["protocol"], of_probe);
}

#[test]
fn few_images_have_an_interval_of_their_own() {
    let place = place(r#"report("few", #{ pixels: pixel_probe(few).evaluate(test) });"#);
    let told = place.foretask(RUN).exits(0);
    let words = words(&told);
    for part in ["by draws: over draws of labels, Student’s t", "by images: by the 24 images measured on alone, Wilson"]
    {
        assert!(words.contains(part), "{words}");
    }
    let run = place.latest("told");
    let results = json(&run.join("results.json"));
    let pixels = row(&results["few"], "pixels");
    let (mean, n, z) = (pixels["mean"].as_f64().unwrap(), 24.0, 1.959_964);
    // Wilson 1927: the ends solve (p - mean)^2 = z^2 p (1 - p) / n.
    for end in ["low", "high"] {
        let p = pixels["over_images"][end].as_f64().unwrap();
        assert!(((p - mean).powi(2) - z * z * p * (1.0 - p) / n).abs() < 1e-6, "{pixels}");
    }
    assert_eq!(pixels["over_images"]["method"], "Wilson, 24 images");
    assert_eq!(pixels["over_draws"]["method"], "Student's t, 1 degrees of freedom");
    let page = std::fs::read_to_string(run.join("report.html")).unwrap();
    assert!(page.contains("<i>draws</i>") && page.contains("<i>images</i>"));
}

#[test]
fn without_labels_there_is_a_report_too() {
    let script = r#"let pre = pretrain(net, simclr(), pool, #{ steps: 12, batch_size: 32, online: few });
        let other = pretrain(net, rotation(), pool, #{ steps: 4, batch_size: 16 });
        report("look", #{ pre: pre, other: other.encoder });"#;
    let place = place(script);
    let told = place.foretask(RUN).exits(0);
    let words = words(&told);
    for part in ["Nothing was measured with labels", "effective rank of the features", "`label_next` chooses"] {
        assert!(words.contains(part), "{words}");
    }
    let first = place.latest("told");
    let page = std::fs::read_to_string(first.join("report.html")).unwrap();
    for section in ["training", "pretext", "embedding", "neighbors", "bad-images", "script", "settings"] {
        assert!(page.contains(&format!("<section id=\"{section}\"")), "{section} is missing");
    }
    assert!(page.contains("Online kNN accuracy on the labeled few") && page.contains("Online probe accuracy"));
    assert!(page.contains("200 images it learned from, in the features of simclr") && page.contains(">other<"));
    let stages = |run: &std::path::Path| {
        let mut results = json(&run.join("results.json"));
        let stages = results["look"]["stages"].as_array_mut().unwrap();
        for stage in stages {
            stage["seconds"] = Value::Null;
        }
        results
    };
    let told = stages(&first);
    // In the order of their names: `other`, `pre`.
    assert_eq!(told["look"]["stages"][0]["steps"], 4);
    assert_eq!(told["look"]["stages"][1]["steps"], 12);
    assert!(told["look"]["stages"][1]["metrics"]["online probe accuracy on the labeled few"].is_number(), "{told}");
    place.foretask(RUN).exits(0).says(&["done before"]);
    assert_eq!(stages(&place.latest("told")), told);
}

#[test]
fn what_cannot_be_reported_is_said() {
    let wrong = |value: &str, words: &[&str]| {
        let place = place(&format!("report(\"wrong\", #{{ it: {value} }});"));
        place.foretask(&["check", "told.rhai", "--device", "flex"]).exits(2).says(words);
    };
    wrong("few", &["`report` takes evaluations", "`it` is a Dataset"]);
    wrong("pixel_probe(few)", &["a Classifier", ".evaluate(test)"]);
    let place = place("report(\"wrong\", #{});");
    place.foretask(&["check", "told.rhai"]).exits(2).says(&["nothing to report", "pre: pre"]);
}
