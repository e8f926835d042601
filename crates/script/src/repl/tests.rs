//! Sessions without a terminal.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::{Arc, Mutex};

use super::*;

/// A folder with a table of twelve gray images of two classes.
fn place() -> tempfile::TempDir {
    let place = tempfile::tempdir().unwrap();
    let mut table = "path,label,split\n".to_owned();
    for index in 0..12_u8 {
        let mut image = b"P5\n16 16\n255\n".to_vec();
        image.extend((0..256_usize).map(|at| (at as u8 % 16).wrapping_mul(3).wrapping_add(index * 15)));
        std::fs::write(place.path().join(format!("{index}.pgm")), image).unwrap();
        let (class, split) = (if index % 2 == 0 { "bag" } else { "coat" }, if index < 8 { "train" } else { "test" });
        writeln!(table, "{index}.pgm,{class},{split}").unwrap();
    }
    std::fs::write(place.path().join("clothes.csv"), table).unwrap();
    place
}

fn session(place: &Path) -> Repl {
    Repl::new(&Settings { device: Some("flex".into()), ..Settings::new(place.join("runs")) }).unwrap()
}

/// What an entry comes to.
fn say(repl: &mut Repl, entry: &str) -> String {
    repl.enter(entry, &Interrupt::new()).unwrap_or_else(|error| panic!("{entry}: {error}")).unwrap_or_default()
}

/// The message of a mistake with the underlined word and its line.
fn wrong(repl: &mut Repl, entry: &str) -> (String, String, usize) {
    match repl.enter(entry, &Interrupt::new()).unwrap_err() {
        Error::Script(error) => {
            let source = &error.source_text;
            (error.message.clone(), source.text[error.span.clone()].to_owned(), source.line(error.span.start))
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_was_defined_stays_and_what_an_expression_comes_to_is_said() {
    let place = place();
    let mut repl = session(place.path());
    assert_eq!(say(&mut repl, "let a = 20;"), "");
    assert_eq!(say(&mut repl, "a * 2 + 2"), "42");
    assert_eq!(say(&mut repl, "fn twice(x) {\n    2 * x\n}"), "");
    assert_eq!(say(&mut repl, "let f = |x| twice(x) + a;"), "");
    assert_eq!(say(&mut repl, "f.call(4)"), "28");
    assert_eq!(say(&mut repl, "a = a + 1; a"), "21");
    assert_eq!(say(&mut repl, "// a remark"), "");
    assert_eq!(say(&mut repl, "fn twice(x) { 3 * x } twice(2)"), "6");
    assert_eq!(say(&mut repl, "resnet10(#{ width: 4 })"), "Net(resnet10-w4-auto)");
    assert!(repl.defines("a") && repl.defines("twice") && !repl.defines("b"));
    assert!(repl.names().contains(&"pretrain".to_owned()) && repl.names().contains(&"f".to_owned()));
    assert_eq!(repl.close().unwrap(), None);
    assert!(!place.path().join("runs").exists(), "nothing was done, nothing is left");
}

#[test]
fn a_mistake_is_shown_in_its_line_and_leaves_nothing_behind() {
    let place = place();
    let mut repl = session(place.path());
    say(&mut repl, "fn net(w) {\n    resnet10(#{ width: w })\n}");
    let (message, word, line) = wrong(&mut repl, "let b = 1;\nlet n = resnet11();");
    assert!(message.contains("no word `resnet11`") && word == "resnet11" && line == 5, "{message} {word} {line}");
    let (message, word, _) = wrong(&mut repl, "b");
    assert!(message.contains("nothing is called `b`") && word == "b", "{message} {word}");
    let (message, word, line) = wrong(&mut repl, "let task = simclr(#{ temprature: 0.5 });");
    assert!(message.contains("temprature") && word == "temprature" && line == 4, "{message} {word} {line}");
    // Inside of a function that an earlier entry defined.
    let (message, word, line) = wrong(&mut repl, "net(-1)");
    assert!(word == "w" && line == 2, "{message} {word} {line}");
    let (message, ..) = wrong(&mut repl, "let x = f(");
    assert!(message.contains("ends too early") || message.contains("missing"), "{message}");
    assert_eq!(say(&mut repl, "net(4)"), "Net(resnet10-w4-auto)");
}

#[test]
fn a_session_and_a_script_share_their_stages_and_the_script_is_kept() {
    let place = place();
    let told = Arc::new(Mutex::new(Vec::new()));
    let listener = Arc::clone(&told);
    let settings = Settings {
        device: Some("flex".into()),
        listener: Arc::new(move |progress| listener.lock().unwrap().push(format!("{progress:?}"))),
        ..Settings::new(place.path().join("runs"))
    };
    let entries = [
        format!("let data = dataset({:?});", place.path().join("clothes.csv")),
        "let net = resnet10(#{ width: 4 });".to_owned(),
        "let pre = pretrain(net, rotation(), data.unlabeled(), #{ steps: 2, batch_size: 4 });".to_owned(),
        "let few = data.split(\"train\");".to_owned(),
        "let probe = linear_probe(pre.encoder, few);".to_owned(),
        "report(\"clothes\", #{ probe: probe.evaluate(data.split(\"test\")) }, #{ baselines: false });".to_owned(),
    ];
    let mut repl = Repl::new(&settings).unwrap();
    for entry in &entries {
        say(&mut repl, entry);
    }
    // A word that is interrupted defines nothing and can be entered again.
    let stop = Interrupt::new();
    stop.request();
    let error = repl.enter("let more = linear_probe(pre.encoder, few, #{ strength: 0.5 });", &stop).unwrap_err();
    assert_eq!(error.kind().exit_code(), 130);
    assert!(!repl.defines("more"));
    say(&mut repl, "let more = linear_probe(pre.encoder, few, #{ strength: 0.5 });");
    let folder = repl.close().unwrap().unwrap();
    assert!(folder.join("report.html").is_file() && folder.starts_with(place.path().join("runs/repl")));
    let kept = std::fs::read_to_string(folder.join("script.rhai")).unwrap();
    assert!(kept.starts_with(&entries.join("\n")) && kept.contains("let more"), "{kept}");
    let told = told.lock().unwrap().join("\n");
    assert!(told.contains("StageBegins { title: \"pretrain resnet10 by rotation\""), "{told}");

    let source = Source { name: place.path().join("same.rhai").display().to_string(), text: kept };
    let plan = crate::check(source, &settings).unwrap();
    assert!(plan.stages.len() >= 3, "{plan:?}");
    for stage in &plan.stages {
        assert_eq!(stage.state, foretask_experiment::StageState::Done, "{}", stage.title);
    }
}

#[test]
fn imports_and_label_generators_of_earlier_entries_work() {
    let place = place();
    let mut repl = session(place.path());
    // Imports are looked up below the working folder, which for tests is that of the crate.
    let folder = tempfile::Builder::new().prefix("repl_").tempdir_in(".").unwrap();
    let name = folder.path().file_name().unwrap().to_str().unwrap().to_owned();
    std::fs::write(folder.path().join("common.rhai"), "fn net() { resnet10(#{ width: 4 }) }").unwrap();
    say(&mut repl, &format!("import \"{name}/common\" as common;"));
    assert_eq!(say(&mut repl, "common::net()"), "Net(resnet10-w4-auto)");
    say(&mut repl, &format!("let data = dataset({:?});", place.path().join("clothes.csv")));
    say(&mut repl, "fn label(n) { n % 2 }");
    say(
        &mut repl,
        "let turned = |image, rng| { let n = rng.below(4); #{ input: image.rotate90(n), label: label(n) } };",
    );
    say(&mut repl, "let task = custom_task(turned, #{ classes: 2 });");
    let title =
        say(&mut repl, "pretrain(resnet10(#{ width: 4 }), task, data.unlabeled(), #{ steps: 1, batch_size: 4 })");
    assert!(title.contains("custom_task"), "{title}");
}
