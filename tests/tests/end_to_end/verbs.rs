//! Verbs that train nothing.

use std::time::Duration;

use foretask_tests::Place;

use crate::TINY;

#[test]
fn check_prints_the_plan_at_once() {
    let place = Place::new();
    place.write("tiny.rhai", TINY);
    let done = place.foretask(&["check", "tiny.rhai"]).exits(0);
    done.says(&["simclr", "300", "6 steps"]);
    assert!(done.time < Duration::from_secs(5), "{:?}", done.time);
    assert!(!place.path("runs").exists(), "checking leaves nothing behind");
}

#[test]
fn preview_writes_a_picture() {
    let place = Place::new();
    place.write("tiny.rhai", TINY);
    place.foretask(&["preview", "tiny.rhai", "-o", "sheet.png", "--images", "3"]).exits(0);
    let pictures: Vec<_> = std::fs::read_dir(place.path(""))
        .unwrap()
        .flatten()
        .filter(|f| f.path().extension().is_some_and(|e| e == "png"))
        .collect();
    assert_eq!(pictures.len(), 1);
    assert!(std::fs::read(pictures[0].path()).unwrap().starts_with(b"\x89PNG\r\n"));
    // Pictures are for terminals: a pipe gets none, not even those that were asked for.
    for way in ["auto", "kitty", "iterm", "sixel", "blocks"] {
        let arguments = ["preview", "tiny.rhai", "-o", "sheet.png", "--images", "1", "--pictures", way];
        let variables = [("TERM", "xterm-kitty"), ("COLORTERM", "truecolor")];
        let done = place.foretask_with(&variables, &arguments).exits(0);
        assert_eq!(done.stdout, "1 simclr: sheet.png\n", "{way}");
    }
    place.foretask(&["preview", "tiny.rhai", "--pictures", "ascii"]).exits(2).says(&["blocks"]);
}

#[test]
fn words_explains_each_word() {
    let place = Place::new();
    let all = place.foretask(&["words"]).exits(0);
    all.says(&["pretrain", "finetune", "simclr", "rotation", "super_resolution", "per_class", "report"]);
    place.foretask(&["words", "pretrain"]).exits(0).says(&["budget", "batch_size", "pretrain(net, simclr()"]);
    place.foretask(&["words", "pretrian"]).exits(2).says(&["pretrain"]);
}

#[test]
fn devices_and_doctor_tell_what_is_there() {
    let place = Place::new();
    place.foretask(&["devices"]).exits(0).says(&["flex"]);
    place.foretask(&["doctor"]).exits(0).says(&["flex", "libtorch"]);
}

#[test]
fn past_runs_are_listed_and_their_reports_written_again() {
    let place = Place::new();
    place.foretask(&["runs"]).exits(0).says(&["No runs yet"]);
    place.write(
        "past.rhai",
        "let d = dataset(\"datasets/fashion-mini\");\n\
                              let pixels = pixel_probe(d.split(\"train\").per_class(2, #{ seed: 1 }));\n\
                              report(\"past\", #{ pixels: pixels.evaluate(d.split(\"test\").take(50)) });\n",
    );
    place.foretask(&["run", "past.rhai", "--device", "flex"]).exits(0);
    place.foretask(&["runs"]).exits(0).says(&["past", "pixels", "done"]);
    let page = place.latest("past").join("report.html");
    let before = std::fs::read_to_string(&page).unwrap();
    std::fs::remove_file(&page).unwrap();
    place.foretask(&["report", "runs/past"]).exits(0).says(&["report.html"]);
    assert_eq!(std::fs::read_to_string(&page).unwrap(), before);
}

#[test]
fn completions_and_help_are_there() {
    let place = Place::new();
    place.foretask(&["completions", "bash"]).exits(0).says(&["_foretask"]);
    let help = place.foretask(&["--help"]).exits(0);
    for verb in [
        "new", "run", "check", "preview", "describe", "import", "predict", "embed", "export", "runs", "report",
        "devices", "doctor", "words", "repl",
    ] {
        help.says(&[verb]);
        place.foretask(&[verb, "--help"]).exits(0).says(&["Example", &format!("foretask {verb}")]);
    }
    place.foretask(&["rum"]).exits(2).says(&["run"]);
}
