//! Looking into datasets and making manifests.

use std::fmt;
use std::path::Path;

use foretask_data::{
    BadImage, ClassCount, DataError, Description, ImportFormat, ImportOptions, ImportSummary, Manifest, OnBadImage,
    Output, PassedOver, PerClass, SplitCount,
};

use crate::error::Error;

/// Rows, labels, splits, sizes of a dataset; with `deeply` every image is decoded, and that hears how many of how many are done.
///
/// # Errors
/// When there is no dataset, or its table cannot be read.
pub fn describe(dataset: &Path, deeply: Option<&mut dyn FnMut(usize, usize)>) -> Result<Description, Error> {
    let found = Manifest::open(dataset).and_then(|manifest| match deeply {
        Some(progress) => manifest.describe_deeply(progress),
        None => manifest.describe(),
    });
    Ok(found?)
}

/// That no image of a dataset can be used, where it is so.
///
/// # Errors
/// With the first reason.
pub fn check_usable(description: &Description) -> Result<(), Error> {
    match description.bad.first() {
        Some(first) if description.bad.len() == description.sizes.sampled => {
            let message =
                format!("none of the {} images looked at can be used; the first: {first}", description.bad.len());
            Err(Error::input(message).help("are the paths relative to the table's folder, and are the files there?"))
        }
        _ => Ok(()),
    }
}

/// What `foretask import` takes besides source and destination.
#[derive(Debug, Clone, Default)]
pub struct ImportRequest {
    /// What the source is; found out where it is `None`.
    pub format: Option<String>,
    /// The split written into rows whose source does not say.
    pub split: Option<String>,
    /// Rows kept of each class: "100", or "train=1000,test=200".
    pub per_class: Option<String>,
    /// Seed of that choice.
    pub seed: u64,
    /// Names of the classes 0, 1, 2, … of integer labels.
    pub class_names: Option<Vec<String>>,
    /// Paths instead of the images themselves.
    pub paths: bool,
    /// Whether a file that was not written by us may be replaced.
    pub overwrite: bool,
    /// "skip" or "error".
    pub on_bad_image: Option<String>,
    /// The largest share of bad images that is left out.
    pub max_bad_fraction: Option<f64>,
}

/// What an import wrote, printable.
#[derive(Debug, Clone)]
pub struct Imported(pub ImportSummary);

impl fmt::Display for Imported {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let summary = &self.0;
        let mib = summary.bytes as f64 / f64::from(1 << 20);
        write!(
            f,
            "{}: {} rows, {mib:.1} MiB",
            summary.destination.display(),
            crate::plan::thousands(summary.rows as u64)
        )?;
        contents(f, &summary.splits, &summary.classes)?;
        left_out(f, &summary.bad, &summary.passed_over, &summary.remarks)
    }
}

/// Splits and classes, a line each.
pub(super) fn contents(f: &mut fmt::Formatter<'_>, splits: &[SplitCount], classes: &[ClassCount]) -> fmt::Result {
    for split in splits {
        if let Some(name) = &split.name {
            write!(f, "\n  split {name}: {}", crate::plan::thousands(split.rows as u64))?;
        }
    }
    if !classes.is_empty() {
        write!(f, "\n  {} classes: {}", classes.len(), ClassCount::in_words(classes))?;
    }
    Ok(())
}

/// What was left out and why, and what was assumed of the rest, a line each.
pub(super) fn left_out(
    f: &mut fmt::Formatter<'_>,
    bad: &[BadImage],
    passed_over: &[PassedOver],
    remarks: &[String],
) -> fmt::Result {
    for bad in bad.iter().take(10) {
        write!(f, "\n  left out: {bad}")?;
    }
    if bad.len() > 10 {
        write!(f, "\n  left out: {} more", bad.len() - 10)?;
    }
    for passed in passed_over {
        write!(f, "\n  left out: {passed}")?;
    }
    for remark in remarks {
        write!(f, "\n  note: {remark}")?;
    }
    Ok(())
}

/// Writes a manifest of the images at `source`.
///
/// # Errors
/// When nothing importable is there, or the manifest cannot be written.
pub fn import(source: &Path, destination: &Path, request: ImportRequest) -> Result<Imported, Error> {
    let file = Output::at(destination, request.overwrite)?;
    let options = import_options(request)?;
    let summary = file.write(|path| foretask_data::import(source, path, &options).map_err(refused))?;
    // It was written under another name, and then took its place.
    Ok(Imported(ImportSummary { destination: destination.to_owned(), ..summary }))
}

/// An error of importing, with options as they are called on the command line.
pub(super) fn refused(error: DataError) -> Error {
    let Some((message, way_out)) = error.without_way_out() else { return error.into() };
    let as_options = |text: &str| {
        let text = text.replace("max_bad_fraction = ", "--max-bad-fraction ");
        text.replace("on_bad_image is \"error\"", "--on-bad-image error")
            .replace("on_bad_image \"skip\"", "--on-bad-image skip")
    };
    Error::input(as_options(&message)).help(as_options(way_out))
}

fn max_bad_fraction(given: Option<f64>) -> Result<f64, Error> {
    match given {
        Some(share) if !(0.0..=1.0).contains(&share) => {
            Err(Error::input(format!("--max-bad-fraction must be a number from 0 to 1, not {share}"))
                .help("0.05 leaves out up to 5 of 100 images"))
        }
        given => Ok(given.unwrap_or(ImportOptions::default().max_bad_fraction)),
    }
}

pub(super) fn import_options(request: ImportRequest) -> Result<ImportOptions, Error> {
    let per_class = request.per_class.as_deref().map(str::parse::<PerClass>).transpose()?;
    let format = request.format.as_deref().map(str::parse::<ImportFormat>).transpose()?;
    Ok(ImportOptions {
        format: format.unwrap_or_default(),
        split: request.split,
        per_class,
        seed: request.seed,
        class_names: request.class_names,
        embed: !request.paths,
        on_bad_image: if request.on_bad_image.as_deref() == Some("error") {
            OnBadImage::Error
        } else {
            OnBadImage::Skip
        },
        max_bad_fraction: max_bad_fraction(request.max_bad_fraction)?,
        ..ImportOptions::default()
    })
}
