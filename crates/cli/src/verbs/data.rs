//! Verbs about data and finished classifiers: describe, import, predict.

use std::path::Path;

use foretask_script::{Error, ImportRequest};

use super::print_json;
use crate::lines::thousands;

pub(crate) fn describe(dataset: &Path, json: bool) -> Result<(), Error> {
    let description = foretask_script::describe(dataset)?;
    if json {
        return print_json(&description);
    }
    println!("{description}");
    Ok(())
}

pub(crate) fn import(source: &Path, output: &Path, request: ImportRequest) -> Result<(), Error> {
    let summary = foretask_script::import(source, output, request)?;
    println!("{summary}");
    Ok(())
}

pub(crate) fn predict(model: &Path, images: &Path, output: &Path, device: Option<&str>) -> Result<(), Error> {
    let predicted = foretask_script::predict(model, images, output, device)?;
    for bad in &predicted.bad {
        eprintln!("Warning: {bad}");
    }
    println!("{}: {} images labelled", output.display(), thousands(predicted.count as u64));
    for (class, count) in &predicted.classes {
        println!("  {count:>8}  {class}");
    }
    if let Some(accuracy) = predicted.accuracy {
        println!("{:.1} % of the images that have a label agree with it", accuracy * 100.0);
    }
    Ok(())
}
