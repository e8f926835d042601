//! The results for a terminal: what a run prints last.

use std::fmt::Write as _;

use crate::aligned::fitted;
use crate::words::{self, clean, duration, mean_sd, percent_number, points};
use crate::{Evaluation, Interval, Report, ResultRow, RunComparison};

/// Longest line of running text: it fits the narrowest usual terminal.
const WIDTH: usize = 78;
/// Columns of the table of results: what may be left out where a terminal is too narrow for all, least missed first.
const SPARE: [usize; 7] = [TIME, LABELS, BETTER, BY_DRAWS, DRAWS, INTERVAL, BY_IMAGES];
const DRAWS: usize = 2;
const BY_DRAWS: usize = 3;
const BY_IMAGES: usize = 4;
const INTERVAL: usize = 7;
const BETTER: usize = 8;
const LABELS: usize = 9;
const TIME: usize = 10;
/// Headings of the intervals of an accuracy.
const HEADS_BY: [&str; 2] = ["by draws", "by images"];

/// Results as an aligned table with chance level, then the verdict with what it rests on and what puts it in doubt.
///
/// Plain text without colors. Where `width` says how many characters a line may have, columns are left out until it fits.
pub fn table_text(report: &Report, width: Option<usize>) -> String {
    let mut text = String::new();
    if !report.results.is_empty() {
        table(report, width, &mut text);
        text.push('\n');
    }
    for curve in &report.label_curves {
        if !curve.name.is_empty() {
            paragraph(&mut text, "", &curve.name);
        }
        text.push_str(&curve.table(width));
    }
    let verdict = report.verdict();
    paragraph(&mut text, "", &verdict.sentence);
    for detail in &verdict.details {
        paragraph(&mut text, "", detail);
    }
    for caution in &verdict.cautions {
        paragraph(&mut text, "! ", caution);
    }
    text
}

fn table(report: &Report, width: Option<usize>, text: &mut String) {
    let rows = report.ordered_results();
    let reference = one_reference(report, &rows);
    let to = reference.map_or_else(|| "difference".to_owned(), |name| format!("to {name}"));
    let [by_draws, by_images] = HEADS_BY;
    let heads = ["", "accuracy %", "each draw", by_draws, by_images, &to, "to", "interval", "better", "labels", "time"];
    let mut lines = vec![heads.map(str::to_owned).to_vec()];
    lines.extend(rows.iter().map(|row| line(report, row, reference.is_none())));
    for (name, level) in guesses(report.evaluation.as_ref()) {
        lines.push(vec![name, percent_number(level)]);
    }
    let drawn = fitted(&lines, 3, width, &SPARE);
    let shown = HEADS_BY.map(|head| drawn.contains(head));
    text.push_str(&drawn);
    text.push('\n');
    legend(report, shown, text);
    // Where every row has a name of its own, what stands behind it is told once, below.
    for row in rows.iter().filter(|row| !row.protocol.is_empty()) {
        paragraph(text, "- ", &format!("{}: {}", row.name, row.protocol));
    }
}

/// What the intervals of the accuracies are, as far as they are `shown`.
fn legend(report: &Report, shown: [bool; 2], text: &mut String) {
    let [by_draws, by_images] = HEADS_BY;
    let images = words::counted(report.evaluation.as_ref().map_or(0, |e| e.images), "image", "images");
    let parts = [
        format!("{by_draws}: over draws of labels, Student’s t"),
        format!("{by_images}: by the {images} measured on alone, Wilson"),
    ];
    let parts: Vec<String> = parts.into_iter().zip(shown).filter(|(_, shown)| *shown).map(|(part, _)| part).collect();
    if !parts.is_empty() {
        paragraph(text, "", &format!("95 % intervals of the accuracy; {}.", parts.join("; ")));
    }
}

/// "68.4 … 77.8", in percent.
pub(crate) fn percent_interval(interval: &Interval) -> String {
    format!("{}\u{a0}…\u{a0}{}", percent_number(interval.low.max(0.0)), percent_number(interval.high.min(1.0)))
}

/// The result that every row shown is compared with, if it is the same for all that are.
pub(crate) fn one_reference<'a>(report: &'a Report, rows: &[&'a ResultRow]) -> Option<&'a str> {
    let mut names = rows.iter().filter_map(|row| report.shown_difference(row)).map(|shown| shown.reference.as_str());
    let first = names.next()?;
    names.all(|name| name == first).then_some(first)
}

/// Levels that need no training.
pub(crate) fn guesses(evaluation: Option<&Evaluation>) -> Vec<(String, f64)> {
    let Some(evaluation) = evaluation else { return Vec::new() };
    let chance = evaluation.chance.map(|chance| ("chance".to_owned(), chance));
    let majority = evaluation.majority.as_ref().map(|m| (format!("always “{}”", m.class), m.share));
    chance.into_iter().chain(majority).collect()
}

/// A row of the table; `to` puts the result that it is compared with beside the difference.
fn line(report: &Report, row: &ResultRow, to: bool) -> Vec<String> {
    let draws: Vec<String> = row.draws.iter().map(|draw| percent_number(draw.accuracy)).collect();
    let each = match draws.len() {
        0 | 1 => String::new(),
        2..=6 => draws.join(" "),
        n => {
            let accuracies = || row.draws.iter().map(|draw| draw.accuracy);
            let (low, high) =
                (accuracies().fold(f64::INFINITY, f64::min), accuracies().fold(f64::NEG_INFINITY, f64::max));
            format!("{} … {} ({n} draws)", percent_number(low), percent_number(high))
        }
    };
    let difference = report.shown_difference(row);
    let interval = difference.and_then(|d| d.interval.as_ref());
    vec![
        row.name.clone(),
        mean_sd(row.mean, row.sd),
        each,
        row.over_draws.as_ref().map(percent_interval).unwrap_or_default(),
        row.over_images.as_ref().map(percent_interval).unwrap_or_default(),
        difference.map(|d| points(d.mean)).unwrap_or_default(),
        difference.filter(|_| to).map(|d| d.reference.clone()).unwrap_or_default(),
        interval.map(|i| words::interval(i.low, i.high)).unwrap_or_default(),
        difference.map(|d| format!("{}/{}", d.better(), d.draws.len())).unwrap_or_default(),
        words::count(row.labels as u64),
        row.seconds.map(duration).unwrap_or_default(),
    ]
}

/// Results of several runs as an aligned table, a column for each run, then what differs between them.
pub fn comparison_text(comparison: &RunComparison) -> String {
    let mut lines = vec![std::iter::once(String::new()).chain(letters(comparison)).collect::<Vec<String>>()];
    for name in comparison.result_names() {
        let cell = |(run, one): (usize, &crate::Compared)| {
            let Some(row) = one.report.results.iter().find(|row| row.name == name) else { return String::new() };
            let accuracy = mean_sd(row.mean, row.sd);
            match comparison.matched_with_first(name, run) {
                Some(Ok(difference)) => format!("{accuracy} ({})", points(difference.mean)),
                _ => accuracy,
            }
        };
        let cells = comparison.runs.iter().enumerate().map(cell);
        lines.push(std::iter::once(name.to_owned()).chain(cells).collect());
    }
    let mut text = String::new();
    for (letter, run) in letters(comparison).zip(&comparison.runs) {
        let _ = writeln!(text, "  {letter}  {}", clean(&run.name));
    }
    text.push('\n');
    columns(&lines, &mut text);
    let settings = comparison.differing();
    if !settings.is_empty() {
        text.push_str("\n  What differs\n");
        let line = |(group, name, values): (String, String, Vec<Option<String>>)| {
            let title = if name.is_empty() { group } else { format!("{name} ({group})") };
            let values = values.into_iter().map(|value| value.unwrap_or_else(|| "–".into()));
            std::iter::once(title).chain(values).collect::<Vec<String>>()
        };
        columns(&settings.into_iter().map(line).collect::<Vec<_>>(), &mut text);
    }
    text
}

fn letters(comparison: &RunComparison) -> impl Iterator<Item = String> {
    (0..comparison.runs.len()).map(RunComparison::letter)
}

/// Cells that line up, each cut at a width that leaves room for others.
fn columns(lines: &[Vec<String>], text: &mut String) {
    const WIDEST: usize = 44;
    let cut = |cell: &String| {
        let cell = clean(cell);
        if cell.chars().count() <= WIDEST {
            return cell;
        }
        cell.chars().take(WIDEST - 1).chain(['…']).collect()
    };
    let lines: Vec<Vec<String>> = lines.iter().map(|line| line.iter().map(cut).collect()).collect();
    let count = lines.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| lines.iter().filter_map(|line| line.get(column)).map(|cell| cell.chars().count()).max();
    let widths: Vec<usize> = (0..count).map(|column| width(column).unwrap_or(0)).collect();
    for line in &lines {
        let mut padded = String::new();
        for (cell, width) in line.iter().zip(&widths) {
            let _ = write!(padded, "  {cell}{:gap$}", "", gap = width - cell.chars().count());
        }
        text.push_str(padded.trim_end());
        text.push('\n');
    }
}

pub(crate) fn paragraph(text: &mut String, bullet: &str, words: &str) {
    let mut width = 0;
    // Split first: no line breaks at a no-break space, which the terminal then gets as an ordinary one.
    for word in words.split(' ').map(clean).filter(|word| !word.is_empty()) {
        let length = word.chars().count();
        if width == 0 {
            text.push_str("  ");
            text.push_str(bullet);
            width = 2 + bullet.len();
        } else if width + 1 + length > WIDTH {
            text.push_str("\n  ");
            text.extend(std::iter::repeat_n(' ', bullet.len()));
            width = 2 + bullet.len();
        } else {
            text.push(' ');
            width += 1;
        }
        text.push_str(&word);
        width += length;
    }
    text.push('\n');
}
