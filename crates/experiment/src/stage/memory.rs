//! Folders of stages: what is done, what was interrupted, and who works on one.

use std::path::{Path, PathBuf};
use std::time::Duration;

use foretask_files::{Held, Lock};
use serde::Serialize;
use serde_json::Value;

use super::StageKey;
use super::done::{DONE, Done, checksums, files_of, misfits};
use super::lineage::Contents;
use crate::error::Error;

/// Bytes that `done.json` may have: it holds options and numbers, of many tasks and draws at most.
pub(super) const MOST_DONE: u64 = 64 << 20;

/// Where stages lie in a folder of results.
pub(super) const STAGES: &str = ".stages";

/// How far a stage is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StageState {
    /// Its result is stored and will be loaded.
    Done,
    /// Its result is stored, but not as it was written: it will be made again.
    Damaged,
    /// It was begun and will go on from its last checkpoint.
    Begun,
    /// Nothing is there yet.
    New,
}

/// What a stage's folder holds of a result.
#[derive(Debug)]
pub(crate) enum Stored {
    /// None.
    Nothing,
    /// All of it, as it was written.
    Whole(Done),
    /// That of an earlier version, which kept no checksums.
    Unsealed(Done),
    /// Not what was written.
    Damaged(Damage),
}

/// What is wrong with a stored result.
#[derive(Debug)]
pub(crate) struct Damage {
    /// In words: "the stored `encoder.safetensors` is gone".
    pub(crate) what: String,
    /// What it should be, where that is known.
    pub(crate) done: Option<Done>,
    /// The files at fault.
    pub(crate) files: Vec<String>,
}

/// A file of a finished stage, and the hash of what was written.
#[derive(Debug)]
pub(crate) struct KeptFile {
    pub(crate) path: PathBuf,
    pub(crate) hash: String,
}

/// The folder `runs/.stages`.
#[derive(Debug, Clone)]
pub(crate) struct StageMemory {
    folder: PathBuf,
    contents: Contents,
}

impl StageMemory {
    pub(crate) fn new(runs: &Path) -> Self {
        Self { folder: runs.join(STAGES), contents: Contents::default() }
    }

    pub(crate) fn folder(&self, key: &StageKey) -> PathBuf {
        self.folder.join(key.hash())
    }

    pub(crate) fn state(&self, key: &StageKey) -> StageState {
        match self.stored(key) {
            Stored::Whole(_) | Stored::Unsealed(_) => StageState::Done,
            Stored::Damaged(_) => StageState::Damaged,
            Stored::Nothing if self.folder(key).is_dir() => StageState::Begun,
            Stored::Nothing => StageState::New,
        }
    }

    /// The result of a stage, every file of it compared with its checksum.
    pub(crate) fn stored(&self, key: &StageKey) -> Stored {
        let folder = self.folder(key);
        let of_done = |what: &str| self.unknown(key, format!("the stored `{DONE}` {what}"));
        let bytes = match foretask_files::read(&folder.join(DONE), MOST_DONE) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Stored::Nothing,
            Err(_) => return Stored::Damaged(of_done("cannot be read")),
        };
        let Some(done) = Done::unsealed(&bytes) else { return Stored::Damaged(of_done("is not what was written")) };
        if done.stage.as_ref().is_some_and(|stage| stage != key.hash()) {
            return Stored::Damaged(of_done("belongs to another stage"));
        }
        let Some(files) = &done.files else { return Stored::Unsealed(done) };
        let wrong = misfits(&folder, files);
        if wrong.is_empty() && !self.contents.fit(key, &done) {
            let what = "what it was made from has come out differently since".to_owned();
            return Stored::Damaged(Damage { what, done: None, files: Vec::new() });
        }
        if wrong.is_empty() {
            self.contents.learn(key, &done);
            return Stored::Whole(done);
        }
        let words: Vec<String> = wrong.iter().map(|(name, what)| format!("the stored `{name}` {what}")).collect();
        let files = wrong.into_iter().map(|(name, _)| name).collect();
        Stored::Damaged(Damage { what: words.join(", "), done: Some(done), files })
    }

    /// Damage that leaves no file to be trusted.
    pub(crate) fn unknown(&self, key: &StageKey, what: String) -> Damage {
        let mut files = files_of(&self.folder(key)).unwrap_or_default();
        files.push(DONE.to_owned());
        Damage { what, done: None, files }
    }

    /// What is known about a finished stage; `None` while it is not finished, or no longer what was written.
    pub(crate) fn done(&self, key: &StageKey) -> Option<Done> {
        match self.stored(key) {
            Stored::Whole(done) | Stored::Unsealed(done) => Some(done),
            Stored::Nothing | Stored::Damaged(_) => None,
        }
    }

    /// A file of a finished stage.
    pub(crate) fn file(&self, key: &StageKey, name: &str) -> Result<KeptFile, Error> {
        let path = self.folder(key).join(name);
        let done =
            foretask_files::read(&self.folder(key).join(DONE), MOST_DONE).ok().and_then(|bytes| Done::unsealed(&bytes));
        let hash = done.and_then(|done| done.files?.remove(name));
        match hash {
            Some(hash) => Ok(KeptFile { path, hash }),
            None => Err(Error::failed(format!("`{}` is not part of its stage any more", path.display()))
                .help("run the script again: the stage is then made anew")),
        }
    }

    /// The lock of a stage, for which this waits while another process works on it. `waiting` is called once with the
    /// number of that process, and then `stop` is asked twice a second.
    pub(crate) fn lock(
        &self,
        key: &StageKey,
        waiting: impl FnOnce(Option<u32>),
        stop: impl Fn() -> bool,
    ) -> Result<Lock, Error> {
        let folder = self.folder(key);
        let fail = |error: std::io::Error| {
            Error::failed(format!("the stage's folder `{}` cannot be used: {error}", folder.display()))
                .help("choose another folder for results with `--out FOLDER`")
        };
        std::fs::create_dir_all(&folder).map_err(fail)?;
        let mut waiting = Some(waiting);
        loop {
            match Lock::take(&folder).map_err(fail)? {
                Ok(lock) => {
                    // Nobody else writes here now: what is half-written is a killed process's.
                    foretask_files::sweep(&folder);
                    return Ok(lock);
                }
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

    /// Marks a stage as finished, with the checksum of every file; everything it stores must be on the disk before.
    pub(crate) fn finish(&self, key: &StageKey, title: &str, seconds: f64, facts: Value) -> Result<Done, Error> {
        let (title, key_parts) = (title.to_owned(), key.parts().clone());
        let upon = self.contents.parents(key);
        self.seal(key, Done { title, seconds, stage: None, key: key_parts, facts, upon, files: None })
    }

    /// Writes `done.json` with the checksums of the files as they are now.
    pub(crate) fn seal(&self, key: &StageKey, done: Done) -> Result<Done, Error> {
        let folder = self.folder(key);
        let path = folder.join(DONE);
        let failed = |error: String| Error::failed(format!("`{}` cannot be written: {error}", path.display()));
        let files = checksums(&folder).map_err(|error| failed(error.to_string()))?;
        let done = Done { files: Some(files), stage: Some(key.hash().to_owned()), ..done };
        let text = done.sealed().map_err(|error| failed(error.to_string()))?;
        foretask_data::write_atomically(&path, text)?;
        self.contents.learn(key, &done);
        Ok(done)
    }

    /// A step that keeps nothing itself stands for what it was made from.
    pub(crate) fn pass_on(&self, key: &StageKey) {
        self.contents.pass_on(key);
    }

    /// Removes what only served the work on a stage that is finished: its checkpoint, and the folders of its parts. What
    /// cannot be removed is only wasted space.
    pub(crate) fn clear_scratch(&self, key: &StageKey) {
        let folder = self.folder(key);
        std::fs::remove_file(foretask_train::checkpoint::path_in(&folder)).ok();
        for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
            // Not through links: what they lead to is not this stage's. What stood in the way was not ours.
            let aside = foretask_files::is_aside(&entry.file_name().to_string_lossy());
            if !aside && entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                std::fs::remove_dir_all(entry.path()).ok();
            }
        }
    }

    /// Gives the damaged files of a result other names.
    pub(crate) fn set_aside(&self, key: &StageKey, damage: &Damage) -> Result<(), Error> {
        let folder = self.folder(key);
        let fail = |path: &Path, error: &std::io::Error| {
            Error::failed(format!("the damaged `{}` cannot be moved out of the way: {error}", path.display()))
        };
        for path in damage.files.iter().map(|name| folder.join(name)) {
            if path.symlink_metadata().is_ok() {
                foretask_files::set_aside(&path).map_err(|error| fail(&path, &error))?;
            }
        }
        Ok(())
    }

    /// Forgets that a stage was finished, and what is left of its result.
    pub(crate) fn forget(&self, key: &StageKey) {
        let folder = self.folder(key);
        // First what says that the others are whole.
        std::fs::remove_file(folder.join(DONE)).ok();
        for name in files_of(&folder).unwrap_or_default() {
            std::fs::remove_file(folder.join(name)).ok();
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_stage_is_new_then_begun_then_done_then_damaged() {
        let runs = tempfile::tempdir().unwrap();
        let memory = StageMemory::new(runs.path());
        let key = StageKey::new("knn", "flex", [("k", json!(5))]);
        assert_eq!(memory.state(&key), StageState::New);
        let lock = memory.lock(&key, |_| (), || false).unwrap();
        assert_eq!(memory.state(&key), StageState::Begun);
        let result = memory.folder(&key).join("result.json");
        std::fs::write(&result, "[1]").unwrap();
        memory.finish(&key, "knn", 1.5, json!({ "k": 5 })).unwrap();
        drop(lock);
        assert_eq!(memory.state(&key), StageState::Done);
        assert_eq!(memory.done(&key).unwrap().facts["k"], 5);
        assert_eq!(memory.file(&key, "result.json").unwrap().hash, blake3::hash(b"[1]").to_string());
        std::fs::write(&result, "[2]").unwrap();
        assert_eq!(memory.state(&key), StageState::Damaged);
        let Stored::Damaged(damage) = memory.stored(&key) else { panic!() };
        assert_eq!(damage.what, "the stored `result.json` is not what was written");
        memory.set_aside(&key, &damage).unwrap();
        memory.forget(&key);
        assert_eq!(memory.state(&key), StageState::Begun);
        assert!(memory.folder(&key).join("result.json.damaged").exists() && !result.exists());
    }

    #[test]
    fn a_whole_folder_of_another_stage_is_not_taken_for_this_one() {
        let runs = tempfile::tempdir().unwrap();
        let memory = StageMemory::new(runs.path());
        let [one, two] = [1, 2].map(|draw| StageKey::new("knn", "flex", [("draw", json!(draw))]));
        drop(memory.lock(&one, |_| (), || false).unwrap());
        memory.finish(&one, "knn", 1.5, json!({})).unwrap();
        std::fs::rename(memory.folder(&one), memory.folder(&two)).unwrap();
        let Stored::Damaged(damage) = memory.stored(&two) else { panic!() };
        assert_eq!((damage.what.as_str(), damage.done), ("the stored `done.json` belongs to another stage", None));
        assert_eq!(damage.files, ["done.json"]);
    }

    #[test]
    fn a_finished_stage_keeps_its_results_only() {
        let runs = tempfile::tempdir().unwrap();
        let memory = StageMemory::new(runs.path());
        let key = StageKey::new("finetune", "flex", []);
        drop(memory.lock(&key, |_| (), || false).unwrap());
        let folder = memory.folder(&key);
        std::fs::create_dir_all(folder.join("fold-1/round-2")).unwrap();
        for name in ["checkpoint.ftckpt", "fold-1/checkpoint.ftckpt", "fold-1/round-2/metrics.jsonl", "about.json"] {
            std::fs::write(folder.join(name), "x").unwrap();
        }
        memory.finish(&key, "finetune", 1.0, json!({})).unwrap();
        memory.clear_scratch(&key);
        let mut names: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        assert_eq!(names, ["about.json", "done.json", "lock"]);
        assert_eq!(memory.state(&key), StageState::Done);
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
