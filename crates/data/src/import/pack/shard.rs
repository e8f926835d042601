//! One file of a pack.

use std::io::Write;

use polars::prelude::{Column, DataFrame, PolarsResult};

use super::{
    options::PackOptions,
    record::{Finished, Record, shard_name},
};
use crate::{
    atomic::write_atomically_if,
    decode::Depth,
    error::{DataError, Result},
    images::{BadImage, ImageSummary, Remarks, in_pool},
    import::{
        io_error,
        origin::{Image, Origin},
        plan::ImportPlan,
        shrink,
        write::finish,
    },
    manifest::{CHECKSUM, DEEP, LEN, LOOK, OFFSET, SHARD},
    shard::checksum,
};

/// Images that are read, checked and written at once.
const BATCH: usize = 256;

/// An image as it goes into a shard.
struct Packed {
    bytes: Vec<u8>,
    name: Option<String>,
    size: (usize, usize),
    /// Where black and white are known.
    look: Option<[u8; ImageSummary::BYTES]>,
    deep: bool,
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
    looks: Vec<Option<[u8; ImageSummary::BYTES]>>,
    deep: Vec<bool>,
    widths: Vec<u32>,
    heights: Vec<u32>,
}

/// What every shard of a pack needs.
pub(super) struct ShardWriter<'a> {
    pub(super) record: &'a Record<'a>,
    pub(super) number: usize,
    pub(super) plan: &'a ImportPlan,
    pub(super) options: &'a PackOptions,
    pub(super) progress: &'a mut dyn FnMut(usize, usize),
}

impl ShardWriter<'_> {
    /// Writes the rows to keep from the `next`-th on, as many as the shard takes, and puts it on record.
    pub(super) fn write(&mut self, origin: &mut Origin, kept: &[usize], mut next: usize) -> Result<Finished> {
        let path = self.record.folder.join(shard_name(self.number));
        let options = self.options;
        let work = |image: Image| prepare(image, options);
        let (mut index, mut bad, mut shrunk, mut remarks) = (Index::default(), Vec::new(), 0, Remarks::default());
        let bytes = write_atomically_if(&path, |file| {
            let mut at = 0_u64;
            while next < kept.len() && at < options.shard_bytes {
                let positions = &kept[next..(next + origin.batch(BATCH)).min(kept.len())];
                let images = in_pool(options.import.threads, || origin.read(positions, options.max_side, work))??;
                for (&position, image) in positions.iter().zip(images) {
                    match image {
                        Ok((image, notes)) => {
                            file.write_all(&image.bytes)
                                .map_err(|source| DataError::Write { path: path.clone(), source })?;
                            shrunk += usize::from(image.shrunk);
                            remarks.add(notes);
                            index.add(position, &image, at);
                            at += image.bytes.len() as u64;
                        }
                        Err((path, reason)) => bad.push(BadImage { row: position as u64, path, reason }),
                    }
                }
                next += positions.len();
                (self.progress)(next, kept.len());
            }
            Ok(at)
        })?;
        let rows = index.frame(self.plan, &shard_name(self.number));
        let rows = rows.map_err(|error| DataError::Write { path: path.clone(), source: io_error(error) })?;
        let finished = Finished { next, bytes, shrunk, written: index.positions, bad, remarks };
        self.record.add(self.number, rows, &finished)?;
        Ok(finished)
    }
}

fn prepare(image: Image, options: &PackOptions) -> Result<Packed, String> {
    let largest = image.size.0.max(image.size.1);
    let (bytes, raw, shrunk) = match options.max_side {
        Some(side) if largest > side as usize => {
            let (bytes, raw) = shrink::shrink(&image.bytes, image.raw, image.size, side, options.quality)?;
            (bytes, raw, true)
        }
        _ => (image.bytes, image.raw, false),
    };
    if u32::try_from(bytes.len()).is_err() {
        return Err("an image of more than 4 GiB".to_owned());
    }
    // What a window makes of bytes is no longer bytes.
    let deep = raw.values.depth() != Depth::Bytes || raw.window.is_some();
    let size = (raw.width, raw.height);
    Ok(Packed { bytes, name: image.name, size, look: ImageSummary::packed(raw), deep, shrunk })
}

impl Index {
    fn add(&mut self, position: usize, image: &Packed, offset: u64) {
        self.positions.push(position);
        self.paths.push(image.name.clone());
        self.offsets.push(offset);
        self.lens.push(image.bytes.len() as u32);
        self.checksums.push(checksum(&image.bytes));
        self.looks.push(image.look);
        self.deep.push(image.deep);
        self.widths.push(image.size.0 as u32);
        self.heights.push(image.size.1 as u32);
    }

    fn frame(&self, plan: &ImportPlan, shard: &str) -> PolarsResult<DataFrame> {
        let looks: Vec<Option<&[u8]>> =
            self.looks.iter().map(|look| look.as_ref().map(<[u8; ImageSummary::BYTES]>::as_slice)).collect();
        let columns = vec![
            Column::new("path".into(), &self.paths),
            Column::new(SHARD.into(), vec![shard; self.positions.len()]),
            Column::new(OFFSET.into(), &self.offsets),
            Column::new(LEN.into(), &self.lens),
            Column::new(CHECKSUM.into(), &self.checksums),
            Column::new(LOOK.into(), looks),
            Column::new(DEEP.into(), &self.deep),
            Column::new("width".into(), &self.widths),
            Column::new("height".into(), &self.heights),
        ];
        finish(plan, &self.positions, columns)
    }
}
