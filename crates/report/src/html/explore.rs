//! What the page's script reads and what it is allowed to be: maps with an image behind each dot, images behind the counts.
//!
//! The page shows everything without the script, too; with it, one can point, zoom, sort and open.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::embedding::{self, Groups};
use super::picture::is_base64;
use crate::plot::Scatter;
use crate::{Atlas, Embedding, Gallery, Report, ReportError, shown};

const SCRIPTS: [&str; 5] = [
    include_str!("../../templates/explore/viewer.js"),
    include_str!("../../templates/explore/map.js"),
    include_str!("../../templates/explore/confusion.js"),
    include_str!("../../templates/explore/pictures.js"),
    include_str!("../../templates/explore/tables.js"),
];

#[derive(Serialize)]
pub(super) struct Explorer {
    /// The script.
    script: String,
    /// Its hash, by which the page's content policy knows it: no other script runs.
    hash: String,
    /// What it reads, as JSON that holds no markup.
    data: String,
}

#[derive(Serialize)]
struct Data {
    atlases: Vec<AtlasView>,
    maps: Vec<MapView>,
    galleries: Vec<GalleryView>,
}

#[derive(Serialize)]
struct AtlasView {
    source: String,
    columns: u32,
    cell: u32,
    sizes: Vec<[u32; 2]>,
}

#[derive(Serialize)]
struct MapView {
    atlas: Option<usize>,
    groups: Vec<GroupView>,
    group: Vec<usize>,
    names: Vec<String>,
    classes: Vec<String>,
    labels: Vec<Option<u32>>,
    answers: Vec<Option<u32>>,
    /// For each chart the places of the images, in its units; none where an image has none.
    charts: Vec<Vec<Option<[f64; 2]>>>,
}

#[derive(Serialize)]
struct GroupView {
    name: String,
    color: String,
    square: bool,
}

#[derive(Serialize)]
struct GalleryView {
    result: String,
    basis: String,
    classes: Vec<String>,
    atlas: usize,
    answers: Vec<AnswerView>,
}

#[derive(Serialize)]
struct AnswerView {
    name: String,
    truth: u32,
    predicted: u32,
    confidence: Option<f64>,
}

pub(super) fn view(report: &Report) -> Result<Explorer, ReportError> {
    let mut data = Data { atlases: Vec::new(), maps: Vec::new(), galleries: Vec::new() };
    for embedding in report.embeddings.iter().filter(|embedding| embedding::is_drawn(embedding)) {
        let atlas = embedding.atlas.as_ref().and_then(|atlas| data.add(atlas));
        data.maps.push(map(embedding, atlas));
    }
    for gallery in &report.galleries {
        let classes = report.confusions.iter().find(|confusion| confusion.result == gallery.result);
        let classes = classes.map(|confusion| all(&confusion.classes)).unwrap_or_default();
        // Without its images a gallery has nothing to open; its place is kept, because matrices refer to it.
        let atlas = data.add(&gallery.atlas).unwrap_or(usize::MAX);
        data.galleries.push(view_of(gallery, classes, atlas));
    }
    let script = format!("(() => {{\n'use strict';\n{}}})();\n", SCRIPTS.concat());
    let hash = STANDARD.encode(Sha256::digest(script.as_bytes()));
    Ok(Explorer { hash, script, data: without_markup(&serde_json::to_string(&data)?) })
}

impl Data {
    /// The number of an atlas; none where it is no picture.
    fn add(&mut self, atlas: &Atlas) -> Option<usize> {
        if atlas.data.is_empty() || !is_base64(&atlas.data) || atlas.columns == 0 {
            return None;
        }
        let kind = if atlas.jpeg { "jpeg" } else { "png" };
        self.atlases.push(AtlasView {
            source: format!("data:image/{kind};base64,{}", atlas.data),
            columns: atlas.columns,
            cell: atlas.cell,
            sizes: atlas.sizes.clone(),
        });
        Some(self.atlases.len() - 1)
    }
}

fn map(embedding: &Embedding, atlas: Option<usize>) -> MapView {
    let Groups { looks, of } = embedding::groups(embedding);
    let place = |place: Option<(f64, f64)>| place.map(|(x, y)| [tenth(x), tenth(y)]);
    MapView {
        atlas,
        groups: looks
            .into_iter()
            .map(|look| GroupView { name: one(&look.name), color: look.color, square: look.square })
            .collect(),
        group: of,
        names: all(&embedding.names),
        classes: all(&embedding.classes),
        labels: embedding.labels.clone(),
        answers: embedding.answers.clone(),
        charts: embedding
            .maps
            .iter()
            .filter(|map| Scatter::places(&map.points).iter().any(Option::is_some))
            .map(|map| Scatter::places(&map.points).into_iter().map(place).collect())
            .collect(),
    }
}

fn tenth(value: f64) -> f64 {
    (10.0 * value).round() / 10.0
}

fn view_of(gallery: &Gallery, classes: Vec<String>, atlas: usize) -> GalleryView {
    let answers = gallery.answers.iter().map(|answer| AnswerView {
        name: one(&answer.name),
        truth: answer.truth,
        predicted: answer.predicted,
        confidence: Some(answer.confidence).filter(|confidence| confidence.is_finite()),
    });
    GalleryView { result: one(&gallery.result), basis: one(&gallery.basis), classes, atlas, answers: answers.collect() }
}

fn all(texts: &[String]) -> Vec<String> {
    texts.iter().map(|text| one(text)).collect()
}

fn one(text: &str) -> String {
    shown(text).into_owned()
}

/// JSON in which nothing can end the element that holds it. These characters occur within texts alone.
fn without_markup(json: &str) -> String {
    let mut safe = String::with_capacity(json.len());
    for c in json.chars() {
        match c {
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                // Writing into a string cannot fail.
                let _ = write!(safe, "\\u{:04x}", u32::from(c));
            }
            _ => safe.push(c),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::PointMap;

    #[test]
    fn data_holds_no_markup_and_can_be_read() {
        let evil = "</script><script>alert(1)</script>&\u{2028}\u{202e}";
        let report = Report {
            embeddings: vec![Embedding {
                names: vec![evil.into(), "b".into()],
                classes: vec![evil.into()],
                labels: vec![Some(0), None],
                maps: vec![PointMap { points: vec![[0.0, 0.0], [f32::NAN, 1.0]], ..PointMap::default() }],
                ..Embedding::default()
            }],
            ..Report::default()
        };
        let found = view(&report).unwrap();
        assert!(!found.data.contains(['<', '>', '&']), "{}", found.data);
        let read: serde_json::Value = serde_json::from_str(&found.data).unwrap();
        assert_eq!(read["maps"][0]["names"][0], r"</script><script>alert(1)</script>&\u{2028}\u{202e}");
        assert_eq!(read["maps"][0]["charts"][0], serde_json::json!([[200.0, 200.0], null]));
        assert_eq!(read["maps"][0]["atlas"], serde_json::Value::Null);
    }

    #[test]
    fn an_atlas_that_is_no_picture_is_left_out() {
        let mut data = Data { atlases: Vec::new(), maps: Vec::new(), galleries: Vec::new() };
        let atlas = |text: &str| Atlas { data: text.into(), columns: 1, ..Atlas::default() };
        assert_eq!(
            (data.add(&atlas("\"><script>")), data.add(&atlas("")), data.add(&atlas("aGk="))),
            (None, None, Some(0))
        );
        assert_eq!(data.atlases[0].source, "data:image/png;base64,aGk=");
    }
}
