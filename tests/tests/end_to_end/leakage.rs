//! Images that measure and have taught: told, or refused, however they taught.

use foretask_tests::{Done, Place, json};

const HEAD: &str = r#"
let d = dataset("datasets/fashion-mini");
let test = d.split("test").take(40);
let few = d.split("train").per_class(2, #{ seed: 1 });
let net = resnet10(#{ width: 4 });
let clean = d.split("train").take(80).unlabeled();
let pool = d.split("test").take(60).unlabeled();
let short = #{ steps: 2, batch_size: 16 };
"#;

fn run(place: &Place, lines: &str) -> Done {
    place.write("leak.rhai", format!("{HEAD}{lines}"));
    place.foretask(&["run", "leak.rhai", "--device", "flex"])
}

/// Every way of learning from all 40 test images.
const WAYS: [(&str, &str); 7] = [
    ("pretraining", "let c = linear_probe(pretrain(net, simclr(), pool, short).encoder, few);"),
    ("spreading without pretraining", "let c = spread_labels(random_encoder(net), few, pool, #{ neighbors: 5 });"),
    (
        "self-training without pretraining",
        "let c = self_train(random_encoder(net), few, pool, #{ rounds: 1, steps: 2, batch_size: 16, spread: #{ neighbors: 5 } });",
    ),
    (
        "going on from an encoder that knows them",
        "let a = pretrain(net, simclr(), pool, short).encoder; let c = knn(pretrain(a, rotation(), clean, short).encoder, few);",
    ),
    (
        "self-training that begins with a classifier that knows them",
        "let a = finetune(pretrain(net, simclr(), pool, short).encoder, few, #{ steps: 1 });
         let c = self_train(a, few, clean, #{ rounds: 1, steps: 2, batch_size: 16, spread: #{ neighbors: 5 } });",
    ),
    ("labels", "let c = pixel_probe(d.split(\"test\").take(60));"),
    ("labels of a network", "let c = finetune(net, d.split(\"test\").take(60), #{ steps: 1 });"),
];

#[test]
fn whatever_taught_is_seen_by_evaluate_and_by_report() {
    let place = Place::new();
    for (way, lines) in WAYS {
        let said = ["40 of 40 evaluation images have also taught"];
        let told = run(
            &place,
            &format!("{lines}\nlet r = c.evaluate(test);\nreport(\"leak\", #{{ r: r }}, #{{ baselines: false }});"),
        );
        println!("{way}");
        told.exits(0).says(&said);
        let folder = place.latest("leak");
        let about = json(&folder.join("run.json"));
        let warnings: Vec<_> =
            about["warnings"].as_array().unwrap().iter().filter(|text| text.to_string().contains("40 of 40")).collect();
        assert_eq!(warnings.len(), 1, "{way}, told once: {about:#}");
        // Numbers are not torn from their words on the page.
        let page = std::fs::read_to_string(folder.join("report.html")).unwrap().replace('\u{a0}', " ");
        assert!(page.contains("40 of 40 evaluation images are also among"), "{way}");
        let refused = run(&place, &format!("{lines}\nc.evaluate(test, #{{ leakage: \"error\" }});"));
        refused.exits(2).says(&said).says(&["leakage", "leak.rhai"]);
        let refused = run(
            &place,
            &format!(
                "{lines}\nreport(\"leak\", #{{ r: c.evaluate(test) }}, #{{ baselines: false, leakage: \"error\" }});"
            ),
        );
        refused.exits(2).says(&["40 of 40 evaluation images were also learned from", "report("]);
    }
}

#[test]
fn other_images_of_the_same_dataset_are_no_leak() {
    let place = Place::new();
    let lines = "let c = spread_labels(pretrain(net, simclr(), clean, short).encoder, few, clean, #{ neighbors: 5 });
                 report(\"clean\", #{ r: c.evaluate(test, #{ leakage: \"error\" }) }, #{ leakage: \"error\" });";
    let done = run(&place, lines).exits(0);
    assert!(!done.printed().contains("Warning"), "{}", done.printed());
}

#[test]
fn a_saved_encoder_remembers_what_taught_it_and_published_weights_say_that_they_do_not() {
    let place = Place::new();
    run(
        &place,
        "pretrain(net, simclr(), pool, short).encoder.save(\"knows.safetensors\");
                 finetune(net, d.split(\"test\").take(30), #{ steps: 1 }).save(\"labels.safetensors\");",
    )
    .exits(0);
    let measured = "linear_probe(e, few).evaluate(test, #{ leakage: \"error\" });";
    run(&place, &format!("let e = load_encoder(\"knows.safetensors\");\n{measured}")).exits(2).says(&["40 of 40"]);
    run(&place, &format!("let e = load_encoder(\"labels.safetensors\");\n{measured}")).exits(2).says(&["30 of 40"]);
    // Over a further pretraining and another file.
    run(
        &place,
        "pretrain(load_encoder(\"knows.safetensors\"), rotation(), clean, short).encoder.save(\"still.safetensors\");",
    )
    .exits(0);
    run(&place, &format!("let e = load_encoder(\"still.safetensors\");\n{measured}")).exits(2).says(&["40 of 40"]);
    // `predict` on labeled images says it, too.
    let done = place.foretask(&["predict", "labels.safetensors", "datasets/fashion-mini", "-o", "out.csv"]).exits(0);
    done.says(&["30 of these images taught the classifier"]);

    let known = std::fs::read(place.path("knows.safetensors")).unwrap();
    place.write("published.safetensors", without_description(&known));
    let lines = "let e = load_encoder(\"published.safetensors\", #{ stem: \"small\", image_size: 28 });
                 report(\"published\", #{ r: linear_probe(e, few).evaluate(test) }, #{ baselines: false, leakage: \"error\" });";
    run(&place, lines).exits(0).says(&["does not say which images taught it"]);
    let page = std::fs::read_to_string(place.latest("leak").join("report.html")).unwrap();
    assert!(page.contains("is not known: its file does not say"), "the page tells it");
}

/// A safetensors file as another program writes it: the same tensors, nothing said about them.
fn without_description(bytes: &[u8]) -> Vec<u8> {
    let length = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    let mut header: serde_json::Value = serde_json::from_slice(&bytes[8..8 + length]).unwrap();
    header.as_object_mut().unwrap().remove("__metadata__");
    let header = header.to_string();
    [&(header.len() as u64).to_le_bytes(), header.as_bytes(), &bytes[8 + length..]].concat()
}
