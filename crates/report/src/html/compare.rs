//! The page that puts runs side by side.

use minijinja::context;
use minijinja::value::Serde;
use serde::Serialize;

use super::{STYLE, environment};
use crate::plot::{Axis, COLORS, DotPlot, DotRow, Overlay};
use crate::words::{self, mean_sd, percent, percent_number, points};
use crate::{Difference, Draw, HistoryPoint, Report, ReportError, ResultRow, RunComparison, Stage, shown};

const PAGE: &str = include_str!("../../templates/compare.html");
const COMPARE_STYLE: &str = include_str!("../../templates/compare.css");

#[derive(Serialize)]
struct Page {
    created: String,
    version: String,
    runs: Vec<RunView>,
    /// What came out, in sentences.
    findings: Vec<Finding>,
    results: Vec<ResultLine>,
    guesses: Vec<(String, Vec<String>)>,
    plots: Vec<Plot>,
    settings: Vec<Setting>,
    stages: Vec<StageView>,
}

#[derive(Serialize)]
struct RunView {
    letter: String,
    color: usize,
    name: String,
    title: String,
    created: String,
    subject: String,
    sentence: String,
    cautions: Vec<String>,
}

#[derive(Serialize)]
struct Finding {
    tone: &'static str,
    text: String,
}

#[derive(Serialize)]
struct ResultLine {
    name: String,
    cells: Vec<Option<Cell>>,
}

#[derive(Serialize)]
struct Cell {
    accuracy: String,
    draws: Vec<String>,
    labels: String,
    difference: Option<String>,
    interval: Option<String>,
    better: Option<String>,
    sign: &'static str,
    /// Why there is no difference.
    apart: Option<String>,
}

#[derive(Serialize)]
struct Plot {
    name: String,
    rows: Vec<(String, usize, String)>,
    scale: String,
    alt: String,
}

#[derive(Serialize)]
struct Setting {
    group: String,
    name: String,
    values: Vec<Option<String>>,
}

#[derive(Serialize)]
struct StageView {
    name: String,
    legend: Vec<(usize, String)>,
    panels: Vec<Panel>,
}

#[derive(Serialize)]
struct Panel {
    title: String,
    svg: String,
}

/// Renders a comparison as one HTML page that needs no other file and no network.
///
/// # Errors
/// [`ReportError::Template`] when the template fails, which is a mistake in this crate.
pub fn render_comparison(comparison: &RunComparison) -> Result<String, ReportError> {
    let page = Page {
        created: comparison.created.clone(),
        version: comparison.version.clone(),
        runs: comparison.runs.iter().enumerate().map(|(run, one)| run_view(run, &one.name, &one.report)).collect(),
        findings: findings(comparison),
        results: results(comparison),
        guesses: guesses(comparison),
        plots: plots(comparison),
        settings: comparison
            .differing()
            .into_iter()
            .map(|(group, name, values)| Setting { group, name, values })
            .collect(),
        stages: stages(comparison),
    };
    let mut environment = environment()?;
    environment.add_template("compare.html", PAGE)?;
    let style = format!("{STYLE}{COMPARE_STYLE}");
    let page = environment.get_template("compare.html")?.render(context! { style, page => Serde(page) })?;
    Ok(shown(&page).into_owned())
}

fn run_view(run: usize, name: &str, report: &Report) -> RunView {
    let verdict = report.verdict();
    let subject = report.evaluation.as_ref().map(|evaluation| {
        let images = words::counted(evaluation.images, "image", "images");
        if evaluation.name.is_empty() { images } else { format!("{}: {images}", evaluation.name) }
    });
    RunView {
        letter: RunComparison::letter(run),
        color: run % COLORS,
        name: name.to_owned(),
        title: report.title.clone(),
        created: report.created.clone(),
        subject: subject.unwrap_or_default(),
        sentence: verdict.sentence,
        cautions: verdict.cautions,
    }
}

fn tone(difference: &Difference) -> &'static str {
    match &difference.interval {
        Some(i) if i.low > 0.0 => "up",
        Some(i) if i.high < 0.0 => "down",
        _ => "open",
    }
}

/// A sentence for each result that a run shares with the first.
fn findings(comparison: &RunComparison) -> Vec<Finding> {
    let sentence = |matched: &crate::Matched| {
        let (run, reference) = (RunComparison::letter(matched.run), RunComparison::letter(matched.reference));
        let what = &matched.result;
        let difference = match &matched.outcome {
            Ok(difference) => difference,
            Err(reason) => {
                return Finding {
                    tone: "open",
                    text: format!("{what}, {run} and {reference}: not comparable, {reason}."),
                };
            }
        };
        let by = points(difference.mean);
        let draws = difference.draws.len();
        let better =
            format!("higher on {} of {}", difference.better(), words::counted(draws, "label draw", "label draws"));
        let text = match (&difference.interval, tone(difference)) {
            (Some(i), "up") => {
                format!(
                    "{what}: {run} is better than {reference}, {by} points ({}; {better}).",
                    words::interval(i.low, i.high)
                )
            }
            (Some(i), "down") => {
                format!(
                    "{what}: {run} is worse than {reference}, {by} points ({}; {better}).",
                    words::interval(i.low, i.high)
                )
            }
            _ if difference.draws.iter().all(|draw| draw.accuracy == 0.0) => {
                format!("{what}: {run} and {reference} are the same on every draw.")
            }
            (Some(i), _) => format!(
                "{what}: {run} and {reference} cannot be told apart, {by} points ({}, which holds 0; {better}).",
                words::interval(i.low, i.high)
            ),
            (None, _) => {
                format!("{what}: one draw gives {run} {by} points over {reference}; a single draw settles nothing.")
            }
        };
        Finding { tone: tone(difference), text }
    };
    comparison.matched.iter().map(sentence).collect()
}

fn row<'a>(comparison: &'a RunComparison, run: usize, name: &str) -> Option<&'a ResultRow> {
    comparison.runs.get(run)?.report.results.iter().find(|row| row.name == name)
}

fn results(comparison: &RunComparison) -> Vec<ResultLine> {
    let cell = |run: usize, name: &str| {
        let row = row(comparison, run, name)?;
        let outcome = comparison.matched_with_first(name, run);
        let difference = outcome.and_then(|outcome| outcome.as_ref().ok());
        Some(Cell {
            accuracy: mean_sd(row.mean, row.sd),
            draws: row.draws.iter().map(|draw| percent_number(draw.accuracy)).collect(),
            labels: words::counted(row.labels, "label", "labels"),
            difference: difference.map(|d| points(d.mean)),
            interval: difference.and_then(|d| d.interval.as_ref()).map(|i| words::interval(i.low, i.high)),
            better: difference.map(|d| format!("higher on {} of {}", d.better(), d.draws.len())),
            sign: difference.map_or("open", tone),
            apart: outcome.and_then(|outcome| outcome.as_ref().err()).cloned(),
        })
    };
    let line = |name: &str| ResultLine {
        name: name.to_owned(),
        cells: (0..comparison.runs.len()).map(|run| cell(run, name)).collect(),
    };
    comparison.result_names().into_iter().map(line).collect()
}

/// What needs no training, run by run.
fn guesses(comparison: &RunComparison) -> Vec<(String, Vec<String>)> {
    let of = |value: fn(&crate::Evaluation) -> Option<f64>| -> Vec<String> {
        let level = |report: &Report| report.evaluation.as_ref().and_then(value).map(percent_number);
        comparison.runs.iter().map(|run| level(&run.report).unwrap_or_default()).collect()
    };
    let all = [
        ("Chance: guessing evenly".to_owned(), of(|evaluation| evaluation.chance)),
        ("Majority class".to_owned(), of(|evaluation| evaluation.majority.as_ref().map(|m| m.share))),
    ];
    all.into_iter().filter(|(_, values)| values.iter().any(|value| !value.is_empty())).collect()
}

/// Every draw of every result as dots, a row for each run.
fn plots(comparison: &RunComparison) -> Vec<Plot> {
    let names = comparison.result_names();
    let draws = || comparison.runs.iter().flat_map(|run| &run.report.results).flat_map(|row| &row.draws);
    let values = || draws().map(|draw| 100.0 * draw.accuracy).filter(|value| value.is_finite());
    let (low, high) = (values().fold(f64::INFINITY, f64::min), values().fold(f64::NEG_INFINITY, f64::max));
    if low > high {
        return Vec::new();
    }
    let levels: Vec<f64> = comparison
        .runs
        .iter()
        .filter_map(|run| Some(100.0 * run.report.evaluation.as_ref()?.chance?))
        .take(1)
        .collect();
    let plot = DotPlot { axis: Axis::new(low, high, 5, false), levels };
    let mut seeds: Vec<u64> = Vec::new();
    for draw in draws() {
        if !seeds.contains(&draw.seed) {
            seeds.push(draw.seed);
        }
    }
    let lane = |draws: &[Draw], seed: &u64| {
        let draw = draws.iter().find(|draw| draw.seed == *seed)?;
        Some((100.0 * draw.accuracy, format!("draw {}: {}", draw.seed, percent(draw.accuracy))))
    };
    let one = |name: &&str| {
        let rows: Vec<(usize, &ResultRow)> =
            (0..comparison.runs.len()).filter_map(|run| Some((run, row(comparison, run, name)?))).collect();
        let track = |(run, row): &(usize, &ResultRow)| {
            let dots = seeds.iter().map(|seed| lane(&row.draws, seed)).collect();
            let class = ["s0", "s1", "s2", "s3", "s4", "s5"][run % COLORS];
            let svg = plot.row(&DotRow { class, dots, mean: 100.0 * row.mean, bar: None });
            (RunComparison::letter(*run), run % COLORS, svg)
        };
        let say = |(run, row): &(usize, &ResultRow)| {
            format!("{}: {}", RunComparison::letter(*run), mean_sd(row.mean, row.sd))
        };
        Plot {
            name: (*name).to_owned(),
            rows: rows.iter().map(track).collect(),
            scale: plot.scale(),
            alt: rows.iter().map(say).collect::<Vec<_>>().join("; "),
        }
    };
    names.iter().map(one).collect()
}

/// A title, and how its value is read off a point.
type Measure = (&'static str, fn(&HistoryPoint) -> f64);

/// The curves of stages of one name, laid over each other.
fn stages(comparison: &RunComparison) -> Vec<StageView> {
    let mut names: Vec<&str> = Vec::new();
    for stage in comparison.runs.iter().flat_map(|run| &run.report.stages) {
        if !names.contains(&stage.name.as_str()) {
            names.push(&stage.name);
        }
    }
    let view = |name: &str| {
        let found: Vec<_> = comparison
            .runs
            .iter()
            .enumerate()
            .filter_map(|(run, one)| Some((run, one.report.stages.iter().find(|stage| stage.name == name)?)))
            .collect();
        let measures: [Measure; 3] = [
            ("Loss", |point| point.loss),
            ("Effective rank", |point| point.effective_rank),
            ("Gradient norm", |point| point.gradient_norm),
        ];
        let mut all: Vec<(String, Vec<Vec<f64>>)> = measures
            .iter()
            .map(|(title, value)| {
                let of = |(_, stage): &(usize, &Stage)| stage.history.iter().map(value).collect();
                ((*title).to_owned(), found.iter().map(of).collect())
            })
            .collect();
        let mut metrics: Vec<(&str, &str)> = Vec::new();
        for metric in found.iter().flat_map(|(_, stage)| &stage.metrics) {
            if !metrics.iter().any(|(name, _)| *name == metric.name) {
                metrics.push((&metric.name, &metric.unit));
            }
        }
        for (name, unit) in metrics {
            let factor = if unit == "%" { 100.0 } else { 1.0 };
            let of = |(_, stage): &(usize, &Stage)| -> Vec<f64> {
                let own = stage.metrics.iter().find(|metric| metric.name == name);
                own.map(|metric| metric.values.iter().map(|value| factor * value).collect()).unwrap_or_default()
            };
            let title = if unit.is_empty() { name.to_owned() } else { format!("{name}, {unit}") };
            all.push((title, found.iter().map(of).collect()));
        }
        let panel = |(title, values): &(String, Vec<Vec<f64>>)| {
            let lines = found.iter().zip(values).map(|((run, stage), values)| {
                let steps = stage.history.iter().map(|point| point.step as f64);
                (*run, RunComparison::letter(*run), steps.zip(values.iter().copied()).collect())
            });
            let alt = format!("{title} of {name} in {} runs", found.len());
            let svg = Overlay { alt: &alt, x_name: "step", lines: lines.collect() }.svg()?;
            Some(Panel { title: title.clone(), svg })
        };
        StageView {
            name: name.to_owned(),
            legend: found.iter().map(|(run, _)| (run % COLORS, RunComparison::letter(*run))).collect(),
            panels: all.iter().filter_map(panel).collect(),
        }
    };
    names.into_iter().map(view).filter(|view| !view.panels.is_empty()).collect()
}
