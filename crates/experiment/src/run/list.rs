//! Runs of the past: listed, and their pages written anew.

use std::path::{Path, PathBuf};

use foretask_data::Output;
use foretask_report::Report;
use serde::Serialize;
use serde_json::Value;

use crate::error::Error;
use crate::stage::MOST;

/// One run as `foretask runs` shows it.
#[derive(Debug, Clone, Serialize)]
pub struct RunLine {
    /// Its folder.
    pub folder: PathBuf,
    /// The script's name without folder and extension.
    pub script: String,
    /// When it began.
    pub started: String,
    /// done, failed, interrupted, killed or running.
    pub status: String,
    /// Seconds it took.
    pub seconds: Option<f64>,
    /// The device that computed.
    pub device: String,
    /// Headline results.
    pub results: Vec<RunResult>,
    /// Params that were given another value with `--set`, as NAME=VALUE.
    pub params: Vec<String>,
    /// The verdict of its last report.
    pub verdict: Option<String>,
}

/// One result of a run.
#[derive(Debug, Clone, Serialize)]
pub struct RunResult {
    /// Name in the script's `report`.
    pub name: String,
    /// Mean accuracy over label draws, 0 to 1.
    pub mean: f64,
    /// Standard deviation over label draws.
    pub sd: Option<f64>,
}

/// The runs below `out`, oldest first; only those of one script where its name is given. Where there is no such folder
/// yet, there are no runs.
///
/// # Errors
/// When the folder cannot be read.
pub fn list_runs(out: &Path, script: Option<&str>) -> Result<Vec<RunLine>, Error> {
    let scripts = runs_below(out).map_err(|error| {
        Error::input(format!("the folder of results `{}` cannot be read: {error}", out.display()))
            .help("`foretask run SCRIPT` makes it; `--out FOLDER` says where else to look")
    })?;
    let wanted = script.map(super::names::stem);
    let mut runs = Vec::new();
    for folder in scripts {
        let name = folder.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        if wanted.as_ref().is_some_and(|wanted| *wanted != name) {
            continue;
        }
        for run in folders(&folder).unwrap_or_default() {
            if let Some(line) = line(&run, &name) {
                runs.push(line);
            }
        }
    }
    runs.sort_by(|a, b| a.folder.file_name().cmp(&b.folder.file_name()));
    Ok(runs)
}

/// The folders of scripts below a folder of results; none where it is not there.
pub(super) fn runs_below(out: &Path) -> std::io::Result<Vec<PathBuf>> {
    if !out.exists() {
        return Ok(Vec::new());
    }
    let mut scripts = folders(out)?;
    scripts.retain(|folder| folder.file_name().is_some_and(|name| !name.to_string_lossy().starts_with('.')));
    Ok(scripts)
}

/// The folders in a folder, by name.
pub(super) fn folders(path: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut folders: Vec<PathBuf> =
        std::fs::read_dir(path)?.filter_map(|entry| Some(entry.ok()?.path())).filter(|path| path.is_dir()).collect();
    folders.sort();
    Ok(folders)
}

pub(super) fn json(path: &Path) -> Option<Value> {
    serde_json::from_slice(&foretask_files::read(path, MOST).ok()?).ok()
}

/// Whether a run's record says that it is going on, and its process is gone: one that was killed could not say so itself.
pub(super) fn is_killed(run: &Value) -> bool {
    let gone = |process: u64| Path::new("/proc").is_dir() && !Path::new(&format!("/proc/{process}")).is_dir();
    run["status"] == "running" && run["process"].as_u64().is_some_and(gone)
}

fn line(folder: &Path, script: &str) -> Option<RunLine> {
    let run = json(&folder.join("run.json"))?;
    let text = |name: &str| run[name].as_str().unwrap_or_default().to_owned();
    let reports = json(&folder.join("results.json")).unwrap_or_default();
    let mut results = Vec::new();
    let mut verdict = None;
    for report in reports.as_object().into_iter().flat_map(serde_json::Map::values) {
        verdict = report["verdict"].as_str().map(str::to_owned).or(verdict);
        for row in report["results"].as_array().into_iter().flatten() {
            if let (Some(name), Some(mean)) = (row["name"].as_str(), row["mean"].as_f64()) {
                results.push(RunResult { name: name.to_owned(), mean, sd: row["sd"].as_f64() });
            }
        }
    }
    let params = run["params"].as_array().into_iter().flatten().filter(|param| param["set"] == true);
    let text_of = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let params = params.map(|param| format!("{}={}", text_of(&param["name"]), text_of(&param["value"]))).collect();
    Some(RunLine {
        params,
        folder: folder.to_path_buf(),
        script: script.to_owned(),
        started: text("started"),
        status: if is_killed(&run) { "killed".to_owned() } else { text("status") },
        seconds: run["seconds"].as_f64(),
        device: text("device"),
        results,
        verdict,
    })
}

/// Writes the pages of a run again from their stored data. A script's folder stands for its latest run.
///
/// # Errors
/// When the folder holds no report, or its data cannot be read.
pub fn rewrite_report(run: &Path, overwrite: bool) -> Result<Vec<PathBuf>, Error> {
    let mut pages = Vec::new();
    for data in reports_of(run)?.1 {
        let fail = |what: String| Error::failed(format!("`{}`: {what}", data.display()));
        let report = report_of(&data)?;
        let html = foretask_report::render_html(&report).map_err(|error| fail(error.to_string()))?;
        let page = data.with_extension("html");
        let file = Output::at(page, overwrite)?;
        file.write(|path| foretask_data::write_atomically(path, html).map_err(Error::from))?;
        pages.push(file.path().to_path_buf());
    }
    Ok(pages)
}

/// A run's folder and the data of its reports; of a script's folder those of its latest run that has any.
pub(super) fn reports_of(run: &Path) -> Result<(PathBuf, Vec<PathBuf>), Error> {
    let own = stored(run);
    if !own.is_empty() {
        return Ok((run.to_path_buf(), own));
    }
    let latest = folders(run).unwrap_or_default().into_iter().rev().map(|folder| (stored(&folder), folder));
    let found = latest.map(|(files, folder)| (folder, files)).find(|(_, files)| !files.is_empty());
    found.ok_or_else(|| {
        Error::input(format!("there is no stored report in `{}`", run.display()))
            .help("`foretask runs` lists runs; one that was interrupted before its `report` has none")
    })
}

/// A stored report.
pub(super) fn report_of(data: &Path) -> Result<Report, Error> {
    let fail = |what: String| Error::failed(format!("`{}`: {what}", data.display()));
    let text = foretask_files::read_text(data, MOST).map_err(|error| fail(error.to_string()))?;
    Report::from_json(&text).map_err(|error| fail(error.to_string()))
}

/// The data of the reports in a run's folder.
fn stored(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| {
            path.extension().is_some_and(|extension| extension == "json")
                && path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("report"))
        })
        .collect();
    files.sort();
    files
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_listed_with_its_results_and_its_page_written_again() {
        let out = tempfile::tempdir().unwrap();
        let folder = out.path().join("quick/2026-01-01T00-00-00");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(
            folder.join("run.json"),
            r#"{"status": "done", "started": "now", "seconds": 3.5, "device": "flex",
                "params": [{"name": "labels", "value": "5", "set": true}, {"name": "lr", "value": "0.1", "set": false}]}"#,
        )
        .unwrap();
        let results = r#"{"quick": {"verdict": "It helped.", "results": [{"name": "ours", "mean": 0.7, "sd": 0.02}]}}"#;
        std::fs::write(folder.join("results.json"), results).unwrap();
        std::fs::write(folder.join("report.json"), r#"{"title": "quick"}"#).unwrap();

        let runs = list_runs(out.path(), Some("scripts/quick.rhai")).unwrap();
        assert_eq!((runs.len(), runs[0].status.as_str(), runs[0].results[0].mean), (1, "done", 0.7));
        assert_eq!(runs[0].params, ["labels=5"]);
        assert_eq!(runs[0].verdict.as_deref(), Some("It helped."));
        assert!(list_runs(out.path(), Some("other")).unwrap().is_empty());

        let pages = rewrite_report(&out.path().join("quick"), false).unwrap();
        assert_eq!(pages, [folder.join("report.html")]);
        assert!(std::fs::read_to_string(&pages[0]).unwrap().contains("quick"));
        assert_eq!(rewrite_report(out.path(), false).unwrap_err().kind.exit_code(), 2);

        std::fs::write(folder.join("report.json"), "{}").unwrap();
        let error = rewrite_report(&folder, true).unwrap_err();
        assert!(error.kind.exit_code() != 0 && error.message.contains("report.json"), "{}", error.message);
    }

    #[cfg(unix)]
    #[test]
    fn no_run_is_waited_for_that_is_not_made_of_files() {
        let out = tempfile::tempdir().unwrap();
        let folder = out.path().join("quick/2026-01-01T00-00-00");
        std::fs::create_dir_all(&folder).unwrap();
        let pipe = |name: &str| {
            let path = folder.join(name);
            std::fs::remove_file(&path).ok();
            assert!(std::process::Command::new("mkfifo").arg(path).status().unwrap().success());
        };
        std::fs::write(folder.join("run.json"), r#"{"status": "done"}"#).unwrap();
        pipe("results.json");
        pipe("report.json");
        let runs = list_runs(out.path(), None).unwrap();
        assert!(runs.len() == 1 && runs[0].results.is_empty());
        let error = rewrite_report(&folder, true).unwrap_err().message;
        assert!(error.contains("report.json") && error.contains("a named pipe"), "{error}");
        pipe("run.json");
        assert!(list_runs(out.path(), None).unwrap().is_empty());
    }
}
