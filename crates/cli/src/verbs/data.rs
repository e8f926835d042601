//! Verbs about data: describe, import.

use crate::out::say;
use std::path::Path;

use foretask_experiment::tools::{self, ImportRequest};
use foretask_script::Error;

use super::print_json;

pub(crate) fn describe(dataset: &Path, json: bool) -> Result<(), Error> {
    let description = tools::describe(dataset)?;
    if json {
        return print_json(&description);
    }
    say!("{description}");
    Ok(())
}

pub(crate) fn import(source: &Path, output: &Path, request: ImportRequest) -> Result<(), Error> {
    let summary = tools::import(source, output, request)?;
    say!("{summary}");
    Ok(())
}
