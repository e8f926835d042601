//! Pictures inside the page and the sheets made of them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use super::number;
use crate::ReportError;

const PNG_SIGNATURE: &[u8; 8] = b"\x89PNG\r\n\x1a\n";

/// A PNG picture carried as text.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Picture {
    /// The PNG file, base64 with padding.
    pub png: String,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
}

impl Picture {
    /// Wraps an encoded PNG file; its size is read from its header.
    ///
    /// # Errors
    /// [`ReportError::NotPng`] when the bytes do not start as a PNG file does.
    pub fn from_png(bytes: &[u8]) -> Result<Self, ReportError> {
        // Signature, then the header chunk: length, "IHDR", width, height (big-endian).
        let size = |at: usize| bytes.get(at..at + 4).and_then(|b| b.try_into().ok()).map(u32::from_be_bytes);
        match (bytes.get(..8), bytes.get(12..16), size(16), size(20)) {
            (Some(signature), Some(b"IHDR"), Some(width), Some(height))
                if signature == PNG_SIGNATURE && width > 0 && height > 0 =>
            {
                Ok(Self { png: STANDARD.encode(bytes), width, height })
            }
            _ => Err(ReportError::NotPng { bytes: bytes.len() }),
        }
    }
}

/// What a pretext task did to some images.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct PretextSheet {
    /// The stage it belongs to.
    pub stage: String,
    /// The task's word in the script ("rotation").
    pub task: String,
    /// What the task asks, in a sentence.
    pub question: String,
    /// The examples.
    pub items: Vec<PretextItem>,
}

/// One image, what was made of it, and the model's answer.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct PretextItem {
    /// The image before anything was done to it.
    pub original: Option<Picture>,
    /// Where it came from (path or "row 17").
    pub name: String,
    /// What the network saw.
    pub inputs: Vec<Picture>,
    /// The generated label.
    pub label: Shown,
    /// The model's answer.
    pub answer: Shown,
    /// Whether the answer was right; `None` where right and wrong make no sense.
    pub correct: Option<bool>,
    /// The random choices, in words, and scores ("turned by 90°", "PSNR 24.1 dB").
    pub notes: Vec<String>,
}

/// A label or an answer, in words or as pictures.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shown {
    /// Nothing to show.
    #[default]
    Nothing,
    /// Words, one per input or one for all.
    Text(Vec<String>),
    /// Pictures, one per input or one for all.
    Pictures(Vec<Picture>),
}

/// Sample predictions of one result.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct PredictionSheet {
    /// Name of the result.
    pub result: String,
    /// Which classifier was asked ("label draw 1").
    pub basis: String,
    /// Wrong predictions, the most confident first.
    pub mistakes: Vec<Prediction>,
    /// Predictions drawn at random, right or wrong.
    pub samples: Vec<Prediction>,
}

/// One image with the classifier's answer.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Prediction {
    /// The image.
    pub picture: Picture,
    /// Where it came from (path or "row 17").
    pub name: String,
    /// Its true class, when known.
    pub truth: Option<String>,
    /// The class named by the classifier.
    pub predicted: String,
    /// Probability of the named class, 0..1.
    #[serde(deserialize_with = "number::or_nan")]
    pub confidence: f64,
}

/// Nearest neighbors in one encoder's feature space.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct NeighborSheet {
    /// The encoder ("simclr").
    pub encoder: String,
    /// What was searched ("2 000 test images in 10 000 training images, cosine similarity").
    pub basis: String,
    /// One row per query.
    pub rows: Vec<NeighborRow>,
}

/// A query and what lies nearest.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct NeighborRow {
    /// The query; its `similarity` is not shown.
    pub query: Neighbor,
    /// The nearest images, nearest first.
    pub nearest: Vec<Neighbor>,
}

/// One image of a neighbor row.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Neighbor {
    /// The image.
    pub picture: Picture,
    /// Where it came from (path or "row 17").
    pub name: String,
    /// Its class, when known.
    pub label: Option<String>,
    /// Cosine similarity to the query, -1..1.
    #[serde(deserialize_with = "number::or_nan")]
    pub similarity: f64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn size_comes_from_the_header() {
        let mut bytes = Vec::new();
        image::RgbImage::new(7, 5).write_to(&mut std::io::Cursor::new(&mut bytes), image::ImageFormat::Png).unwrap();
        let picture = Picture::from_png(&bytes).unwrap();
        assert_eq!((picture.width, picture.height), (7, 5));
        assert_eq!(STANDARD.decode(&picture.png).unwrap(), bytes);
    }

    #[test]
    fn anything_else_is_refused() {
        for bytes in [&b""[..], b"\x89PNG\r\n\x1a\n", b"<svg onload=alert(1)>aaaaaaaaaaaaaaaaaaaaaaaaaa"] {
            assert!(matches!(Picture::from_png(bytes), Err(ReportError::NotPng { .. })));
        }
    }
}
