//! Labels in the formats of other programs, out and in.

mod cvat;
mod fiftyone;
mod files;
mod gathered;
mod label_studio;
mod names;
mod request;

use std::path::Path;

use foretask_experiment::Error;

use self::gathered::Gathered;
use self::request::text;
pub use self::request::{Exchange, ExportRequest, Exported, ForeignLabels};

/// Writes labels in another program's format.
///
/// # Errors
/// Images that are needed and not given or cannot be read, classes that the format cannot hold, a place that is taken.
pub fn export_to(format: Exchange, request: &ExportRequest<'_>) -> Result<Exported, Error> {
    let gathered = Gathered::of(format, request)?;
    let mut done = match format {
        Exchange::LabelStudio => label_studio::export(&gathered, request)?,
        Exchange::Cvat => cvat::export(&gathered, request)?,
        Exchange::FiftyOne => fiftyone::export(&gathered, request)?,
        Exchange::Folders => files::export_folders(&gathered, request)?,
        Exchange::HuggingFace => files::export_hugging_face(&gathered, request)?,
    };
    done.notes.extend(gathered.notes);
    done.notes.push(format.how().to_owned());
    Ok(done)
}

/// Reads labels that Label Studio (JSON), CVAT (XML, or a zip that holds it) or `FiftyOne` (a folder with `labels.json`, or that file)
/// wrote; `None` for a file of another kind, such as a table.
///
/// # Errors
/// A file that is one of these and cannot be read.
pub fn foreign_labels(path: &Path) -> Result<Option<ForeignLabels>, Error> {
    let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase()).unwrap_or_default();
    let inside = path.join(fiftyone::LABELS);
    match ending.as_str() {
        _ if path.is_dir() && inside.is_file() => Ok(Some(fiftyone::import(&inside)?)),
        "json" => {
            let text = text(path)?;
            let value: serde_json::Value = serde_json::from_str(&text)
                .map_err(|error| Error::input(format!("`{}` is no JSON: {error}", path.display())))?;
            if !value.is_array() && path.file_name().is_some_and(|name| name == fiftyone::LABELS) {
                return Ok(Some(fiftyone::import(path)?));
            }
            let found = if value.is_array() { label_studio::read(&value) } else { fiftyone::read(&value) };
            let help = "exports of Label Studio (JSON) and FiftyOne (labels.json) are read; anything else as a table";
            let wrong = |why: String| Error::input(format!("`{}`: {why}", path.display())).help(help);
            Ok(Some(found.map_err(wrong)?))
        }
        "xml" | "zip" => Ok(Some(cvat::import(path)?)),
        _ => Ok(None),
    }
}

#[cfg(test)]
mod tests;
