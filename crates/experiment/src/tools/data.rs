//! Looking into datasets and making manifests.

use std::fmt;
use std::path::Path;

use foretask_data::{
    BadImage, ClassCount, Description, ImportFormat, ImportOptions, ImportSummary, Manifest, Output, PerClass,
    SplitCount,
};

use crate::error::Error;

/// Rows, labels, splits, sizes of a dataset.
///
/// # Errors
/// When there is no dataset, or its table cannot be read.
pub fn describe(dataset: &Path) -> Result<Description, Error> {
    let found = Manifest::open(dataset).and_then(|manifest| manifest.describe());
    Ok(found?)
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
        contents(f, &summary.splits, &summary.classes, &summary.bad)
    }
}

/// Splits, classes and what was left out, a line each.
pub(super) fn contents(
    f: &mut fmt::Formatter<'_>,
    splits: &[SplitCount],
    classes: &[ClassCount],
    bad: &[BadImage],
) -> fmt::Result {
    for split in splits {
        if let Some(name) = &split.name {
            write!(f, "\n  split {name}: {}", crate::plan::thousands(split.rows as u64))?;
        }
    }
    let classes: Vec<String> = classes.iter().map(|class| format!("{} {}", class.name, class.rows)).collect();
    if !classes.is_empty() {
        write!(f, "\n  classes: {}", classes.join(", "))?;
    }
    for bad in bad.iter().take(10) {
        write!(f, "\n  left out: {bad}")?;
    }
    if bad.len() > 10 {
        write!(f, "\n  left out: {} more", bad.len() - 10)?;
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
    let summary = file.write(|path| foretask_data::import(source, path, &options).map_err(Error::from))?;
    Ok(Imported(summary))
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
        ..ImportOptions::default()
    })
}
