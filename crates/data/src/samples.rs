//! The rows of a manifest as plain data: here polars leaves the path.

use std::{
    borrow::Cow,
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
};

use polars::prelude::{BinaryChunked, NewChunkedArray};

use crate::{content, decode::MAX_FILE, images::Look, shard::Place};

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

/// Where the encoded bytes of one image are.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Source {
    /// A file of its own.
    File {
        /// The folder of the manifest.
        folder: Arc<Path>,
        /// The path as the manifest has it, relative to `folder`.
        name: String,
    },
    /// Bytes that stood in the manifest.
    Bytes {
        /// The encoded image.
        bytes: Blob,
        /// The file name it once had.
        name: Option<String>,
    },
    /// A part of a file that holds many images.
    Packed {
        /// Which part.
        place: Place,
        /// The file name it once had.
        name: Option<Box<str>>,
        /// What was seen of it when it was packed, so that it need not be decoded to be known.
        look: Option<Box<Look>>,
    },
    /// The row has neither bytes nor a path.
    Missing,
}

/// Bytes inside a buffer shared with the other rows of the table; cloning copies no image.
#[derive(Clone)]
pub struct Blob {
    column: Arc<BinaryChunked>,
    index: usize,
}

impl Blob {
    pub(crate) fn new(column: Arc<BinaryChunked>, index: usize) -> Self {
        Self { column, index }
    }

    /// The bytes.
    pub fn as_slice(&self) -> &[u8] {
        self.column.get(self.index).unwrap_or_default()
    }
}

impl From<&[u8]> for Blob {
    fn from(bytes: &[u8]) -> Self {
        Self { column: Arc::new(BinaryChunked::from_slice("bytes".into(), &[bytes])), index: 0 }
    }
}

impl fmt::Debug for Blob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Blob({} bytes)", self.as_slice().len())
    }
}

impl Source {
    /// The path or file name as the manifest has it.
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::File { name, .. } => Some(name),
            Self::Bytes { name, .. } => name.as_deref(),
            Self::Packed { name, .. } => name.as_deref(),
            Self::Missing => None,
        }
    }

    /// The file, where the image is one.
    pub fn path(&self) -> Option<PathBuf> {
        match self {
            Self::File { folder, name } => Some(folder.join(name)),
            Self::Bytes { .. } | Self::Packed { .. } | Self::Missing => None,
        }
    }

    /// The encoded bytes, or why there are none.
    pub(crate) fn read(&self) -> Result<Cow<'_, [u8]>, String> {
        match self {
            Self::File { folder, name } => {
                let path = folder.join(name);
                let read = foretask_files::read(&path, MAX_FILE);
                read.map(Cow::Owned).map_err(|error| format!("cannot read {}: {error}", path.display()))
            }
            Self::Bytes { bytes, .. } => Ok(Cow::Borrowed(bytes.as_slice())),
            Self::Packed { place, .. } => place.read().map(Cow::Owned),
            Self::Missing => Err("the row has neither image bytes nor a path".to_owned()),
        }
    }
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
                Source::Packed { place: Place { checksum: Some(checksum), len, .. }, .. } => {
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
