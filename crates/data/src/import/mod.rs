//! Other people's datasets as one manifest.

mod cifar;
mod class_labels;
mod idx;
mod options;
mod origin;
mod pack;
mod plan;
mod png;
mod raw;
mod shrink;
mod stl;
mod tar;
mod tiff;
mod webdataset;
mod write;

use std::path::{Path, PathBuf};

use serde::Serialize;

pub use self::{
    class_labels::{ClassLabeled, write_class_labels},
    options::{ImportFormat, ImportOptions, PerClass},
    pack::{PackOptions, PackSummary, pack},
};
use self::{
    origin::{Image, Origin, pointer},
    write::{Entry, Store, Writer},
};
pub(crate) use self::{
    origin::{absolute, relative},
    write::io_error,
};
use crate::{
    atomic::write_atomically_if,
    error::{DataError, Result},
    find::PassedOver,
    images::{BadImage, Remarks, accepted, in_pool},
    manifest::{ClassCount, SplitCount},
};

/// Images that are read, checked and written at once.
const BATCH: usize = 1000;

/// What [`import`] has written.
#[derive(Clone, Debug, Serialize)]
pub struct ImportSummary {
    /// The manifest.
    pub destination: PathBuf,
    /// Its rows.
    pub rows: usize,
    /// Its size in bytes.
    pub bytes: u64,
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

/// Writes a manifest of what is found at `source`:
///
/// - IDX files, gzipped or not: one images file, or a folder of them with the usual names (`train-images-idx3-ubyte.gz`,
///   `train-labels-idx1-ubyte.gz`, `t10k-…`), which become the splits `train` and `test`; pixels are stored as PNG;
/// - the binary versions of CIFAR-10, CIFAR-100 (with the further column `coarse_label`) and STL-10, likewise;
/// - `WebDataset` archives (`.tar`: one, a folder of them, or a pattern): labels from `.cls` or `.json`, captions from `.txt`
///   in the further column `text`, the split from the archive's name;
/// - whatever [`Manifest::open`](crate::Manifest::open) opens: folders of images, CSV, Parquet (also a pattern of parts, which
///   become one table). Further columns are kept.
///
/// A `.parquet` destination holds the images in the Hugging Face schema (`image: struct{bytes, path}`, `label`, `split`),
/// in groups of 1000 rows; with `embed: false` it holds `path`s relative to itself (and for images
/// in archives `shard`, `offset` and `len`), and may be a `.csv`. Every image is decoded on the way. The destination appears
/// whole or not at all.
///
/// # Errors
/// Where nothing importable is found, more images are bad than allowed, a class has too few rows, or writing fails.
pub fn import(source: &Path, destination: &Path, options: &ImportOptions) -> Result<ImportSummary> {
    let refuse = |reason: &str| DataError::Import { path: source.to_owned(), reason: reason.to_owned() };
    let extension = destination.extension().map(|extension| extension.to_string_lossy().to_lowercase());
    match (extension.as_deref(), options.embed) {
        (Some("parquet"), _) | (Some("csv"), false) => {}
        (Some("csv"), true) => {
            return Err(refuse("a CSV cannot hold images; write .parquet, or keep the files by embed: false"));
        }
        _ => return Err(refuse("the destination has to be a .parquet, or with embed: false a .csv file")),
    }
    let (mut origin, plan) = Origin::open(source, options)?;
    if !options.embed && !origin.has_files() {
        return Err(refuse("its images are not files of their own, so they have to be embedded"));
    }
    let kept = plan.choose(options)?;
    let folder = destination.parent().unwrap_or(Path::new(""));
    // Made absolute, so that the way from one to the other can be found.
    let folder = if options.embed { PathBuf::new() } else { absolute(folder)? };
    let entry = |image: Image| match &image.source {
        Some(source) if !options.embed => {
            let (path, part) = pointer(source, &folder)?;
            let part = part.map(|(offset, len)| (offset, len, image.name));
            Ok(Entry { bytes: Vec::new(), path: Some(path), part })
        }
        _ => Ok(Entry { bytes: image.bytes, path: image.name, part: None }),
    };
    let store = if options.embed {
        Store::Images
    } else if origin.has_parts() {
        Store::Parts
    } else {
        Store::Paths
    };
    let mut remarks = Remarks::default();
    let (written, bad) = write_atomically_if(destination, |file| {
        let (mut written, mut bad) = (Vec::with_capacity(kept.len()), Vec::new());
        let mut writer = Writer::new(file, destination, &plan, store)?;
        for positions in kept.chunks(origin.batch(BATCH)) {
            let images = in_pool(options.threads, || origin.read(positions, None, entry))??;
            let mut batch = Vec::with_capacity(images.len());
            for (&position, image) in positions.iter().zip(images) {
                match image {
                    Ok((image, notes)) => {
                        remarks.add(notes);
                        batch.push((position, image));
                    }
                    Err((path, reason)) => bad.push(BadImage { row: position as u64, path, reason }),
                }
            }
            writer.write(&batch)?;
            written.extend(batch.into_iter().map(|(position, _)| position));
        }
        let bad = accepted(bad, kept.len(), options.on_bad_image, options.max_bad_fraction)?;
        origin.finish()?;
        writer.finish()?;
        Ok((written, bad))
    })?;
    let bytes = std::fs::metadata(destination).map_err(DataError::read(destination))?.len();
    let (splits, classes) = plan.count(&written);
    Ok(ImportSummary {
        destination: destination.to_owned(),
        rows: written.len(),
        bytes,
        splits,
        classes,
        bad,
        passed_over: plan.passed_over,
        remarks: remarks.in_words(),
    })
}

#[cfg(test)]
mod tests;
