//! Answers and features for images without labels.

use std::path::Path;
use std::sync::Arc;

use foretask_data::{Column, Table};
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

/// What the first draw's classifier says of each image; `None` in a planning pass.
pub(crate) fn predict(
    host: &Host,
    classifiers: &Classifiers,
    data: &Dataset,
    view: &View,
) -> Result<Option<Predictions>, Fault> {
    let samples = view.samples()?;
    host.used_data(data.steps(), &samples);
    if host.planning() {
        return Ok(None);
    }
    let classes = classifiers.few.views[0].manifest.classes()?;
    let images = data.images(host, view)?;
    let predictions = super::evaluate::answers(host, classifiers, &classifiers.members[0], 0, &images)?;
    Ok(Some(Predictions { predictions, classes }))
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
