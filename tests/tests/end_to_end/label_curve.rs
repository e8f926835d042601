//! A label curve from the script to the page, resumed, widened, compared; and what cannot work.

use foretask_tests::{Place, json};
use serde_json::Value;

const SCRIPT: &str = r#"
let data = dataset("datasets/fashion-mini");
let train = data.split("train").filter("row % 40 = 0");
let test = data.split("test").take(150);
let net  = resnet10(#{ width: 4 });
let pre  = pretrain(net, rotation(), data.unlabeled().take(200), #{ steps: 3, batch_size: 16 });

let labels = if param("more", false) { [1, 3, 4, "all"] } else { [1, 4, "all"] };
let curve = label_curve(#{ turned: pre, scratch: net }, train, test, #{
    labels: labels, seeds: 2, seed: 1, methods: ["linear", "finetune", "knn"],
    finetune: #{ steps: 4 }, scratch: #{ steps: 4 },
});
print(curve);
for point in curve.points {
    if point.name == "turned, linear probe" { print(`point ${point.labels} of ${point.count}: ${point.accuracy.len()} draws`); }
}

let few  = train.per_class(4, #{ seed: 1, draws: 2 });
let both = #{ probe: linear_probe(pre.encoder, few).evaluate(test), scratch: finetune(net, few, #{ steps: 4 }).evaluate(test) };
let found = compare(both);
print(found);
print(`against ${found.baseline}: ${found.rows[0].name} ${found.rows[0].verdict}`);
report("labels", #{ curve: curve, probe: both.probe, scratch: both.scratch }, #{ headline: "probe" });
"#;

const RUN: &[&str] = &["run", "labels.rhai", "--device", "flex"];

/// Whether each stage of the latest run was loaded, by title.
fn reused(place: &Place) -> Vec<(String, bool)> {
    let about = json(&place.latest("labels").join("run.json"));
    let one = |stage: &Value| (stage["title"].as_str().unwrap().to_owned(), stage["reused"].as_bool().unwrap());
    about["stages"].as_array().unwrap().iter().map(one).collect()
}

/// Every point is a share of images, measured on the same draws as all others.
fn check_points(curve: &Value) {
    for series in curve["series"].as_array().unwrap() {
        for point in series["points"].as_array().unwrap() {
            assert!(point["result"]["mean"].as_f64().is_some_and(|mean| (0.0..=1.0).contains(&mean)), "{point:#}");
            let draws = point["result"]["draws"].as_array().unwrap();
            let seeds: Vec<u64> = draws.iter().map(|draw| draw["seed"].as_u64().unwrap()).collect();
            assert!(seeds == [1, 2] || seeds == [0], "the same draws for all: {seeds:?}");
        }
    }
}

#[test]
fn a_curve_is_planned_run_resumed_widened_and_drawn() {
    let place = Place::new();
    place.write("labels.rhai", SCRIPT);
    let planned = place.foretask(&["check", "labels.rhai", "--device", "flex"]).exits(0);
    planned.says(&[
        "linear probe of resnet10 after rotation, 1 label a class, 2 label draws (line 9): to do",
        "train resnet10 from scratch, 4 labels a class, 2 label draws",
        "fine-tune resnet10 after rotation, all labels (line 9)",
    ]);

    let done = place.foretask(RUN).exits(0);
    done.says(&[
        "turned, linear probe",
        "turned, finetune",
        "turned, kNN",
        "raw pixels",
        "chance",
        "always “",
        "all 250",
        "Pretraining (turned, linear probe)",
        "labels a class of scratch",
        "point 1 of 10: 2 draws",
        "point all of 250: 1 draws",
        "95 % interval",
        "against scratch: probe",
        "better on",
    ]);
    // The same stages as those of the words: the probe and the network from scratch at 4 labels are not done twice.
    let stages = reused(&place);
    let titled = |part: &str| stages.iter().filter(|(title, _)| title.contains(part)).count();
    assert_eq!(titled("train resnet10 from scratch, 4 labels a class"), 2, "{stages:#?}");
    assert_eq!(titled("linear probe of resnet10 after rotation, label draw"), 0, "{stages:#?}");

    // A curve asks for no probabilities, and so trains nothing to calibrate them.
    let about = json(&place.latest("labels").join("run.json"));
    let tuned = |stage: &&Value| stage["title"].as_str().unwrap().starts_with("fine-tune");
    let tuned: Vec<&Value> = about["stages"].as_array().unwrap().iter().filter(tuned).collect();
    assert_eq!(tuned.len(), 5, "{about:#}");
    assert!(tuned.iter().all(|stage| stage["decided_by"]["options"]["calibrate"] == false), "{tuned:#?}");
    assert!(!done.stderr.contains("calibrate: false"), "{}", done.stderr);

    let run = place.latest("labels");
    let results = json(&run.join("results.json"));
    let curve = &results["labels"]["label_curves"][0];
    let names: Vec<&str> =
        curve["series"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["turned, linear probe", "turned, finetune", "turned, kNN", "scratch", "raw pixels"]);
    let counts: Vec<u64> =
        curve["counts"].as_array().unwrap().iter().map(|one| one["labels"].as_u64().unwrap()).collect();
    assert_eq!(counts, [10, 40, 250]);
    check_points(curve);
    let probe = &curve["series"][0]["points"][1];
    assert_eq!(probe["result"]["differences"][0]["reference"], "scratch");
    assert!(probe["savings"]["worth"]["labels"].as_f64().is_some_and(|labels| labels > 0.0), "{probe:#}");
    // What the word measured on its own is the curve's point.
    let alone = results["labels"]["results"].as_array().unwrap().iter().find(|row| row["name"] == "probe").unwrap();
    assert_eq!(alone["draws"], probe["result"]["draws"]);

    let page = std::fs::read_to_string(run.join("report.html")).unwrap();
    for part in [
        "How many labels",
        "class=\"curve\"",
        "class=\"error\"",
        "Worth labels of scratch",
        "labels a class",
        "chance 10.0",
    ] {
        assert!(page.contains(part), "the page lacks `{part}`");
    }

    // A further number of labels costs only itself.
    place.foretask(&[RUN, &["--set", "more=true"]].concat()).exits(0);
    let stages = reused(&place);
    let (new, old): (Vec<_>, Vec<_>) = stages.into_iter().partition(|(_, reused)| !reused);
    assert!(!new.is_empty() && new.iter().all(|(title, _)| title.contains("3 labels a class")), "{new:#?}");
    assert!(old.len() > 10, "{old:#?}");
}

#[test]
fn what_cannot_work_is_said_before_anything_is_trained() {
    let place = Place::new();
    let wrong = |line: &str, words: &[&str]| {
        let script = format!(
            "let data = dataset(\"datasets/fashion-mini\");\n\
             let train = data.split(\"train\").filter(\"row % 40 = 0\");\n\
             let test = data.split(\"test\").take(50);\n\
             let net = resnet10(#{{ width: 4 }});\n\
             let encoder = pretrain(net, rotation(), data.unlabeled().take(50), #{{ steps: 2, batch_size: 8 }}).encoder;\n\
             let few = train.per_class(2, #{{ draws: 2 }});\n{line}"
        );
        place.write("wrong.rhai", script);
        let done = place.foretask(&["check", "wrong.rhai", "--device", "flex"]).exits(2);
        done.says(words);
        assert!(!done.printed().contains("panicked"), "{}", done.printed());
    };
    let curve = |options: &str| format!("label_curve(encoder, train, test, #{{ {options} }});");
    wrong(&curve("labels: [0, 5]"), &["labels.0", "from 1", "not 0"]);
    wrong(&curve("labels: [1, -5]"), &["labels.1", "from 1", "not -5"]);
    wrong(&curve("labels: [1, \"al\"]"), &["labels.1", "\"all\""]);
    wrong(&curve("labels: []"), &["`labels` is empty"]);
    wrong(&curve("labels: [5, 1]"), &["must ascend", "1 stands behind 5"]);
    wrong(&curve("labels: [5, 5]"), &["holds 5 twice"]);
    wrong(&curve("labels: [\"all\", 5]"), &["5 stands behind \"all\""]);
    wrong(&curve("labels: [1, 999]"), &["999 of each class", "only ", "ask for at most", "\"all\""]);
    wrong(&curve("labels: 5"), &["`labels` expects an array"]);
    wrong(&curve("methods: [\"fintune\"]"), &["cannot be \"fintune\"", "finetune"]);
    wrong(&curve("methods: []"), &["`methods` is empty"]);
    wrong(&curve("methods: [\"knn\", \"knn\"]"), &["names a method twice"]);
    wrong(&curve("yardsticks: [\"guess\"]"), &["cannot be \"guess\"", "scratch"]);
    wrong(&curve("seeds: 0"), &["`seeds` must be from 1 to 100"]);
    wrong(&curve("finetune: #{ stepz: 4 }"), &["no option `stepz`", "steps"]);
    wrong(&curve("finetune: #{ lr: -1.0 }"), &["`lr`", "above 0"]);
    wrong(&curve("seed: 1, test: test"), &["there is no option `test`"]);
    wrong("label_curve([], train, test);", &["there is no encoder"]);
    wrong("label_curve(#{}, train, test);", &["there is no encoder"]);
    wrong("label_curve(#{ a: encoder, b: 3 }, train, test);", &["`b` is a whole number"]);
    wrong("label_curve(encoder, train);", &["whole dataset", "label_curve(encoder, labeled, test)"]);
    wrong("label_curve(encoder, data.unlabeled(), test);", &["these images have none", "`.unlabeled()` drops"]);
    wrong("label_curve(encoder, train, data.unlabeled());", &["learns from labels", "these images have none"]);
    wrong("label_curve(encoder, test, test);", &["the same images"]);
    wrong("label_curve(encoder, few, test);", &["takes one set of images", "2 label draws"]);
    let color = "let color = dataset(\"datasets/fashion-mini\", #{ channels: 3 });\nlabel_curve(encoder, color);";
    wrong(color, &["takes images of 1 channel(s), but these have 3", "channels: 1"]);

    let two = "let a = pixel_probe(few).evaluate(test);\n";
    wrong(&format!("{two}compare(#{{ a: a }});"), &["`compare` needs two results, not 1"]);
    wrong(&format!("{two}compare(#{{ a: a, b: 3 }});"), &["takes evaluations, and `b` is a whole number"]);
    wrong(&format!("{two}compare(#{{ a: a, b: a }}, #{{ baseline: \"c\" }});"), &["there is no result `c`"]);
    let elsewhere = "compare(#{ a: a, b: pixel_probe(few).evaluate(data.split(\"test\").take(60)) });";
    wrong(&format!("{two}{elsewhere}"), &["measured on different images"]);
    let others = "compare(#{ a: a, b: pixel_probe(train.per_class(3, #{ draws: 2 })).evaluate(test) });";
    wrong(&format!("{two}{others}"), &["learned from different labeled images", "same label draws"]);
}
