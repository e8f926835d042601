//! Which images to label next, as a stage; the manifest and the sheet are written anew each time.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use foretask_data::{Images, Kept, Output};
use foretask_eval::ChooseOptions;
use foretask_pretext::{GridCell, ImageRef, Kernel, Planes, Shape, SheetStyle, ops, picture_grid};
use serde_json::json;

use super::self_train;
use crate::Progress;
use crate::errors::Fault;
use crate::host::Host;
use crate::plan::{PlannedStage, thousands};
use crate::stage::{StageKey, Work, planned, read_json, write_json};
use crate::values::{Chosen, Dataset, Method, SelfStart, Trained, View};

const RESULT: &str = "rows.json";
/// Pictures in a row of the sheet, and the side of each in pixels.
const SHEET: (usize, usize) = (10, 112);

/// Where to write what was chosen.
#[derive(Debug)]
pub(crate) struct ChosenPaths {
    pub(crate) manifest: Option<PathBuf>,
    pub(crate) sheet: Option<Output>,
    /// Whether a table that a person has worked on is replaced instead of being added to.
    pub(crate) overwrite: bool,
}

/// Chooses `options.n` images of the pool, once for each of `draws` seeds.
pub(crate) fn label_next(
    host: &Host,
    line: usize,
    start: &SelfStart,
    pool: &Dataset,
    options: &ChooseOptions,
    draws: u64,
    paths: &ChosenPaths,
) -> Result<Chosen, Fault> {
    let view = pool.single("label_next", 1)?;
    check(start)?;
    // From here on there are no labels to look at.
    let blind = view.blind()?;
    let samples = blind.samples()?;
    host.used_data(pool.steps(), &samples);
    options.check(samples.len())?;
    let mut choices: Vec<(u64, Vec<u64>)> = Vec::new();
    for draw in 0..draws {
        let options = ChooseOptions { seed: options.seed.wrapping_add(draw), ..options.clone() };
        let rows = choose(host, line, start, pool, &blind, &options)?;
        choices.push((options.seed, rows));
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
    let place: BTreeMap<u64, usize> = samples.rows.iter().copied().zip(0..).collect();
    let name = |row: &u64| {
        let source = place.get(row).and_then(|&at| samples.sources[at].name());
        source.map_or_else(|| format!("row {row}"), str::to_owned)
    };
    let names: Vec<String> = rows.iter().map(name).collect();
    if !host.planning() {
        write(host, pool, &blind, &rows, paths)?;
    }
    let data = Dataset { views: views.into(), load: pool.load.clone(), about: None };
    Ok(Chosen { rows: rows.into(), names: names.into(), data })
}

/// A classifier must be one, and have features.
fn check(start: &SelfStart) -> Result<(), Fault> {
    let SelfStart::Classifiers(start) = start else { return Ok(()) };
    if start.members.len() > 1 {
        return Err(Fault::input(format!(
            "this classifier holds {} label draws, and a person labels once",
            start.members.len()
        ))
        .label("several label draws")
        .help("train it on one set of labels: `per_class(n)` without `draws`")
        .argument(0));
    }
    if matches!(start.method, Method::PixelProbe) {
        return Err(Fault::input("this classifier has no network whose features could be compared")
            .help("start from an encoder, or from `finetune`, `linear_probe` or `knn`")
            .argument(0));
    }
    Ok(())
}

/// The rows of one choice. In a planning pass those of an earlier run, or evenly chosen ones in their place.
fn choose(
    host: &Host,
    line: usize,
    start: &SelfStart,
    pool: &Dataset,
    blind: &View,
    options: &ChooseOptions,
) -> Result<Vec<u64>, Fault> {
    let samples = blind.samples()?;
    let key = StageKey::new(
        "label_next",
        &host.device_kind()?,
        [("start", self_train::identity(start, 0)), ("pool", pool.identity(blind)?), ("options", json!(options))],
    );
    let name = match start {
        SelfStart::Encoder(encoder) => encoder.describe(),
        SelfStart::Classifiers(start) => start.method.describe(),
    };
    let stage = PlannedStage {
        images: samples.len(),
        length: format!("{} images to choose", options.n),
        ..planned(format!("what to label next, by {name}"), line)
    };
    let mut make = |_: &Path| -> Result<Vec<u64>, Fault> {
        let images = pool.images(host, blind)?;
        let few = match start {
            SelfStart::Encoder(_) => None,
            SelfStart::Classifiers(start) => Some(start.few.images(host, &start.few.views[0])?),
        };
        let encoder = match start {
            SelfStart::Encoder(encoder) => encoder.weights(&images, 0)?,
            SelfStart::Classifiers(start) => match start.members.first().and_then(|member| member.trained.as_ref()) {
                Some(Trained::Network(classifier)) => classifier.encoder.clone(),
                Some(Trained::Neighbours(encoder)) => (**encoder).clone(),
                _ => return Err(Fault::failed("this classifier is only planned, not trained")),
            },
        };
        let chosen = super::with_context(host, |cx| {
            Ok(foretask_eval::label_next(&encoder, few.as_deref(), &images, options, cx)?)
        })?;
        Ok(chosen.into_iter().map(|at| images.row(at as usize)).collect())
    };
    let load = |folder: &Path| read_json::<Vec<u64>>(&folder.join(RESULT));
    let outcome = host.stage(
        stage,
        &key,
        Work {
            make: &mut make,
            save: &|rows: &Vec<u64>, folder: &Path| {
                write_json(&folder.join(RESULT), rows)?;
                Ok(json!({}))
            },
            load: &|folder: &Path, _| load(folder),
        },
    )?;
    match outcome {
        Some(outcome) => Ok(outcome.value),
        None => Ok(host
            .stages
            .done(&key)
            .and_then(|_| load(&host.stages.folder(&key)).ok())
            .unwrap_or_else(|| (0..options.n).map(|i| samples.rows[i * samples.len() / options.n]).collect())),
    }
}

fn write(host: &Host, pool: &Dataset, blind: &View, rows: &[u64], paths: &ChosenPaths) -> Result<(), Fault> {
    let mut places: Vec<usize> = (1..=rows.len()).collect();
    if let Some(path) = &paths.manifest {
        let written = blind.manifest.write_to_label(rows, path, paths.overwrite)?;
        host.tell(Progress::Wrote { what: "To label".into(), path: path.clone() });
        places = written.places;
        if let Some(Kept { rows, labelled, added }) = written.kept {
            let (labelled, rows) = (thousands(labelled as u64), thousands(rows as u64));
            let added = if added == 0 { "none to add".to_owned() } else { format!("{added} images added below") };
            host.note(format!(
                "it was there: {labelled} of its {rows} rows have labels, all stay as they are; {added}"
            ));
        }
        if let Some(pictures) = written.pictures {
            host.tell(Progress::Wrote { what: "Images of it".into(), path: pictures });
        }
    }
    if let Some(file) = &paths.sheet {
        let images = pool.images(host, blind)?;
        let place: BTreeMap<u64, usize> = (0..images.len()).map(|index| (images.row(index), index)).collect();
        let mut cells = Vec::new();
        for (number, row) in places.iter().zip(rows) {
            let Some(&index) = place.get(row) else { continue };
            let name = images.name(index);
            let own = format!("row {row}");
            // The end of a path says more than its beginning.
            let file = name.rsplit('/').next().filter(|_| name != own).unwrap_or_default();
            cells.push(GridCell {
                image: small(&images, index)?,
                head: number.to_string(),
                note: format!("{own} {file}").trim().to_owned(),
            });
        }
        let (columns, cell) = SHEET;
        let title = format!("{} images to label, the most valuable first", cells.len());
        let sheet = picture_grid(&cells, columns, &SheetStyle { title, cell, ..SheetStyle::default() });
        let png = sheet.to_png()?;
        file.write(|path| foretask_data::write_atomically(path, png))?;
        host.tell(Progress::Wrote { what: "Sheet".into(), path: file.path().to_path_buf() });
    }
    Ok(())
}

/// An image no larger than it is drawn, so that a sheet of photographs takes little memory.
fn small(images: &Images, index: usize) -> Result<Planes, Fault> {
    let pixels = images.get(index)?;
    let planes = Planes::from(ImageRef::new(&pixels.data, pixels.width, pixels.height, pixels.channels)?);
    let (long, most) = (pixels.width.max(pixels.height), 2 * SHEET.1);
    if long <= most {
        return Ok(planes);
    }
    let fit = |length: usize| (length * most / long).max(1);
    let size = (fit(pixels.height), fit(pixels.width));
    let mut fitted = Planes::black(Shape::new(planes.shape.channels, size.0, size.1));
    ops::resize(&planes.data, (pixels.height, pixels.width), Kernel::Bilinear, &mut fitted.data, size);
    Ok(fitted)
}
