//! What the folder of stages holds, and which of it no run points to any more.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::list::{folders, is_killed, json, runs_below};
use super::used::used;
use crate::error::Error;
use crate::stage::{Shelved, Standing, remove, shelf};

/// One stage, and what is to become of it.
#[derive(Debug, Serialize)]
pub struct StoredStage {
    /// The key that names its folder.
    pub key: String,
    /// As plans show it; none where the stage is not finished.
    pub title: Option<String>,
    /// How its folder stands.
    pub standing: Standing,
    /// Bytes of its files.
    pub bytes: u64,
    /// Bytes that its removal gives back: weights that lie in a run's folder, too, stay there.
    pub own_bytes: u64,
    /// The runs that use it, or a result that was made from it, in the order of their folders.
    pub runs: Vec<PathBuf>,
    /// Why it stays although no run is known to use it.
    pub stays: Option<&'static str>,
    #[serde(skip)]
    shelved: Shelved,
}

impl StoredStage {
    /// Whether [`Stock::remove`] removes it.
    pub fn can_go(&self) -> bool {
        self.runs.is_empty() && self.stays.is_none()
    }
}

/// What a folder of results holds in stages.
#[derive(Debug, Serialize)]
pub struct Stock {
    /// All stages, the largest first.
    pub stages: Vec<StoredStage>,
    /// Runs that are going on: nothing is removed beside them.
    pub running: Vec<PathBuf>,
}

/// What was removed.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub struct Removed {
    /// Stages.
    pub stages: usize,
    /// Bytes given back.
    pub bytes: u64,
    /// Stages that stay because a process works on them.
    pub busy: usize,
}

/// A run, and what it points to.
struct Pointer {
    folder: PathBuf,
    keys: BTreeSet<String>,
    is_running: bool,
    /// Whether it may go on with stages that it does not name.
    may_go_on: bool,
}

/// Looks at the stages below `out` and at the runs beside them. Nothing is changed.
///
/// # Errors
/// Where a folder cannot be read, or the record of a run: what it points to would then be unknown.
pub fn stock(out: &Path) -> Result<Stock, Error> {
    let unread = |error: std::io::Error| {
        Error::input(format!("the folder of results `{}` cannot be read: {error}", out.display()))
            .help("`--out FOLDER` says where else to look")
    };
    let stages = shelf(out).map_err(unread)?;
    let mut pointers = Vec::new();
    for script in runs_below(out).map_err(unread)? {
        for run in folders(&script).map_err(unread)? {
            pointers.extend(pointer(&run)?);
        }
    }
    let of_key = |key: &str| stages.iter().find(|stage| stage.key == key && stage.standing != Standing::Going);
    let mut owners: BTreeMap<String, Vec<PathBuf>> = BTreeMap::new();
    for run in &pointers {
        for key in with_parents(&run.keys, of_key) {
            owners.entry(key).or_default().push(run.folder.clone());
        }
    }
    let unnamed = pointers.iter().any(|run| run.may_go_on);
    let mut stages: Vec<StoredStage> = stages.into_iter().map(|stage| stored(stage, &owners, unnamed)).collect();
    stages.sort_by(|a, b| b.bytes.cmp(&a.bytes).then_with(|| a.key.cmp(&b.key)));
    let running = pointers.into_iter().filter(|run| run.is_running).map(|run| run.folder).collect();
    Ok(Stock { stages, running })
}

impl Stock {
    /// Bytes of all stages.
    pub fn bytes(&self) -> u64 {
        self.stages.iter().map(|stage| stage.bytes).sum()
    }

    /// The stages that can go.
    pub fn going(&self) -> impl Iterator<Item = &StoredStage> {
        self.stages.iter().filter(|stage| stage.can_go())
    }

    /// Removes the stages that can go. One that a process works on stays.
    ///
    /// # Errors
    /// While a run is going on, which may come to any of them; where the file system refuses.
    pub fn remove(&self) -> Result<Removed, Error> {
        if let Some(run) = self.running.first() {
            return Err(Error::input(format!("nothing was removed: the run `{}` is going on", run.display()))
                .help("wait for its end, or stop it, and clean again; of one that was killed only Linux tells: elsewhere delete its folder"));
        }
        let mut removed = Removed::default();
        for stage in self.going() {
            let failed = |error: std::io::Error| {
                let folder = stage.shelved.folder.display();
                Error::failed(format!("the stage's folder `{folder}` cannot be removed: {error}"))
            };
            if remove(&stage.shelved).map_err(failed)? {
                removed.stages += 1;
                removed.bytes += stage.own_bytes;
            } else {
                removed.busy += 1;
            }
        }
        Ok(removed)
    }
}

fn stored(stage: Shelved, owners: &BTreeMap<String, Vec<PathBuf>>, unnamed: bool) -> StoredStage {
    let runs = match stage.standing {
        // Half removed, it is of no use to anybody.
        Standing::Going => Vec::new(),
        _ => owners.get(&stage.key).cloned().unwrap_or_default(),
    };
    let waits = stage.standing == Standing::Unfinished && unnamed && runs.is_empty();
    StoredStage {
        key: stage.key.clone(),
        title: stage.title.clone(),
        standing: stage.standing,
        bytes: stage.bytes,
        own_bytes: stage.own_bytes,
        runs,
        stays: waits.then_some("a run that did not come to its end may go on with it"),
        shelved: stage,
    }
}

/// What a folder says as a run; none where it is no run's.
fn pointer(folder: &Path) -> Result<Option<Pointer>, Error> {
    let record = folder.join("run.json");
    if record.symlink_metadata().is_err() {
        return Ok(None);
    }
    let unknown = |what: String| {
        Error::failed(format!("what the run `{}` points to is unknown: {what}", folder.display()))
            .help("delete the folder of that run if you do not need it, then clean again")
    };
    let run = json(&record).ok_or_else(|| unknown("its run.json cannot be read".to_owned()))?;
    let used = used(folder, &run).map_err(|error| unknown(format!("its list of stages cannot be read: {error}")))?;
    let is_running = run["status"] == "running" && !is_killed(&run);
    let may_go_on = !used.whole && run["status"] != "done";
    Ok(Some(Pointer { folder: folder.to_path_buf(), keys: used.keys, is_running, may_go_on }))
}

/// Stages together with all that they were made from, directly or not.
fn with_parents<'a>(keys: &BTreeSet<String>, of_key: impl Fn(&str) -> Option<&'a Shelved>) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut next: Vec<String> = keys.iter().cloned().collect();
    while let Some(key) = next.pop() {
        if let Some(stage) = of_key(&key)
            && found.insert(key)
        {
            next.extend(stage.upon.iter().cloned());
        }
    }
    found
}

#[cfg(test)]
mod tests;
