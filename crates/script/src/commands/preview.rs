//! Picture sheets of the pretext tasks that a script pretrains with.

use std::path::PathBuf;
use std::sync::Arc;

use foretask_data::Output;
use foretask_experiment::Settings;
use foretask_experiment::preview::{Picture, SheetRow, named, sheet_rows, write_sheet};
use serde::Serialize;

use crate::errors::{Error, Source};
use crate::session;

/// What `foretask preview` asks for.
#[derive(Debug, Clone)]
pub struct PreviewRequest {
    /// Only the n-th task of the script, from 1.
    pub task: Option<usize>,
    /// Images on a sheet.
    pub images: usize,
    /// Decides which images, and every random choice.
    pub seed: u64,
    /// The PNG file; with several tasks, their names are added.
    pub output: PathBuf,
    /// Whether a file that was not written by us may be replaced.
    pub overwrite: bool,
}

/// A sheet that was written.
#[derive(Debug, Clone, Serialize)]
pub struct Sheet {
    /// Number and word of the task.
    pub title: String,
    /// The file.
    pub path: PathBuf,
    /// What is in the file.
    #[serde(skip)]
    pub png: Vec<u8>,
    /// The same, not compressed.
    #[serde(skip)]
    pub picture: Picture,
    /// The same, image by image.
    #[serde(skip)]
    pub rows: Vec<SheetRow>,
}

/// Writes a sheet for each pretext task that the script pretrains with. Trains nothing.
///
/// # Errors
/// Faults of the script, a task number that it does not have, files that cannot be written.
pub fn preview(source: Source, settings: &Settings, request: &PreviewRequest) -> Result<Vec<Sheet>, Error> {
    let source = Arc::new(source);
    let experiment = session::planned(&source, settings)?;
    let tasks = experiment.plan().previews;
    if tasks.is_empty() {
        let help = "`pretrain(net, simclr(), data.unlabeled())` has one".to_owned();
        return Err(Error::input(format!("`{}` pretrains with no task", source.name), help));
    }
    if !(1..=100).contains(&request.images) {
        return Err(Error::input(
            "a sheet shows from 1 to 100 images",
            "choose another number for `--images`".to_owned(),
        ));
    }
    if let Some(number) = request.task
        && !(1..=tasks.len()).contains(&number)
    {
        let names: Vec<String> =
            tasks.iter().enumerate().map(|(index, task)| format!("{} {}", index + 1, task.task.name())).collect();
        let message = format!("`{}` has no task number {number}", source.name);
        return Err(Error::input(message, format!("its tasks are {}", names.join(", "))));
    }
    let chosen: Vec<_> =
        tasks.iter().enumerate().filter(|(index, _)| request.task.is_none_or(|number| number == index + 1)).collect();
    let mut sheets = Vec::new();
    for (index, planned) in &chosen {
        let path = if chosen.len() == 1 {
            request.output.clone()
        } else {
            named(&request.output, index + 1, planned.task.name())
        };
        let file = Output::at(path, request.overwrite)?;
        let drawn = write_sheet(&experiment, planned, request.images, request.seed, &file)?;
        let path = file.path().to_path_buf();
        let title = format!("{} {}", index + 1, planned.task.name());
        sheets.push(Sheet { title, path, png: drawn.png, picture: drawn.picture, rows: sheet_rows(&drawn.examples) });
    }
    Ok(sheets)
}
