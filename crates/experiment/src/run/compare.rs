//! Runs side by side: paired where they learned from the same draws and were measured on the same images.

use std::path::{Path, PathBuf};

use foretask_data::Output;
use foretask_eval::paired;
use foretask_report::{Compared, Difference, Draw, Interval, Matched, Report, ResultRow, RunComparison};

use super::list::{report_of, reports_of};
use super::time::UtcTime;
use crate::error::Error;

/// What a comparison says on a terminal.
#[derive(Debug, Clone)]
pub struct ComparedRuns {
    /// The table of results and what differs.
    pub text: String,
    /// The page.
    pub page: PathBuf,
}

/// Writes a page that puts the reports of several runs side by side; the first run is what the others are compared with. A
/// script's folder stands for its latest run.
///
/// # Errors
/// When a folder holds no report, or the page cannot be written.
pub fn compare_runs(runs: &[PathBuf], output: &Path, overwrite: bool) -> Result<ComparedRuns, Error> {
    if output.extension().is_none_or(|ending| ending != "html") {
        return Err(
            Error::input(format!("a comparison is an HTML page, not `{}`", output.display())).help("end it with .html")
        );
    }
    let file = Output::at(output, overwrite)?;
    let mut compared = Vec::new();
    for run in runs {
        let (folder, files) = reports_of(run)?;
        for file in &files {
            let report = report_of(file)?;
            let name = called(&folder);
            let name = if files.len() > 1 { format!("{name} · {}", report.title) } else { name };
            compared.push(Compared { name, report });
        }
    }
    let comparison = RunComparison {
        created: UtcTime::now().for_people(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        matched: matched(&compared),
        runs: compared,
    };
    let failed = |what: String| Error::failed(format!("`{}`: {what}", output.display()));
    let html = foretask_report::render_comparison(&comparison).map_err(|error| failed(error.to_string()))?;
    file.write(|path| foretask_data::write_atomically(path, html).map_err(Error::from))?;
    Ok(ComparedRuns { text: foretask_report::comparison_text(&comparison), page: output.to_path_buf() })
}

/// `runs/quickstart/2026-11-23T03-45-00` as `quickstart 2026-11-23T03-45-00`.
fn called(folder: &Path) -> String {
    let parts: Vec<String> = folder.components().map(|part| part.as_os_str().to_string_lossy().into_owned()).collect();
    parts[parts.len().saturating_sub(2)..].join(" ")
}

/// Every result of a later run that the first has, too.
fn matched(runs: &[Compared]) -> Vec<Matched> {
    let Some((first, others)) = runs.split_first() else { return Vec::new() };
    let mut all = Vec::new();
    for ours in &first.report.results {
        for (run, other) in others.iter().enumerate() {
            let Some(theirs) = other.report.results.iter().find(|row| row.name == ours.name) else { continue };
            let outcome = difference(&other.report, theirs, &first.report, ours);
            all.push(Matched { result: ours.name.clone(), run: run + 1, reference: 0, outcome });
        }
    }
    all
}

/// `row` of `report` less `reference` of `first`, draw by draw, or why that makes no sense.
fn difference(report: &Report, row: &ResultRow, first: &Report, reference: &ResultRow) -> Result<Difference, String> {
    let evaluation = |report: &Report| {
        let found = report.data.iter().find(|data| data.purpose == "evaluation");
        found
            .map(|data| data.fingerprint.clone())
            .ok_or_else(|| "it is not known what images they were measured on".to_owned())
    };
    if evaluation(report)? != evaluation(first)? {
        return Err("they were measured on different images".to_owned());
    }
    if labels(report, row)? != labels(first, reference)? {
        return Err("they learned from different labeled images".to_owned());
    }
    // The same labeled images in the same order, so draws pair by their place.
    let draws = |row: &ResultRow| row.draws.iter().map(|draw| draw.accuracy).collect::<Vec<f64>>();
    let found = paired(&draws(row), &draws(reference)).map_err(|error| error.to_string())?;
    let freedom = found.difference.values.len().saturating_sub(1);
    let values = row.draws.iter().zip(&found.difference.values);
    Ok(Difference {
        reference: reference.name.clone(),
        draws: values.map(|(draw, value)| Draw { seed: draw.seed, accuracy: *value }).collect(),
        mean: found.difference.mean,
        interval: found.difference.interval.map(|(low, high)| Interval {
            low,
            high,
            level: 0.95,
            method: format!("Student's t, {freedom} degrees of freedom"),
        }),
    })
}

/// Fingerprints of the labeled images of a result's draws, in their order. A report with two sets of as many labels does not
/// say which of them a result has learned from.
fn labels<'a>(report: &'a Report, row: &ResultRow) -> Result<Vec<&'a str>, String> {
    let sets: Vec<&str> = report
        .data
        .iter()
        .filter(|data| data.purpose.starts_with("labels") && data.labeled == row.labels)
        .map(|data| data.fingerprint.as_str())
        .collect();
    if sets.len() == row.draws.len() && !sets.is_empty() {
        return Ok(sets);
    }
    Err("it is not known which labeled images they learned from".to_owned())
}

#[cfg(test)]
mod tests {
    use foretask_report::DataUse;

    use super::*;

    fn report(evaluation: &str, labels: &[&str], accuracies: &[f64]) -> Report {
        let draws: Vec<Draw> = accuracies.iter().zip(1..).map(|(&accuracy, seed)| Draw { seed, accuracy }).collect();
        let row = ResultRow { name: "ours".into(), draws, labels: 20, ..ResultRow::default() };
        let used = |purpose: String, fingerprint: &str| DataUse {
            purpose,
            fingerprint: fingerprint.to_owned(),
            labeled: 20,
            ..DataUse::default()
        };
        let mut data = vec![used("evaluation".into(), evaluation)];
        data.extend(labels.iter().enumerate().map(|(draw, print)| used(format!("labels, draw {}", draw + 1), print)));
        Report { results: vec![row], data, ..Report::default() }
    }

    fn outcome(one: Report, two: Report) -> Result<Difference, String> {
        let runs = [one, two].map(|report| Compared { name: String::new(), report });
        matched(&runs).remove(0).outcome
    }

    #[test]
    fn the_same_draws_are_paired() {
        let found = outcome(
            report("t", &["a", "b", "c"], &[0.70, 0.72, 0.74]),
            report("t", &["a", "b", "c"], &[0.73, 0.74, 0.78]),
        )
        .unwrap();
        assert!((found.mean - 0.03).abs() < 1e-12);
        assert_eq!((found.better(), found.draws[2].seed), (3, 3));
        // Deviations 0, -0.01, 0.01: half the interval is t(2) * 0.01 / sqrt(3).
        let half = 4.302_652_73 * 0.01 / 3.0_f64.sqrt();
        assert!((found.interval.unwrap().high - (0.03 + half)).abs() < 1e-6);
    }

    #[test]
    fn what_cannot_be_paired_says_why() {
        let base = || report("t", &["a", "b"], &[0.7, 0.8]);
        let say = |other| outcome(base(), other).unwrap_err();
        assert!(say(report("u", &["a", "b"], &[0.7, 0.8])).contains("measured on different images"));
        assert!(say(report("t", &["a", "c"], &[0.7, 0.8])).contains("learned from different labeled images"));
        assert!(say(report("t", &["a", "b", "c", "d"], &[0.7, 0.8])).contains("not known which"));
        assert!(say(report("t", &["a"], &[0.7])).contains("different labeled images"));
    }

    #[test]
    fn a_page_is_written_and_other_endings_are_refused() {
        let out = tempfile::tempdir().unwrap();
        let mut runs = Vec::new();
        for name in ["one", "two"] {
            let folder = out.path().join(name).join("2026-01-01T00-00-00");
            std::fs::create_dir_all(&folder).unwrap();
            let text = report("t", &["a", "b"], &[0.7, 0.8]).to_json().unwrap();
            std::fs::write(folder.join("report.json"), text).unwrap();
            runs.push(out.path().join(name));
        }
        let found = compare_runs(&runs, &out.path().join("both.html"), false).unwrap();
        assert!(found.text.contains("A  one 2026-01-01T00-00-00"), "{}", found.text);
        let page = std::fs::read_to_string(&found.page).unwrap();
        assert!(page.contains("the same on every draw"), "{page}");
        assert_eq!(compare_runs(&runs, &out.path().join("both.pdf"), false).unwrap_err().kind.exit_code(), 2);
        runs.push(out.path().join("three"));
        assert!(compare_runs(&runs, &out.path().join("all.html"), false).is_err());
    }
}
