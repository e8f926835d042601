//! IDX, the format of MNIST and its relatives.
//!
//! Two zero bytes, a type (8 = bytes), the number of dimensions, each dimension as a big-endian u32, then the values, the
//! last dimension fastest. Nearly always gzipped.

use std::{
    io::{self, BufRead, BufReader, Read},
    path::{Path, PathBuf},
};

use flate2::bufread::MultiGzDecoder;

use super::raw::{Layout, RawFile, RawImages, Size, listed};
use crate::error::{DataError, Result};

/// Twice as many as the largest of such files has (infinite MNIST).
const MOST_IMAGES: usize = 1 << 24;

/// One images file and the labels that belong to it.
pub(super) struct Pair {
    images: PathBuf,
    labels: Option<PathBuf>,
    split: Option<String>,
}

/// The IDX files meant by a path; none where it means something else.
pub(super) fn find(source: &Path) -> Result<Vec<Pair>> {
    let mut pairs: Vec<Pair> = listed(source)?.into_iter().filter_map(|(_, path)| pair(path)).collect();
    // Training first, then by name, whatever order the folder lists them in.
    pairs.sort_by_key(|pair| (pair.split.as_deref() != Some("train"), pair.images.clone()));
    // Both a file and its gzip may lie there.
    pairs.dedup_by_key(|pair| stem(&pair.images));
    Ok(pairs)
}

/// The name without `.gz`.
fn stem(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.strip_suffix(".gz").unwrap_or(&name).to_owned()
}

fn pair(images: PathBuf) -> Option<Pair> {
    let stem = stem(&images);
    // train-images-idx3-ubyte, t10k-images.idx3-ubyte, emnist-letters-train-images-idx3-ubyte
    let at = stem.find("images")?;
    if !stem.contains("idx3") && !stem.contains("idx4") {
        return None;
    }
    let prefix = stem[..at].trim_end_matches(['-', '_', '.']);
    let split = match prefix.rsplit(['-', '_']).next().unwrap_or_default() {
        "" => None,
        "t10k" => Some("test".to_owned()),
        name => Some(name.to_owned()),
    };
    let labels = stem.replace("images", "labels").replace("idx3", "idx1").replace("idx4", "idx1");
    let labels = [labels.clone(), labels + ".gz"].into_iter().map(|name| images.with_file_name(name));
    let labels = labels.into_iter().find(|path| path.is_file());
    Some(Pair { images, labels, split })
}

type Rows = (RawImages, Vec<Option<u8>>, Vec<Option<String>>);

/// Opens image files and reads their labels: (images, label of each, split of each).
pub(super) fn open(pairs: Vec<Pair>) -> Result<Rows> {
    let (mut files, mut labels, mut splits) = (Vec::new(), Vec::new(), Vec::new());
    for pair in pairs {
        let (data, sizes) = header(&pair.images)?;
        let refuse = |path: &Path, reason: String| DataError::Import { path: path.to_owned(), reason };
        let (count, height, width, channels) = match *sizes.as_slice() {
            [count, height, width] => (count, height, width, 1),
            [count, height, width, channels @ (1 | 3)] => (count, height, width, channels),
            _ => {
                return Err(refuse(
                    &pair.images,
                    format!("images of the dimensions {sizes:?}; expected count, height, width"),
                ));
            }
        };
        if count == 0 || count > MOST_IMAGES {
            let reason = format!("it announces {count} images; 1 to {MOST_IMAGES} can be imported");
            return Err(refuse(&pair.images, reason));
        }
        if height == 0 || width == 0 || height.saturating_mul(width) > 1 << 28 {
            return Err(refuse(&pair.images, format!("images of {width}x{height} pixels")));
        }
        match &pair.labels {
            None => labels.extend(std::iter::repeat_n(None, count)),
            Some(path) => {
                let (data, sizes) = header(path)?;
                if sizes != [count] {
                    return Err(refuse(path, format!("labels of the dimensions {sizes:?} for {count} images")));
                }
                let mut values = Vec::new();
                data.take(count as u64 + 1).read_to_end(&mut values).map_err(DataError::read(path))?;
                if values.len() != count {
                    let words = if values.len() < count { "truncated" } else { "damaged" };
                    return Err(refuse(
                        path,
                        format!("{words}: it announces {count} labels and holds {}", values.len()),
                    ));
                }
                labels.extend(values.into_iter().map(Some));
            }
        }
        splits.extend(std::iter::repeat_n(pair.split.clone(), count));
        let name = pair.split.unwrap_or_else(|| "image".to_owned());
        let size = Size { height, width, channels };
        files.push(RawFile {
            path: pair.images,
            name,
            data,
            count,
            size,
            lead: 0,
            layout: Layout::Interleaved,
            read: 0,
        });
    }
    Ok((RawImages { files }, labels, splits))
}

/// Opens a file of bytes and reads its dimensions.
fn header(path: &Path) -> Result<(Box<dyn Read + Send>, Vec<usize>)> {
    let refuse = |reason: String| DataError::Import { path: path.to_owned(), reason };
    let mut file = BufReader::with_capacity(1 << 16, foretask_files::open(path).map_err(DataError::read(path))?);
    let gzipped = file.fill_buf().map_err(DataError::read(path))?.starts_with(&[0x1F, 0x8B]);
    let mut data: Box<dyn Read + Send> =
        if gzipped { Box::new(BufReader::new(MultiGzDecoder::new(file))) } else { Box::new(file) };
    let mut word = || -> io::Result<[u8; 4]> {
        let mut word = [0; 4];
        data.read_exact(&mut word)?;
        Ok(word)
    };
    let cut = |_| refuse("truncated: the file ends inside its header".to_owned());
    let [zero, zero2, kind, dimensions] = word().map_err(cut)?;
    if (zero, zero2) != (0, 0) {
        return Err(refuse("not an IDX file: it does not begin with two zero bytes".to_owned()));
    }
    if kind != 8 {
        return Err(refuse(format!("holds values of the type {kind:#04x}; only bytes (0x08) can be imported")));
    }
    let mut sizes = Vec::new();
    for _ in 0..dimensions {
        sizes.push(u32::from_be_bytes(word().map_err(cut)?) as usize);
    }
    // Deflate shrinks to a 1032nd at best: a header that announces more than that is damaged, and must not make us
    // allocate what it announces.
    let stored = std::fs::metadata(path).map_err(DataError::read(path))?.len();
    let announced = sizes.iter().fold(1_u64, |product, &size| product.saturating_mul(size as u64));
    if announced > stored.saturating_mul(if gzipped { 1040 } else { 1 }) {
        return Err(refuse(format!("truncated: it announces {announced} values in a file of {stored} bytes")));
    }
    Ok((data, sizes))
}
