//! Nothing that a script says ends the process or keeps it busy; what goes too far is told at its line.

use std::path::Path;
use std::sync::mpsc;
use std::time::Duration;

use foretask_experiment::{Interrupt, Settings};

use crate::{Error, Source, check, read_script};

fn checked(text: &str) -> Result<(), Error> {
    let out = tempfile::tempdir().unwrap();
    check(Source { name: "test".into(), text: text.into() }, &Settings::new(out.path())).map(drop)
}

/// What the script is refused with, and the line. On a thread, since a hang is to fail the test.
fn refused(text: &str) -> (String, usize) {
    let (send, receive) = mpsc::channel();
    let script = text.to_owned();
    std::thread::spawn(move || send.send(checked(&script)));
    let shown: String = text.chars().take(200).collect();
    let outcome = receive.recv_timeout(Duration::from_mins(2)).unwrap_or_else(|_| panic!("hangs: {shown}"));
    match outcome {
        Err(Error::Script(error)) => (error.message.clone(), error.source_text.line(error.span.start)),
        other => panic!("{shown}\n{other:?}"),
    }
}

#[test]
fn values_inside_each_other_have_a_limit_of_depth() {
    for grow in [
        "a = [a];",
        "a = #{ a: a };",
        "a = [#{ a: [a] }];",
        "a = [1, 2, a].map(|x| x);",
        "let b = [1]; b.push(a); a = b;",
        "let b = [0]; b[0] = a; a = b;",
        "let b = #{}; b.inner = a; a = b;",
        "let b = #{}; b.set(\"k\", a); a = b;",
        "let b = []; b.insert(0, a); a = b;",
        "let b = a; a = |x| b;",
        "a = Fn(\"pair\").curry(a);",
        "a = wrap(a);",
        "a = [0, 1].reduce(|sum, x| [sum], a);",
    ] {
        let script = format!(
            "fn wrap(x) {{ [x] }}\nfn pair(x, y) {{ x }}\nlet a = [];\nfor i in 0..100000 {{\n{grow}\n}}\nprint(1);"
        );
        let (message, line) = refused(&script);
        assert!(message.contains("more than 100 deep"), "{grow}: {message}");
        // Where it is used once more.
        assert_eq!(line, 5, "{grow}: {message}");
    }
    checked("let a = []; for i in 0..98 { a = [a]; } let b = a; print(a == b); print(a);").unwrap();
}

#[test]
fn chains_of_functions_have_a_limit() {
    let (message, line) =
        refused("let f = |x| x;\nfor i in 0..100000 { let g = f; f = |x| g.call(x); }\nprint(f.call(1));");
    assert!(message.contains("more than 100 deep") && line == 2, "{line}: {message}");
    // Each captures the one before twice: few levels, and yet too many parts to print or to copy.
    let (message, _) = refused("let f = |x| x; for i in 0..60 { let g = f; let h = f; f = |x| g.call(h.call(x)); }");
    assert!(message.contains("holds more than"), "{message}");
    // In a circle.
    let (message, _) = refused("let m = #{}; let f = || m; m.f = f; print(m);");
    assert!(message.contains("more than 100 deep"), "{message}");
}

#[test]
fn what_no_script_needs_is_not_there() {
    for call in [
        "sleep(100000)",
        "sleep(1.5)",
        "exit(7)",
        "exit()",
        "timestamp()",
        "eval(\"1\")",
        "parse_json(\"1\")",
        "blob(9)",
        "take(x)",
        "get_fn_metadata_list()",
        "Fn(\"sleep\").call(9)",
        "Fn(\"exit\").call(9)",
        "call(\"exit\", 1)",
        "back_trace()",
        "read_file(\"x\")",
        "this",
    ] {
        let (_, line) = refused(&format!("let x = 1;\nlet y = {call};"));
        assert_eq!(line, 2, "{call}");
    }
}

/// The words aside, these are the names that a script can call: whoever adds one here has looked what it may do.
#[test]
fn what_rhai_brings_is_known_by_name() {
    let mut names: Vec<String> = super::bare()
        .collect_fn_metadata(None, |info| Some(info.metadata.name.to_string()), true)
        .into_iter()
        .filter(|name| name.starts_with(|c: char| c.is_alphabetic()) && !name.contains('$'))
        .collect();
    names.sort();
    names.dedup();
    insta::assert_snapshot!(names.join(" "));
}

#[test]
fn texts_and_tables_have_limits_of_size() {
    for (script, limit) in [
        ("let s = \"a\";\nloop { s += s; }", "a text of the script has more than 1,048,576 bytes"),
        ("let s = \"a\";\ns.pad(1000000000000, 'c');", "a text of the script has more than 1,048,576 bytes"),
        ("let s = \"a\";\nfor i in 0..64 { s = `${s}${s}`; }", "a text of the script has more than 1,048,576 bytes"),
        (
            "let s = \"\"; s.pad(1000000, 'a'); let t = s;\ns.replace(\"a\", t);",
            "a text of the script has more than 1,048,576 bytes",
        ),
        (
            "let s = \"\"; s.pad(1000000, 'a'); let t = s;\ns.replace('a', t);",
            "a text of the script has more than 1,048,576 bytes",
        ),
        ("let a = [0];\nloop { a += a; }", "an array of the script has more than 100,000 items"),
        ("let a = [];\na.pad(1000000000, 0);", "an array of the script has more than 100,000 items"),
        (
            "let m = #{};\nfor i in 0..20000 { m[`${i}`] = 1; }",
            "an object map of the script has more than 10,000 entries",
        ),
    ] {
        let (message, line) = refused(script);
        assert!(message.starts_with(limit) && line == 2, "{script}\nline {line}: {message}");
    }
    checked("let s = \"aXbX\"; s.replace(\"X\", \"yz\"); if s != \"ayzbyz\" { throw s; } s.replace('y', 'x'); s.replace('x', \"\"); s.replace(\"z\", '-'); if s != \"a-b-\" { throw s; }").unwrap();
}

#[test]
fn texts_of_scripts_have_a_limit_of_nesting() {
    let many = |text: &str| text.repeat(100_000);
    for script in [
        format!("let x = 1{};", many("+1")),
        format!("let x = {}1{};", many("("), many(")")),
        format!("let x = {}1{};", many("["), many("]")),
        format!("let x = {}1{};", many("#{a:"), many("}")),
        format!("let x = {}true;", many("!")),
        format!("let x = {}1;", many("- ")),
        format!("let x = {}1;", many("|| ")),
        format!("let x = [];\nx{};", many("[0]")),
        format!("let x = 1;\nx{};", many(".abs()")),
        format!("let x = #{{}};\nx{};", many(".a")),
        format!("let x = ();\nlet y = x{};", many("??x")),
        format!("{}{}", many("{"), many("}")),
        format!("if false {{}}{}", many(" else if false {}")),
        format!("let x = {}1{};", many("`${"), many("}`")),
        format!("let x = {}1{};", many("switch 1 { 1 => "), many("}")),
        format!("let x = {}1{};", many("f("), many(")")),
    ] {
        let (message, _) = refused(&script);
        assert!(message.len() < 400, "{message}");
    }
    checked(&format!("{}{}", many("/*"), many("*/"))).unwrap();
    checked(&"let x = 1;\n".repeat(50_000)).unwrap();
}

#[test]
fn calls_inside_each_other_end_with_their_limit() {
    let deep = |open: &str, close: &str| {
        // As much as one function can hold, in each of all calls.
        let count = (1..60).rev().find(|&count| {
            let text = format!(
                "fn f(n) {{ if n == 0 {{ 0 }} else {{ {}f(n - 1){} }} }}",
                open.repeat(count),
                close.repeat(count)
            );
            checked(&text).is_ok()
        });
        let count = count.unwrap();
        format!("fn f(n) {{ if n == 0 {{ 0 }} else {{ {}f(n - 1){} }} }}", open.repeat(count), close.repeat(count))
    };
    for (open, close) in
        [("(1 + ", ")"), ("[", "]"), ("#{ a: ", "}"), ("f(0 * ", ")"), ("{ ", " }"), ("[1].map(|x| ", ")")]
    {
        let f = deep(open, close);
        checked(&format!("{f}\nlet x = f(2);")).unwrap();
        let (message, _) = refused(&format!("{f}\nlet x = f(1000);"));
        assert!(message.contains("more than 64 deep") || message.contains("too many steps"), "{open}: {message}");
    }
    let (message, _) = refused("fn f() { f() }\nf();");
    assert!(message.contains("more than 64 deep"), "{message}");
    let (message, _) = refused("let f = (); f = |x| f.call(x);\nf.call(1);");
    assert!(message.contains("deep"), "{message}");
}

#[test]
fn endless_and_long_computing_is_stopped() {
    for (script, said) in [
        ("loop {}", "too many steps"),
        ("for i in 0..9223372036854775807 {}", "too many steps"),
        ("let i = 0; while true { i += 1; }", "too many steps"),
        // Few steps, each of them long.
        ("loop { [0].pad(100000, 0); }", "10 seconds"),
        ("let a = []; for i in 0..99999 { a.push(i); } loop { let b = a; }", "10 seconds"),
    ] {
        let (message, line) = refused(script);
        assert!(message.contains(said) && line == 1, "{script}: {message}");
    }
    let (message, _) = refused("try { loop {} } catch { }");
    assert!(message.contains("too many steps"), "{message}");
}

#[test]
fn loops_of_words_come_to_an_end() {
    let folder = tempfile::tempdir().unwrap();
    let table = folder.path().join("t.csv");
    std::fs::write(&table, "path,label\na.png,x\nb.png,y\n").unwrap();
    let table = table.display();
    for script in [
        "for i in 0..10000000 { param(`p${i}`, i); }".to_owned(),
        format!("for i in 0..10000000 {{ let d = dataset(\"{table}\"); }}"),
    ] {
        let (message, line) = refused(&script);
        assert!(message.contains("10 seconds") || message.contains("too many steps"), "{script}: {message}");
        assert_eq!(line, 1);
    }
    checked("for i in 0..5000 { param(`p${i}`, i); }").unwrap();
}

#[test]
fn what_fails_in_a_comparison_is_told() {
    for call in ["sort", "sort_by", "order", "order_by", "dedup"] {
        for (by, said) in [
            ("|x, y| loop {}", "too many steps"),
            ("|x, y| throw \"no way\"", "no way"),
            ("|x, y| x.nothing(y)", "nothing"),
            ("|x, y| \"text\"", "gives a text instead of"),
            ("|x| x", "takes 1 argument"),
        ] {
            let (message, line) = refused(&format!("let a = [3, 1, 2];\na.{call}({by});"));
            assert!(message.contains(said) && line == 2, "{call} {by}: line {line}: {message}");
        }
    }
    checked(
        "let a = [3, 1, 2, 2]; a.sort(|x, y| y - x); if a != [3, 2, 2, 1] { throw a; }
         a.sort_by(|x, y| x < y); if a != [1, 2, 2, 3] { throw a; }
         try { a.sort(|x, y| throw 1); } catch { } try { a.dedup(|x, y| throw 1); } catch { }
         if a != [1, 2, 2, 3] { throw a; }
         let b = a.order(|x, y| y.to_float() - x); if b != [3, 2, 2, 1] || a != [1, 2, 2, 3] { throw b; }
         a.dedup(|x, y| x == y); if a != [1, 2, 3] { throw a; }
         a.sort_desc(); if a != [3, 2, 1] { throw a; } a.sort(); if a != [1, 2, 3] { throw a; }",
    )
    .unwrap();
}

#[test]
fn one_variable_in_two_hands_is_said_in_words() {
    let (message, line) = refused("let a = []; let f = || a;\na.push(f); let b = a == a; print(`${a}`);");
    assert!(message.contains("`push` changes a variable") && line == 2, "{line}: {message}");
}

#[test]
fn an_interrupt_ends_a_loop_at_once() {
    let stop = Interrupt::new();
    stop.request();
    let settings = Settings { interrupt: stop, ..Settings::new("runs") };
    let source = Source { name: "test".into(), text: "let i = 0;\nloop { i += 1; }".into() };
    assert_eq!(check(source, &settings).unwrap_err().kind().exit_code(), 130);
}

fn write(folder: &Path, name: &str, text: &str) {
    std::fs::write(folder.join(name), text).unwrap();
}

fn checked_in(folder: &Path, name: &str) -> Result<(), String> {
    let source = read_script(&folder.join(name)).unwrap();
    check(source, &Settings::new(folder.join("runs"))).map(drop).map_err(|error| error.to_string())
}

#[test]
fn imports_in_a_circle_are_named() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "own.rhai", "import \"own\" as own;");
    assert!(checked_in(folder.path(), "own.rhai").unwrap_err().contains("own → own"));
    write(folder.path(), "a.rhai", "import \"b\" as b;");
    write(folder.path(), "b.rhai", "import \"c\" as c;");
    write(folder.path(), "c.rhai", "import \"b\" as b;");
    assert!(checked_in(folder.path(), "a.rhai").unwrap_err().contains("b → c → b"));
    write(folder.path(), "late.rhai", "fn again() { import \"late\" as late; late::again() }\nagain();");
    let message = checked_in(folder.path(), "late.rhai").unwrap_err();
    assert!(message.contains("late → late"), "{message}");
}

#[test]
fn each_import_runs_once_and_chains_have_an_end() {
    let folder = tempfile::tempdir().unwrap();
    // Without memory this would be two to the power of fifteen evaluations.
    for i in 0..15 {
        let next = i + 1;
        write(
            folder.path(),
            &format!("m{i}.rhai"),
            &format!("import \"m{next}\" as x; import \"m{next}\" as y; export const N = x::N + y::N;"),
        );
    }
    write(folder.path(), "m15.rhai", "export const N = 1;");
    write(folder.path(), "main.rhai", "import \"m0\" as m; if m::N != 32768 { throw `${m::N}`; }");
    checked_in(folder.path(), "main.rhai").unwrap();
    for i in 0..200 {
        write(folder.path(), &format!("n{i}.rhai"), &format!("import \"n{}\" as x;", i + 1));
    }
    assert!(checked_in(folder.path(), "n0.rhai").unwrap_err().contains("more than 16 scripts"));
    let many = (0..200).map(|i| format!("import \"e{i}\" as e{i};\n")).collect::<Vec<_>>().concat();
    for i in 0..200 {
        write(folder.path(), &format!("e{i}.rhai"), "");
    }
    write(folder.path(), "many.rhai", &many);
    assert!(checked_in(folder.path(), "many.rhai").unwrap_err().contains("at most 32"));
}
