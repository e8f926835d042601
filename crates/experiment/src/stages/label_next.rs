//! Which images to label next, as a stage; the manifest and the sheet are written anew each time.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use foretask_data::{Images, KeptRows, Output, Samples};
use foretask_eval::ChooseOptions;
use foretask_pretext::{GridCell, Kernel, Planes, Shape, SheetStyle, ops, picture_grid};
use serde_json::{Value, json};

use super::self_train;
use crate::error::{Error, Role};
use crate::experiment::Experiment;
use crate::plan::{PlannedStage, planned, thousands};
use crate::progress::Progress;
use crate::runner::Stage;
use crate::stage::{Done, StageKey, read_json, write_json};
use crate::values::{Chosen, Dataset, Method, SelfStart, Trained, View};

const RESULT: &str = "rows.json";
/// Pictures in a row of the sheet, and the side of each in pixels.
const SHEET: (usize, usize) = (10, 112);

/// Where to write what was chosen.
#[derive(Debug, Default)]
pub struct ChosenPaths {
    /// The manifest to fill in.
    pub manifest: Option<PathBuf>,
    /// The chosen images, numbered as in the manifest.
    pub sheet: Option<Output>,
    /// Whether a table that a person has worked on is replaced instead of being added to.
    pub overwrite: bool,
}

/// Chooses images of a pool that deserve a label.
#[derive(Debug)]
pub struct LabelNext {
    /// An encoder, or a classifier that already knows some labels.
    pub start: SelfStart,
    /// Where to choose from; labels of it are not looked at.
    pub pool: Dataset,
    /// How many, and how.
    pub options: ChooseOptions,
    /// Choices, each with a seed of its own.
    pub draws: u64,
    /// Where to write the first choice.
    pub paths: ChosenPaths,
}

impl LabelNext {
    /// Chooses them.
    ///
    /// # Errors
    /// When the start cannot choose, images cannot be read, or a file cannot be written.
    pub fn run(&self, experiment: &Experiment) -> Result<Chosen, Error> {
        let Self { start, pool, options, .. } = self;
        let view = pool.single("label_next", Role::Images)?;
        check(start)?;
        // From here on there are no labels to look at.
        let blind = view.blind()?;
        let samples = blind.samples()?;
        experiment.used_data(pool.steps(), &samples);
        options.check(samples.len())?;
        let mut choices: Vec<(u64, Vec<u64>)> = Vec::new();
        for draw in 0..self.draws {
            let options = ChooseOptions { seed: options.seed.wrapping_add(draw), ..options.clone() };
            choices.push((options.seed, choose(experiment, self, &blind, &options)?));
        }
        let mut views = Vec::new();
        for (seed, rows) in &choices {
            let step = match start {
                SelfStart::Encoder(_) => format!("label_next {} seed {seed}", options.n),
                SelfStart::Classifiers(_) => format!("label_next {}", options.n),
            };
            views.push(Arc::new(View::new(view.manifest.rows(rows, step)?, Some(*seed))));
        }
        let rows = choices.into_iter().next().map(|(_, rows)| rows).unwrap_or_default();
        if !experiment.planning() {
            write(experiment, pool, &blind, &rows, &self.paths)?;
        }
        let names = names(&samples, &rows).into();
        let data = Dataset { views: views.into(), about: None, ..pool.clone() };
        Ok(Chosen { rows: rows.into(), names, data })
    }
}

/// The names of rows among `samples`.
fn names(samples: &Samples, rows: &[u64]) -> Vec<String> {
    let place: BTreeMap<u64, usize> = samples.rows.iter().copied().zip(0..).collect();
    let name = |row: &u64| {
        let source = place.get(row).and_then(|&at| samples.sources[at].name());
        source.map_or_else(|| format!("row {row}"), str::to_owned)
    };
    rows.iter().map(name).collect()
}

/// A classifier must be one, and have features.
fn check(start: &SelfStart) -> Result<(), Error> {
    let SelfStart::Classifiers(start) = start else { return Ok(()) };
    if start.members.len() > 1 {
        return Err(Error::input(format!(
            "this classifier holds {} label draws, and a person labels once",
            start.members.len()
        ))
        .label("several label draws")
        .help("train it on one set of labels: `per_class(n)` without `draws`")
        .at(Role::Start));
    }
    if matches!(start.method, Method::PixelProbe) {
        return Err(Error::input("this classifier has no network whose features could be compared")
            .help("start from an encoder, or from `finetune`, `linear_probe` or `knn`")
            .at(Role::Start));
    }
    Ok(())
}

/// The rows of one choice. In a planning pass those of an earlier run, or evenly chosen ones in their place.
fn choose(
    experiment: &Experiment,
    request: &LabelNext,
    blind: &View,
    options: &ChooseOptions,
) -> Result<Vec<u64>, Error> {
    let samples = blind.samples()?;
    let decided = [
        ("start", self_train::identity(&request.start, 0)),
        ("pool", request.pool.identity(blind)?),
        ("options", json!(options)),
    ];
    let key = StageKey::new("label_next", &experiment.device_kind()?, decided);
    let stage = Choice { key, request, blind, options, images: samples.len() };
    let evenly = || (0..options.n).map(|i| samples.rows[i * samples.len() / options.n]).collect();
    Ok(match experiment.run(&stage)? {
        Some(outcome) => outcome.value,
        None => experiment.stored_before(&stage).unwrap_or_else(evenly),
    })
}

/// One choice.
struct Choice<'a> {
    key: StageKey,
    request: &'a LabelNext,
    blind: &'a View,
    options: &'a ChooseOptions,
    images: usize,
}

impl Stage for Choice<'_> {
    type Output = Vec<u64>;

    fn key(&self) -> &StageKey {
        &self.key
    }

    fn plan(&self) -> PlannedStage {
        let name = match &self.request.start {
            SelfStart::Encoder(encoder) => encoder.describe(),
            SelfStart::Classifiers(start) => start.method.describe(),
        };
        PlannedStage {
            images: self.images,
            length: format!("{} images to choose", self.options.n),
            ..planned(format!("what to label next, by {name}"))
        }
    }

    fn make(&self, experiment: &Experiment, _: &Path) -> Result<Vec<u64>, Error> {
        let LabelNext { start, pool, .. } = self.request;
        let images = experiment.images_of(pool, self.blind)?;
        let few = match start {
            SelfStart::Encoder(_) => None,
            SelfStart::Classifiers(start) => Some(experiment.images_of(&start.few, &start.few.views[0])?),
        };
        let encoder = match start {
            SelfStart::Encoder(encoder) => encoder.weights(&images, 0)?,
            SelfStart::Classifiers(start) => match start.members.first().and_then(|member| member.trained.as_ref()) {
                Some(Trained::Network(classifier)) => classifier.encoder.clone(),
                Some(Trained::Neighbors(encoder)) => (**encoder).clone(),
                _ => return Err(Error::failed("this classifier is only planned, not trained")),
            },
        };
        let frozen = match start {
            SelfStart::Encoder(_) => true,
            SelfStart::Classifiers(start) => start.is_frozen(0),
        };
        let chosen = super::looking(experiment, frozen, |cx| {
            Ok(foretask_eval::label_next(&encoder, few.as_deref(), &images, self.options, cx)?)
        })?;
        Ok(chosen.into_iter().map(|at| images.row(at as usize)).collect())
    }

    fn save(&self, rows: &Vec<u64>, folder: &Path) -> Result<Value, Error> {
        write_json(&folder.join(RESULT), rows)?;
        Ok(json!({}))
    }

    fn load(&self, folder: &Path, _: &Done) -> Result<Vec<u64>, Error> {
        read_json(&folder.join(RESULT))
    }
}

fn write(
    experiment: &Experiment,
    pool: &Dataset,
    blind: &View,
    rows: &[u64],
    paths: &ChosenPaths,
) -> Result<(), Error> {
    let mut places: Vec<usize> = (1..=rows.len()).collect();
    if let Some(path) = &paths.manifest {
        let written = blind.manifest.write_to_label(rows, path, paths.overwrite)?;
        experiment.emit(Progress::Wrote { what: "To label".into(), path: path.clone() });
        places = written.places;
        if let Some(KeptRows { rows, labeled, added }) = written.kept {
            let (labeled, rows) = (thousands(labeled as u64), thousands(rows as u64));
            let added = if added == 0 { "none to add".to_owned() } else { format!("{added} images added below") };
            experiment
                .note(format!("it was there: {labeled} of its {rows} rows have labels, all stay as they are; {added}"));
        }
        if let Some(pictures) = written.pictures {
            experiment.emit(Progress::Wrote { what: "Images of it".into(), path: pictures });
        }
    }
    if let Some(file) = &paths.sheet {
        let images = experiment.images_of(pool, blind)?;
        let place: BTreeMap<u64, usize> = (0..images.len()).map(|index| (images.row(index), index)).collect();
        let mut cells = Vec::new();
        for (number, row) in places.iter().zip(rows) {
            let Some(&index) = place.get(row) else { continue };
            let name = images.name(index);
            let own = format!("row {row}");
            // The end of a path says more than its beginning.
            let file = name.rsplit('/').next().filter(|_| name != own).unwrap_or_default();
            cells.push(GridCell {
                image: shrunk(&images, index, 2 * SHEET.1)?,
                head: number.to_string(),
                note: format!("{own} {file}").trim().to_owned(),
            });
        }
        let (columns, cell) = SHEET;
        let title = format!("{} images to label, the most valuable first", cells.len());
        let sheet = picture_grid(&cells, columns, &SheetStyle { title, cell, ..SheetStyle::default() });
        let png = sheet.to_png()?;
        file.write(|path| foretask_data::write_atomically(path, png))?;
        experiment.emit(Progress::Wrote { what: "Sheet".into(), path: file.path().to_path_buf() });
    }
    Ok(())
}

/// An image of at most so many pixels a side, so that a sheet of photographs takes little memory.
pub(crate) fn shrunk(images: &Images, index: usize, most: usize) -> Result<Planes, Error> {
    let pixels = images.get(index)?;
    let planes = Planes::from(foretask_train::image_ref(&pixels)?);
    let long = pixels.width.max(pixels.height);
    if long <= most {
        return Ok(planes);
    }
    let fit = |length: usize| (length * most / long).max(1);
    let size = (fit(pixels.height), fit(pixels.width));
    let mut fitted = Planes::black(Shape::new(planes.shape.channels, size.0, size.1));
    ops::resize(&planes.data, (pixels.height, pixels.width), Kernel::Bilinear, &mut fitted.data, size);
    Ok(fitted)
}
