//! Labels for new images from a saved classifier; nothing else of the run it came from is needed.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use foretask_data::{Images, LoadOptions, Manifest, Samples, Source};
use foretask_eval::Prediction;
use foretask_models::Classifier;
use foretask_train::{Context, Interrupt};
use serde::Serialize;

use crate::errors::{Error, Fault};

/// What `foretask predict` found.
#[derive(Debug, Clone, Serialize)]
pub struct Predicted {
    /// Images labelled.
    pub count: usize,
    /// Images named for each class, most first.
    pub classes: Vec<(String, usize)>,
    /// Share of the images that have a label of their own and agree with it; `None` where none has one.
    pub accuracy: Option<f64>,
    /// Images that could not be read.
    pub bad: Vec<String>,
}

/// File name endings of single images.
const IMAGES: [&str; 9] = ["png", "jpg", "jpeg", "webp", "bmp", "gif", "tif", "tiff", "pgm"];

/// Labels one image, a folder of images or a manifest, and writes the table `output`.
///
/// # Errors
/// [`Error::Plain`] when the model is no saved classifier, images are missing, or the table cannot be written.
pub fn predict(model: &Path, images: &Path, output: &Path, device: Option<&str>) -> Result<Predicted, Error> {
    let ending = output.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    if !matches!(ending, "parquet" | "csv" | "jsonl") {
        let help = "end it with .parquet, .csv or .jsonl".to_owned();
        return Err(Error::input(format!("`{}` does not say which kind of table to write", output.display()), help));
    }
    let device = foretask_backend::device(device.unwrap_or("auto")).map_err(Fault::from)?;
    let classifier = Classifier::load(model).map_err(|error| {
        let help =
            "`foretask run` keeps classifiers in the weights/ folder of each run; `.save(…)` writes one".to_owned();
        Error::input(error.to_string(), help)
    })?;
    let samples = samples(images)?;
    let channels = u8::try_from(classifier.encoder.input.channels).ok().filter(|channels| matches!(channels, 1 | 3));
    // New images are what they are: bad ones are listed, however many.
    let options = LoadOptions { channels, max_bad_fraction: 1.0, ..LoadOptions::default() };
    let loaded = Images::load(&samples, &options).map_err(Fault::from)?;
    let context = Context {
        device: &device,
        folder: Path::new("."),
        events: &|_| (),
        interrupt: &Interrupt::new(),
        threads: crate::stage::loader_threads()?,
        checkpoint_every: foretask_train::CHECKPOINT_EVERY,
    };
    let predictions = foretask_eval::predict(&classifier, &loaded, &context).map_err(Fault::from)?;
    let table = foretask_eval::predictions_table(&predictions, &classifier.classes);
    foretask_data::write_table(output, &table).map_err(Fault::from)?;
    Ok(summary(&predictions, &classifier.classes, &loaded))
}

fn samples(images: &Path) -> Result<Samples, Fault> {
    let ending = images.extension().map(|ending| ending.to_string_lossy().to_lowercase()).unwrap_or_default();
    if images.is_file() && IMAGES.contains(&ending.as_str()) {
        let folder: Arc<Path> = Arc::from(images.parent().unwrap_or(Path::new("")));
        let name = images.file_name().unwrap_or_default().to_string_lossy().into_owned();
        return Ok(Samples {
            rows: vec![0],
            labels: vec![None],
            classes: Arc::new([]),
            sources: vec![Source::File { folder, name }],
        });
    }
    Ok(Manifest::open(images)?.samples()?)
}

fn summary(predictions: &[Prediction], classes: &[String], images: &Images) -> Predicted {
    let name = |class: u32| classes.get(class as usize).map_or("?", String::as_str);
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for prediction in predictions {
        *counts.entry(name(prediction.predicted)).or_default() += 1;
    }
    let mut counts: Vec<(String, usize)> = counts.into_iter().map(|(name, count)| (name.to_owned(), count)).collect();
    counts.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
    // Compared by name: the dataset may number its classes in another way.
    let known: Vec<bool> = predictions
        .iter()
        .filter_map(|prediction| {
            let label = images.label(prediction.index as usize)?;
            Some(images.classes().get(label as usize)? == name(prediction.predicted))
        })
        .collect();
    let right = known.iter().filter(|right| **right).count();
    Predicted {
        count: predictions.len(),
        classes: counts,
        accuracy: (!known.is_empty()).then(|| right as f64 / known.len() as f64),
        bad: images.bad().iter().map(ToString::to_string).collect(),
    }
}
