//! The folders that `foretask run` leaves, read from outside.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::Value;

/// Fields of `results.json` that hold times, and the one that tells of the machine.
const PASSING: [&str; 6] =
    ["seconds", "pretraining_seconds", "images_per_second", "data_wait", "created", "environment"];

/// The latest run of a script (its name without `.rhai`) in a folder of results.
pub(crate) fn latest(out: &Path, script: &str) -> Result<PathBuf> {
    let runs = out.join(script);
    let entries = fs::read_dir(&runs).with_context(|| format!("cannot list {}", runs.display()))?;
    let mut found: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    // The clock's second names a run; a second run in it gets a number that sorts behind.
    found.sort_by_key(|run| (run.metadata().and_then(|data| data.created()).ok(), run.clone()));
    found.pop().with_context(|| format!("{} holds no run", runs.display()))
}

/// The titles of stages that a run made, rather than loaded.
pub(crate) fn made(run: &Path) -> Result<Vec<String>> {
    let about = json(&run.join("run.json"))?;
    let stages = about["stages"].as_array().context("run.json lists no stages")?;
    let made = stages.iter().filter(|stage| stage["reused"] != Value::Bool(true));
    Ok(made.map(|stage| stage["title"].as_str().unwrap_or_default().to_owned()).collect())
}

/// `results.json` without what may differ from run to run.
pub(crate) fn results(run: &Path) -> Result<Vec<u8>> {
    let mut value = json(&run.join("results.json"))?;
    without_times(&mut value);
    Ok(serde_json::to_vec_pretty(&value)?)
}

/// Where two texts differ first, in words; none where they are equal.
pub(crate) fn difference(expected: &[u8], found: &[u8]) -> Option<String> {
    if expected == found {
        return None;
    }
    let at = expected.iter().zip(found).position(|(a, b)| a != b).unwrap_or(expected.len().min(found.len()));
    let around = |text: &[u8]| {
        let part = &text[at.saturating_sub(60).min(text.len())..(at + 30).min(text.len())];
        String::from_utf8_lossy(part).split_whitespace().collect::<Vec<_>>().join(" ")
    };
    Some(format!("\"{}\" in place of \"{}\"", around(found), around(expected)))
}

fn json(path: &Path) -> Result<Value> {
    let text = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    serde_json::from_slice(&text).with_context(|| format!("{} is no JSON", path.display()))
}

fn without_times(value: &mut Value) {
    match value {
        Value::Object(map) => {
            map.retain(|key, _| !PASSING.contains(&key.as_str()));
            map.values_mut().for_each(without_times);
        }
        Value::Array(list) => list.iter_mut().for_each(without_times),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn times_are_left_out_and_results_are_not() {
        let run = tempfile::tempdir().unwrap();
        let with = |accuracy: f64, seconds: f64| {
            let value = json!({ "t": { "results": [{ "mean": accuracy, "seconds": seconds }], "created": "now" } });
            fs::write(run.path().join("results.json"), value.to_string()).unwrap();
            results(run.path()).unwrap()
        };
        assert_eq!(difference(&with(0.5, 1.0), &with(0.5, 2.0)), None);
        let told = difference(&with(0.5, 1.0), &with(0.6, 1.0)).unwrap();
        assert!(told.contains("0.6") && told.contains("0.5"), "{told}");
        assert!(difference(b"abc", b"").unwrap().contains("in place of \"abc\""));
    }

    #[test]
    fn the_latest_run_tells_what_it_made() {
        let out = tempfile::tempdir().unwrap();
        for (name, reused) in [("2026-01-01T00-00-00", false), ("2026-01-01T00-00-00-2", true)] {
            let run = out.path().join("script").join(name);
            fs::create_dir_all(&run).unwrap();
            let stages =
                json!({ "stages": [{ "title": "knn", "reused": true }, { "title": "probe", "reused": reused }] });
            fs::write(run.join("run.json"), stages.to_string()).unwrap();
        }
        let latest = latest(out.path(), "script").unwrap();
        assert!(latest.ends_with("2026-01-01T00-00-00-2"), "{latest:?}");
        assert_eq!(made(&latest).unwrap(), [""; 0]);
        assert_eq!(made(&latest.with_file_name("2026-01-01T00-00-00")).unwrap(), ["probe"]);
        assert!(super::latest(out.path(), "other").unwrap_err().to_string().contains("cannot list"));
    }
}
