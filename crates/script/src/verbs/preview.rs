//! Picture sheets of pretext tasks.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use foretask_data::{Images, Output};
use foretask_pretext::{Example, ImageRef, Picture, Resolved, SheetStyle, Task, contact_sheet};
use foretask_random::Key;
use foretask_train::{Pool, PretrainOptions, Start, TaskMix, plan_pretraining};
use serde::Serialize;

use super::sheet_rows::{SheetRow, sheet_rows};
use crate::custom;
use crate::errors::{Error, Fault, Source};
use crate::host::{Host, ImageCache, Mode, Settings};
use crate::session;
use crate::values::{Dataset, LoadSettings, View};

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

/// A task and the images it works on.
#[derive(Debug, Clone)]
pub(crate) struct PlannedPreview {
    pub(crate) task: Task,
    pub(crate) data: Dataset,
    pub(crate) image_size: Option<usize>,
}

impl PartialEq for PlannedPreview {
    fn eq(&self, other: &Self) -> bool {
        self.task == other.task && self.image_size == other.image_size && self.data.steps() == other.data.steps()
    }
}

impl PlannedPreview {
    /// The task with every option, at the input shape that pretraining would take.
    pub(crate) fn resolve(&self, host: &Host) -> Result<Resolved, Fault> {
        let view = &self.data.views[0];
        let glance = self.data.glance(host, view)?;
        let pool = Pool { count: view.samples()?.len(), ..Pool::from(&*glance) };
        let options = PretrainOptions { image_size: self.image_size, ..PretrainOptions::default() };
        let start = Start::Network(foretask_models::BackboneConfig::default());
        let plan = |tasks: &TaskMix| plan_pretraining(&start, tasks, &pool, &options);
        let tasks = custom::settle(&self.task.clone().into(), &glance, |tasks| Ok(plan(tasks)?.shape()))?;
        let plan = plan(&tasks)?;
        let task = plan.tasks.into_iter().next().ok_or_else(|| Fault::failed("there is no task to show"))?;
        Ok(task.task)
    }
}

/// Writes a sheet for each pretext task that the script pretrains with. Trains nothing.
///
/// # Errors
/// Faults of the script, a task number that it does not have, files that cannot be written.
pub fn preview(source: Source, settings: &Settings, request: &PreviewRequest) -> Result<Vec<Sheet>, Error> {
    let host = session::pass(Mode::Plan, &Arc::new(source), settings, &ImageCache::default(), None)?;
    let tasks = host.plan().previews;
    if tasks.is_empty() {
        let help = "`pretrain(net, simclr(), data.unlabeled())` has one".to_owned();
        return Err(Error::input(format!("`{}` pretrains with no task", host.script.name), help));
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
        let message = format!("`{}` has no task number {number}", host.script.name);
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
        let file = Output::at(path, request.overwrite).map_err(Fault::from)?;
        let drawn = write_sheet(&host, planned, request.images, request.seed, &file)?;
        let path = file.path().to_path_buf();
        let title = format!("{} {}", index + 1, planned.task.name());
        sheets.push(Sheet { title, path, png: drawn.png, picture: drawn.picture, rows: sheet_rows(&drawn.examples) });
    }
    Ok(sheets)
}

/// `preview.png` as `preview-2-rotation.png`.
pub(crate) fn named(path: &Path, number: usize, task: &str) -> PathBuf {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!("{stem}-{number}-{task}.png"))
}

/// Draws `count` images of the data with what the task makes of them.
pub(crate) fn write_sheet(
    host: &Host,
    planned: &PlannedPreview,
    count: usize,
    seed: u64,
    file: &Output,
) -> Result<Drawn, Fault> {
    let resolved = planned.resolve(host)?;
    let images = some_images(host, &planned.data, &planned.data.views[0], count, seed)?;
    let examples = examples(&resolved, &images, seed)?;
    let title = format!("{}: {}", planned.task.name(), planned.task.info().summary);
    let style = SheetStyle { title, ..SheetStyle::default() };
    let picture = contact_sheet(&examples, &style);
    let png = picture.to_png()?;
    file.write(|path| foretask_data::write_atomically(path, &png))?;
    Ok(Drawn { examples, picture, png })
}

/// A sheet with what it was drawn from.
pub(crate) struct Drawn {
    examples: Vec<Example>,
    picture: Picture,
    png: Vec<u8>,
}

/// `count` images of a view, chosen by seed, without decoding the others.
pub(crate) fn some_images(
    host: &Host,
    data: &Dataset,
    view: &View,
    count: usize,
    seed: u64,
) -> Result<Arc<Images>, Fault> {
    let count = count.min(view.samples()?.len());
    let share = count as f64 / view.samples()?.len().max(1) as f64;
    let chosen = view.manifest.fraction(share.clamp(f64::MIN_POSITIVE, 1.0), seed)?.samples()?;
    let load = LoadSettings { max_bad_fraction: 1.0, ..data.load.clone() };
    host.images(&chosen, &load)
}

/// What the task makes of each image.
pub(crate) fn examples(resolved: &Resolved, images: &Images, seed: u64) -> Result<Vec<Example>, Fault> {
    let key = Key::new(seed).named("preview");
    let mut examples = Vec::new();
    for index in 0..images.len() {
        let pixels = images.get(index)?;
        let image = ImageRef::new(&pixels.data, pixels.width, pixels.height, pixels.channels)?;
        examples.push(resolved.task.explain(image, key.with(images.row(index)), resolved.shape)?);
    }
    Ok(examples)
}
