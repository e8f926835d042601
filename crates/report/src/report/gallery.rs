//! Many small images in one picture, and the answers that a classifier gave for them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use super::number;

/// Small images side by side in one picture, row by row.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Atlas {
    /// The picture as a PNG or JPEG file, base64 with padding.
    pub data: String,
    /// Whether it is a JPEG.
    pub jpeg: bool,
    /// Images in a row.
    pub columns: u32,
    /// Width and height of a cell in pixels; an image stands in its upper left corner.
    pub cell: u32,
    /// Width and height of each image.
    pub sizes: Vec<[u32; 2]>,
}

impl Atlas {
    /// Holds an encoded PNG or JPEG file; how the images lie in it is still to be said.
    pub fn of_file(bytes: &[u8]) -> Self {
        Self { data: STANDARD.encode(bytes), jpeg: bytes.starts_with(b"\xff\xd8\xff"), ..Self::default() }
    }
}

/// What one classifier said of some images: those that a confusion matrix counts.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Gallery {
    /// Name of the result, as in [`super::Confusion::result`].
    pub result: String,
    /// Which classifier was asked, and how the images were chosen.
    pub basis: String,
    /// The answers, in the order of the atlas.
    pub answers: Vec<Answer>,
    /// The images.
    pub atlas: Atlas,
}

/// One image with its true class and the answer, both as the confusion matrix counts classes.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Answer {
    /// Where it came from (path or "row 17").
    pub name: String,
    /// The true class.
    pub truth: u32,
    /// The class named by the classifier.
    pub predicted: u32,
    /// Probability of the named class, 0..1.
    #[serde(deserialize_with = "number::or_nan")]
    pub confidence: f64,
}
