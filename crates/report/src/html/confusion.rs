//! Confusion matrices as tables.

use serde::Serialize;

use super::csv::{Cell, Link};
use crate::table::percent_interval;
use crate::words::{percent, percent_number};
use crate::{Confusion, Interval, Report};

/// With more classes than this a matrix cannot be read; the worst confusions are listed alone.
const MOST_CLASSES: usize = 30;

#[derive(Serialize)]
pub(super) struct Matrix {
    result: String,
    basis: String,
    /// Shown at once; the others are folded.
    open: bool,
    classes: Vec<String>,
    /// Empty when there are too many classes.
    rows: Vec<MatrixRow>,
    worst: Vec<String>,
    /// The number of the gallery that holds its images.
    gallery: Option<usize>,
    data: Link,
}

#[derive(Serialize)]
struct MatrixRow {
    class: String,
    cells: Vec<Count>,
    recall: String,
    /// Where it may lie for all images of the class; empty where that is not known.
    interval: String,
}

#[derive(Serialize)]
struct Count {
    times: u64,
    /// Share of the row in percent, for the shade.
    share: u32,
    right: bool,
    /// "", "mid" or "deep": which text color can be read on the shade (see the style sheet).
    depth: &'static str,
    title: String,
}

pub(super) fn view(report: &Report) -> Option<Vec<Matrix>> {
    let headline = report.comparison().map(|comparison| comparison.ours.name.clone());
    let is_headline = |confusion: &Confusion| headline.as_ref() == Some(&confusion.result);
    let mut confusions: Vec<&Confusion> = report.confusions.iter().filter(|c| !c.classes.is_empty()).collect();
    confusions.sort_by_key(|confusion| !is_headline(confusion));
    (!confusions.is_empty()).then(|| {
        let gallery = |name: &str| report.galleries.iter().position(|gallery| gallery.result == name);
        let one = |(i, confusion): (usize, &&Confusion)| Matrix {
            gallery: gallery(&confusion.result),
            ..matrix(confusion, i < 2)
        };
        confusions.iter().enumerate().map(one).collect()
    })
}

fn matrix(confusion: &Confusion, open: bool) -> Matrix {
    let classes = &confusion.classes;
    let at = |t: usize, p: usize| confusion.counts.get(t).and_then(|row| row.get(p)).copied().unwrap_or(0);
    let total = |t: usize| (0..classes.len()).map(|p| at(t, p)).sum::<u64>();
    let share = |t: usize, p: usize| if total(t) == 0 { 0.0 } else { at(t, p) as f64 / total(t) as f64 };
    let row = |t: usize| MatrixRow {
        class: classes[t].clone(),
        interval: confusion.intervals.get(t).and_then(Option::as_ref).map(in_words).unwrap_or_default(),
        recall: if total(t) == 0 { "–".into() } else { percent_number(share(t, t)) },
        cells: (0..classes.len())
            .map(|p| Count {
                times: at(t, p),
                share: (100.0 * share(t, p)).round() as u32,
                right: t == p,
                depth: match share(t, p) {
                    s if s > 0.81 => "deep",
                    s if s > 0.57 => "mid",
                    _ => "",
                },
                title: format!(
                    "{} → {}: {} of {} ({})",
                    classes[t],
                    classes[p],
                    at(t, p),
                    total(t),
                    percent(share(t, p))
                ),
            })
            .collect(),
    };
    let mut pairs: Vec<(usize, usize)> = (0..classes.len())
        .flat_map(|t| (0..classes.len()).map(move |p| (t, p)))
        .filter(|(t, p)| t != p && at(*t, *p) > 0)
        .collect();
    pairs.sort_by(|a, b| share(b.0, b.1).total_cmp(&share(a.0, a.1)));
    let listed = if classes.len() > MOST_CLASSES { 10 } else { 3 };
    Matrix {
        result: confusion.result.clone(),
        basis: confusion.basis.clone(),
        open,
        rows: if classes.len() > MOST_CLASSES { Vec::new() } else { (0..classes.len()).map(row).collect() },
        worst: pairs
            .iter()
            .take(listed)
            .map(|&(t, p)| format!("{} for {} ({} of that class)", classes[p], classes[t], percent(share(t, p))))
            .collect(),
        classes: classes.clone(),
        gallery: None,
        data: csv(confusion),
    }
}

/// For whoever points at a share.
fn in_words(interval: &Interval) -> String {
    format!("{} % interval {} ({})", 100.0 * interval.level, percent_interval(interval), interval.method)
}

/// A line for each true class, a column for each answer.
fn csv(confusion: &Confusion) -> Link {
    let heads: Vec<String> =
        std::iter::once("true class".to_owned()).chain(confusion.classes.iter().cloned()).collect();
    let row = |(class, counts): (&String, &Vec<u64>)| {
        let counts = counts.iter().map(|count| Cell::Number(*count as f64));
        std::iter::once(Cell::Text(class.clone())).chain(counts).collect()
    };
    Link::of(
        &format!("confusion {}", confusion.result),
        &heads,
        confusion.classes.iter().zip(&confusion.counts).map(row),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn confusion(n: usize, counts: Vec<Vec<u64>>) -> Confusion {
        Confusion { classes: (0..n).map(|i| format!("c{i}")).collect(), counts, ..Confusion::default() }
    }

    #[test]
    fn shares_are_of_the_row_and_the_worst_come_first() {
        let matrix = matrix(&confusion(3, vec![vec![8, 2, 0], vec![3, 1, 0], vec![0, 0, 0]]), true);
        assert_eq!(matrix.rows[0].cells[1].share, 20);
        assert_eq!(matrix.rows[1].recall, "25.0");
        assert_eq!(matrix.rows[2].recall, "–");
        assert_eq!(
            matrix.worst.iter().map(|w| crate::words::plain(w)).collect::<Vec<_>>(),
            ["c0 for c1 (75.0 % of that class)", "c1 for c0 (20.0 % of that class)"]
        );
    }

    #[test]
    fn a_share_of_a_class_has_its_interval() {
        let method = "Wilson, 10 images".to_owned();
        let interval = Interval { low: 0.49, high: 0.943, level: 0.95, method };
        let counts = vec![vec![8, 2], vec![3, 1]];
        let matrix = matrix(&Confusion { intervals: vec![Some(interval)], ..confusion(2, counts) }, true);
        let words = crate::words::plain(&matrix.rows[0].interval);
        assert!(words.starts_with("95 % interval 49.0") && words.ends_with("94.3 (Wilson, 10 images)"), "{words}");
        assert_eq!(matrix.rows[1].interval, "");
    }

    #[test]
    fn too_many_classes_or_missing_counts_make_no_matrix_and_no_panic() {
        let many = matrix(&confusion(31, vec![vec![0, 5]]), true);
        assert!(many.rows.is_empty());
        assert_eq!(many.worst.len(), 1);
    }
}
