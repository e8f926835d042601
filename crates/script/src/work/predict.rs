//! Answers and features for images without labels.

use std::path::Path;
use std::sync::Arc;

use foretask_data::{Column, Samples, Table};
use foretask_eval::Prediction;

use crate::Progress;
use crate::errors::Fault;
use crate::host::Host;
use crate::values::{Classifiers, Dataset, Encoder, View};

/// Predictions with the names of their classes.
#[derive(Debug)]
pub(crate) struct Predictions {
    pub(crate) predictions: Vec<Prediction>,
    pub(crate) classes: Arc<[String]>,
}

/// What the first draw's classifier says of each image; in a planning pass, the first class everywhere.
pub(crate) fn predict(
    host: &Host,
    classifiers: &Classifiers,
    data: &Dataset,
    view: &View,
) -> Result<Predictions, Fault> {
    let samples = view.samples()?;
    host.used_data(data.steps(), &samples);
    let classes = classifiers.few.views[0].manifest.classes()?;
    if host.planning() {
        return Ok(Predictions { predictions: placeholders(&samples, classes.len()), classes });
    }
    let images = data.images(host, view)?;
    let predictions = super::evaluate::answers(host, classifiers, &classifiers.members[0], 0, &images)?;
    Ok(Predictions { predictions, classes })
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

/// Writes the features of each image into a table.
pub(crate) fn embed(host: &Host, encoder: &Encoder, data: &Dataset, view: &View, path: &Path) -> Result<(), Fault> {
    let samples = view.samples()?;
    host.used_data(data.steps(), &samples);
    if host.planning() {
        return Ok(());
    }
    let images = data.images(host, view)?;
    let features = super::features(host, &encoder.weights(&images, 0)?, &images)?;
    let names = (0..images.len()).map(|index| images.name(index)).collect();
    let table = Table::new()
        .with("row", Column::U64(features.rows.clone()))
        .with("name", Column::Text(names))
        .with("features", Column::Vectors { width: features.dim, data: features.data });
    foretask_data::write_table(path, &table)?;
    host.tell(Progress::Wrote { what: "Features".into(), path: path.to_path_buf() });
    Ok(())
}
