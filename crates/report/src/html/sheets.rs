//! Sheets of pictures: pretext examples, predictions, neighbors.

use serde::Serialize;

use super::picture::{self, PictureView};
use crate::words::percent;
use crate::{Neighbor, Picture, Prediction, PretextItem, Report, Shown};

#[derive(Serialize)]
pub(super) struct PretextView {
    task: String,
    stage: String,
    question: String,
    items: Vec<PretextItemView>,
}

#[derive(Serialize)]
struct PretextItemView {
    cells: Vec<CellView>,
    /// Label and answer for all inputs together, each with its heading.
    words: Vec<(&'static str, String)>,
    notes: Vec<String>,
    mark: Option<&'static str>,
}

/// A picture with what it is.
#[derive(Serialize)]
struct CellView {
    heading: String,
    picture: PictureView,
    /// Label and answer that belong to this very picture.
    label: Option<String>,
    answer: Option<String>,
    mark: Option<&'static str>,
}

fn mark(right: bool) -> &'static str {
    if right { "right" } else { "wrong" }
}

pub(super) fn pretext(report: &Report) -> Option<Vec<PretextView>> {
    let sheets: Vec<PretextView> = report
        .pretext
        .iter()
        .filter(|sheet| !sheet.items.is_empty())
        .map(|sheet| PretextView {
            task: sheet.task.clone(),
            stage: if sheet.stage == sheet.task { String::new() } else { sheet.stage.clone() },
            question: sheet.question.clone(),
            items: sheet.items.iter().map(pretext_item).collect(),
        })
        .collect();
    (!sheets.is_empty()).then_some(sheets)
}

fn pretext_item(item: &PretextItem) -> PretextItemView {
    const SIDE: u32 = 84;
    let n = item.inputs.len();
    let cell = |what: &str, i: usize, n: usize, shown: &Picture| CellView {
        heading: if n > 1 { format!("{what} {}", i + 1) } else { what.into() },
        picture: picture::view(shown, SIDE, format!("{what} of {}", item.name)),
        label: None,
        answer: None,
        mark: None,
    };
    let own = |shown: &Shown, i: usize| match shown {
        Shown::Text(words) if n > 1 && words.len() == n => words.get(i).cloned(),
        _ => None,
    };
    let mut cells: Vec<CellView> = item.original.iter().map(|original| cell("image", 0, 1, original)).collect();
    for (i, input) in item.inputs.iter().enumerate() {
        let (label, answer) = (own(&item.label, i), own(&item.answer, i));
        let mark = label.as_ref().zip(answer.as_ref()).map(|(label, answer)| mark(label == answer));
        cells.push(CellView { label, answer, mark, ..cell("input", i, n, input) });
    }
    let mut words = Vec::new();
    for (heading, shown) in [("label", &item.label), ("model’s answer", &item.answer)] {
        match shown {
            Shown::Text(text) if own(shown, 0).is_none() => words.push((heading, text.join(", "))),
            Shown::Pictures(pictures) => {
                cells.extend(pictures.iter().enumerate().map(|(i, shown)| cell(heading, i, pictures.len(), shown)));
            }
            Shown::Text(_) | Shown::Nothing => {}
        }
    }
    PretextItemView { cells, words, notes: item.notes.clone(), mark: item.correct.map(mark) }
}

#[derive(Serialize)]
pub(super) struct PredictionsView {
    result: String,
    basis: String,
    mistakes: Vec<PredictionView>,
    samples: Vec<PredictionView>,
}

#[derive(Serialize)]
struct PredictionView {
    picture: PictureView,
    name: String,
    truth: Option<String>,
    predicted: String,
    confidence: String,
    /// 0..100, for the bar.
    bar: u32,
    mark: Option<&'static str>,
}

pub(super) fn predictions(report: &Report) -> Option<Vec<PredictionsView>> {
    let sheets: Vec<PredictionsView> = report
        .predictions
        .iter()
        .filter(|sheet| !(sheet.mistakes.is_empty() && sheet.samples.is_empty()))
        .map(|sheet| PredictionsView {
            result: sheet.result.clone(),
            basis: sheet.basis.clone(),
            mistakes: sheet.mistakes.iter().map(prediction).collect(),
            samples: sheet.samples.iter().map(prediction).collect(),
        })
        .collect();
    (!sheets.is_empty()).then_some(sheets)
}

fn prediction(prediction: &Prediction) -> PredictionView {
    let truth = prediction.truth.as_deref().unwrap_or("unknown class");
    PredictionView {
        picture: picture::view(&prediction.picture, 84, format!("{truth}, taken for {}", prediction.predicted)),
        name: prediction.name.clone(),
        truth: prediction.truth.clone(),
        predicted: prediction.predicted.clone(),
        confidence: percent(prediction.confidence),
        bar: (100.0 * prediction.confidence).clamp(0.0, 100.0).round() as u32,
        mark: prediction.truth.as_ref().map(|truth| mark(*truth == prediction.predicted)),
    }
}

#[derive(Serialize)]
pub(super) struct NeighborsView {
    encoder: String,
    basis: String,
    rows: Vec<NeighborRowView>,
    /// How many labeled neighbors have their query's class.
    agreement: Option<String>,
}

#[derive(Serialize)]
struct NeighborRowView {
    query: NeighborView,
    nearest: Vec<NeighborView>,
}

#[derive(Serialize)]
struct NeighborView {
    picture: PictureView,
    name: String,
    label: Option<String>,
    similarity: String,
    mark: Option<&'static str>,
}

pub(super) fn neighbors(report: &Report) -> Option<Vec<NeighborsView>> {
    let sheets: Vec<NeighborsView> = report
        .neighbors
        .iter()
        .filter(|sheet| !sheet.rows.is_empty())
        .map(|sheet| {
            let compared =
                || sheet.rows.iter().flat_map(|row| row.nearest.iter().filter_map(|near| same(&row.query, near)));
            let (all, right) = (compared().count(), compared().filter(|same| *same).count());
            NeighborsView {
                encoder: sheet.encoder.clone(),
                basis: sheet.basis.clone(),
                agreement: (all > 0)
                    .then(|| format!("{right} of the {all} neighbors shown have the class of their query")),
                rows: sheet
                    .rows
                    .iter()
                    .map(|row| NeighborRowView {
                        query: neighbor(&row.query, None),
                        nearest: row.nearest.iter().map(|near| neighbor(near, same(&row.query, near))).collect(),
                    })
                    .collect(),
            }
        })
        .collect();
    (!sheets.is_empty()).then_some(sheets)
}

fn same(query: &Neighbor, near: &Neighbor) -> Option<bool> {
    Some(query.label.as_ref()? == near.label.as_ref()?)
}

fn neighbor(neighbor: &Neighbor, same: Option<bool>) -> NeighborView {
    NeighborView {
        picture: picture::view(&neighbor.picture, 64, neighbor.label.clone().unwrap_or_else(|| neighbor.name.clone())),
        name: neighbor.name.clone(),
        label: neighbor.label.clone(),
        similarity: if neighbor.similarity.is_finite() { format!("{:.2}", neighbor.similarity) } else { "?".into() },
        mark: same.map(mark),
    }
}
