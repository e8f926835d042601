//! Any source as a pack: a few large files of images back to back, and an index that is a manifest.
//!
//! A folder of a million files costs a search for every image; a pack is read in long runs. Each finished shard is put on
//! record, so that an interrupted pack goes on where it was.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
};

use polars::prelude::{Column, DataFrame, ParquetCompression, ParquetReader, ParquetWriter, PolarsResult, SerReader};
use serde::{Deserialize, Serialize};

use super::{
    ImportOptions, io_error,
    origin::{Image, Origin},
    plan::Plan,
    shrink,
    write::finish,
};
use crate::{
    atomic::{write_atomically, write_atomically_if},
    error::{DataError, Result},
    images::{BadImage, Look, in_pool, judge},
    manifest::{CHECKSUM, ClassCount, LEN, LOOK, OFFSET, SHARD, SplitCount, guarded},
    shard::checksum,
};

/// Images that are read, checked and written at once.
const BATCH: usize = 256;

/// Where the record of finished shards is kept until the pack is whole.
const UNFINISHED: &str = ".unfinished";

/// Options of [`pack`].
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

/// What [`pack`] has written.
#[derive(Clone, Debug, Serialize)]
pub struct PackSummary {
    /// The folder; a dataset like any other.
    pub folder: PathBuf,
    /// Images.
    pub rows: usize,
    /// Files that hold them.
    pub shards: usize,
    /// Bytes in these files.
    pub bytes: u64,
    /// Images that were made smaller.
    pub shrunk: usize,
    /// Images that an earlier, interrupted call had packed.
    pub resumed: usize,
    /// Its splits, with rows.
    pub splits: Vec<SplitCount>,
    /// Its classes, with rows.
    pub classes: Vec<ClassCount>,
    /// Images that were left out; `row` counts in the source.
    pub bad: Vec<BadImage>,
}

/// What is on record of a finished shard, besides the table of its rows.
#[derive(Serialize, Deserialize)]
struct Finished {
    /// How many of the rows to pack are in this shard and those before it, bad ones included.
    next: usize,
    bytes: u64,
    shrunk: usize,
    written: Vec<usize>,
    bad: Vec<BadImage>,
}

/// Writes all images of `source` (whatever [`import`](crate::import) takes) into `folder`: `images-00000.pack`, … and
/// `manifest.parquet` with the columns `path`, `shard`, `offset`, `len`, `checksum`, `first_look`, `width`, `height`, and the
/// labels, splits and further columns of the source. Every image is decoded once; bad ones are left out and listed.
///
/// The manifest appears when all is done. Called again after an interruption with the same source and options, it goes on
/// after the last finished shard. `progress` hears how many of how many images are done.
///
/// # Errors
/// Where `folder` holds something else, nothing importable is found, more images are bad than allowed, or writing fails.
pub fn pack(
    source: &Path,
    folder: &Path,
    options: &PackOptions,
    progress: &mut dyn FnMut(usize, usize),
) -> Result<PackSummary> {
    check(source, folder, options)?;
    let (mut origin, plan) = Origin::open(source, &options.import)?;
    let kept = plan.choose(&options.import)?;
    let record = folder.join(UNFINISHED);
    let mut finished = resume(folder, &record, &identity(source, &plan, &kept, options))?;
    let next = |finished: &[Finished]| finished.last().map_or(0, |last| last.next);
    let resumed = finished.iter().map(|shard| shard.written.len()).sum();
    while next(&finished) < kept.len() {
        let (number, done) = (finished.len(), next(&finished));
        let shard = one_shard(folder, number, &mut origin, &plan, (&kept, done), options, progress)?;
        finished.push(shard);
    }
    origin.finish()?;

    let bad: Vec<BadImage> = finished.iter().flat_map(|shard| shard.bad.clone()).collect();
    let bad = judge(bad, kept.len(), options.import.on_bad_image, options.import.max_bad_fraction)?;
    write_index(folder, &record, finished.len())?;
    fs::remove_dir_all(&record).map_err(|source| DataError::Write { path: record, source })?;
    let written: Vec<usize> = finished.iter().flat_map(|shard| shard.written.iter().copied()).collect();
    let (splits, classes) = plan.count(&written);
    Ok(PackSummary {
        folder: folder.to_owned(),
        rows: written.len(),
        shards: finished.len(),
        bytes: finished.iter().map(|shard| shard.bytes).sum(),
        shrunk: finished.iter().map(|shard| shard.shrunk).sum(),
        resumed,
        splits,
        classes,
        bad,
    })
}

fn check(source: &Path, folder: &Path, options: &PackOptions) -> Result<()> {
    let argument =
        |name, value: String, expected: &str| Err(DataError::Argument { name, value, expected: expected.to_owned() });
    if options.max_side.is_some_and(|side| side < 8) {
        return argument("max_side", format!("{:?}", options.max_side), "at least 8 pixels");
    }
    if !(1..=100).contains(&options.quality) {
        return argument("quality", options.quality.to_string(), "a JPEG quality from 1 to 100");
    }
    if options.shard_bytes == 0 {
        return argument("shard_size", "0".to_owned(), "a size such as 512m");
    }
    if folder.join("manifest.parquet").exists() {
        let reason = "it holds a dataset already; give another folder, or remove that one first".to_owned();
        return Err(DataError::Import { path: folder.to_owned(), reason });
    }
    let others = fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some());
    if others && !folder.join(UNFINISHED).exists() {
        let reason = "it is not empty, and what is there is no pack; give a folder of its own".to_owned();
        return Err(DataError::Import { path: folder.to_owned(), reason });
    }
    if source.is_dir() && folder.starts_with(source) {
        let reason = "it lies inside the source, and would become part of it; give a folder elsewhere".to_owned();
        return Err(DataError::Import { path: folder.to_owned(), reason });
    }
    Ok(())
}

/// A hash of the rows to pack and of how.
fn identity(source: &Path, plan: &Plan, kept: &[usize], options: &PackOptions) -> String {
    let mut hash = blake3::Hasher::new();
    hash.update(b"foretask pack 1\n");
    let about = |path: &Path| {
        let file = fs::metadata(path).ok();
        let time = file.as_ref().and_then(|file| file.modified().ok());
        format!("{} {:?} {time:?}", path.display(), file.map(|file| file.len()))
    };
    hash.update(about(source).as_bytes());
    hash.update(format!("{:?} {:?} {}", options.shard_bytes, options.max_side, options.quality).as_bytes());
    hash.update(format!("{:?} {:?}", plan.classes, plan.split_names).as_bytes());
    for &position in kept {
        hash.update(&(position as u64).to_le_bytes());
        hash.update(&plan.labels[position].unwrap_or(u32::MAX).to_le_bytes());
        hash.update(&plan.splits[position].unwrap_or(u32::MAX).to_le_bytes());
    }
    hash.finalize().to_hex().to_string()
}

/// The finished shards of an interrupted pack of the same things; leftovers of anything else are removed.
fn resume(folder: &Path, record: &Path, identity: &str) -> Result<Vec<Finished>> {
    let known = fs::read_to_string(record.join("identity")).is_ok_and(|known| known == identity);
    let mut finished: Vec<Finished> = Vec::new();
    for number in (0..).take_while(|_| known) {
        let read = fs::read(record.join(format!("{number:05}.json"))).ok();
        let Some(shard) = read.and_then(|text| serde_json::from_slice::<Finished>(&text).ok()) else { break };
        let whole = fs::metadata(folder.join(shard_name(number))).is_ok_and(|file| file.len() == shard.bytes);
        if !whole || !record.join(format!("{number:05}.parquet")).exists() {
            break;
        }
        finished.push(shard);
    }
    let removed =
        |path: &Path| fs::remove_file(path).map_err(|source| DataError::Write { path: path.to_owned(), source });
    if record.exists() {
        for entry in fs::read_dir(folder).map_err(DataError::read(folder))?.flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let number = name.strip_prefix("images-").and_then(|name| name.strip_suffix(".pack"));
            let stale = number.and_then(|number| number.parse::<usize>().ok()).is_some_and(|n| n >= finished.len());
            let begun = name.strip_prefix(".images-").is_some_and(|rest| rest.strip_suffix(".tmp").is_some());
            if stale || begun {
                removed(&entry.path())?;
            }
        }
        for entry in fs::read_dir(record).map_err(DataError::read(record))?.flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let number = name.split('.').next().and_then(|number| number.parse::<usize>().ok());
            if number.is_none_or(|number| number >= finished.len()) {
                removed(&entry.path())?;
            }
        }
    }
    write_atomically(record.join("identity"), identity)?;
    Ok(finished)
}

fn shard_name(number: usize) -> String {
    format!("images-{number:05}.pack")
}

/// An image as it goes into a shard.
struct Packed {
    bytes: Vec<u8>,
    name: Option<String>,
    look: Look,
    shrunk: bool,
}

/// The rows of one shard.
#[derive(Default)]
struct Index {
    positions: Vec<usize>,
    paths: Vec<Option<String>>,
    offsets: Vec<u64>,
    lens: Vec<u32>,
    checksums: Vec<u64>,
    looks: Vec<[u8; Look::BYTES]>,
    widths: Vec<u32>,
    heights: Vec<u32>,
}

#[allow(clippy::too_many_arguments)]
fn one_shard(
    folder: &Path,
    number: usize,
    origin: &mut Origin,
    plan: &Plan,
    (kept, mut next): (&[usize], usize),
    options: &PackOptions,
    progress: &mut dyn FnMut(usize, usize),
) -> Result<Finished> {
    let path = folder.join(shard_name(number));
    let work = |image: Image| prepare(image, options);
    let mut index = Index::default();
    let (mut bad, mut shrunk) = (Vec::new(), 0);
    let bytes = write_atomically_if(&path, |file| {
        let mut at = 0_u64;
        while next < kept.len() && at < options.shard_bytes {
            let positions = &kept[next..(next + BATCH).min(kept.len())];
            let images = in_pool(options.import.threads, || origin.read(positions, options.max_side, work))??;
            for (&position, image) in positions.iter().zip(images) {
                match image {
                    Ok(image) => {
                        file.write_all(&image.bytes)
                            .map_err(|source| DataError::Write { path: path.clone(), source })?;
                        shrunk += usize::from(image.shrunk);
                        index.add(position, &image, at);
                        at += image.bytes.len() as u64;
                    }
                    Err((path, reason)) => bad.push(BadImage { row: position as u64, path, reason }),
                }
            }
            next += positions.len();
            progress(next, kept.len());
        }
        Ok(at)
    })?;
    let record = folder.join(UNFINISHED);
    let part = record.join(format!("{number:05}.parquet"));
    let failed = |error| DataError::Write { path: part.clone(), source: io_error(error) };
    let mut frame = index.frame(plan, &shard_name(number)).map_err(failed)?;
    write_atomically_if(&part, |file| ParquetWriter::new(file).finish(&mut frame).map(drop).map_err(failed))?;
    let finished = Finished { next, bytes, shrunk, written: index.positions, bad };
    // Last: with it the shard counts as finished.
    let json = record.join(format!("{number:05}.json"));
    let text =
        serde_json::to_vec(&finished).map_err(|error| DataError::Write { path: json.clone(), source: error.into() })?;
    write_atomically(json, text)?;
    Ok(finished)
}

fn prepare(image: Image, options: &PackOptions) -> Result<Packed, String> {
    let largest = image.size.0.max(image.size.1);
    let (bytes, pixels, shrunk) = match options.max_side {
        Some(side) if largest > side as usize => {
            let (bytes, pixels) = shrink::shrink(&image.bytes, image.pixels, image.size, side, options.quality)?;
            (bytes, pixels, true)
        }
        _ => (image.bytes, image.pixels, false),
    };
    if u32::try_from(bytes.len()).is_err() {
        return Err("an image of more than 4 GiB".to_owned());
    }
    Ok(Packed { bytes, name: image.name, look: Look::at(&pixels), shrunk })
}

impl Index {
    fn add(&mut self, position: usize, image: &Packed, offset: u64) {
        self.positions.push(position);
        self.paths.push(image.name.clone());
        self.offsets.push(offset);
        self.lens.push(image.bytes.len() as u32);
        self.checksums.push(checksum(&image.bytes));
        self.looks.push(image.look.to_bytes());
        self.widths.push(image.look.width);
        self.heights.push(image.look.height);
    }

    fn frame(&self, plan: &Plan, shard: &str) -> PolarsResult<DataFrame> {
        let looks: Vec<&[u8]> = self.looks.iter().map(<[u8; Look::BYTES]>::as_slice).collect();
        let columns = vec![
            Column::new("path".into(), &self.paths),
            Column::new(SHARD.into(), vec![shard; self.positions.len()]),
            Column::new(OFFSET.into(), &self.offsets),
            Column::new(LEN.into(), &self.lens),
            Column::new(CHECKSUM.into(), &self.checksums),
            Column::new(LOOK.into(), looks),
            Column::new("width".into(), &self.widths),
            Column::new("height".into(), &self.heights),
        ];
        finish(plan, &self.positions, columns)
    }
}

/// All parts of the record as one table, part by part.
fn write_index(folder: &Path, record: &Path, parts: usize) -> Result<()> {
    let manifest = folder.join("manifest.parquet");
    let failed = |error| DataError::Write { path: manifest.clone(), source: io_error(error) };
    let read = |number: usize| -> Result<DataFrame> {
        let path = record.join(format!("{number:05}.parquet"));
        let file = fs::File::open(&path).map_err(DataError::read(&path))?;
        guarded(&path.display().to_string(), || ParquetReader::new(file).finish())
    };
    let first = read(0)?;
    write_atomically_if(&manifest, |file| {
        let writer = ParquetWriter::new(file).with_compression(ParquetCompression::Zstd(None));
        let mut writer = writer.batched(first.schema()).map_err(failed)?;
        writer.write_batch(&first).map_err(failed)?;
        for number in 1..parts {
            writer.write_batch(&read(number)?).map_err(failed)?;
        }
        writer.finish().map(drop).map_err(failed)
    })
}
