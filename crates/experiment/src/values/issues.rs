//! What `find_issues` gives.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use foretask_eval::IssueKind;
use serde::{Deserialize, Serialize};

use super::Dataset;
use crate::plan::thousands;

/// Something that may be wrong with an image.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct IssueRow {
    /// What.
    pub issue: IssueKind,
    /// The image's row in the manifest.
    pub row: u64,
    /// Its path, or "row 17".
    pub name: String,
    /// How much of it; see [`IssueKind::measure`].
    pub value: f64,
    /// The whole in words.
    pub words: String,
    /// The class it is labeled as.
    #[serde(default)]
    pub label: Option<String>,
    /// The class it is likelier to be.
    #[serde(default)]
    pub instead: Option<String>,
    /// The other image of a pair, by its row.
    #[serde(default)]
    pub other: Option<u64>,
    /// The other image's path.
    #[serde(default)]
    pub other_name: Option<String>,
    /// Bits of 64 in which the perceptual hashes of a pair differ.
    #[serde(default)]
    pub bits: Option<u32>,
    /// The image's split.
    #[serde(default)]
    pub split: Option<String>,
    /// The other image's split.
    #[serde(default)]
    pub other_split: Option<String>,
}

impl IssueRow {
    /// Whether it is a pair of images of two splits: what was learned from is measured on.
    pub fn across_splits(&self) -> bool {
        self.other.is_some() && self.split != self.other_split
    }
}

/// What may be wrong with a dataset; in a planning pass nothing, unless it was looked for before.
#[derive(Debug, Clone)]
pub struct FoundIssues {
    /// Issues, kind by kind, the gravest of each first.
    pub table: Arc<[IssueRow]>,
    /// Pairs just not alike enough to be near-duplicates, the most alike first.
    pub beyond: Arc<[IssueRow]>,
    /// From which cosine similarity on images count as near-duplicates.
    pub similarity: f64,
    /// What else is to be known.
    pub notes: Arc<[String]>,
    /// Images that were looked at.
    pub images: usize,
    /// The images that were looked at.
    pub data: Dataset,
    /// The images whose labels were looked at, where they are others.
    pub few: Option<Dataset>,
    /// The images without any issue.
    pub clean: Dataset,
}

impl FoundIssues {
    /// Issues of each kind there is, in the order of the kinds.
    pub fn counts(&self) -> BTreeMap<IssueKind, usize> {
        let mut counts = BTreeMap::new();
        for row in self.table.iter() {
            *counts.entry(row.issue).or_insert(0) += 1;
        }
        counts
    }

    /// Issues of one kind, the gravest first.
    pub fn of(&self, kind: IssueKind) -> impl Iterator<Item = &IssueRow> {
        self.table.iter().filter(move |row| row.issue == kind)
    }

    /// A line a kind with its gravest cases.
    pub fn verdict(&self) -> String {
        const NAMED: usize = 3;
        let rows: std::collections::BTreeSet<u64> = self.table.iter().map(|row| row.row).collect();
        let (found, all) = (thousands(rows.len() as u64), thousands(self.images as u64));
        let mut lines = vec![format!("{found} of {all} images may have something wrong")];
        for (kind, count) in self.counts() {
            let across = self.of(kind).filter(|row| row.across_splits()).count();
            let across = if across > 0 { format!(", {across} of them across splits") } else { String::new() };
            let some: Vec<String> =
                self.of(kind).take(NAMED).map(|row| format!("{} ({})", row.name, row.words)).collect();
            let more = if count > NAMED { ", …" } else { "" };
            let title = kind.title().to_lowercase();
            lines.push(format!("  {title}: {}{across}: {}{more}", thousands(count as u64), some.join(", ")));
        }
        lines.extend(self.notes.iter().map(|note| format!("  {note}")));
        lines.join("\n")
    }
}

impl fmt::Display for FoundIssues {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.verdict())
    }
}
