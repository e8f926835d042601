//! What a run writes: the script as run, what was resolved, results, curves, weights, reports.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use foretask_data::{Output, write_atomically};
use foretask_report::{Report, Stage};
use foretask_train::HealthLine;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::curves::Curves;
use super::names::{Taken, slug, stem};
use super::record::StageRecord;
use super::time::UtcTime;
use super::used::Used;
use crate::error::Error;
use crate::plan::Plan;
use crate::stage::{self, KeptFile};

/// Bytes that a file of weights may have where it has to be copied.
const MOST_WEIGHTS: u64 = 64 << 30;

/// What a run was started by.
#[derive(Debug, Clone)]
pub struct RunSource {
    /// The script's path, or the program's name.
    pub name: String,
    /// The script's text; `None` where a program runs without one.
    pub script: Option<String>,
}

impl RunSource {
    /// A program of this name, without a script.
    pub fn program(name: &str) -> Self {
        Self { name: name.to_owned(), script: None }
    }
}

#[derive(Debug, Default)]
struct State {
    stages: Vec<StageRecord>,
    used: Used,
    reports: Vec<PathBuf>,
    first_report: Option<String>,
    report_names: Taken<String>,
    weight_names: Taken<PathBuf>,
    results: Map<String, Value>,
    curves: Curves,
}

impl State {
    /// `report` for the first title, and `report-TITLE` for others.
    fn report_name(&mut self, title: &String) -> String {
        let first = self.first_report.get_or_insert_with(|| title.clone());
        let wanted = if first == title { "report".to_owned() } else { format!("report-{}", slug(title)) };
        self.report_names.name(title, wanted)
    }
}

/// A run's folder while the run goes on.
#[derive(Debug)]
pub struct RunFolder {
    path: PathBuf,
    source: RunSource,
    started: UtcTime,
    clock: Instant,
    state: Mutex<State>,
}

impl RunFolder {
    /// Makes the folder; a second run within the same second gets a number.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn create(out: &Path, source: &RunSource) -> Result<Self, Error> {
        let started = UtcTime::now();
        let parent = out.join(stem(&source.name));
        let fail = |path: &Path, error: &std::io::Error| {
            Error::failed(format!("the folder `{}` cannot be made: {error}", path.display()))
                .help("choose another folder for results with `--out FOLDER`")
        };
        std::fs::create_dir_all(&parent).map_err(|error| fail(&parent, &error))?;
        clear_leftovers(&parent);
        let mut number = 1;
        let path = loop {
            let name = started.for_folder();
            let path = parent.join(if number == 1 { name } else { format!("{name}-{number}") });
            match std::fs::create_dir(&path) {
                Ok(()) => break path,
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => number += 1,
                Err(error) => return Err(fail(&path, &error)),
            }
        };
        let folder = Self { path, source: source.clone(), started, clock: Instant::now(), state: Mutex::default() };
        if let Some(script) = &source.script {
            folder.keep_script(script)?;
        }
        folder.write_json(
            "run.json",
            &json!({
                "status": "running",
                "process": std::process::id(),
                "script": source.name,
                "started": started.for_people(),
            }),
        )?;
        Ok(folder)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The folder itself.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What the run was started by.
    pub fn source(&self) -> &RunSource {
        &self.source
    }

    /// Reports written so far, in order.
    pub fn reports(&self) -> Vec<PathBuf> {
        self.state().reports.clone()
    }

    pub(crate) fn stages(&self) -> Vec<StageRecord> {
        self.state().stages.clone()
    }

    /// When the run began, and the seconds since.
    pub(crate) fn times(&self) -> (String, f64) {
        (self.started.for_people(), self.clock.elapsed().as_secs_f64())
    }

    /// Notes that the run points to a stage, before anything is done with it.
    ///
    /// # Errors
    /// When that cannot be written.
    pub(crate) fn uses(&self, key: &str) -> Result<(), Error> {
        let noted = self.state().used.add(&self.path, key);
        noted.map_err(|error| {
            Error::failed(format!("the run's folder `{}` cannot be written to: {error}", self.path.display()))
        })
    }

    /// A stage counts once, however often its result is asked for.
    pub(crate) fn add_stage(&self, record: StageRecord) {
        let mut state = self.state();
        if !state.stages.iter().any(|stage| stage.key == record.key) {
            state.stages.push(record);
        }
    }

    /// Starts a stage's TensorBoard curves with what is known of them already.
    pub(crate) fn begin_curves(&self, title: &str, stage: &Path) -> Result<(), Error> {
        let begun = self.state().curves.begin(&self.path, title, stage);
        begun.map_err(|error| Error::failed(error.to_string()))
    }

    /// Adds a health line to a stage's TensorBoard curves.
    pub(crate) fn add_to_curves(&self, stage: &Path, line: &HealthLine) -> Result<(), Error> {
        self.state().curves.add(stage, line).map_err(|error| Error::failed(error.to_string()))
    }

    /// Puts a file of a stage into `weights/`; the same file on the same disk takes no space twice. Nothing else than what the
    /// stage has written gets there.
    pub(crate) fn keep_weights(&self, from: &KeptFile, name: &str) -> Result<PathBuf, Error> {
        let folder = self.path.join("weights");
        let file = self.state().weight_names.name(&from.path, slug(name));
        let to = folder.join(format!("{file}.safetensors"));
        if to.exists() {
            return Ok(to);
        }
        let failed = |error: std::io::Error| Error::failed(format!("`{}` cannot be written: {error}", to.display()));
        std::fs::create_dir_all(&folder).map_err(failed)?;
        if std::fs::hard_link(&from.path, &to).is_err() {
            let bytes = foretask_files::read(&from.path, MOST_WEIGHTS).map_err(failed)?;
            write_atomically(&to, bytes)?;
        }
        if stage::hash(&to).map_err(failed)? == from.hash {
            return Ok(to);
        }
        std::fs::remove_file(&to).map_err(failed)?;
        Err(Error::failed(format!("`{}` has changed on the disk since it was written", from.path.display()))
            .help("run the script again: what is damaged is made anew"))
    }

    /// Writes `report.html` and the data behind it; further reports of the same run get their title into the name. A report of
    /// the same title takes the place of the one before.
    pub(crate) fn add_report(&self, report: &Report) -> Result<PathBuf, Error> {
        let name = self.state().report_name(&report.title);
        let data = report.to_json().map_err(|error| Error::failed(error.to_string()))?;
        let html = foretask_report::render_html(report).map_err(|error| Error::failed(error.to_string()))?;
        let path = self.path.join(format!("{name}.html"));
        write_atomically(self.path.join(format!("{name}.json")), data)?;
        Output::at(&path, true)?.write(|path| write_atomically(path, html))?;
        let mut state = self.state();
        if !state.reports.contains(&path) {
            state.reports.push(path.clone());
        }
        state.results.insert(report.title.clone(), results_of(report));
        let results = state.results.clone();
        drop(state);
        self.write_json("results.json", &results)?;
        Ok(path)
    }

    /// Writes the script anew, which grew since the folder was made.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn keep_script(&self, text: &str) -> Result<(), Error> {
        self.write("script.rhai", text.as_bytes())
    }

    /// The last word on a run: how it ended, and everything that decided its results.
    ///
    /// # Errors
    /// When the record cannot be written.
    pub fn close(&self, plan: &Plan, status: &str) -> Result<(), Error> {
        let stages = self.stages();
        self.metrics(&stages)?;
        let (started, seconds) = self.times();
        let about = json!({
            "status": status,
            "script": self.source.name,
            "started": started,
            "seconds": seconds,
            "version": env!("CARGO_PKG_VERSION"),
            "device": plan.device,
            "threads": foretask_backend::threads(),
            "peak_memory_bytes": foretask_backend::peak_memory_bytes(),
            "params": plan.params,
            "data": plan.data,
            "stages": stages,
            "warnings": plan.warnings,
            "reports": self.reports().iter().filter_map(|path| path.file_name()?.to_str().map(str::to_owned)).collect::<Vec<_>>(),
        });
        self.write_json("run.json", &about)
    }

    /// All curves of the run in one file, each line with its stage.
    fn metrics(&self, stages: &[StageRecord]) -> Result<(), Error> {
        let mut text = String::new();
        for stage in stages {
            let Ok(lines) = foretask_files::read_text(&stage.folder.join("metrics.jsonl"), stage::MOST) else {
                continue;
            };
            for line in lines.lines() {
                let Ok(Value::Object(numbers)) = serde_json::from_str(line) else { continue };
                let mut whole = Map::new();
                whole.insert("stage".into(), stage.title.clone().into());
                whole.extend(numbers);
                text.push_str(&Value::Object(whole).to_string());
                text.push('\n');
            }
        }
        if text.is_empty() { Ok(()) } else { self.write("metrics.jsonl", text.as_bytes()) }
    }

    fn write(&self, name: &str, bytes: &[u8]) -> Result<(), Error> {
        Ok(write_atomically(self.path.join(name), bytes)?)
    }

    fn write_json(&self, name: &str, value: &impl Serialize) -> Result<(), Error> {
        self.write(name, &serde_json::to_vec_pretty(value).unwrap_or_default())
    }
}

/// Clears what killed runs of a script had half-written.
fn clear_leftovers(runs: &Path) {
    for run in std::fs::read_dir(runs).into_iter().flatten().flatten() {
        if run.file_type().is_ok_and(|kind| kind.is_dir()) {
            foretask_files::sweep(&run.path());
            foretask_files::sweep(&run.path().join("weights"));
        }
    }
}

/// The numbers of a report without its pictures.
fn results_of(report: &Report) -> Value {
    json!({
        "verdict": report.verdict().sentence,
        "cautions": report.doubts(),
        "evaluation": report.evaluation,
        "results": report.results,
        "label_curves": report.label_curves,
        "stages": report.stages.iter().map(stage_of).collect::<Vec<_>>(),
    })
}

/// Where the curves of a stage end.
fn stage_of(stage: &Stage) -> Value {
    let last = stage.history.last();
    let metrics: Map<String, Value> =
        stage.metrics.iter().map(|metric| (metric.name.clone(), json!(metric.values.last()))).collect();
    json!({
        "name": stage.name,
        "description": stage.description,
        "steps": stage.steps,
        "images": stage.images,
        "seconds": stage.seconds,
        "loss": last.map(|point| point.loss),
        "effective_rank": last.map(|point| point.effective_rank),
        "embedding_std": last.map(|point| point.embedding_std),
        "metrics": metrics,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_runs_in_one_second_get_two_folders() {
        let out = tempfile::tempdir().unwrap();
        let script = RunSource { name: "a/b.rhai".into(), script: Some("seed(1);".into()) };
        let one = RunFolder::create(out.path(), &script).unwrap();
        let two = RunFolder::create(out.path(), &script).unwrap();
        assert_ne!(one.path(), two.path());
        assert_eq!(std::fs::read_to_string(two.path().join("script.rhai")).unwrap(), "seed(1);");
        assert!(one.path().starts_with(out.path().join("b")));
    }
}
