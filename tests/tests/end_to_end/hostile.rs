//! Scripts, names and readers that mean no good: nothing ends the process, hangs it or acts on the terminal.

use std::fs::OpenOptions;
use std::process::{Command, Stdio};

use foretask_tests::{Place, binary};

#[test]
fn scripts_cannot_end_or_hang_the_process() {
    let place = Place::new();
    place.write("self.rhai", "import \"self\" as x;");
    place.write("a.rhai", "import \"b\" as b;");
    place.write("b.rhai", "import \"a\" as a;");
    place.write(
        "closures.rhai",
        "let f = |x| x;\nfor i in 0..100000 { let g = f; f = |x| g.call(x); }\nprint(f.call(1));",
    );
    place.write("nested.rhai", "let a = [];\nfor i in 0..200000 { a = [a]; }\nprint(\"x\");");
    place.write("maps.rhai", "let a = #{};\nfor i in 0..200000 { a = #{ a: a }; }\nprint(\"x\");");
    place.write("sleep.rhai", "sleep(100000);");
    place.write("exit.rhai", "print(\"before\"); exit(7); print(\"after\");");
    for (script, said) in [
        ("self.rhai", "self → self"),
        ("a.rhai", "a → b → a"),
        ("closures.rhai", "more than 100 deep"),
        ("nested.rhai", "more than 100 deep"),
        ("maps.rhai", "more than 100 deep"),
        ("sleep.rhai", "sleep"),
        ("exit.rhai", "exit"),
    ] {
        for verb in ["check", "run"] {
            place.foretask(&[verb, script]).exits(2).says(&[said, ".rhai:"]);
        }
    }
}

#[test]
fn label_generators_are_bounded_too() {
    let place = Place::new();
    for (body, said) in [
        ("let a = []; for i in 0..100000 { a = [a]; }", "more than 100 deep"),
        ("let f = |x| x; for i in 0..100000 { let g = f; f = |x| g.call(x); }", "more than 100 deep"),
        ("sleep(100000);", "sleep"),
        ("exit(7);", "exit"),
        ("let s = \"a\"; loop { s += s; }", "a text of the script has more than"),
        ("loop { }", "too many steps"),
        ("loop { [0].pad(100000, 0); }", "2 seconds"),
    ] {
        let script = format!(
            "let data = dataset(\"datasets/fashion-mini\");\n\
             let task = custom_task(|image, rng| {{ {body} #{{ input: image, label: 0 }} }}, #{{ classes: 2 }});\n\
             pretrain(resnet10(#{{ width: 4 }}), task, data.unlabeled().take(32), #{{ steps: 1, batch_size: 8 }});"
        );
        place.write("own.rhai", script);
        place.foretask(&["check", "own.rhai"]).exits(2).says(&[said]);
    }
}

#[test]
fn byte_order_marks_are_no_part_of_a_script() {
    let place = Place::new();
    place.write("bom.rhai", "\u{feff}let data = dataset(\"datasets/fashion-mini\");\n");
    place.foretask(&["check", "bom.rhai"]).exits(0);
    let utf16: Vec<u8> =
        [0xFF, 0xFE].into_iter().chain("print(1);".encode_utf16().flat_map(u16::to_le_bytes)).collect();
    place.write("utf16.rhai", utf16);
    place.foretask(&["check", "utf16.rhai"]).exits(2).says(&["UTF-16", "save it as UTF-8"]);
}

/// Sets the title of a terminal, clears it, and turns the direction of what follows.
const NAME: &str = "a\u{1b}]0;owned\u{7}\u{1b}[2J\u{202e}gpj";

#[test]
fn names_do_not_act_on_the_terminal_or_in_the_page() {
    let place = Place::new();
    for i in 0..8_u8 {
        for class in [NAME, "b"] {
            let picture: Vec<u8> = (0..256_u32).map(|at| (at as u8).wrapping_mul(i + 1)).collect();
            place.write(format!("photos/{class}/{NAME}{i}.pgm"), [b"P5\n16 16\n255\n".as_slice(), &picture].concat());
        }
    }
    place.write(format!("photos/b/bad{NAME}.png"), "not a picture");
    place.write(
        "w.rhai",
        format!(
            "let data = dataset(\"photos\", #{{ max_bad_fraction: 0.5 }});\nlet few = data.per_class(4, #{{ seed: 1 }});\n\
             let enc = pretrain(resnet10(#{{ width: 4 }}), rotation(), data.unlabeled(), #{{ steps: 2, batch_size: 8 }}).encoder;\n\
             let probe = linear_probe(enc, few);\nprobe.save(\"c.safetensors\");\nprint(few.classes);\nprint(\"{NAME}\");\n\
             report(\"t\", #{{ \"{NAME}\": probe.evaluate(data) }}, #{{ baselines: false, leakage: \"warn\" }});"
        ),
    );
    let acts = |text: &str| {
        text.chars().any(|c| (c.is_control() && c != '\n' && c != '\t') || ('\u{202a}'..='\u{202e}').contains(&c))
    };
    let new = place.foretask(&["new", "photos", "-o", "n.rhai"]);
    for done in [
        place.foretask(&["describe", "photos"]),
        place.foretask(&["run", "w.rhai", "--device", "flex"]).exits(0),
        place.foretask(&["predict", "c.safetensors", "photos", "-o", "p.csv"]).exits(0),
        place.foretask(&["runs"]),
        place.foretask(&["check", "n.rhai"]),
        place.foretask(&["report", "runs/w", "runs/w"]),
        place.foretask(&["describe", NAME]),
        new,
    ] {
        assert!(!acts(&done.printed()), "{:?}", done.printed());
    }
    let page = std::fs::read_to_string(place.latest("w").join("report.html")).unwrap();
    assert!(!acts(&page) && page.contains("\\u{202e}gpj"));
    // JSON is for programs, and says the same.
    let json = place.foretask(&["describe", "photos", "--json"]).exits(0).stdout;
    let described: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert!(described.to_string().contains('\u{202e}'));
}

/// Exit code and standard error of `foretask` with its output going to `stdout`.
fn into(place: &Place, arguments: &[&str], stdout: Stdio) -> (Option<i32>, String) {
    let mut command: Command = place.command(arguments);
    let child = command.stdin(Stdio::null()).stdout(stdout).stderr(Stdio::piped()).spawn().unwrap();
    let done = child.wait_with_output().unwrap();
    (done.status.code(), String::from_utf8(done.stderr).unwrap())
}

#[test]
fn full_and_closed_outputs_end_quietly() {
    let place = Place::new();
    place.write("w.rhai", "for i in 0..20000 { print(`line ${i}`); }");
    let full = || OpenOptions::new().write(true).open("/dev/full").unwrap();
    let verbs: [&[&str]; 9] = [
        &["words"],
        &["words", "pretrain"],
        &["words", "--markdown"],
        &["completions", "bash"],
        &["devices"],
        &["doctor", "--json"],
        &["describe", "datasets/fashion-mini"],
        &["--help"],
        &["run", "w.rhai"],
    ];
    for verb in verbs {
        let (code, said) = into(&place, verb, full().into());
        assert!(code == Some(1) && said.contains("standard output cannot be written to"), "{verb:?} {code:?} {said}");
        assert!(!said.contains("panicked"), "{verb:?} {said}");
        // A reader that has gone.
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let (code, said) = into(&place, verb, writer.into());
        assert!(
            code == Some(0) && !said.contains("panicked") && !said.contains("standard output"),
            "{verb:?} {code:?} {said}"
        );
    }
    // A mistake keeps its exit code although nobody can read what it was.
    for script in ["words nothing-of-that-name", "check nowhere.rhai", "describe nowhere", "--no-such-option"] {
        for closed in ["2> /dev/full", "2>&-", "2>&- >&-", "> /dev/full 2> /dev/full"] {
            let line = format!("'{}' {script} {closed}", binary().display());
            let status = Command::new("sh").args(["-c", &line]).current_dir(place.path("")).status().unwrap();
            assert_eq!(status.code(), Some(2), "{line}");
        }
    }
}

#[test]
fn defaults_come_down_to_what_there_is() {
    let place = Place::new();
    place.write(
        "few.rhai",
        r#"
let data = dataset("datasets/fashion-mini");
let few = data.split("train").per_class(1, #{ seed: 1 }).take(4);
let pool = data.unlabeled().take(12);
let encoder = pretrain(resnet10(#{ width: 4 }), rotation(), pool, #{ steps: 2, batch_size: 4 }).encoder;
let test = data.split("test").take(20);
print(knn(encoder, few).evaluate(test).mean);
print(spread_labels(encoder, few, pool).evaluate(test).mean);
"#,
    );
    let done = place.foretask(&["run", "few.rhai", "--device", "flex"]).exits(0);
    done.says(&["`k` of `knn` is 4 instead of 20", "`neighbors` of `spread_labels` is 11 instead of 15"]);
    // What was asked for in so many words is refused.
    let text = std::fs::read_to_string(place.path("few.rhai")).unwrap();
    place.write("more.rhai", text.replace("knn(encoder, few)", "knn(encoder, few, #{ k: 5 })"));
    place.foretask(&["check", "more.rhai"]).exits(2).says(&["`k` is 5", "only 4 labeled"]);
}
