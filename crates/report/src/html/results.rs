//! The table of results and the plots of every draw.

use serde::Serialize;

use super::csv::{Cell, Link};
use crate::plot::{Axis, DotPlot, DotRow};
use crate::table::{one_reference, percent_interval};
use crate::words::{self, count, duration, mean_sd, percent, percent_number, points};
use crate::{Difference, Draw, Outcome, Report, ResultRow, Role};

#[derive(Serialize)]
pub(super) struct Results {
    rows: Vec<Row>,
    /// Levels that need no training, below the rows.
    guesses: Vec<(String, String)>,
    has_differences: bool,
    /// What every difference is to, where it is the same for all.
    reference: Option<String>,
    several_draws: bool,
    /// What the intervals of the accuracies are.
    intervals: Option<String>,
    /// The labels behind every row, when they are as many in each; otherwise a column says so.
    same_labels: Option<String>,
    accuracies: Option<Plot>,
    differences: Option<Plot>,
    data: Link,
}

#[derive(Serialize)]
struct Row {
    name: String,
    role: &'static str,
    role_words: &'static str,
    protocol: String,
    accuracy: String,
    draws: Vec<String>,
    over_draws: Option<String>,
    over_images: Option<String>,
    difference: Option<DifferenceCell>,
    labels: Option<Labels>,
    seconds: String,
    pretraining: Option<String>,
    unconverged: bool,
}

#[derive(Serialize)]
struct Labels {
    all: String,
    per_class: Option<usize>,
}

#[derive(Serialize)]
struct DifferenceCell {
    mean: String,
    interval: Option<String>,
    better: String,
    reference: String,
    sign: &'static str,
}

#[derive(Serialize)]
struct Plot {
    title: String,
    rows: Vec<(String, &'static str, String)>,
    scale: String,
    alt: String,
    caption: String,
}

pub(super) fn view(report: &Report) -> Option<Results> {
    if report.results.is_empty() {
        return None;
    }
    let results = report.ordered_results();
    let rows: Vec<Row> = results.iter().map(|row| table_row(report, row)).collect();
    Some(Results {
        same_labels: same_labels(&results),
        several_draws: rows.iter().any(|row| row.draws.len() > 1),
        intervals: intervals(report, &results),
        has_differences: rows.iter().any(|row| row.difference.is_some()),
        reference: one_reference(report, &results).map(str::to_owned),
        rows,
        guesses: guesses(report),
        accuracies: accuracies(report, &results),
        differences: differences(report, &results),
        data: csv(&results),
    })
}

impl Report {
    /// Pretrained first, then others, scratch and baselines; in each group the best first.
    pub(crate) fn ordered_results(&self) -> Vec<&ResultRow> {
        let rank = |role: Role| match role {
            Role::Pretrained => 0,
            Role::Other => 1,
            Role::Scratch => 2,
            Role::Baseline => 3,
        };
        let mut rows: Vec<&ResultRow> = self.results.iter().collect();
        rows.sort_by(|a, b| rank(a.role).cmp(&rank(b.role)).then(b.level().total_cmp(&a.level())));
        rows
    }

    /// The difference shown in a row: to its scratch result, or to whatever it was compared with.
    pub(crate) fn shown_difference<'a>(&'a self, row: &'a ResultRow) -> Option<&'a Difference> {
        let scratch = self.scratch_of(row).and_then(|scratch| row.difference_to(&scratch.name));
        if row.role == Role::Scratch { scratch } else { scratch.or_else(|| row.differences.first()) }
    }
}

pub(super) fn role_class(role: Role) -> &'static str {
    match role {
        Role::Pretrained => "ours",
        Role::Scratch => "scratch",
        Role::Baseline => "baseline",
        Role::Other => "other",
    }
}

fn table_row(report: &Report, row: &ResultRow) -> Row {
    Row {
        name: row.name.clone(),
        role: role_class(row.role),
        role_words: match row.role {
            Role::Pretrained => "pretrained",
            Role::Scratch => "from scratch",
            Role::Baseline => "baseline",
            Role::Other => "",
        },
        protocol: row.protocol.clone(),
        accuracy: mean_sd(row.mean, row.sd),
        draws: row.draws.iter().map(|draw| percent_number(draw.accuracy)).collect(),
        over_draws: row.over_draws.as_ref().map(percent_interval),
        over_images: row.over_images.as_ref().map(percent_interval),
        difference: report.shown_difference(row).map(|difference| DifferenceCell {
            mean: points(difference.mean),
            interval: difference.interval.as_ref().map(|i| words::interval(i.low, i.high)),
            better: format!("better on {} of {}", difference.better(), difference.draws.len()),
            reference: difference.reference.clone(),
            sign: sign(difference),
        }),
        labels: (row.labels > 0).then(|| Labels { all: count(row.labels as u64), per_class: row.labels_per_class }),
        seconds: row.seconds.map(duration).unwrap_or_default(),
        pretraining: row.pretraining_seconds.map(duration),
        unconverged: row.converged == Some(false),
    }
}

fn intervals(report: &Report, results: &[&ResultRow]) -> Option<String> {
    let images = words::counted(report.evaluation.as_ref().map_or(0, |e| e.images), "image", "images");
    let draws = results
        .iter()
        .find_map(|row| row.over_draws.as_ref())
        .map(|i| format!("by draws of labels ({}): how far other labels would have moved the mean", i.method));
    let images = results
        .iter()
        .find_map(|row| row.over_images.as_ref())
        .map(|i| format!("by the {images} measured on ({}): how far other images would have", i.method));
    let parts: Vec<String> = draws.into_iter().chain(images).collect();
    (!parts.is_empty()).then(|| format!("The 95\u{a0}% intervals below an accuracy are {}.", parts.join("; ")))
}

/// A line for each draw of each result.
fn csv(results: &[&ResultRow]) -> Link {
    let heads = ["result", "protocol", "labels", "draw", "accuracy"].map(str::to_owned);
    let rows = results.iter().flat_map(|row| {
        row.draws.iter().map(|draw| {
            vec![
                Cell::Text(row.name.clone()),
                Cell::Text(row.protocol.clone()),
                Cell::Number(row.labels as f64),
                Cell::Number(draw.seed as f64),
                Cell::Number(draw.accuracy),
            ]
        })
    });
    Link::of("results", &heads, rows)
}

/// Class name of a difference.
pub(super) fn sign(difference: &Difference) -> &'static str {
    match difference.outcome() {
        Outcome::Helped => "up",
        Outcome::Hurt => "down",
        Outcome::Unclear | Outcome::Unknown => "open",
    }
}

fn same_labels(results: &[&ResultRow]) -> Option<String> {
    let labels = |row: &ResultRow| (row.labels, row.labels_per_class);
    let first = results.first().map(|row| labels(row))?;
    if !results.iter().all(|row| labels(row) == first) {
        return None;
    }
    Some(match first {
        (0, _) => String::new(),
        (all, None) => format!("Every row rests on {}.", words::counted(all, "label", "labels")),
        (all, Some(n)) => format!("Every row rests on {} ({n} a class).", words::counted(all, "label", "labels")),
    })
}

fn guesses(report: &Report) -> Vec<(String, String)> {
    let Some(evaluation) = &report.evaluation else { return Vec::new() };
    let chance = evaluation.chance.map(|chance| ("Chance: guessing evenly".to_owned(), percent_number(chance)));
    let majority = evaluation.majority.as_ref();
    let majority = majority.map(|m| (format!("Majority class: always “{}”", m.class), percent_number(m.share)));
    chance.into_iter().chain(majority).collect()
}

/// Draw seeds in order of appearance: one lane each.
fn lanes<'a>(draws: impl Iterator<Item = &'a Draw>) -> Vec<u64> {
    let mut seeds = Vec::new();
    for draw in draws {
        if !seeds.contains(&draw.seed) {
            seeds.push(draw.seed);
        }
    }
    seeds
}

fn in_lanes(draws: &[Draw], lanes: &[u64], tooltip: impl Fn(&Draw) -> String) -> Vec<Option<(f64, String)>> {
    let find = |seed: &u64| draws.iter().find(|draw| draw.seed == *seed);
    lanes.iter().map(|seed| find(seed).map(|draw| (100.0 * draw.accuracy, tooltip(draw)))).collect()
}

fn axis(values: impl Iterator<Item = f64> + Clone) -> Option<Axis> {
    let values = values.filter(|v| v.is_finite()).map(|v| 100.0 * v);
    let (low, high) = (values.clone().fold(f64::INFINITY, f64::min), values.fold(f64::NEG_INFINITY, f64::max));
    (low <= high).then(|| Axis::new(low, high, 5, false))
}

fn accuracies(report: &Report, results: &[&ResultRow]) -> Option<Plot> {
    let draws = || results.iter().flat_map(|row| &row.draws);
    let lanes = lanes(draws());
    let plot = DotPlot {
        axis: axis(draws().map(|draw| draw.accuracy))?,
        levels: chance(report).map(|c| 100.0 * c).into_iter().collect(),
    };
    let chance = chance(report).map(|chance| {
        if 100.0 * chance < plot.axis.low {
            format!(" The axis does not start at 0; chance ({}) lies left of it.", percent(chance))
        } else {
            format!(" The dashed line is chance ({}).", percent(chance))
        }
    });
    let caption = format!(
        "A dot is one draw of labeled images; the same draw lies at the same height in every row. The bar marks the \
         mean.{}",
        chance.unwrap_or_default()
    );
    let row = |row: &&ResultRow| {
        let dots = in_lanes(&row.draws, &lanes, |draw| format!("draw {}: {}", draw.seed, percent(draw.accuracy)));
        let track = DotRow { class: role_class(row.role), dots, mean: 100.0 * row.mean, bar: None };
        (row.name.clone(), role_class(row.role), plot.row(&track))
    };
    Some(Plot {
        title: "Accuracy, %".to_owned(),
        rows: results.iter().map(row).collect(),
        scale: plot.scale(),
        alt: results
            .iter()
            .map(|row| format!("{}: {}", row.name, mean_sd(row.mean, row.sd)))
            .collect::<Vec<_>>()
            .join("; "),
        caption,
    })
}

fn differences(report: &Report, results: &[&ResultRow]) -> Option<Plot> {
    let rows: Vec<(&ResultRow, &Difference)> = results
        .iter()
        // Baselines lie far off and would squeeze what matters; their differences stand in the table.
        .filter(|row| row.role != Role::Baseline)
        .filter_map(|row| Some((*row, report.shown_difference(row)?)))
        .collect();
    let draws = || rows.iter().flat_map(|(_, difference)| &difference.draws);
    let lanes = lanes(draws());
    let ends = rows.iter().filter_map(|(_, d)| d.interval.as_ref()).flat_map(|i| [i.low, i.high]);
    let plot = DotPlot {
        axis: axis(draws().map(|draw| draw.accuracy).chain(ends).chain([0.0]).collect::<Vec<_>>().into_iter())?,
        levels: vec![0.0],
    };
    if rows.is_empty() {
        return None;
    }
    let reference = rows.first().map(|(_, difference)| difference.reference.as_str());
    let reference = reference.filter(|name| rows.iter().all(|(_, difference)| difference.reference == *name));
    let name = |row: &ResultRow, difference: &Difference| match reference {
        Some(_) => row.name.clone(),
        None => format!("{} − {}", row.name, difference.reference),
    };
    let row = |(row, difference): &(&ResultRow, &Difference)| {
        let dots =
            in_lanes(&difference.draws, &lanes, |draw| format!("draw {}: {} points", draw.seed, points(draw.accuracy)));
        let bar = difference.interval.as_ref().map(|i| (100.0 * i.low, 100.0 * i.high));
        let track = DotRow { class: role_class(row.role), dots, mean: 100.0 * difference.mean, bar };
        (name(row, difference), role_class(row.role), plot.row(&track))
    };
    let level = rows.iter().find_map(|(_, d)| d.interval.as_ref()).map(|i| words::level(i.level));
    let caption = match level {
        Some(level) => {
            format!("Paired by draw: right of the dashed line is better. The band is the {level} interval of the mean.")
        }
        None => "Paired by draw: right of the dashed line is better.".into(),
    };
    Some(Plot {
        title: reference
            .map_or_else(|| "Differences, points".to_owned(), |name| format!("Difference to {name}, points")),
        rows: rows.iter().map(row).collect(),
        scale: plot.scale(),
        alt: rows.iter().map(|(row, d)| format!("{}: {}", name(row, d), points(d.mean))).collect::<Vec<_>>().join("; "),
        caption,
    })
}

fn chance(report: &Report) -> Option<f64> {
    report.evaluation.as_ref()?.chance
}
