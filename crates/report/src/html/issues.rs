//! What may be wrong with the data, kind by kind.

use serde::Serialize;
use std::fmt::Write as _;

use super::picture::{self, PictureView};
use crate::{IssueItem, IssueSheet, Report};

/// Side of a picture, in CSS pixels.
const SIDE: u32 = 84;

#[derive(Serialize)]
pub(super) struct IssuesView {
    title: String,
    intro: String,
    items: Vec<ItemView>,
    beyond: Vec<ItemView>,
}

#[derive(Serialize)]
struct ItemView {
    pictures: Vec<PictureView>,
    name: String,
    words: String,
}

pub(super) fn view(report: &Report) -> Option<Vec<IssuesView>> {
    let sheets: Vec<IssuesView> = report.issues.iter().map(sheet).collect();
    (!sheets.is_empty()).then_some(sheets)
}

fn sheet(sheet: &IssueSheet) -> IssuesView {
    let mut intro = format!("{} of {} images", sheet.count, sheet.images);
    if sheet.count > sheet.items.len() {
        let _ = write!(intro, ", the {} gravest shown", sheet.items.len());
    }
    if sheet.across > 0 {
        let _ =
            write!(intro, "; {} pairs are in two splits, so that what was learned from is measured on", sheet.across);
    }
    if !sheet.measure.is_empty() {
        let _ = write!(intro, ". The number is the {}", sheet.measure);
    }
    let about = if sheet.about.is_empty() { String::new() } else { format!(", {}", sheet.about) };
    IssuesView {
        title: format!("{}{about}", sheet.kind),
        intro: intro + ".",
        items: sheet.items.iter().map(item).collect(),
        beyond: sheet.beyond.iter().map(item).collect(),
    }
}

fn item(item: &IssueItem) -> ItemView {
    let own = picture::view(&item.picture, SIDE, item.name.clone());
    let other = item.other.iter().map(|(other, name)| picture::view(other, SIDE, name.clone()));
    ItemView {
        pictures: std::iter::once(own).chain(other).collect(),
        name: match &item.other {
            Some((_, other)) => format!("{} and {other}", item.name),
            None => item.name.clone(),
        },
        words: item.words.clone(),
    }
}
