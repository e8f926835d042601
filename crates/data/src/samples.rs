//! The rows of a manifest as plain data: here polars leaves the path.

use std::sync::Arc;

use crate::{content, shard::ShardSlice, source::Source};

/// The rows of a view of a manifest, in table order. All vectors have the same length.
#[derive(Clone, Debug)]
pub struct Samples {
    /// Position of each row in the whole table, from 0.
    pub rows: Vec<u64>,
    /// Index into [`classes`](Self::classes); `None` for rows without a label.
    pub labels: Vec<Option<u32>>,
    /// The classes of the whole table, so that all views agree on the numbering.
    pub classes: Arc<[String]>,
    /// Where the pixels of each row come from.
    pub sources: Vec<Source>,
}

impl Samples {
    /// Number of rows.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Names the content: equal for equal rows, labels, classes and images, whatever the folder is called.
    ///
    /// Embedded images count by their bytes, packed ones by their checksum, files by name, size, time of change and a sample of
    /// their bytes (see the module `content`). 64 hexadecimal digits.
    pub fn fingerprint(&self) -> String {
        let mut hash = blake3::Hasher::new();
        hash.update(b"foretask samples 2\n");
        hash.update(&(self.classes.len() as u64).to_le_bytes());
        for class in &*self.classes {
            hash.update(&(class.len() as u64).to_le_bytes());
            hash.update(class.as_bytes());
        }
        let sampled = content::sampled(&self.sources);
        for (((row, label), source), content) in self.rows.iter().zip(&self.labels).zip(&self.sources).zip(sampled) {
            hash.update(&row.to_le_bytes());
            hash.update(&label.map_or(-1, i64::from).to_le_bytes());
            match source {
                Source::File { name, .. } => {
                    hash.update(&[0]);
                    hash.update(&(name.len() as u64).to_le_bytes());
                    hash.update(name.as_bytes());
                }
                Source::Bytes { bytes, .. } => {
                    let bytes = bytes.as_slice();
                    hash.update(&[1]);
                    hash.update(&(bytes.len() as u64).to_le_bytes());
                    hash.update(bytes);
                }
                Source::Packed { place: ShardSlice { checksum: Some(checksum), len, .. }, .. } => {
                    hash.update(&[3]);
                    hash.update(&len.to_le_bytes());
                    hash.update(&checksum.to_le_bytes());
                }
                // A tar archive's images have no checksum.
                Source::Packed { place, .. } => {
                    hash.update(&[4]);
                    hash.update(&place.offset.to_le_bytes());
                    hash.update(&place.len.to_le_bytes());
                }
                Source::Missing => {
                    hash.update(&[2]);
                }
            }
            hash.update(&content.to_bytes());
        }
        hash.finalize().to_hex().to_string()
    }
}
