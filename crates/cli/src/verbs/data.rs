//! Verbs about data: describe, import.

use crate::out::say;
use std::path::Path;

use foretask_experiment::tools::{self, ImportRequest};
use foretask_script::Error;

use super::{pack, print_json};

pub(crate) fn describe(dataset: &Path, deep: bool, json: bool) -> Result<(), Error> {
    let description = if deep {
        let bar = pack::bar();
        let description = tools::describe(dataset, Some(&mut |done, of| pack::show(&bar, done, of)));
        bar.finish_and_clear();
        description?
    } else {
        tools::describe(dataset, None)?
    };
    if json {
        print_json(&description)?;
    } else {
        say!("{description}");
    }
    Ok(tools::check_usable(&description)?)
}

pub(crate) fn import(source: &Path, output: &Path, request: ImportRequest) -> Result<(), Error> {
    let summary = tools::import(source, output, request)?;
    say!("{summary}");
    Ok(())
}
