//! The image store: decoded once into memory when small, else at each look.

mod agree;
mod ahead_cache;
mod bad;
mod leaks;
mod load;
mod measure;
mod pile;

mod read_ahead;
mod remarks;
mod stats;
mod summary;
mod survey;
mod threads;

use std::{
    fmt,
    sync::{Arc, OnceLock},
};

use serde::{Deserialize, Serialize};

use self::{ahead_cache::ReadAheadCache, pile::Pile, stats::Sums};
pub use self::{
    bad::BadImage,
    leaks::{Leak, leaks},
    measure::settle_range,
    read_ahead::ReadAhead,
    stats::ChannelStats,
    summary::ImageSummary,
    survey::{Survey, survey},
};
pub(crate) use self::{load::accepted, remarks::Remarks, threads::in_pool};
use crate::{
    decode::{self, Depth, Pixels},
    error::{DataError, Result},
    reading::{Channels, Range, Reading},
    source::Source,
};

/// What to do with an image that cannot be decoded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnBadImage {
    /// Leave it out and list it in [`Images::bad`].
    #[default]
    Skip,
    /// Refuse the dataset.
    Error,
}

/// How to load images.
#[derive(Clone, Debug, PartialEq)]
pub struct LoadOptions {
    /// Which channels of the files.
    pub channels: Channels,
    /// Which of their values are black and white.
    pub range: Range,
    /// Skip or refuse.
    pub on_bad_image: OnBadImage,
    /// Under [`OnBadImage::Skip`], the largest share of bad images that is still accepted, 0 to 1.
    pub max_bad_fraction: f64,
    /// Decoding threads; 0 = one per core. Nothing but the time depends on it.
    pub threads: usize,
    /// Decoded images are kept in memory where all of them together are no larger, in bytes. Encoded ones in packs are
    /// visited in windows of a quarter of it where all of them together are larger ([`Images::windows`]).
    pub cache_bytes: u64,
}

impl Default for LoadOptions {
    fn default() -> Self {
        Self {
            channels: Channels::Auto,
            range: Range::Auto,
            on_bad_image: OnBadImage::Skip,
            max_bad_fraction: 0.01,
            threads: 0,
            cache_bytes: 2 << 30,
        }
    }
}

/// Images with their labels, numbered from 0; cheap to clone and to [`select`](Self::select) from.
///
/// Every image has been decoded once, so those that are left can be, and sizes, content and statistics are known.
#[derive(Clone)]
pub struct Images {
    store: Arc<Store>,
    /// For each image its number in the store.
    index: Arc<[u32]>,
    labels: Arc<[Option<u32>]>,
    fingerprint: Arc<OnceLock<String>>,
}

/// What views share.
struct Store {
    channels: usize,
    depth: Depth,
    reading: Option<Reading>,
    classes: Arc<[String]>,
    pixels: Stored,
    about: Vec<About>,
    bad: Vec<BadImage>,
    remarks: Vec<String>,
}

/// Where pixels are.
enum Stored {
    /// Image `i` is `data[starts[i]..starts[i + 1]]`, interleaved.
    Memory { data: Pile, starts: Vec<usize> },
    /// Decoded anew at each look.
    Encoded {
        sources: Vec<Source>,
        reading: Reading,
        /// What encoded images may take of the memory, in bytes.
        memory: u64,
        /// Bytes that have been read before they are asked for.
        ahead: ReadAheadCache,
    },
}

/// What is known of one image.
struct About {
    row: u64,
    name: Option<Box<str>>,
    width: u32,
    height: u32,
    hash: u64,
    sums: Sums,
}

impl Images {
    /// Number of images.
    pub fn len(&self) -> usize {
        self.index.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.index.is_empty()
    }

    /// The pixels of image `i`, borrowed where they are in memory.
    ///
    /// # Errors
    /// Where the image is decoded at each look and its file is gone or has changed since loading.
    ///
    /// # Panics
    /// Where `i` is not below [`len`](Self::len).
    pub fn get(&self, i: usize) -> Result<Pixels<'_>> {
        let at = self.index[i] as usize;
        let about = &self.store.about[at];
        let (width, height, channels) = (about.width as usize, about.height as usize, self.channels());
        match &self.store.pixels {
            Stored::Memory { data, starts } => {
                let data = data.part(starts[at]..starts[at + 1]);
                Ok(Pixels { width, height, channels, data })
            }
            Stored::Encoded { sources, reading, ahead, .. } => {
                let failed = |reason| DataError::Decode { name: self.name(i), reason };
                let decoded = |bytes: &[u8]| decode::decode(bytes, &reading.channels, &reading.range);
                let pixels = match ahead.find(at as u32, &sources[at]) {
                    Some(read) => read.bytes().and_then(decoded),
                    None => sources[at].read().and_then(|bytes| decoded(&bytes)),
                };
                let pixels = pixels.map_err(failed)?;
                if (pixels.width, pixels.height) != (width, height) {
                    return Err(failed("the file has changed since the dataset was loaded; run again".to_owned()));
                }
                Ok(pixels.with_channels(channels).at_depth(self.store.depth))
            }
        }
    }

    /// Channels of all images.
    pub fn channels(&self) -> usize {
        self.store.channels
    }

    /// The type of the values of all images.
    pub fn depth(&self) -> Depth {
        self.store.depth
    }

    /// Which channels of the files these are, and which of their values are black and white; `None` for photographs: gray or
    /// color, of bytes from 0 to 255.
    pub fn reading(&self) -> Option<&Reading> {
        self.store.reading.as_ref()
    }

    /// (width, height) of image `i`, without decoding it.
    pub fn size(&self, i: usize) -> (usize, usize) {
        let about = self.about(i);
        (about.width as usize, about.height as usize)
    }

    /// (width, height) where all images have the same.
    pub fn uniform_size(&self) -> Option<(usize, usize)> {
        let first = (!self.is_empty()).then(|| self.size(0))?;
        (1..self.len()).all(|i| self.size(i) == first).then_some(first)
    }

    /// The longest side of all images, in pixels.
    pub fn largest_side(&self) -> usize {
        (0..self.len()).map(|i| self.size(i)).map(|(width, height)| width.max(height)).max().unwrap_or(0)
    }

    /// The shortest side of all images, in pixels.
    pub fn smallest_side(&self) -> usize {
        (0..self.len()).map(|i| self.size(i)).map(|(width, height)| width.min(height)).min().unwrap_or(0)
    }

    /// The class of image `i`.
    pub fn label(&self, i: usize) -> Option<u32> {
        self.labels[i]
    }

    /// The classes of all images.
    pub fn labels(&self) -> &[Option<u32>] {
        &self.labels
    }

    /// Names of the classes.
    pub fn classes(&self) -> &Arc<[String]> {
        &self.store.classes
    }

    /// The row of image `i` in the manifest.
    pub fn row(&self, i: usize) -> u64 {
        self.about(i).row
    }

    /// The path of image `i` as the manifest has it, or "row 17".
    pub fn name(&self, i: usize) -> String {
        let about = self.about(i);
        about.name.as_ref().map_or_else(|| format!("row {}", about.row), ToString::to_string)
    }

    /// Images of the dataset (not of a selection alone) that were left out, in row order.
    pub fn bad(&self) -> &[BadImage] {
        &self.store.bad
    }

    /// What was assumed of images of the dataset to make pixels of them, with how many: "12 images: values of 16 bits that …".
    pub fn remarks(&self) -> &[String] {
        &self.store.remarks
    }

    /// Names the pixels of image `i`: equal for equal pictures, whatever file format, and whether grey is stored as
    /// grey or as RGB.
    pub fn content_hash(&self, i: usize) -> u64 {
        self.about(i).hash
    }

    /// [`content_hash`](Self::content_hash) of every image, in their order.
    pub fn content_hashes(&self) -> impl Iterator<Item = u64> + '_ {
        (0..self.len()).map(|i| self.content_hash(i))
    }

    /// Whether decoded images are held in memory.
    pub fn in_memory(&self) -> bool {
        matches!(self.store.pixels, Stored::Memory { .. })
    }

    /// Mean and standard deviation of each channel on 0..1 over all pixels of all images; exact.
    pub fn channel_stats(&self) -> ChannelStats {
        stats::channel_stats((0..self.len()).map(|i| &self.about(i).sums), self.channels())
    }

    /// The images of these numbers, in this order; shares all pixels.
    ///
    /// # Panics
    /// Where a number is not below [`len`](Self::len).
    #[must_use]
    pub fn select(&self, indices: &[u32]) -> Self {
        Self {
            store: self.store.clone(),
            index: indices.iter().map(|&i| self.index[i as usize]).collect(),
            labels: indices.iter().map(|&i| self.labels[i as usize]).collect(),
            fingerprint: Arc::default(),
        }
    }

    /// Names the content: equal for equal pixels, rows, labels, classes and channels in equal order. 64 hexadecimal digits.
    pub fn fingerprint(&self) -> &str {
        self.fingerprint.get_or_init(|| {
            let mut hash = blake3::Hasher::new();
            hash.update(b"foretask images 1\n");
            hash.update(&(self.store.channels as u16).to_le_bytes()[..if self.store.channels < 256 { 1 } else { 2 }]);
            if let Some(reading) = &self.store.reading {
                hash.update(format!("{reading:?}").as_bytes());
            }
            hash.update(&(self.classes().len() as u64).to_le_bytes());
            for class in &**self.classes() {
                hash.update(&(class.len() as u64).to_le_bytes());
                hash.update(class.as_bytes());
            }
            for i in 0..self.len() {
                let about = self.about(i);
                hash.update(&about.row.to_le_bytes());
                hash.update(&self.labels[i].map_or(-1, i64::from).to_le_bytes());
                hash.update(&about.hash.to_le_bytes());
            }
            hash.finalize().to_hex().to_string()
        })
    }

    fn about(&self, i: usize) -> &About {
        &self.store.about[self.index[i] as usize]
    }
}

impl fmt::Debug for Images {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Images")
            .field("len", &self.len())
            .field("channels", &self.channels())
            .field("classes", &self.classes().len())
            .field("bad", &self.bad().len())
            .field("in_memory", &self.in_memory())
            .finish()
    }
}

#[cfg(test)]
mod tests;
