//! What may be wrong with the data.

use serde::{Deserialize, Serialize};

use super::{Picture, number};

/// One kind of issue.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct IssueSheet {
    /// What was looked at, where a report has several ("training images").
    pub about: String,
    /// The kind, as a title ("Near-duplicates").
    pub kind: String,
    /// What the numbers count.
    pub measure: String,
    /// Images with this issue, of which `items` are the gravest.
    pub count: usize,
    /// Pairs of these that are in two splits.
    pub across: usize,
    /// Images that were looked at.
    pub images: usize,
    /// The gravest.
    pub items: Vec<IssueItem>,
    /// Pairs just beyond the threshold, which do not count.
    pub beyond: Vec<IssueItem>,
}

/// One image with what may be wrong with it.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct IssueItem {
    /// The image.
    pub picture: Picture,
    /// Where it came from (path or "row 17").
    pub name: String,
    /// How much of it.
    #[serde(deserialize_with = "number::or_nan")]
    pub value: f64,
    /// The whole in words.
    pub words: String,
    /// The other image of a pair and its name.
    pub other: Option<(Picture, String)>,
}
