//! Images as points in the plane.

use serde::{Deserialize, Serialize};

use super::gallery::Atlas;

/// Images in the feature space of one encoder, drawn in several ways.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Embedding {
    /// The result whose encoder this is, or the encoder's own name.
    pub result: String,
    /// Which images ("1,000 of 2,000 evaluation images").
    pub basis: String,
    /// Class names in numbering order.
    pub classes: Vec<String>,
    /// The class of each image, where it is known.
    pub labels: Vec<Option<u32>>,
    /// Where each image came from (path or "row 17"); empty where nobody said.
    pub names: Vec<String>,
    /// The class that a classifier named for each image; empty where none was asked.
    pub answers: Vec<Option<u32>>,
    /// The images themselves, small.
    pub atlas: Option<Atlas>,
    /// The pictures.
    pub maps: Vec<PointMap>,
}

/// One way of laying the images out.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct PointMap {
    /// How ("t-SNE", "principal components").
    pub name: String,
    /// What is to be known of it ("perplexity 30", "38 % of the variance").
    pub note: String,
    /// A point per image; one that is not finite is left out.
    pub points: Vec<[f32; 2]>,
}
