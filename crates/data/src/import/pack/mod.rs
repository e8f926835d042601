//! Any source as a pack: a few large files of images back to back, and an index that is a manifest.
//!
//! A folder of a million files costs a search for every image; a pack is read in long runs. Each finished shard is put on
//! record, so that an interrupted pack goes on where it was.

mod options;
mod record;
mod shard;

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde::Serialize;

pub use self::options::PackOptions;
use self::{
    record::{Finished, Record, UNFINISHED},
    shard::ShardWriter,
};
use super::{origin::Origin, plan::ImportPlan};
use crate::{
    error::{DataError, Result},
    find::PassedOver,
    images::{BadImage, Remarks, accepted},
    manifest::{ClassCount, SplitCount},
};

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
    /// Files of the source that are none of its images, by reason.
    pub passed_over: Vec<PassedOver>,
    /// What was assumed of images to make pixels of them.
    pub remarks: Vec<String>,
}

/// Writes all images of `source` (whatever [`import`](crate::import) takes) into `folder`: `images-00000.pack`, … and
/// `manifest.parquet` with the columns `path`, `shard`, `offset`, `len`, `checksum`, `first_look`, `first_look_deep`, `width`, `height`, and the
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
    let record = Record::open(folder)?;
    // Again: another pack may have come in between.
    if let Err(refused) = check(source, folder, options) {
        record.remove();
        return Err(refused);
    }
    let mut finished = record.resume(&identity(source, &plan, &kept, options))?;
    let next = |finished: &[Finished]| finished.last().map_or(0, |last| last.next);
    let resumed = finished.iter().map(|shard| shard.written.len()).sum();
    while next(&finished) < kept.len() {
        let (number, done) = (finished.len(), next(&finished));
        let mut writer = ShardWriter { record: &record, number, plan: &plan, options, progress };
        finished.push(writer.write(&mut origin, &kept, done)?);
    }
    origin.finish()?;

    let bad: Vec<BadImage> = finished.iter().flat_map(|shard| shard.bad.clone()).collect();
    let bad = accepted(bad, kept.len(), options.import.on_bad_image, options.import.max_bad_fraction)?;
    record.write_index(finished.len())?;
    record.remove();
    let mut remarks = Remarks::default();
    for shard in &finished {
        remarks.join(shard.remarks);
    }
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
        passed_over: plan.passed_over,
        remarks: remarks.in_words(),
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
fn identity(source: &Path, plan: &ImportPlan, kept: &[usize], options: &PackOptions) -> String {
    let mut hash = blake3::Hasher::new();
    hash.update(b"foretask pack 2\n");
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
