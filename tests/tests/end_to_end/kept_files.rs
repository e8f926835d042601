//! Files of a person are never lost: not by a word, not by a verb, not on the second run.

use std::fs;
use std::os::unix::fs::symlink;

use foretask_tests::Place;

/// Some images, an encoder and a classifier.
const HEAD: &str = r#"
let data = dataset("datasets/fashion-mini");
let few = data.split("train").per_class(2, #{ seed: 1 });
let test = data.split("test").take(20);
let encoder = pretrain(resnet10(#{ width: 4 }), rotation(), data.unlabeled().take(64), #{ steps: 2, batch_size: 16 }).encoder;
let probe = linear_probe(encoder, few);
"#;

/// Every word that writes a file, with a file that it writes.
const WORDS: [(&str, &str); 7] = [
    ("encoder.save(\"FILE\")", "e.safetensors"),
    ("probe.save(\"FILE\")", "c.safetensors"),
    ("probe.predict(test, \"FILE\")", "p.csv"),
    ("encoder.embed(test, \"FILE\")", "f.jsonl"),
    ("preview(rotation(), test, \"FILE\")", "s.png"),
    ("label_next(encoder, data.unlabeled().take(60), #{ n: 4, sheet: \"FILE\" })", "l.png"),
    ("label_next(encoder, data.unlabeled().take(60), #{ n: 4, manifest: \"FILE\" })", "m.csv"),
];

fn script(word: &str, file: &str) -> String {
    format!("{HEAD}{};", word.replace("FILE", file))
}

#[test]
fn words_refresh_what_they_wrote_and_refuse_what_they_did_not() {
    let place = Place::new();
    for (word, file) in WORDS {
        place.write("w.rhai", script(word, file));
        place.foretask(&["run", "w.rhai", "--device", "flex"]).exits(0);
        let first = fs::read(place.path(file)).unwrap();
        // Unchanged, it is written anew.
        place.foretask(&["run", "w.rhai", "--device", "flex"]).exits(0);
        assert_eq!(fs::read(place.path(file)).unwrap(), first, "{word}");
        // Changed by a person, or of a person from the beginning.
        for mine in [b"changed by hand".as_slice(), b""] {
            place.write(file, mine);
            place.foretask(&["check", "w.rhai"]).exits(2).says(&[file, "is there already", "overwrite: true"]);
            place.foretask(&["run", "w.rhai"]).exits(2);
            assert_eq!(fs::read(place.path(file)).unwrap(), mine, "{word}");
        }
        // The way out.
        let allowed = match word.strip_suffix(" })") {
            Some(rest) => format!("{rest}, overwrite: true }})"),
            None => word.replace("\")", "\", #{ overwrite: true })"),
        };
        place.write("w.rhai", script(&allowed, file));
        place.foretask(&["run", "w.rhai", "--device", "flex"]).exits(0);
        assert_eq!(fs::read(place.path(file)).unwrap(), first, "{allowed}");
    }
}

#[test]
fn links_and_stages_are_no_way_out_of_the_working_folder() {
    let (place, elsewhere) = (Place::new(), tempfile::tempdir().unwrap());
    symlink(elsewhere.path(), place.path("link")).unwrap();
    for (word, file) in WORDS {
        for (folder, reason) in [("link", "a link leads outside"), ("runs/.stages", "the memory of finished stages")] {
            place.write("w.rhai", script(word, &format!("{folder}/{file}")));
            place.foretask(&["check", "w.rhai"]).exits(2).says(&["cannot write to", reason]);
        }
    }
    assert_eq!(fs::read_dir(elsewhere.path()).unwrap().count(), 0);
}

#[test]
fn a_table_that_was_filled_in_keeps_its_labels_on_the_second_run() {
    let place = Place::new();
    let word = |n: usize| {
        format!(
            "label_next(encoder, data.unlabeled().take(100), #{{ n: {n}, manifest: \"todo.csv\", sheet: \"todo.png\" }})"
        )
    };
    place.write("w.rhai", script(&word(6), ""));
    place.foretask(&["run", "w.rhai", "--device", "flex"]).exits(0);
    let asked = fs::read_to_string(place.path("todo.csv")).unwrap();
    let filled: String = asked.replacen(",,", ",boot,", 1).replacen(",,", ",=shirt,", 1);
    place.write("todo.csv", &filled);
    let again = place.foretask(&["run", "w.rhai", "--device", "flex"]).exits(0);
    again.says(&["2 of its 6 rows have labels, all stay as they are; none to add"]);
    assert_eq!(fs::read_to_string(place.path("todo.csv")).unwrap(), filled);
    // More of them: below what is there.
    place.write("w.rhai", script(&word(9), ""));
    place.foretask(&["run", "w.rhai", "--device", "flex"]).exits(0).says(&["images added below"]);
    let more = fs::read_to_string(place.path("todo.csv")).unwrap();
    assert!(more.starts_with(&filled) && more.lines().count() > filled.lines().count(), "{more}");
    place.foretask(&["describe", "todo.csv"]).exits(0).says(&["boot"]);
    // Not a table to label: refused before anything is computed, and kept.
    place.write("todo.csv", "dear diary\n");
    place.foretask(&["check", "w.rhai"]).exits(2).says(&["todo.csv", "no rows can be added", "overwrite: true"]);
    assert_eq!(fs::read_to_string(place.path("todo.csv")).unwrap(), "dear diary\n");
}

#[test]
fn verbs_refuse_what_they_did_not_write_unless_forced() {
    let place = Place::new();
    place.write("w.rhai", format!("{HEAD}probe.save(\"c.safetensors\");\nreport(\"w\", #{{ a: probe.evaluate(test) }}, #{{ baselines: false }});"));
    place.foretask(&["run", "w.rhai", "--device", "flex"]).exits(0);
    let page = format!("{}/report.html", place.latest("w").strip_prefix(place.path("")).unwrap().display());
    let images = foretask_tests::fixture("clothes").display().to_string();
    let verbs: [(&[&str], &str); 8] = [
        (&["predict", "c.safetensors", &images, "-o", "p.csv"], "p.csv"),
        (&["embed", "c.safetensors", &images, "-o", "f.parquet"], "f.parquet"),
        (&["export", "c.safetensors", "-o", "x.safetensors"], "x.safetensors"),
        (&["import", &images, "-o", "i.parquet"], "i.parquet"),
        (&["preview", "w.rhai", "-o", "s.png", "--pictures", "never"], "s.png"),
        (&["new", &images, "-o", "n.rhai"], "n.rhai"),
        (&["report", "runs/w", "runs/w", "-o", "both.html"], "both.html"),
        (&["report", "runs/w"], &page),
    ];
    for (verb, file) in verbs {
        place.foretask(verb).exits(0);
        place.foretask(verb).exits(0);
        place.write(file, "mine");
        place.foretask(verb).exits(2).says(&["is there already", "--force"]);
        assert_eq!(fs::read_to_string(place.path(file)).unwrap(), "mine", "{verb:?}");
        place.foretask(&[verb, &["--force"]].concat()).exits(0);
        assert_ne!(fs::read(place.path(file)).unwrap(), b"mine", "{verb:?}");
    }
    place.foretask(&["predict", "c.safetensors", &images, "-o", "p.csv", "--formulas"]).exits(0);
    // A folder that holds something is no place for a pack.
    place.write("packed/mine.txt", "mine");
    place.foretask(&["pack", &images, "-o", "packed"]).exits(2).says(&["not empty"]);
}
