//! Answers and features for images without labels.

use std::sync::Arc;

use foretask_data::{Column, Images, Manifest, Samples, Table};
use foretask_eval::{Nearness, Prediction};
use foretask_models::{Classifier, InputSpec};
use foretask_train::Features;

use crate::error::{Error, Role};
use crate::experiment::Experiment;
use crate::values::{Classifiers, Dataset, Encoder, Method, Trained, View};

/// Predictions with the names of their classes.
#[derive(Debug)]
pub struct Predictions {
    /// One for each image.
    pub answers: Vec<Prediction>,
    /// Names of the classes.
    pub classes: Arc<[String]>,
    /// How far each image is from the nearest labeled one, and the classifier that knows those; none where nobody does.
    pub near: Option<(Vec<Nearness>, Arc<Classifier>)>,
}

impl Predictions {
    /// As a table, see [`foretask_eval::predictions_table`].
    pub fn table(&self) -> Table {
        let table = foretask_eval::predictions_table(&self.answers, &self.classes);
        match self.near.as_ref().and_then(|(near, classifier)| Some((near, classifier.familiar.as_ref()?))) {
            Some((near, known)) => foretask_eval::with_nearness(table, known, near),
            None => table,
        }
    }
}

/// What the first draw's classifier says of each image; in a planning pass, the first class everywhere.
///
/// # Errors
/// When images cannot be read or the network fails on them.
pub fn predict(
    experiment: &Experiment,
    classifiers: &Classifiers,
    data: &Dataset,
    view: &View,
) -> Result<Predictions, Error> {
    let samples = view.samples()?;
    experiment.used_data(data.steps(), &samples);
    let classes = classifiers.few.views[0].manifest.classes()?;
    if experiment.planning() {
        return Ok(Predictions { answers: placeholders(&samples, classes.len()), classes, near: None });
    }
    let images = experiment.images_of(data, view)?;
    if let Some(Trained::Network(classifier)) = &classifiers.members[0].trained {
        say_fit(experiment, &classifier.encoder, &images);
        let (answers, near) = super::looking(experiment, classifiers.is_frozen(0), |cx| {
            Ok(foretask_eval::predict_with_nearness(classifier, &images, cx)?)
        })?;
        return Ok(Predictions { answers, classes, near: near.map(|near| (near, Arc::clone(classifier))) });
    }
    let answers = super::evaluate::answers(experiment, classifiers, 0, &images)?;
    Ok(Predictions { answers, classes, near: None })
}

/// Answers that stand in while planning, so that a script that looks into them can be planned.
fn placeholders(samples: &Samples, classes: usize) -> Vec<Prediction> {
    let even = vec![1.0 / classes.max(1) as f32; classes];
    let rows = samples.rows.iter().zip(&samples.sources).enumerate();
    rows.map(|(index, (row, source))| Prediction {
        index: index as u32,
        row: *row,
        name: source.name().map_or_else(|| format!("row {row}"), str::to_owned),
        label: None,
        predicted: 0,
        probabilities: even.clone(),
    })
    .collect()
}

/// What becomes of images of other proportions than the network's input; none where all of them have its own.
pub(crate) fn fit_in_words(input: &InputSpec, images: &Images) -> Option<String> {
    let InputSpec { width, height, fit, .. } = *input;
    let other = |i: &usize| {
        let (own_width, own_height) = images.size(*i);
        own_width * height != own_height * width
    };
    let others = (0..images.len()).filter(other).count();
    let all = if others == images.len() { "all".to_owned() } else { format!("{others} of {}", images.len()) };
    (others > 0).then(|| {
        let (fit, what) = (fit.name(), fit.in_words());
        format!("fit = {fit}: {all} images have other proportions than the network's {width}x{height}; {what}")
    })
}

/// The features of each image as a table; none in a planning pass.
///
/// # Errors
/// When images cannot be read, or the network fails on them.
pub fn embed(experiment: &Experiment, encoder: &Encoder, data: &Dataset, view: &View) -> Result<Option<Table>, Error> {
    experiment.say_spread(encoder, &experiment.survey(data, view)?)?;
    let Some(images) = images_to_embed(experiment, data, view)? else { return Ok(None) };
    let weights = encoder.weights(&images, 0)?;
    say_fit(experiment, &weights, &images);
    let features = super::features(experiment, &weights, &images)?;
    embedding_table(&images, features, Some(&view.manifest)).map(Some)
}

/// The same as the first draw's classifier sees the images: by the encoder that it has come to in learning its labels.
///
/// # Errors
/// When images cannot be read, the network fails on them, or the classifier knows nothing but pixels.
pub fn embed_as(
    experiment: &Experiment,
    classifiers: &Classifiers,
    data: &Dataset,
    view: &View,
) -> Result<Option<Table>, Error> {
    if matches!(classifiers.method, Method::PixelProbe) {
        return Err(Error::input("a probe of raw pixels has no features: it looks at the pixels themselves")
            .help("`linear_probe(encoder, few)` and `finetune(encoder, few)` give classifiers that have some")
            .at(Role::Start));
    }
    if let Some(encoder) = classifiers.method.encoder() {
        experiment.say_spread(encoder, &experiment.survey(data, view)?)?;
    }
    let Some(images) = images_to_embed(experiment, data, view)? else { return Ok(None) };
    let encoder = match &classifiers.members[0].trained {
        Some(Trained::Network(classifier)) => &classifier.encoder,
        Some(Trained::Neighbors(encoder)) => &**encoder,
        Some(Trained::Pixels(_)) | None => return Ok(None),
    };
    say_fit(experiment, encoder, &images);
    let features = super::looking(experiment, classifiers.is_frozen(0), |cx| {
        Ok(foretask_train::extract_features(encoder, &images, cx)?)
    })?;
    embedding_table(&images, features, Some(&view.manifest)).map(Some)
}

/// The images of a view; none in a planning pass.
fn images_to_embed(experiment: &Experiment, data: &Dataset, view: &View) -> Result<Option<Arc<Images>>, Error> {
    let samples = view.samples()?;
    experiment.used_data(data.steps(), &samples);
    if experiment.planning() { Ok(None) } else { experiment.images_of(data, view).map(Some) }
}

/// What becomes of images of other proportions.
fn say_fit(experiment: &Experiment, encoder: &foretask_models::Encoder, images: &Images) {
    if let Some(fit) = fit_in_words(&encoder.input, images) {
        experiment.note(fit);
    }
}

/// `row`, `path`, `label` and `split` where there are any, the manifest's further columns, `embedding`. Further columns that
/// have one of these names get `table_` in front.
pub(crate) fn embedding_table(
    images: &Images,
    features: Features,
    manifest: Option<&Manifest>,
) -> Result<Table, Error> {
    const OURS: [&str; 5] = ["row", "path", "label", "split", "embedding"];
    let names = (0..images.len()).map(|index| images.name(index)).collect();
    let mut table = Table::new().with("row", Column::U64(features.rows.clone())).with("path", Column::Text(names));
    if images.labels().iter().any(Option::is_some) {
        let classes = images.classes();
        let label = |label: &Option<u32>| label.and_then(|label| classes.get(label as usize).cloned());
        table = table.with("label", Column::OptionalText(images.labels().iter().map(label).collect()));
    }
    if let Some(manifest) = manifest {
        if let Some(splits) = manifest.splits_of(&features.rows)? {
            table = table.with("split", Column::OptionalText(splits));
        }
        for (name, column) in manifest.further_columns(&features.rows)? {
            let name = if OURS.contains(&name.as_str()) { format!("table_{name}") } else { name };
            table = table.with(name, column);
        }
    }
    Ok(table.with("embedding", Column::Vectors { width: features.dim, data: features.data }))
}
