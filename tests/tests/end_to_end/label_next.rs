//! Which images to label next: the files that a person works with, and that hidden labels have no part in the choice.

use std::collections::BTreeSet;

use foretask_tests::Place;

/// Some images, and an encoder that has seen them.
const HEAD: &str = r#"
let data = dataset("datasets/fashion-mini");
let pool = data.split("train").take(300);
let encoder = pretrain(resnet10(#{ width: 4 }), simclr(), data.unlabeled().take(300), #{ steps: 4, batch_size: 32 }).encoder;
"#;

fn run(place: &Place, name: &str, rest: &str) -> foretask_tests::Done {
    place.write(name, format!("{HEAD}\n{rest}"));
    place.foretask(&["run", name, "--device", "flex"]).exits(0)
}

/// The line after `rows:`.
fn rows(done: &foretask_tests::Done) -> String {
    let line = done.stdout.lines().chain(done.stderr.lines()).find(|line| line.contains("rows:"));
    line.unwrap_or_else(|| panic!("no rows in {}", done.printed())).trim().to_owned()
}

#[test]
fn the_manifest_is_filled_in_and_learned_from() {
    let place = Place::new();
    let done = run(
        &place,
        "choose.rhai",
        "let chosen = label_next(encoder, data.unlabeled().take(300), #{ n: 12, manifest: \"out/to_label.csv\", sheet: \"out/to_label.png\" });\n\
         print(`rows: ${chosen.rows}`);\nprint(chosen);",
    );
    done.says(&["12 images to label", "out/to_label.csv", "out/to_label.png"]);
    let manifest = std::fs::read_to_string(place.path("out/to_label.csv")).unwrap();
    let lines: Vec<&str> = manifest.lines().collect();
    assert_eq!(lines.len(), 13, "{manifest}");
    assert!(lines[0].starts_with("path,label,"), "{manifest}");
    assert!(std::fs::read(place.path("out/to_label.png")).unwrap().starts_with(b"\x89PNG"));

    // Labeled by hand, in turn; then it is a dataset like any other.
    let labeled: Vec<String> = lines
        .iter()
        .enumerate()
        .map(
            |(at, line)| {
                if at == 0 { (*line).to_owned() } else { line.replacen(",,", [",dark,", ",light,"][at % 2], 1) }
            },
        )
        .collect();
    place.write("out/to_label.csv", labeled.join("\n"));
    let done = run(
        &place,
        "learn.rhai",
        "let few = dataset(\"out/to_label.csv\");\nprint(few.classes);\n\
         let probe = linear_probe(encoder, few);\nprint(`${probe.predict(data.split(\"test\").take(5)).len()} answers`);\n\
         let more = label_next(probe, data.unlabeled().take(300), #{ n: 8, manifest: \"out/more.parquet\" });\n\
         print(`rows: ${more.rows}`);",
    );
    done.says(&["dark", "light", "5 answers"]);
    place.foretask(&["describe", "out/more.parquet"]).exits(0).says(&["8"]);
    // Nobody is asked twice.
    let column = lines[0].split(',').position(|name| name == "row").unwrap();
    let asked: BTreeSet<&str> = lines[1..].iter().map(|line| line.split(',').nth(column).unwrap()).collect();
    let again = rows(&done);
    let again: Vec<&str> = again.trim_start_matches("rows: [").trim_end_matches(']').split(", ").collect();
    assert_eq!((asked.len(), again.len()), (12, 8));
    assert!(again.iter().all(|row| !asked.contains(row)), "{asked:?} {again:?}");
}

#[test]
fn other_labels_give_the_same_choice() {
    let place = Place::new();
    // The same images under three labellings: their own, shuffled, none.
    let script = |labels: &str| {
        format!(
            "let data = dataset(\"{labels}.csv\");\n\
             let encoder = pretrain(resnet10(#{{ width: 4 }}), simclr(), data.unlabeled(), #{{ steps: 4, batch_size: 16 }}).encoder;\n\
             let few = dataset(\"few.csv\");\n\
             print(`rows: ${{label_next(encoder, data, #{{ n: 9 }}).rows}} ${{label_next(linear_probe(encoder, few), data, #{{ n: 9 }}).rows}}`);"
        )
    };
    run(&place, "images.rhai", "label_next(encoder, pool, #{ n: 60, manifest: \"images.csv\" });");
    let manifest = std::fs::read_to_string(place.path("images.csv")).unwrap();
    let label = |name: &str, of: &dyn Fn(usize) -> &'static str, lines: usize| {
        let text: Vec<String> = manifest
            .lines()
            .take(lines + 1)
            .enumerate()
            .map(|(at, line)| if at == 0 { line.to_owned() } else { line.replacen(",,", &format!(",{},", of(at)), 1) })
            .collect();
        place.write(name, text.join("\n"));
    };
    label("own.csv", &|at| ["a", "b", "c"][at % 3], 60);
    label("shuffled.csv", &|at| ["c", "a", "b"][at * 7 / 5 % 3], 60);
    label("none.csv", &|_| "", 60);
    label("few.csv", &|at| ["a", "b"][at % 2], 6);
    let found = ["own", "shuffled", "none"].map(|labels| {
        place.write("choice.rhai", script(labels));
        // Results of their own, so that nothing is served from memory.
        rows(&place.foretask(&["run", "choice.rhai", "--device", "flex", "--out", labels]).exits(0))
    });
    assert_eq!(found[0], found[1]);
    assert_eq!(found[0], found[2]);
}

#[test]
fn what_cannot_work_is_said_before_anything_is_trained() {
    let place = Place::new();
    let wrong = |line: &str, words: &[&str]| {
        place.write("wrong.rhai", format!("{HEAD}\n{line}"));
        place.foretask(&["check", "wrong.rhai", "--device", "flex"]).exits(2).says(words);
    };
    wrong("label_next(encoder, pool, #{ n: 0 });", &["`n`", "from 1"]);
    wrong("label_next(encoder, pool, #{ n: 301 });", &["`n`", "at most the 300 images"]);
    wrong("label_next(encoder, pool, #{ n: 5, manifest: \"a.xlsx\" });", &["`manifest`", ".csv or .parquet"]);
    wrong("label_next(encoder, pool, #{ n: 5, manifest: \"../a.csv\" });", &["cannot write"]);
    wrong("label_next(encoder, pool, #{ n: 5, sheet: \"a.jpg\" });", &["`sheet`", ".png"]);
    wrong(
        "label_next(encoder, pool, #{ n: 5, draws: 2, sheet: \"a.png\" });",
        &["`sheet` is for one choice", "`draws`"],
    );
    wrong("label_next(pixel_probe(pool), pool, #{ n: 5 });", &["no network", "finetune"]);
    wrong(
        "label_next(linear_probe(encoder, pool.per_class(2, #{ draws: 2 })), pool);",
        &["2 label draws", "per_class"],
    );
    wrong("label_next(encoder, pool.per_class(2, #{ draws: 2 }));", &["one set of images"]);
    wrong("label_next(linear_probe(encoder, pool), pool, #{ draws: 3 });", &["nothing is drawn"]);
    wrong("label_next(encoder, data.filter(\"label = 'no such class'\"), #{ n: 1 });", &["no row"]);
}
