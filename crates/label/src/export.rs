//! Labels as a table, wherever and in whichever format it is wanted.

use std::path::Path;

use foretask_data::{Column, Output, Table, write_table};
use foretask_experiment::Error;

use crate::store::LabelsFile;

/// Writes what holds for each image as `.csv`, `.parquet` or `.jsonl`: `path` (as the dataset calls the image), `label`, `status`
/// ("unsure", "not usable", "disputed"), `by`. It goes with the images as `dataset("photos", #{ labels: "labels.csv" })`.
///
/// # Errors
/// Another ending; a file that foretask did not write, unless `overwrite`.
pub fn export_labels(labels: &LabelsFile, path: &Path, overwrite: bool) -> Result<usize, Error> {
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    if !matches!(ending, "parquet" | "csv" | "jsonl") {
        let message = format!("`{}` does not say which kind of table to write", path.display());
        return Err(Error::input(message).help("end it with .parquet, .csv or .jsonl"));
    }
    let images = &labels.images;
    let table = Table::new()
        .with("path", Column::Text(images.iter().map(|image| image.image.clone()).collect()))
        .with("label", Column::OptionalText(images.iter().map(|image| image.label.clone()).collect()))
        .with("status", Column::OptionalText(images.iter().map(|image| image.status.clone()).collect()))
        .with("by", Column::Text(images.iter().map(|image| image.by.clone()).collect()));
    Output::at(path, overwrite)?.write(|path| Ok::<_, Error>(write_table(path, &table)?))?;
    Ok(images.len())
}
