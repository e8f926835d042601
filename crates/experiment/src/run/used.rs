//! Which stages a run has used, one key a line in its folder, from the moment it asks for them: `run.json` lists the long ones
//! alone, and a process that was killed never came to write it.

use std::collections::BTreeSet;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;

use serde_json::Value;

use crate::stage::MOST;

/// The file.
const USED: &str = ".stages-used";

/// The keys that were written so far.
#[derive(Debug, Default)]
pub(super) struct Used(BTreeSet<String>);

impl Used {
    /// Adds a stage to those that the run in `folder` has used.
    pub(super) fn add(&mut self, folder: &Path, key: &str) -> std::io::Result<()> {
        if self.0.insert(key.to_owned()) {
            let mut file = OpenOptions::new().append(true).create(true).open(folder.join(USED))?;
            file.write_all(format!("{key}\n").as_bytes())?;
        }
        Ok(())
    }
}

/// What the folder of a run says of the stages it has used.
#[derive(Debug)]
pub(super) struct UsedStages {
    /// Their keys.
    pub(super) keys: BTreeSet<String>,
    /// Whether they are all; earlier versions noted long ones only, at the end of a run.
    pub(super) whole: bool,
}

/// The stages of a run by its folder and its `run.json`.
///
/// # Errors
/// Where the list is there and cannot be read.
pub(super) fn used(folder: &Path, run: &Value) -> std::io::Result<UsedStages> {
    let listed = run["stages"].as_array().into_iter().flatten();
    let mut keys: BTreeSet<String> = listed.filter_map(|stage| stage["key"].as_str().map(str::to_owned)).collect();
    let whole = match foretask_files::read_text(&folder.join(USED), MOST) {
        Ok(text) => {
            keys.extend(text.lines().map(str::to_owned));
            true
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => false,
        Err(error) => return Err(error),
    };
    Ok(UsedStages { keys, whole })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_noted_is_read_back_together_with_the_record() {
        let folder = tempfile::tempdir().unwrap();
        let record = json!({ "stages": [{ "key": "a" }] });
        let before = used(folder.path(), &record).unwrap();
        assert!(before.keys.contains("a") && !before.whole);
        let mut notes = Used::default();
        for key in ["b", "c", "b"] {
            notes.add(folder.path(), key).unwrap();
        }
        assert_eq!(std::fs::read_to_string(folder.path().join(USED)).unwrap(), "b\nc\n");
        let after = used(folder.path(), &record).unwrap();
        assert!(after.whole && after.keys == ["a", "b", "c"].map(str::to_owned).into());
    }
}
