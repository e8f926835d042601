//! Damaged stages: found, said, made again, and never published.

use std::fs;
use std::path::{Path, PathBuf};

use foretask_tests::{Done, Place, json, timeless, weights};

const SCRIPT: &str = r#"
let data = dataset("datasets/fashion-mini");
let few  = data.split("train").per_class(2, #{ seed: 1, draws: 2 });
let pool = data.unlabeled().take(64);
let pre  = pretrain(resnet10(#{ width: 4 }), rotation(), pool, #{ steps: 4, batch_size: 16 });
let tuned = finetune(pre.encoder, few, #{ steps: 2 });
let spread = spread_labels(pre.encoder, few, pool);
let test = data.split("test").take(40);
report("damaged", #{ tuned: tuned.evaluate(test), spread: spread.evaluate(test) }, #{ baselines: false });
"#;

/// A finished experiment, and what it said.
fn finished() -> (Place, String) {
    let place = Place::new();
    place.write("damaged.rhai", SCRIPT);
    run(&place);
    let results = timeless(&place.latest("damaged"));
    (place, results)
}

fn run(place: &Place) -> Done {
    place.foretask(&["run", "damaged.rhai", "--device", "flex"]).exits(0)
}

/// A run that has to come out as the first did, and one after it that finds nothing wrong any more.
fn comes_out_right(place: &Place, results: &str, words: &[&str]) {
    let first = place.runs("damaged").remove(0);
    let expected = weights(&first);
    run(place).says(words);
    let again = place.latest("damaged");
    assert_eq!(timeless(&again), results);
    assert!(weights(&again) == expected, "other weights");
    assert!(!json(&again.join("run.json"))["warnings"].as_array().unwrap().is_empty(), "the record tells it, too");
    let quiet = run(place);
    assert!(!quiet.printed().contains("Warning"), "{}", quiet.printed());
    assert_eq!(timeless(&place.latest("damaged")), results);
}

/// Files of stages that are named so.
fn named(place: &Place, name: &str) -> Vec<PathBuf> {
    place.stage_files().into_iter().filter(|path| path.ends_with(name)).collect()
}

/// Other bytes in the same place, without touching what else the same bytes are linked to.
fn replace(path: &Path, bytes: &[u8]) {
    fs::remove_file(path).unwrap();
    fs::write(path, bytes).unwrap();
}

#[test]
fn a_flipped_bit_a_cut_and_a_deleted_file_in_every_stage() {
    type Damage = fn(&Path, Vec<u8>);
    let (place, results) = finished();
    let damages: [Damage; 3] = [
        |path, mut bytes| {
            let middle = bytes.len() / 2;
            bytes[middle] ^= 4;
            replace(path, &bytes);
        },
        |path, bytes| replace(path, &bytes[..bytes.len() / 2]),
        |path, _| fs::remove_file(path).unwrap(),
    ];
    for damage in damages {
        let files: Vec<PathBuf> =
            place.stage_files().into_iter().filter(|path| !path.ends_with("done.json") && !is_aside(path)).collect();
        assert!(files.len() > 12, "{files:?}");
        for path in &files {
            damage(path, fs::read(path).unwrap());
        }
        comes_out_right(&place, &results, &["making it again", "Warning"]);
    }
}

fn is_aside(path: &Path) -> bool {
    path.to_string_lossy().contains(".damaged")
}

#[test]
fn what_says_that_a_stage_is_done_may_be_damaged_too() {
    let (place, results) = finished();
    for (number, path) in named(&place, "done.json").iter().enumerate() {
        let mut bytes = fs::read(path).unwrap();
        match number % 3 {
            0 => replace(path, &bytes[..bytes.len() / 2]),
            1 => replace(path, b""),
            _ => {
                let digit = bytes.iter().rposition(u8::is_ascii_digit).unwrap();
                bytes[digit] = if bytes[digit] == b'1' { b'2' } else { b'1' };
                replace(path, &bytes);
            }
        }
    }
    comes_out_right(&place, &results, &["`done.json` is not what was written"]);
}

#[test]
fn an_edited_number_and_another_draws_file_reach_no_result() {
    let (place, results) = finished();
    for path in named(&place, "evaluation.json") {
        let text = fs::read_to_string(&path).unwrap();
        let end = text.find(',').unwrap();
        replace(&path, format!("{{\"accuracy\":0.999{}", &text[end..]).as_bytes());
    }
    let classifiers = named(&place, "classifier.safetensors");
    let bytes: Vec<Vec<u8>> = classifiers.iter().map(|path| fs::read(path).unwrap()).collect();
    for (path, other) in classifiers.iter().zip(bytes.iter().cycle().skip(1)) {
        replace(path, other);
    }
    comes_out_right(&place, &results, &["`classifier.safetensors` is not what was written", "evaluation.json"]);
    assert!(place.stage_files().iter().any(|path| path.ends_with("evaluation.json.damaged")), "kept, but aside");
}

#[test]
fn a_lost_copy_is_written_again_without_training() {
    let (place, results) = finished();
    let encoder = named(&place, "encoder.safetensors").remove(0);
    let bytes = fs::read(&encoder).unwrap();
    for damaged in [None, Some(&bytes[..bytes.len() / 3])] {
        fs::remove_file(&encoder).unwrap();
        if let Some(part) = damaged {
            fs::write(&encoder, part).unwrap();
        }
        comes_out_right(&place, &results, &["`encoder.safetensors`", "written again from the rest of it"]);
        assert!(fs::read(&encoder).unwrap() == bytes);
    }
}

#[test]
fn check_says_what_run_will_make_again() {
    let (place, _) = finished();
    let path = named(&place, "pretrained.ftckpt").remove(0);
    replace(&path, b"FTCKPT");
    place
        .foretask(&["check", "damaged.rhai", "--device", "flex"])
        .exits(0)
        .says(&["damaged on the disk", "made again"]);
}

#[test]
fn stages_of_a_version_without_checksums_are_taken_and_sealed() {
    let (place, results) = finished();
    for path in named(&place, "done.json") {
        let mut done = json(&path);
        for newer in ["files", "stage", "seal"] {
            done.as_object_mut().unwrap().remove(newer);
        }
        replace(&path, done.to_string().as_bytes());
    }
    let done = run(&place);
    done.says(&["without checksums"]);
    assert!(!done.printed().contains("Warning"), "{}", done.printed());
    assert_eq!(timeless(&place.latest("damaged")), results);
    // The statistics of the pool serve pretraining, which is loaded: nobody has looked at them.
    let used = named(&place, "done.json").into_iter().map(|path| json(&path));
    let used: Vec<_> = used.filter(|done| done["title"] != "pool statistics").collect();
    assert!(used.len() == 10 && used.iter().all(|done| done["seal"].is_string()), "{used:#?}");
    assert!(!run(&place).printed().contains("without checksums"), "said once");
}

#[test]
fn a_damaged_checkpoint_is_kept_aside_and_the_work_starts_anew() {
    const RUN: &[&str] = &["run", "pretraining.rhai", "--device", "flex"];
    let place = || {
        let place = Place::new();
        place.write("pretraining.rhai", crate::PRETRAINING);
        place
    };
    let whole = place();
    whole.foretask(RUN).exits(0);
    let killed = place();
    let mut running = killed.start(RUN);
    assert!(running.until(|| !killed.checkpoints().is_empty()), "too short to be killed");
    running.kill();
    let checkpoint = killed.checkpoints().remove(0);
    let mut bytes = fs::read(&checkpoint).unwrap();
    let place_of_bit = bytes.len() - 100;
    bytes[place_of_bit] ^= 1;
    fs::write(&checkpoint, &bytes).unwrap();
    killed.foretask(RUN).exits(0).says(&["Warning", "is damaged", "checkpoint.ftckpt.damaged", "starts anew"]);
    assert_eq!(fs::read(checkpoint.with_file_name("checkpoint.ftckpt.damaged")).unwrap(), bytes);
    let encoder = |place: &Place| fs::read(place.path("encoder.safetensors")).unwrap();
    assert!(encoder(&killed) == encoder(&whole));
}

#[cfg(unix)]
#[test]
fn what_stands_where_a_stage_has_its_files_is_set_aside_and_the_stage_made_again() {
    type Kind<'a> = (&'a str, &'a dyn Fn(&Path));
    let (place, results) = finished();
    let stages = fs::read_dir(place.path("runs/.stages")).unwrap().map(|entry| entry.unwrap().path());
    let measured: Vec<PathBuf> = stages.filter(|stage| stage.join("recognized.json").is_file()).collect();
    assert!(!measured.is_empty());
    let pipe = |path: &Path| assert!(std::process::Command::new("mkfifo").arg(path).status().unwrap().success());
    let gone = |path: PathBuf| fs::remove_file(path).unwrap();
    let kinds: [Kind<'_>; 6] = [
        // Of a stage that is not done, too.
        ("recognized.json.damaged", &|stage| {
            gone(stage.join("done.json"));
            gone(stage.join("recognized.json"));
            fs::create_dir_all(stage.join("recognized.json/x")).unwrap();
        }),
        ("`done.json` cannot be read", &|stage| {
            gone(stage.join("done.json"));
            pipe(&stage.join("done.json"));
        }),
        ("lock.damaged", &|stage| {
            gone(stage.join("lock"));
            fs::create_dir(stage.join("lock")).unwrap();
        }),
        ("is a named pipe", &|stage| {
            gone(stage.join("lock"));
            pipe(&stage.join("lock"));
        }),
        ("is a file where the stage's folder belongs", &|stage| {
            fs::remove_dir_all(stage).unwrap();
            fs::write(stage, "x").unwrap();
        }),
        ("is a link to nothing that fits", &|stage| {
            fs::remove_dir_all(stage).unwrap();
            std::os::unix::fs::symlink(stage, stage).unwrap();
        }),
    ];
    for (said, damage) in kinds {
        for stage in &measured {
            damage(stage);
        }
        comes_out_right(&place, &results, &[said]);
    }
    assert!(measured[0].with_extension("damaged").is_file());
}
