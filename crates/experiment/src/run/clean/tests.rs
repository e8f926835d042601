//! Folders of results with runs of every kind: what each of them keeps, and that nothing else stays.

use std::fs;

use serde_json::json;

use super::*;
use crate::stage::{StageKey, StageMemory};

/// A folder of results.
struct Results(tempfile::TempDir);

impl Results {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn out(&self) -> &Path {
        self.0.path()
    }

    /// A stage with 1,000 bytes, made from another.
    fn stage(&self, name: &'static str, upon: Option<&str>, finished: bool) -> String {
        let memory = StageMemory::new(self.out());
        if let Some(upon) = upon {
            // As a process that has met the parent.
            let parent = StageKey::new(name_of(upon), "flex", []);
            assert_eq!(memory.folder(&parent).file_name().unwrap(), upon);
            memory.done(&parent).unwrap();
        }
        let parts = upon.map(|upon| ("encoder", json!(upon)));
        let key = StageKey::new(name, "flex", parts);
        drop(memory.lock(&key, |_| (), || false).unwrap());
        fs::write(memory.folder(&key).join("result.safetensors"), vec![0; 1000]).unwrap();
        if finished {
            memory.finish(&key, name, 1.0, json!({})).unwrap();
        }
        key.hash().to_owned()
    }

    fn run(&self, time: &str, record: &serde_json::Value, used: Option<&[&str]>) {
        let folder = self.out().join("script").join(time);
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("run.json"), record.to_string()).unwrap();
        if let Some(used) = used {
            fs::write(folder.join(".stages-used"), used.join("\n")).unwrap();
        }
    }

    fn going(&self) -> Vec<String> {
        stock(self.out()).unwrap().going().map(|stage| stage.key.clone()).collect()
    }

    fn left(&self) -> usize {
        fs::read_dir(self.out().join(".stages")).unwrap().count()
    }
}

/// Parents are named as their word.
fn name_of(key: &str) -> &'static str {
    ["pretrain", "knn"].into_iter().find(|word| StageKey::new(word, "flex", []).hash() == key).unwrap()
}

#[test]
fn what_a_run_points_to_stays_with_all_it_was_made_from() {
    let results = Results::new();
    let parent = results.stage("pretrain", None, true);
    let child = results.stage("finetune", Some(&parent), true);
    let other = results.stage("knn", None, true);
    results.run("1", &json!({ "status": "done", "stages": [{ "key": child }] }), Some(&[]));
    let before = stock(results.out()).unwrap();
    assert_eq!(before.stages.len(), 3);
    assert!(before.bytes() > 3000);
    assert_eq!(results.going(), [other]);
    let removed = before.remove().unwrap();
    assert!(removed.stages == 1 && removed.busy == 0 && removed.bytes > 1000, "{removed:?}");
    assert_eq!((results.left(), results.going().len()), (2, 0));
    // Without its run nothing points to them.
    fs::remove_dir_all(results.out().join("script/1")).unwrap();
    assert_eq!(stock(results.out()).unwrap().remove().unwrap().stages, 2);
    assert_eq!(results.left(), 0);
    assert_eq!(stock(results.out()).unwrap().remove().unwrap(), Removed::default());
}

#[test]
fn a_killed_run_keeps_what_it_has_used_and_a_living_one_everything() {
    let results = Results::new();
    let finished = results.stage("pretrain", None, true);
    let begun = results.stage("knn", None, false);
    let stray = results.stage("evaluate", None, false);
    let killed = json!({ "status": "running", "process": 4_000_000_000_u64 });
    results.run("1", &killed, Some(&[&finished, &begun]));
    if cfg!(target_os = "linux") {
        assert_eq!(results.going(), [stray]);
    }
    results.run("2", &json!({ "status": "running", "process": std::process::id() }), Some(&[]));
    let error = stock(results.out()).unwrap().remove().unwrap_err();
    assert!(error.message.contains("script/2") && error.message.contains("is going on"), "{}", error.message);
    assert_eq!((results.left(), error.kind.exit_code()), (3, 2));
}

#[test]
fn a_run_of_an_earlier_version_that_did_not_end_keeps_what_is_unfinished() {
    let results = Results::new();
    let begun = results.stage("pretrain", None, false);
    let finished = results.stage("knn", None, true);
    results.run("1", &json!({ "status": "interrupted", "stages": [] }), None);
    assert_eq!(results.going(), [finished]);
    let stock = stock(results.out()).unwrap();
    let kept = stock.stages.iter().find(|stage| stage.key == begun).unwrap();
    assert!(kept.stays.is_some_and(|why| why.contains("may go on")));
}

#[test]
fn a_run_that_cannot_be_read_keeps_everything() {
    let results = Results::new();
    results.stage("pretrain", None, true);
    let folder = results.out().join("script/1");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("run.json"), "{").unwrap();
    let error = stock(results.out()).unwrap_err();
    assert!(error.message.contains("script/1") && error.help.is_some(), "{}", error.message);
    assert_eq!(results.left(), 1);
}

#[test]
fn what_others_work_on_or_put_there_stays_and_what_is_half_removed_goes() {
    let results = Results::new();
    let busy = results.stage("pretrain", None, false);
    let half = results.stage("knn", None, true);
    let stages = results.out().join(".stages");
    fs::rename(stages.join(&half), stages.join(format!("{half}.going"))).unwrap();
    fs::create_dir(stages.join("notes")).unwrap();
    fs::write(stages.join("f".repeat(32)), "a file").unwrap();
    // One that was made again since, and is to go, too.
    results.stage("knn", None, true);
    let _held = foretask_files::Lock::take(&stages.join(&busy)).unwrap().unwrap();
    let removed = stock(results.out()).unwrap().remove().unwrap();
    assert_eq!((removed.stages, removed.busy), (2, 1));
    assert!(stages.join(&busy).is_dir() && stages.join("notes").is_dir() && results.left() == 3);
}

#[cfg(unix)]
#[test]
fn weights_that_a_run_has_as_well_give_nothing_back() {
    let results = Results::new();
    let key = results.stage("pretrain", None, true);
    let file = results.out().join(".stages").join(&key).join("result.safetensors");
    fs::hard_link(&file, results.out().join("weights.safetensors")).unwrap();
    let stage = stock(results.out()).unwrap().stages.remove(0);
    assert_eq!(stage.bytes - stage.own_bytes, 1000);
}
