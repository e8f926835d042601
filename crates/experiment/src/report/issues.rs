//! What may be wrong with the data, as sheets of pictures.

use foretask_eval::IssueKind;
use foretask_report::{IssueItem, IssueSheet};

use super::pictures::picture;
use crate::error::Error;
use crate::experiment::Experiment;
use crate::stages::{Shown, chosen};
use crate::values::{FoundIssues, IssueRow};

/// Images of a kind, and pairs beyond the threshold.
const ITEMS: usize = 24;
const BEYOND: usize = 8;

/// A sheet for every kind that was found.
pub(super) fn issues(experiment: &Experiment, found: &[(String, FoundIssues)]) -> Result<Vec<IssueSheet>, Error> {
    let mut sheets = Vec::new();
    for (name, found) in found {
        for (kind, count) in found.counts() {
            let shown = Shown::of(experiment, found, kind)?;
            let items = |rows: Vec<&IssueRow>| -> Result<Vec<IssueItem>, Error> {
                rows.into_iter().filter_map(|row| item(&shown, row).transpose()).collect()
            };
            let beyond = if kind == IssueKind::Duplicate { &found.beyond[..] } else { &[] };
            sheets.push(IssueSheet {
                about: name.clone(),
                kind: kind.title().to_owned(),
                measure: kind.measure().to_owned(),
                count,
                across: found.of(kind).filter(|row| row.across_splits()).count(),
                images: found.images,
                items: items(chosen(found, kind, ITEMS))?,
                beyond: items(beyond.iter().take(BEYOND).collect())?,
            });
        }
    }
    Ok(sheets)
}

fn item(shown: &Shown, row: &IssueRow) -> Result<Option<IssueItem>, Error> {
    let Some((images, at)) = shown.place(row.row) else { return Ok(None) };
    let other = match row.other.and_then(|other| shown.place(other)) {
        Some((images, at)) => Some((picture(images, at)?, images.name(at))),
        None => None,
    };
    let picture = picture(images, at)?;
    Ok(Some(IssueItem { picture, name: row.name.clone(), value: row.value, words: row.words.clone(), other }))
}
