//! Folders of stages: what is done, what was interrupted, and who works on one.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::StageKey;
use super::lock::{Held, StageLock};
use crate::error::Error;

/// How far a stage is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StageState {
    /// Its result is stored and will be loaded.
    Done,
    /// It was begun and will go on from its last checkpoint.
    Begun,
    /// Nothing is there yet.
    New,
}

/// What is kept about a finished stage, beside its result.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Done {
    /// Title shown in plans.
    pub title: String,
    /// Wall seconds it took, over all its parts.
    pub seconds: f64,
    /// Everything that decided the result.
    pub key: Value,
    /// Numbers of the stage that later words and the report need.
    pub facts: Value,
}

/// The folder `runs/.stages`.
#[derive(Debug, Clone)]
pub(crate) struct StageMemory(PathBuf);

impl StageMemory {
    pub(crate) fn new(runs: &Path) -> Self {
        Self(runs.join(".stages"))
    }

    pub(crate) fn folder(&self, key: &StageKey) -> PathBuf {
        self.0.join(key.hash())
    }

    pub(crate) fn state(&self, key: &StageKey) -> StageState {
        let folder = self.folder(key);
        if folder.join("done.json").is_file() {
            StageState::Done
        } else if folder.is_dir() {
            StageState::Begun
        } else {
            StageState::New
        }
    }

    /// What is known about a finished stage; `None` while it is not finished.
    pub(crate) fn done(&self, key: &StageKey) -> Option<Done> {
        let text = std::fs::read(self.folder(key).join("done.json")).ok()?;
        serde_json::from_slice(&text).ok()
    }

    /// The lock of a stage, for which this waits while another process works on it. `waiting` is called once with the
    /// number of that process, and then `stop` is asked twice a second.
    pub(crate) fn lock(
        &self,
        key: &StageKey,
        waiting: impl FnOnce(Option<u32>),
        stop: impl Fn() -> bool,
    ) -> Result<StageLock, Error> {
        let folder = self.folder(key);
        let fail = |error: std::io::Error| {
            Error::failed(format!("the stage's folder `{}` cannot be used: {error}", folder.display()))
                .help("choose another folder for results with `--out FOLDER`")
        };
        std::fs::create_dir_all(&folder).map_err(fail)?;
        let mut waiting = Some(waiting);
        loop {
            match StageLock::take(&folder).map_err(fail)? {
                Ok(lock) => return Ok(lock),
                Err(Held(pid)) => {
                    if let Some(waiting) = waiting.take() {
                        waiting(pid);
                    }
                    if stop() {
                        return Err(Error::interrupted("interrupted while another process works on this stage"));
                    }
                    std::thread::sleep(Duration::from_millis(500));
                }
            }
        }
    }

    /// Marks a stage as finished; everything it stores must be on the disk before.
    pub(crate) fn finish(&self, key: &StageKey, done: &Done) -> Result<(), Error> {
        let path = self.folder(key).join("done.json");
        let text = serde_json::to_vec_pretty(done).unwrap_or_default();
        foretask_data::write_atomically(&path, &text)
            .map_err(|error| Error::failed(format!("`{}` cannot be written: {error}", path.display())))
    }

    /// Forgets that a stage was finished, after its result turned out to be unreadable.
    pub(crate) fn forget(&self, key: &StageKey) {
        std::fs::remove_file(self.folder(key).join("done.json")).ok();
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_stage_is_new_then_begun_then_done() {
        let runs = tempfile::tempdir().unwrap();
        let memory = StageMemory::new(runs.path());
        let key = StageKey::new("knn", "flex", [("k", json!(5))]);
        assert_eq!(memory.state(&key), StageState::New);
        let lock = memory.lock(&key, |_| (), || false).unwrap();
        assert_eq!(memory.state(&key), StageState::Begun);
        let done = Done { title: "knn".into(), seconds: 1.5, key: key.parts().clone(), facts: json!({ "k": 5 }) };
        memory.finish(&key, &done).unwrap();
        drop(lock);
        assert_eq!(memory.state(&key), StageState::Done);
        assert_eq!(memory.done(&key).unwrap().facts["k"], 5);
        memory.forget(&key);
        assert_eq!(memory.state(&key), StageState::Begun);
    }

    #[test]
    fn waiting_for_another_worker_can_be_stopped() {
        let runs = tempfile::tempdir().unwrap();
        let memory = StageMemory::new(runs.path());
        let key = StageKey::new("knn", "flex", []);
        let _held = memory.lock(&key, |_| (), || false).unwrap();
        let mut told = None;
        let fault = memory.lock(&key, |pid| told = pid, || true).unwrap_err();
        assert_eq!(told, Some(std::process::id()));
        assert_eq!(fault.kind.exit_code(), 130);
    }
}
