//! Picture sheets of pretext tasks.

mod rows;

use std::path::{Path, PathBuf};

use foretask_data::{Images, Output};
use foretask_pretext::{Example, Resolved, SheetStyle, contact_sheet};
use foretask_random::Key;
use foretask_train::{PretrainOptions, Start, TaskMix, plan_pretraining, usual_network};

use crate::custom_target::choose_targets;
use crate::error::Error;
use crate::experiment::Experiment;
use crate::plan::PlannedPreview;

pub use foretask_pretext::Picture;
pub use rows::{SheetCell, SheetRow, sheet_rows};

/// The task with every option, at the input shape that pretraining would take.
///
/// # Errors
/// When the task does not suit the images, or those cannot be read.
pub fn resolve(experiment: &Experiment, planned: &PlannedPreview) -> Result<Resolved, Error> {
    let view = &planned.data.views[0];
    let (sample_images, pool) =
        (experiment.sample_images(&planned.data, view)?, experiment.survey(&planned.data, view)?);
    let options = PretrainOptions { image_size: planned.image_size, ..PretrainOptions::default() };
    let start = Start::Network(usual_network(&planned.task));
    let plan = |tasks: &TaskMix| plan_pretraining(&start, tasks, &pool, &options);
    let tasks = choose_targets(&planned.task.clone().into(), &sample_images, |tasks| Ok(plan(tasks)?.shape()))?;
    let plan = plan(&tasks)?;
    let task = plan.tasks.into_iter().next().ok_or_else(|| Error::failed("there is no task to show"))?;
    Ok(task.task)
}

/// `preview.png` as `preview-2-rotation.png`.
pub fn named(path: &Path, number: usize, task: &str) -> PathBuf {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!("{stem}-{number}-{task}.png"))
}

/// Draws `count` images of the data with what the task makes of them.
///
/// # Errors
/// When the task does not suit the images, those cannot be read, or the sheet cannot be written.
pub fn write_sheet(
    experiment: &Experiment,
    planned: &PlannedPreview,
    count: usize,
    seed: u64,
    file: &Output,
) -> Result<Drawn, Error> {
    let resolved = resolve(experiment, planned)?;
    let images = experiment.some_images(&planned.data, &planned.data.views[0], count, seed)?;
    let examples = examples(&resolved, &images, seed)?;
    let title = format!("{}: {}", planned.task.name(), planned.task.info().summary);
    let style = SheetStyle { title, ..SheetStyle::default() };
    let picture = contact_sheet(&examples, &style);
    let png = picture.to_png()?;
    file.write(|path| foretask_data::write_atomically(path, &png))?;
    Ok(Drawn { examples, picture, png })
}

/// A sheet with what it was drawn from.
#[derive(Debug)]
pub struct Drawn {
    /// The images with what the task makes of each.
    pub examples: Vec<Example>,
    /// The sheet.
    pub picture: Picture,
    /// The same as a PNG file.
    pub png: Vec<u8>,
}

/// What the task makes of each image.
pub(crate) fn examples(resolved: &Resolved, images: &Images, seed: u64) -> Result<Vec<Example>, Error> {
    let key = Key::new(seed).named("preview");
    let mut examples = Vec::new();
    for index in 0..images.len() {
        let pixels = images.get(index)?;
        let image = foretask_train::image_ref(&pixels)?;
        examples.push(resolved.task.explain(image, key.with(images.row(index)), resolved.shape)?);
    }
    Ok(examples)
}
