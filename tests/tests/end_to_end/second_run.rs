//! Whatever a script holds, running it again loads everything and tells the same numbers.

use foretask_tests::{Place, json, timeless, weights};

use crate::TINY;

/// Runs a script three times: the first works, the others load and say the same to the byte.
fn three_times(name: &str, text: &str) -> Place {
    let place = Place::new();
    let file = format!("{name}.rhai");
    place.write(&file, text);
    for _ in 0..3 {
        place.foretask(&["run", &file, "--device", "flex"]).exits(0);
    }
    let runs = place.runs(name);
    assert_eq!(runs.len(), 3);
    let first = (timeless(&runs[0]), weights(&runs[0]));
    let warnings = &json(&runs[0].join("run.json"))["warnings"];
    for run in &runs[1..] {
        let about = json(&run.join("run.json"));
        let stages = about["stages"].as_array().unwrap();
        let anew: Vec<_> = stages.iter().filter(|stage| stage["reused"] != true).map(|stage| &stage["title"]).collect();
        assert!(!stages.is_empty() && anew.is_empty(), "made anew: {anew:?}");
        assert_eq!(timeless(run), first.0);
        assert!(weights(run) == first.1, "other weights");
        assert_eq!(&about["warnings"], warnings, "nothing new to warn of");
    }
    place
}

#[test]
fn a_whole_experiment() {
    three_times("tiny", TINY);
}

#[test]
fn tasks_of_the_script_are_drawn_in_the_report_again() {
    let text = r#"
let data = dataset("datasets/fashion-mini");
let few = data.split("train").per_class(2, #{ seed: 1 });
let pool = data.unlabeled().take(64);
let net = resnet10(#{ width: 4 });
let turned = custom_task(|image, rng| { let n = rng.below(4); #{ input: image.rotate90(n), label: n } }, #{ classes: 4 });
let clean = custom_task(|image, rng| #{ input: image.noise(rng, 0.3), target: image });
let mean = custom_task(|image, rng| #{ input: image, target: [image.mean(), image.std()] });
let one = pretrain(net, turned, pool, #{ steps: 2, batch_size: 16 });
let many = pretrain(net, multi_task([rotation(), [clean, 0.5], mean]), pool, #{ steps: 2, batch_size: 16 });
let test = data.split("test").take(40);
report("own", #{
    one: linear_probe(one.encoder, few).evaluate(test),
    many: linear_probe(many.encoder, few).evaluate(test),
}, #{ baselines: false });
"#;
    let place = three_times("own", text);
    let pages: Vec<usize> = place
        .runs("own")
        .iter()
        .map(|run| std::fs::read_to_string(run.join("report.html")).unwrap().matches("data:image/png").count())
        .collect();
    assert!(pages[0] > 20 && pages.iter().all(|count| *count == pages[0]), "{pages:?}");
}

#[test]
fn every_other_word_that_keeps_something() {
    let text = r#"
let data = dataset("datasets/fashion-mini");
let few = data.split("train").per_class(3, #{ seed: 1 });
let pool = data.unlabeled().take(120);
let test = data.split("test").take(60);
let net = resnet10(#{ width: 4 });
let picked = pick_task(net, pool, few, [rotation(), simclr()], #{ steps: 2, pretrain: #{ batch_size: 16 } });
let pre = picked.encoder;
let curve = label_curve(#{ ours: pre }, data.split("train").take(300), test, #{ labels: [1, 2], seeds: 2, methods: ["linear", "knn"] });
let spread = spread_labels(pre, few, pool);
let more = self_train(pre, few, pool, #{ rounds: 1, steps: 2, batch_size: 16 });
report("words", #{
    curve: curve,
    tuned: finetune(pre, few, #{ steps: 2 }).evaluate(test),
    knn: knn(pre, few).evaluate(test),
    pixels: pixel_probe(few).evaluate(test),
    spread: spread.evaluate(test),
    more: more.evaluate(test),
}, #{ baselines: false });
"#;
    three_times("words", text);
}

#[test]
fn results_of_a_killed_run_are_those_of_a_whole_one() {
    const RUN: &[&str] = &["run", "tiny.rhai", "--device", "flex"];
    let place = || {
        let place = Place::new();
        place.write("tiny.rhai", TINY.replace("\"steps\", 6", "\"steps\", 60"));
        place
    };
    let whole = place();
    whole.foretask(RUN).exits(0);
    let killed = place();
    let mut kills = 0;
    while kills < 4 {
        let before = killed.stage_files().len();
        let mut running = killed.start(RUN);
        // A little further every time.
        if !running.until(|| killed.stage_files().len() > before + 1) {
            break;
        }
        kills += i32::from(running.kill().code.is_none());
    }
    assert!(kills > 1, "the run was too short to be killed");
    killed.foretask(RUN).exits(0);
    assert_eq!(timeless(&killed.latest("tiny")), timeless(&whole.latest("tiny")));
    let left: Vec<_> = walk(&killed.path("runs"))
        .into_iter()
        .filter(|name| std::path::Path::new(name).extension().is_some_and(|ending| ending == "tmp"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

/// The names of all files below.
fn walk(folder: &std::path::Path) -> Vec<String> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        if entry.file_type().unwrap().is_dir() {
            names.extend(walk(&entry.path()));
        } else {
            names.push(entry.path().display().to_string());
        }
    }
    names
}

#[test]
fn half_written_files_of_killed_runs_are_cleared() {
    let place = Place::new();
    let text = "let few = dataset(\"datasets/fashion-mini\").split(\"train\").per_class(2, #{ seed: 1 });\n\
                pixel_probe(few).predict(few, \"labels.csv\");\n";
    place.write("p.rhai", text);
    place.foretask(&["run", "p.rhai"]).exits(0);
    let stage = place.stage_files()[0].parent().unwrap().to_owned();
    let left = [
        place.latest("p").join(".report.html.foretask-AbC123.tmp"),
        place.path(".labels.csv.foretask-AbC123.tmp"),
        stage.join(".pixels.json.foretask-AbC123.tmp"),
    ];
    let kept = place.path(".notes.tmp");
    for path in left.iter().chain([&kept]) {
        std::fs::write(path, "half").unwrap();
    }
    place.foretask(&["run", "p.rhai"]).exits(0);
    assert!(left.iter().all(|path| !path.exists()) && kept.exists());
}

#[test]
fn long_and_like_names_are_told_by_check_and_do_not_fail_a_run() {
    let place = Place::new();
    let text = r#"
let data = dataset("datasets/fashion-mini");
let few = data.split("train").per_class(2, #{ seed: 1 });
let pre = pretrain(resnet10(#{ width: 4 }), rotation(), data.unlabeled().take(64), #{ steps: 2, batch_size: 16 });
let probe = linear_probe(pre.encoder, few);
let test = data.split("test").take(20);
let s = "a"; for i in 0..12 { s += s; }
let long = #{}; long[s] = probe.evaluate(test); long[s + "b"] = probe.evaluate(test);
report("übung", long, #{ baselines: false });
report(s, #{ "übung": probe.evaluate(test), "ßbung": linear_probe(pre.encoder, few, #{ strength: 0.5 }).evaluate(test) }, #{ baselines: false });
"#;
    place.write("long.rhai", text);
    place.foretask(&["check", "long.rhai"]).exits(0).says(&["has 4096 characters", "aaa…"]);
    place.foretask(&["run", "long.rhai", "--device", "flex"]).exits(0);
    let run = place.latest("long");
    let results = json(&run.join("results.json"));
    assert_eq!(results.as_object().unwrap().len(), 2);
    let weights = weights(&run);
    // Two long names, one encoder, two that are alike in ASCII: none lies under another's.
    assert_eq!(weights.len(), 5, "{:?}", weights.keys());
    assert!(weights["bung.safetensors"] != weights["bung-2.safetensors"]);
    assert!(weights.keys().all(|name| name.len() < 120));
}
