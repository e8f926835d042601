//! The top of the page: verdict and the few numbers it rests on.

use serde::Serialize;

use super::tile::Tile;
use crate::report::Outcome;
use crate::words::{self, points};
use crate::{Report, Role};

#[derive(Serialize)]
pub(super) struct Head {
    title: String,
    created: String,
    version: String,
    evaluation: Option<String>,
    /// Class name of the outcome.
    outcome: &'static str,
    sentence: String,
    details: Vec<String>,
    cautions: Vec<String>,
    tiles: Vec<Tile>,
}

pub(super) fn view(report: &Report) -> Head {
    let verdict = report.verdict();
    let outcome = match verdict.outcome {
        Outcome::Helped => "helped",
        Outcome::Hurt => "hurt",
        Outcome::Unclear => "unclear",
        Outcome::Unknown => "unknown",
    };
    Head {
        title: if report.title.is_empty() { "Untitled run".into() } else { report.title.clone() },
        created: report.created.clone(),
        version: report.version.clone(),
        evaluation: report.evaluation.as_ref().map(|evaluation| {
            let images = words::counted(evaluation.images, "image", "images");
            let classes = words::counted(evaluation.classes.len(), "class", "classes");
            if evaluation.name.is_empty() {
                format!("{images}, {classes}")
            } else {
                format!("{}: {images}, {classes}", evaluation.name)
            }
        }),
        outcome,
        sentence: verdict.sentence,
        details: verdict.details,
        cautions: verdict.cautions,
        tiles: tiles(report),
    }
}

fn tiles(report: &Report) -> Vec<Tile> {
    let mut tiles = Vec::new();
    let Some(comparison) = report.comparison() else { return super::label_curve::tiles(report) };
    let mut tile = |class, name: &str, value: String, unit, below: String| {
        tiles.push(Tile { class, name: name.into(), value, unit, below });
    };
    let spread = |sd: Option<f64>, draws: usize| match sd {
        Some(sd) => format!("± {:.1} over {draws} draws", 100.0 * sd),
        None => words::counted(draws, "draw", "draws"),
    };
    let ours = comparison.ours;
    tile("ours", &ours.name, words::percent_number(ours.mean), "%", spread(ours.sd, ours.draws.len()));
    if let Some(scratch) = comparison.scratch {
        tile(
            "scratch",
            &scratch.name,
            words::percent_number(scratch.mean),
            "%",
            spread(scratch.sd, scratch.draws.len()),
        );
    }
    if let Some(difference) = comparison.difference {
        let below = match &difference.interval {
            Some(i) => words::interval(i.low, i.high),
            None => "a single draw".into(),
        };
        tile("difference", "difference", points(difference.mean), "points", below);
    }
    let baseline = report
        .results
        .iter()
        .filter(|row| row.role == Role::Baseline && row.labels == ours.labels)
        .max_by(|a, b| a.level().total_cmp(&b.level()));
    if let Some(row) = baseline {
        tile("baseline", &row.name, words::percent_number(row.mean), "%", spread(row.sd, row.draws.len()));
    }
    if let Some(chance) = report.evaluation.as_ref().and_then(|evaluation| evaluation.chance) {
        tile("baseline", "chance", words::percent_number(chance), "%", "guessing".into());
    }
    tiles
}
