//! Label curves: the plot, every point as a table, and what each headline point is worth.

use serde::Serialize;

use super::csv::{self, Link};
use super::results::sign;
use super::tile::Tile;
use crate::curve_words::{self, heading, worth, worth_interval};
use crate::plot::{Curve, CurvePlot, Guide, Mark};
use crate::words::{self, percent, percent_number, points};
use crate::{CurveSeries, LabelCurve, Outcome, Report, Role};

/// Colors that the style sheet has for encoders.
const COLORS: usize = 5;

#[derive(Serialize)]
pub(super) struct CurveView {
    name: String,
    sentence: String,
    plot: String,
    caption: String,
    legend: Vec<(String, String)>,
    counts: Vec<String>,
    rows: Vec<Row>,
    guesses: Vec<(String, String)>,
    worths: Vec<WorthRow>,
    data: Link,
}

#[derive(Serialize)]
struct Row {
    name: String,
    class: String,
    protocol: String,
    cells: Vec<Cell>,
}

#[derive(Serialize)]
struct Cell {
    mean: String,
    interval: Option<String>,
    draws: Vec<String>,
    difference: Option<String>,
    sign: &'static str,
}

#[derive(Serialize)]
struct WorthRow {
    name: String,
    class: String,
    count: String,
    difference: String,
    interval: Option<String>,
    better: String,
    sign: &'static str,
    worth: Option<String>,
    worth_interval: Option<String>,
}

pub(super) fn view(report: &Report) -> Option<Vec<CurveView>> {
    // The sentence of the only one stands at the top of the page already.
    let alone = report.label_curves.len() == 1;
    (!report.label_curves.is_empty()).then(|| report.label_curves.iter().map(|curve| one(curve, alone)).collect())
}

fn one(curve: &LabelCurve, alone: bool) -> CurveView {
    let classes = classes(curve);
    let counts: Vec<String> = curve.counts.iter().map(heading).collect();
    let intervals = curve.series.iter().flat_map(|series| &series.points).any(|point| point.interval.is_some());
    let mut caption = "Accuracy on the evaluation images against labels a class, on a logarithmic axis.".to_owned();
    if intervals {
        caption.push_str(" Bars are 95 % intervals of the mean over label draws, the same draws for every curve; curves stand side by side at each number so that bars do not cover each other.");
    }
    CurveView {
        name: curve.name.clone(),
        sentence: if alone { String::new() } else { curve.verdict().sentence },
        plot: plot(curve, &classes),
        caption,
        legend: curve.series.iter().zip(&classes).map(|(series, class)| (series.name.clone(), class.clone())).collect(),
        rows: curve.series.iter().zip(&classes).map(|(series, class)| row(series, class, &counts)).collect(),
        guesses: crate::table::guesses(curve.evaluation.as_ref())
            .into_iter()
            .map(|(name, level)| (name, percent_number(level)))
            .collect(),
        worths: worths(curve, &classes),
        data: csv(curve),
        counts,
    }
}

/// A line for each draw of each point.
fn csv(curve: &LabelCurve) -> Link {
    let heads = ["curve", "labels a class", "labels", "draw", "accuracy"].map(str::to_owned);
    let points = curve
        .series
        .iter()
        .flat_map(|series| series.points.iter().zip(&curve.counts).map(move |(point, count)| (series, point, count)));
    let rows = points.flat_map(|(series, point, count)| {
        point.result.draws.iter().map(move |draw| {
            vec![
                csv::Cell::Text(series.name.clone()),
                csv::Cell::Number(count.per_class),
                csv::Cell::Number(count.labels as f64),
                csv::Cell::Number(draw.seed as f64),
                csv::Cell::Number(draw.accuracy),
            ]
        })
    });
    Link::of(&format!("label curve {}", curve.name), &heads, rows)
}

/// Class names of color and line of every curve.
fn classes(curve: &LabelCurve) -> Vec<String> {
    let mut encoders: Vec<&str> = Vec::new();
    curve
        .series
        .iter()
        .map(|series| {
            let color = match series.role {
                Role::Scratch => "scratch".to_owned(),
                Role::Baseline => "base".to_owned(),
                Role::Pretrained | Role::Other => {
                    let known = encoders.iter().position(|encoder| *encoder == series.encoder);
                    let place = known.unwrap_or_else(|| {
                        encoders.push(&series.encoder);
                        encoders.len() - 1
                    });
                    format!("c{}", place % COLORS)
                }
            };
            // The name comes from outside; only these get a line of their own.
            let line = match series.method.as_str() {
                "linear" | "pixels" => "linear",
                "knn" => "knn",
                _ => "finetune",
            };
            format!("{color} {line}")
        })
        .collect()
}

fn plot(curve: &LabelCurve, classes: &[String]) -> String {
    let places: Vec<(f64, String)> = curve
        .counts
        .iter()
        .map(|count| (count.per_class, if count.name == "all" { "all".into() } else { count.name.clone() }))
        .collect();
    let curves: Vec<Curve> = curve
        .series
        .iter()
        .zip(classes)
        .map(|(series, class)| {
            let point = |(point, count): (&crate::CurvePoint, &String)| {
                let mean = point.result.mean;
                let ends = point.interval.as_ref().map(|i| (100.0 * i.low, 100.0 * i.high));
                let range = point
                    .interval
                    .as_ref()
                    .map(|i| format!(" ({} … {})", percent_number(i.low), percent_number(i.high)));
                let title = format!("{}, {count}: {}{}", series.name, percent(mean), range.unwrap_or_default());
                Some(Mark { value: 100.0 * mean, interval: ends, title })
            };
            let names = curve.counts.iter().map(heading).collect::<Vec<_>>();
            Curve { class: class.clone(), points: series.points.iter().zip(&names).map(point).collect() }
        })
        .collect();
    let chance = curve.evaluation.as_ref().and_then(|evaluation| evaluation.chance);
    let guides: Vec<Guide> = chance
        .map(|chance| Guide { value: 100.0 * chance, name: format!("chance {}", percent(chance)) })
        .into_iter()
        .collect();
    let alt: Vec<String> = curve
        .series
        .iter()
        .map(|series| {
            let values = series.points.iter().map(|point| percent_number(point.result.mean)).collect::<Vec<_>>();
            format!("{}: {}", series.name, values.join(", "))
        })
        .collect();
    let alt = format!("Accuracy in % against labels a class. {}", alt.join("; "));
    let plot = CurvePlot { alt: &alt, x_name: "labels a class", places: &places, curves: &curves, guides: &guides };
    plot.svg().unwrap_or_default()
}

fn row(series: &CurveSeries, class: &str, counts: &[String]) -> Row {
    let cell = |point: &crate::CurvePoint| {
        let difference = series.scratch.as_ref().and_then(|scratch| point.result.difference_to(scratch));
        Cell {
            mean: percent_number(point.result.mean),
            interval: point
                .interval
                .as_ref()
                .map(|i| format!("{}\u{a0}…\u{a0}{}", percent_number(i.low), percent_number(i.high))),
            draws: point.result.draws.iter().map(|draw| percent_number(draw.accuracy)).collect(),
            sign: difference.map_or("open", sign),
            difference: difference.map(|difference| points(difference.mean)),
        }
    };
    Row {
        name: series.name.clone(),
        class: class.to_owned(),
        protocol: protocol(series, counts),
        cells: series.points.iter().map(cell).collect(),
    }
}

/// How the classifiers came about; where that differs between numbers of labels, with which it was which.
fn protocol(series: &CurveSeries, counts: &[String]) -> String {
    let mut all: Vec<(&str, Vec<&str>)> = Vec::new();
    for (point, count) in series.points.iter().zip(counts) {
        let own = point.result.protocol.as_str();
        match all.iter_mut().find(|(protocol, _)| *protocol == own) {
            Some((_, with)) => with.push(count),
            None => all.push((own, vec![count])),
        }
    }
    match all.as_slice() {
        [(only, _)] => (*only).to_owned(),
        several => {
            let part = |(protocol, with): &(&str, Vec<&str>)| format!("{}: {protocol}", with.join(", "));
            several.iter().map(part).collect::<Vec<_>>().join("; ")
        }
    }
}

fn worths(curve: &LabelCurve, classes: &[String]) -> Vec<WorthRow> {
    let mut rows = Vec::new();
    for (series, class) in curve.series.iter().zip(classes).filter(|(series, _)| series.headline) {
        for against in curve.against(series) {
            let difference = against.difference;
            rows.push(WorthRow {
                name: series.name.clone(),
                class: class.clone(),
                count: heading(against.count),
                difference: points(difference.mean),
                interval: difference.interval.as_ref().map(|i| words::interval(i.low, i.high)),
                better: format!("better on {} of {}", difference.better(), difference.draws.len()),
                sign: sign(difference),
                worth: against.point.savings.as_ref().map(|savings| worth(savings.worth)),
                worth_interval: against.point.savings.as_ref().and_then(|savings| savings.interval).map(worth_interval),
            });
        }
    }
    rows
}

/// The large numbers at the top where label curves are all there is: what the fewest labels are worth with which
/// pretraining helped, else the largest difference in size.
pub(super) fn tiles(report: &Report) -> Vec<Tile> {
    let mut tiles = Vec::new();
    let Some(curve) = report.label_curves.first().filter(|_| report.results.is_empty()) else { return tiles };
    let mut tile = |class, name: String, value, unit, below| tiles.push(Tile { class, name, value, unit, below });
    let Some(series) = curve.series.iter().find(|series| series.headline) else { return tiles };
    let against = curve.against(series);
    let shown = against.iter().find(|against| against.difference.outcome() == Outcome::Helped);
    let Some(shown) = shown.or_else(|| against.iter().find(|against| against.difference.interval.is_some())) else {
        return tiles;
    };
    let result = &shown.point.result;
    let labels = format!("{} labels a class", heading(shown.count));
    let spread = |interval: Option<&crate::Interval>| match interval {
        Some(i) => format!("{} … {}", percent_number(i.low), percent_number(i.high)),
        None => "a single draw".to_owned(),
    };
    tile("ours", series.name.clone(), percent_number(result.mean), "%", format!("with {labels}"));
    let scratch = series.scratch.clone().unwrap_or_default();
    let level = percent_number(result.mean - shown.difference.mean);
    let at = curve.counts.iter().position(|count| count == shown.count);
    let scratch_point = curve.named(&scratch).zip(at).and_then(|(series, at)| series.points.get(at));
    tile("scratch", scratch, level, "%", spread(scratch_point.and_then(|point| point.interval.as_ref())));
    let interval = shown.difference.interval.as_ref();
    let ends = interval.map_or_else(|| "a single draw".to_owned(), |i| words::interval(i.low, i.high));
    tile("difference", "difference".into(), points(shown.difference.mean), "points", ends);
    if let Some(savings) = &shown.point.savings {
        let below = savings.interval.map_or_else(|| "a single draw".to_owned(), worth_interval);
        let (sign, number) = match savings.worth.bound {
            crate::Bound::About => ("", savings.worth),
            crate::Bound::MoreThan => (">\u{a0}", savings.worth),
            crate::Bound::FewerThan => ("<\u{a0}", savings.worth),
        };
        let number = curve_words::labels(number.labels);
        tile("baseline", "worth".into(), format!("{sign}{number}"), "labels a class of scratch", below);
    }
    if let Some(chance) = curve.evaluation.as_ref().and_then(|evaluation| evaluation.chance) {
        tile("baseline", "chance".into(), percent_number(chance), "%", "guessing".into());
    }
    tiles
}
