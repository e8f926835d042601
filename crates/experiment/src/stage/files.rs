//! Results of stages that are one JSON file, and their curves.

use std::path::Path;

use foretask_train::HealthLine;

use crate::error::Error;

/// Bytes that a text of a stage or a run may have, such as the features of a million images; what is larger is none of ours.
pub(crate) const MOST: u64 = 2 << 30;

/// A JSON file of a stage.
pub(crate) fn write_json(path: &Path, value: &impl serde::Serialize) -> Result<(), Error> {
    let text = serde_json::to_vec(value).map_err(|error| Error::failed(format!("{}: {error}", path.display())))?;
    Ok(foretask_data::write_atomically(path, text)?)
}

/// A JSON file of a stage, read back.
pub(crate) fn read_json<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T, Error> {
    let text =
        foretask_files::read(path, MOST).map_err(|error| Error::failed(format!("{}: {error}", path.display())))?;
    serde_json::from_slice(&text).map_err(|error| Error::failed(format!("{}: {error}", path.display())))
}

/// The curves of a stage, which the run gathers from all its stages; nothing where there is none.
pub(crate) fn write_history(folder: &Path, history: &[HealthLine]) -> Result<(), Error> {
    if history.is_empty() {
        return Ok(());
    }
    let lines: String = history.iter().map(|line| super::json(line).to_string() + "\n").collect();
    Ok(foretask_data::write_atomically(folder.join("metrics.jsonl"), lines)?)
}
