//! The race of pretext tasks.

use foretask_tests::{Place, json};

const SCRIPT: &str = r#"
let data = dataset("datasets/fashion-mini");
let few  = data.split("train").per_class(3, #{ seed: 1 });
let pool = data.unlabeled().take(200);
let picked = pick_task(resnet10(#{ width: 4 }), pool, few, [simclr(), rotation(), simclr(#{ temperature: 0.5 })],
                       #{ steps: 4, pretrain: #{ batch_size: 32 } });
print(picked);
for row in picked.table { print(`row ${row.rung} ${row.task} ${row.steps} ${row.stays} ${row.accuracy}`); }
let again = pretrain(resnet10(#{ width: 4 }), picked.best, pool, #{ steps: 4, batch_size: 32, on_collapse: "warn" });
report("picked", #{ picked: linear_probe(picked.encoder, few).evaluate(data.split("test").take(50)) }, #{ baselines: false });
"#;

const RUN: &[&str] = &["run", "race.rhai", "--device", "flex"];

#[test]
fn a_race_ends_with_a_winner_and_says_why() {
    let place = Place::new();
    place.write("race.rhai", SCRIPT);
    let plan = place.foretask(&["check", "race.rhai", "--device", "flex"]).exits(0);
    plan.says(&["pretrain resnet10 by rotation", "the better 2 of 3", "4 steps each"]);
    let done = place.foretask(RUN).exits(0);
    done.says(&[
        "use ",
        "of the 30 labeled images right while held out",
        "rung 1 of 2",
        "rung 2 of 2",
        "simclr 2",
        "wins",
    ]);
    let rows: Vec<&str> = done.stdout.lines().filter(|line| line.trim_start().starts_with("row ")).collect();
    assert_eq!(rows.len(), 5, "{}", done.printed());
    assert_eq!(rows.iter().filter(|row| row.contains("row 1 ") && row.contains(" 2 ")).count(), 3, "{rows:?}");
    assert_eq!(rows.iter().filter(|row| row.contains("true")).count(), 3, "two go on, one wins: {rows:?}");
    // Each rung is a stage like any other: the winner's pretraining is the one that `pretrain` makes, and is not repeated.
    let about = json(&place.latest("race").join("run.json"));
    let stages = about["stages"].as_array().unwrap().iter();
    assert_eq!(
        stages.filter(|stage| stage["title"].as_str().unwrap().starts_with("pretrain ")).count(),
        5,
        "{about:#}"
    );

    let told = |done: &foretask_tests::Done| -> Vec<String> {
        done.stdout.lines().filter(|line| line.contains("row ") || line.contains("use ")).map(str::to_owned).collect()
    };
    let again = place.foretask(RUN).exits(0);
    assert_eq!(told(&done), told(&again));
    // Once it was run, the plan knows the way it took.
    let plan = place.foretask(&["check", "race.rhai", "--device", "flex"]).exits(0);
    assert!(!plan.printed().contains("the better") && !plan.printed().contains("to do"), "{}", plan.printed());
}

#[test]
fn a_budget_is_measured_in_the_first_rung_and_repeated() {
    let place = Place::new();
    let script = SCRIPT.replace("steps: 4, pretrain", "budget: \"3s\", pretrain");
    place.write(
        "race.rhai",
        script.lines().filter(|line| !line.starts_with("let again")).collect::<Vec<_>>().join("\n"),
    );
    place.foretask(&["check", "race.rhai", "--device", "flex"]).exits(0).says(&["budget 0.5s", "about 0.8 s each"]);
    let rows = |done: foretask_tests::Done| -> Vec<String> {
        done.stdout.lines().filter(|line| line.contains("row ")).map(str::to_owned).collect()
    };
    let first = rows(place.foretask(RUN).exits(0));
    assert_eq!(first.len(), 5);
    assert_eq!(first, rows(place.foretask(RUN).exits(0)));
}

#[test]
fn what_cannot_work_is_said_before_anything_is_trained() {
    let place = Place::new();
    let wrong = |line: &str, words: &[&str]| {
        let script = format!(
            "let data = dataset(\"datasets/fashion-mini\");\nlet net = resnet10(#{{ width: 4 }});\n\
             let few = data.split(\"train\").per_class(2, #{{ seed: 1 }});\nlet pool = data.unlabeled().take(50);\n{line}"
        );
        place.write("wrong.rhai", script);
        place.foretask(&["check", "wrong.rhai", "--device", "flex"]).exits(2).says(words);
    };
    wrong("pick_task(net, pool, few, []);", &["no task to pick from", "simclr(), rotation()"]);
    wrong("pick_task(net, pool, few, #{});", &["no task to pick from"]);
    wrong("pick_task(net, pool, few, [simclr()]);", &["one task alone", "pretrain"]);
    wrong("pick_task(net, pool, few, [simclr(), 3]);", &["races tasks", "a whole number"]);
    wrong(
        "pick_task(net, pool, data.split(\"train\").per_class(1), [simclr(), rotation()]);",
        &["single labeled image", "at least two"],
    );
    wrong("pick_task(net, pool, pool, [simclr(), rotation()]);", &["learns from labels"]);
    wrong(
        "pick_task(net, pool, data.split(\"train\").per_class(2, #{ draws: 2 }), [simclr(), rotation()]);",
        &["2 label draws"],
    );
    wrong(
        "pick_task(net, pool, few, [simclr(), rotation()], #{ budget: \"0.1s\" });",
        &["0.05 s to each of 2 tasks", "at least \"1s\""],
    );
    wrong("pick_task(net, pool, few, [simclr(), rotation()], #{ budget: \"1m\", steps: 3 });", &["one length only"]);
    wrong("pick_task(net, pool, few, [simclr(), rotation()], #{ steps: 0 });", &["`steps`", "from 1"]);
    wrong("pick_task(net, pool, few, [simclr(), rotation()], #{ pretrain: #{ steps: 3 } });", &["decides how long"]);
    wrong("pick_task(net, pool, few, [simclr(), rotation()], #{ pretrain: #{ lr: 0 } });", &["`lr`", "above 0"]);
    wrong("pick_task(net, pool, few, [simclr(), colorization()]);", &["colorization"]);
}
