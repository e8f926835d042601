//! How a pack is written.

use crate::import::ImportOptions;

/// Options of [`pack`](super::pack).
#[derive(Clone, Debug, PartialEq)]
pub struct PackOptions {
    /// What is read, and which rows of it; `embed` means nothing here.
    pub import: ImportOptions,
    /// A shard is closed when it holds so many bytes.
    pub shard_bytes: u64,
    /// Shrink images whose longer side has more pixels, and encode them anew: JPEG and WebP become JPEG, others PNG. Smaller
    /// ones keep their bytes.
    pub max_side: Option<u32>,
    /// Quality of these JPEGs, 1 to 100.
    pub quality: u8,
}

impl Default for PackOptions {
    fn default() -> Self {
        Self { import: ImportOptions::default(), shard_bytes: 512 << 20, max_side: None, quality: 92 }
    }
}
