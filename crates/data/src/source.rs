//! Where the encoded bytes of an image are.

use std::{
    borrow::Cow,
    fmt,
    io::Read,
    path::{Path, PathBuf},
    sync::Arc,
};

use polars::prelude::{BinaryChunked, NewChunkedArray};

use crate::{
    decode::{self, MAX_FILE, Pixels},
    error::{DataError, Result},
    images::ImageSummary,
    reading::Range,
    shard::ShardSlice,
};

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
        place: ShardSlice,
        /// The file name it once had.
        name: Option<Box<str>>,
        /// What was seen of it when it was packed, so that it need not be decoded to be known.
        look: Option<Box<ImageSummary>>,
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

    /// The picture in color, for somebody who looks at it as large as `side` pixels along its longer side, with its (width,
    /// height) as it is stored; it may come out larger than that, and is then for the caller to shrink. `range` says which values
    /// of images of more than 8 bits are black and white; further channels than three are left out.
    ///
    /// # Errors
    /// [`DataError::Decode`] naming the image.
    pub fn look_at(&self, side: u32, range: &Range) -> Result<(Pixels<'static>, (usize, usize))> {
        let failed =
            |reason| DataError::Decode { name: self.name().unwrap_or("an image without a name").to_owned(), reason };
        let bytes = self.read().map_err(failed)?;
        let (raw, size) = decode::read_to_shrink(&bytes, side).map_err(failed)?;
        Ok((decode::shown(raw, range).map_err(failed)?, size))
    }

    /// At most so many of the first encoded bytes.
    pub(crate) fn head(&self, most: usize) -> Result<Vec<u8>, String> {
        match self {
            Self::File { folder, name } => {
                let path = folder.join(name);
                let mut head = Vec::new();
                let file = foretask_files::open(&path);
                let read = file.and_then(|file| file.take(most as u64).read_to_end(&mut head));
                read.map_err(|error| format!("cannot read {}: {error}", path.display()))?;
                Ok(head)
            }
            Self::Packed { place, .. } => place.shard.read(place.offset, most.min(place.len as usize)),
            Self::Bytes { bytes, .. } => Ok(bytes.as_slice()[..most.min(bytes.as_slice().len())].to_vec()),
            Self::Missing => self.read().map(Cow::into_owned),
        }
    }

    /// The file's bytes as they are.
    ///
    /// # Errors
    /// [`DataError::Decode`] naming the image, where there are none.
    pub fn encoded(&self) -> Result<Cow<'_, [u8]>> {
        let name = || self.name().unwrap_or("an image without a name").to_owned();
        self.read().map_err(|reason| DataError::Decode { name: name(), reason })
    }

    /// The encoded bytes, or why there are none.
    pub(crate) fn read(&self) -> std::result::Result<Cow<'_, [u8]>, String> {
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
