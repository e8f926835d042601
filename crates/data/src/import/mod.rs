//! Other people's datasets as one manifest.

mod idx;
mod options;
mod origin;
mod plan;
mod png;
mod write;

use std::path::{Path, PathBuf};

use serde::Serialize;

pub use self::options::{ImportOptions, PerClass};
use self::{origin::Origin, write::Writer};
pub(crate) use self::{
    origin::{absolute, relative},
    write::io_error,
};
use crate::{
    atomic::write_atomically_with,
    error::{DataError, Result},
    images::{BadImage, in_pool, judge},
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
}

/// Writes a manifest of what is found at `source`:
///
/// - IDX files, gzipped or not: one images file, or a folder of them with the usual names (`train-images-idx3-ubyte.gz`,
///   `train-labels-idx1-ubyte.gz`, `t10k-…`), which become the splits `train` and `test`; pixels are stored as PNG;
/// - whatever [`Manifest::open`](crate::Manifest::open) opens: folders of images, CSV, Parquet.
///
/// A `.parquet` destination holds the images in the Hugging Face schema (`image: struct{bytes, path}`, `label`, `split`),
/// in groups of 1000 rows; with `embed: false` it holds `path`s relative to itself, and may be a `.csv`. Every image
/// is decoded on the way. The destination appears whole or not at all.
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
    let mut bad = Vec::new();
    let mut written = Vec::with_capacity(kept.len());
    // The writer speaks of io errors only; others wait here.
    let mut failure = None;
    let outcome = write_atomically_with(destination, |file| {
        let mut run = || -> Result<()> {
            let mut writer = Writer::new(file, destination, &plan, options.embed)?;
            for positions in kept.chunks(BATCH) {
                let images = in_pool(options.threads, || origin.read(positions, destination, options.embed))??;
                let mut batch = Vec::with_capacity(images.len());
                for (&position, image) in positions.iter().zip(images) {
                    match image {
                        Ok(image) => batch.push((position, image)),
                        Err((path, reason)) => bad.push(BadImage { row: plan.rows[position], path, reason }),
                    }
                }
                writer.write(&batch)?;
                written.extend(batch.into_iter().map(|(position, _)| position));
            }
            bad = judge(std::mem::take(&mut bad), kept.len(), options.on_bad_image, options.max_bad_fraction)?;
            origin.finish()?;
            writer.finish()
        };
        run().map_err(|error| {
            let kind =
                if let DataError::Write { source, .. } = &error { source.kind() } else { std::io::ErrorKind::Other };
            failure = Some(error);
            kind.into()
        })
    });
    match failure {
        Some(error) => return Err(error),
        None => outcome?,
    }
    let bytes = std::fs::metadata(destination).map_err(DataError::read(destination))?.len();
    let (splits, classes) = plan.count(&written);
    Ok(ImportSummary { destination: destination.to_owned(), rows: written.len(), bytes, splits, classes, bad })
}

#[cfg(test)]
mod tests;
