//! A session through a pipe: what stays, what is shown, what a script finds of it.

use std::io::Write as _;
use std::process::{Output, Stdio};

use foretask_tests::{Place, json};

/// What `foretask repl` says to these lines.
fn repl(place: &Place, arguments: &[&str], lines: &str) -> (Option<i32>, String, String) {
    let mut command = place.command(&[&["repl", "--device", "flex"], arguments].concat());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(lines.as_bytes()).unwrap();
    let Output { status, stdout, stderr } = child.wait_with_output().unwrap();
    (status.code(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

#[test]
fn values_stay_and_mistakes_do_not_end_the_session() {
    let place = Place::new();
    let (code, out, err) = repl(&place, &[], "print(1+1)");
    assert_eq!((code, out.as_str(), err.as_str()), (Some(0), "2\n", ""));

    let lines = "let n = 4;\nn * 10\nfn twice(x) {\n    2 * x\n}\nlet o = #{\n    width: n,\n};\nresnet10(o)\n\
                 resnett10(o)\nwords rotation\nsimclr(#{ temperature: \"hot\" })\ntwice(n)\nexit\nprint(\"never\")\n";
    let (code, out, err) = repl(&place, &[], lines);
    assert_eq!(code, Some(2), "the pipe learns that something was wrong: {err}");
    let said: Vec<&str> = out.lines().collect();
    assert_eq!((said[0], said[1], *said.last().unwrap()), ("40", "Net(resnet10-w4-auto)", "8"), "{out}");
    assert!(out.contains("rotation(") && !out.contains("never"), "{out}");
    for part in ["there is no word `resnett10`", "repl:10", "did you mean `resnet10`", "`temperature` expects a number"]
    {
        assert!(err.contains(part), "`{part}` is not in:\n{err}");
    }
    assert!(!place.path("runs").exists(), "nothing was done, so nothing is left behind");
}

#[test]
fn a_script_finds_what_the_session_has_trained() {
    let place = Place::new();
    let script = r#"let data = dataset("datasets/fashion-mini");
let few = data.split("train").per_class(2, #{ seed: 1 });
let pre = pretrain(resnet10(#{ width: 4 }), rotation(), data.unlabeled().take(60), #{
    steps: 3, batch_size: 16,
});
let ours = linear_probe(pre.encoder, few);
report("session", #{ probe: ours.evaluate(data.split("test").take(50)) }, #{ baselines: false });
"#;
    let (code, out, err) = repl(&place, &[], script);
    assert_eq!(code, Some(0), "{err}");
    assert!(err.contains("pretrain resnet10 by rotation: done in") && err.contains("Results: runs/repl/"), "{err}");
    assert!(out.contains("accuracy %") && out.contains("report.html"), "{out}");
    let run = place.latest("repl");
    assert_eq!(std::fs::read_to_string(run.join("script.rhai")).unwrap(), script);
    let about = json(&run.join("run.json"));
    assert_eq!((about["status"].as_str(), about["stages"].as_array().map(Vec::len)), (Some("done"), Some(2)));
    assert!(run.join("report.html").is_file());

    place.write("same.rhai", script);
    let done = place.foretask(&["run", "same.rhai", "--device", "flex"]).exits(0);
    assert_eq!(done.stderr.matches("done before").count(), 2, "{}", done.stderr);
    place.foretask(&["runs"]).exits(0).says(&["repl", "same"]);
}

#[test]
fn settings_are_those_of_run() {
    let place = Place::new();
    let (code, out, _) = repl(&place, &["--set", "labels=7"], "let labels = param(\"labels\", 10);\nlabels\n");
    assert_eq!((code, out.as_str()), (Some(0), "7\n"));
    let (code, _, err) = repl(&place, &["--set", "lables=7"], "let labels = param(\"labels\", 10);\n");
    assert!(code == Some(2) && err.contains("did you mean"), "{err}");
    // What is never closed is a mistake at the end.
    let (code, _, err) = repl(&place, &[], "let net = resnet10(#{\n    width: 4,\n");
    assert!(code == Some(2) && err.contains("has no `)`"), "{err}");
}
