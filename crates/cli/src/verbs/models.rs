//! Verbs about saved models: predict, embed, export.

use crate::out::{note, say};
use std::path::{Path, PathBuf};

use foretask_experiment::tools::{self, Answering, TableRequest};
use foretask_script::Error;

use crate::args::ExportArguments;
use crate::lines::thousands;

pub(crate) fn predict(
    model: &Path,
    images: &[PathBuf],
    output: &TableRequest,
    how: &Answering<'_>,
) -> Result<(), Error> {
    let predicted = tools::predict(model, images, output, how)?;
    tell(&predicted.bad, &predicted.notes);
    say!("{}: {} images labeled", output.path.display(), thousands(predicted.count as u64));
    for (class, count) in &predicted.classes {
        say!("  {count:>8}  {class}");
    }
    match predicted.unlike {
        Some(0) => say!("none of them is unlike anything labeled"),
        Some(count) => {
            say!("{} of them unlike anything labeled: see the column `unlike`", thousands(count as u64));
        }
        None => {}
    }
    if let Some(accuracy) = predicted.accuracy {
        say!("{:.1} % of the images that have a label agree with it", accuracy * 100.0);
    }
    Ok(())
}

pub(crate) fn embed(model: &Path, images: &[PathBuf], output: &TableRequest, how: &Answering<'_>) -> Result<(), Error> {
    let embedded = tools::embed(model, images, output, how)?;
    tell(&embedded.bad, &embedded.notes);
    say!("{}: {} vectors of {} numbers", output.path.display(), thousands(embedded.count as u64), embedded.width);
    Ok(())
}

pub(crate) fn export(arguments: &ExportArguments) -> Result<(), Error> {
    let (model, overwrite) = (&arguments.model, arguments.replace.force);
    if let Some(folder) = &arguments.to_hub_folder {
        return hub_folder(model, folder, overwrite);
    }
    let Some(output) = &arguments.output else {
        return Err(Error::input("no file is named to write", "say which with -o".to_owned()));
    };
    let exported = tools::export(model, output, arguments.format(), overwrite)?;
    say!("{}: {} {}", output.display(), exported.kind, exported.architecture);
    if !exported.classes.is_empty() {
        say!("  classes of {}, in order: {}", exported.layer, exported.classes.join(", "));
    }
    for note in &exported.notes {
        say!("  {note}");
    }
    Ok(())
}

/// `foretask export --to-hub-folder`.
fn hub_folder(model: &Path, folder: &Path, overwrite: bool) -> Result<(), Error> {
    let written = tools::to_hub_folder(model, folder, overwrite)?;
    say!("{}: {} {}", folder.display(), written.kind, written.architecture);
    for file in &written.files {
        say!("  {}", file.display());
    }
    if let Some(why) = &written.no_results {
        note!("Note: the card says nothing of results: {why}");
    }
    note!("Note: read README.md, then `hf upload NAME {}`; nothing has left this machine", folder.display());
    Ok(())
}

/// Images that were left out, and what to know.
fn tell(bad: &[String], notes: &[String]) {
    for bad in bad {
        note!("Warning: {bad}: left out");
    }
    for note in notes {
        note!("Note: {note}");
    }
}
